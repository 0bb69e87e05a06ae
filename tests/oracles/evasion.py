"""evasion, pair of records by pair of records, new account by new account (D-18)."""

from typing import Any

from oracles.closed_channel_sale import closed_channel_sale
from oracles.custody import Hop, hops
from oracles.moves import Records, Shape, described, ends
from oracles.multi_level_gift import multi_level_gift
from oracles.records import place
from oracles.second_level_sale import second_level_sale
from oracles.uncertified_issue import uncertified_issue


def again_of(back: Hop, records: Records, window_us: int) -> Hop | None:
    """How the issuer brings an item back to whom it came from, if it does."""
    of, item = records.of, records.ledger[back.row["item"]]
    if back.issuer is None or back.ord == 0 or back.undone is not None:
        return None
    e, issuer = of(back.row["source"]), of(back.issuer)
    leaves = back.row["kind"] == "burn" or of(back.row["target"]) == issuer
    if e == issuer or not leaves or item[back.ord - 1].level < 1:
        return None
    for hop in item[back.ord + 1 :]:
        if of(hop.row["source"]) == issuer and of(hop.row["target"]) != issuer:
            fits = (
                hop.row["kind"] in ("issue", "gift", "sale")
                and of(hop.row["target"]) == e
                and hop.undone is None
                and hop.row["at_us"] - back.row["at_us"] <= window_us
            )
            return hop if fits else None
    return None


def reissues(records: Records, window_us: int) -> set[Shape]:
    last: dict[str, tuple[Hop, Hop]] = {}
    for hop in hops(records.ledger):
        again = again_of(hop, records, window_us)
        if again is not None:
            last[again.row["record_id"]] = (hop, again)
    found = set()
    for record, (back, again) in last.items():
        e, issuer = records.of(back.row["source"]), records.of(str(back.issuer))
        on = ends((back.row, again.row), "member")
        accounts = [(a, "member") for a, _ in on if records.of(a) == e]
        accounts += [(a, "organiser") for a, _ in on if records.of(a) == issuer]
        shown = [("gifts", back.row, "back"), ("gifts", again.row, "again")]
        level = records.ledger[back.row["item"]][back.ord - 1].level
        found.add(described((record,), accounts, shown, 2, 1, ("reissue", level)))
    return found


def channels(records: Records, window_us: int) -> set[Shape]:
    closed_sales = closed_channel_sale(records.ledger)
    closed = sorted(
        (hop.row for hop in hops(records.ledger) if hop.row["record_id"] in closed_sales),
        key=place,
    )
    found = set()
    for hop in records.moves:
        row = hop.row
        if row["kind"] != "sale" or hop.channel in ("unknown", "mini_program"):
            continue
        before = [
            c
            for c in closed
            if records.who.same(c["source"], row["source"])
            and records.who.same(c["target"], row["target"])
            and c["at_us"] < row["at_us"]
        ]
        if before and row["at_us"] - before[-1]["at_us"] <= window_us:
            pair = (before[-1], row)
            accounts = [(each["source"], "giver") for each in pair]
            accounts += [(each["target"], "receiver") for each in pair]
            shown = [("gifts", pair[0], "closed"), ("gifts", row, "open")]
            anchor = (row["record_id"], "channel")
            found.add(described(anchor, accounts, shown, 2, 1, ("channel", None)))
    return found


def facts(records: Records) -> set[str]:
    """Gifts that are found by the typologies of facts with their default parameters."""
    ledger, rows = records.ledger, records.rows
    gifts = {record for record, _ in multi_level_gift(ledger, 1)}
    sales = {record for record, _ in second_level_sale(ledger, records.who, False)}
    uncertified = uncertified_issue(ledger, rows, records.judgements, 0)
    first_level = {record for *_, found in uncertified for record in found}
    return gifts | sales | closed_channel_sale(ledger) | first_level


def tie(records: Records, a: str, b: str) -> str | None:
    """How two accounts are linked, if they are."""
    if records.who.of.get(a, a) == records.who.of.get(b, b):
        return "entity"
    return records.who.grade.get((min(a, b), max(a, b)))


def was_there(records: Records, account: str, since_us: int) -> bool:
    """Whether an account did anything by then, and is not known to be opened later."""
    opened = [
        row.get("opened_at_us") for row in records.rows["accounts"] if row["account"] == account
    ]
    if opened and opened[0] is not None and opened[0] > since_us:
        return False
    rows = records.rows["gifts"] + records.rows["transfers"]
    return any(
        account in (row["source"], row["target"]) and row["at_us"] <= since_us for row in rows
    )


def successors(records: Records) -> set[Shape]:
    since: dict[str, int] = {}
    for account, at_us, _, _ in records.measured:
        since[account] = min(at_us, since.get(account, at_us))
    broken = facts(records)
    own = [hop.row for hop in hops(records.ledger) if hop.row["record_id"] in broken]
    found = set()
    for account in {row["source"] for row in own}:
        until = since.get(account, float("inf"))
        acts: dict[str, list[dict[str, Any]]] = {}
        for former, at_us in since.items():
            later = [
                row for row in own if row["source"] == account and at_us < row["at_us"] <= until
            ]
            linked = former != account and tie(records, former, account) is not None
            if later and linked and not was_there(records, account, at_us):
                acts[former] = later
        if not acts:
            continue
        formers = sorted(acts, key=lambda former: (since[former], former))
        rows = {row["record_id"]: row for each in acts.values() for row in each}
        first = min(rows.values(), key=place)
        grade = max(str(tie(records, former, account)) for former in formers)
        accounts = [(account, "giver"), *((former, "member") for former in formers)]
        shown = [("gifts", first, first["kind"])]
        said = ("successor", (grade, since[formers[0]]))
        found.add(described((account, "successor"), accounts, shown, 1, len(rows), said))
    return found


def evasion(records: Records, params: Any) -> set[Shape]:
    window_us = params.window_us
    return reissues(records, window_us) | channels(records, window_us) | successors(records)

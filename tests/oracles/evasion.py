"""evasion, pair of records by pair of records (D-18)."""

from typing import Any

from oracles.closed_channel_sale import closed_channel_sale
from oracles.custody import Hop, hops
from oracles.moves import Records, Shape, described, ends
from oracles.records import place


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


def evasion(records: Records, params: Any) -> set[Shape]:
    return reissues(records, params.window_us) | channels(records, params.window_us)

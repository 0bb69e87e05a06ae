"""uncertified_issue: first-level sales of an official account that no certificate covers."""

from typing import Any

from oracles.custody import Ledger, hops
from oracles.records import Judgements, Rows, account_kinds, place

Row = dict[str, Any]
Said = tuple[tuple[str, str, str], ...]


def named(scope: str | None, word: str) -> set[str]:
    """What a scope names after `word:`."""
    found = set()
    for part in (scope or "").split(";"):
        before, colon, name = part.partition(":")
        if colon and before.strip().lower() == word and name.strip():
            found.add(name.strip())
    return found


def covers(certificate: Row, sale: Row, collection: str | None) -> bool:
    asked = (named(certificate.get("scope"), "collection"), collection)
    where = (named(certificate.get("scope"), "channel"), sale["channel"])
    return all(not names or value in names for names, value in (asked, where))


def status(own: list[tuple[Row, bool]], sale: Row, collection: str | None, grace_us: int) -> str:
    """own: certificates of the account that hold for a moment at least, and whether refused."""
    at = sale["at_us"]

    def holds(certificate: Row, late_us: int) -> bool:
        end = certificate.get("valid_to_us")
        begun: bool = certificate["valid_from_us"] <= at
        return begun and (end is None or at < end + late_us)

    good = [c for c, refused in own if not refused]
    fitting = [c for c in good if covers(c, sale, collection)]
    if any(holds(c, 0) for c in fitting):
        return "valid"
    if any(holds(c, grace_us) for c in fitting):
        return "within_grace"
    if any(holds(c, grace_us) for c in good):
        return "out_of_scope"
    bad = [c for c, refused in own if refused and covers(c, sale, collection)]
    if any(holds(c, grace_us) for c in bad):
        return "refused"
    if any(c["valid_from_us"] <= at for c in good):
        return "expired"
    return "not_yet_valid" if good else "none"


def gap(good: list[Row], at: int, grace_us: int) -> int:
    """A number for the time that a sale lies in: how often certificates began to hold or ended.

    Times in which some hold, grace included, and times between them take turns.
    """
    ends = [(c["valid_from_us"], c.get("valid_to_us")) for c in good]
    late = [(s, float("inf") if e is None else e + grace_us) for s, e in ends]
    cuts = sorted({x for span in late for x in span})
    turns, before = 0, False
    for cut in cuts:
        if cut > at:
            break
        now = any(s <= cut < e for s, e in late)
        turns += now != before
        before = now
    return turns


def uncertified_issue(
    ledger: Ledger, rows: Rows, judgements: Judgements, grace_us: int, reviewed: Said = ()
) -> set[tuple[str, str, tuple[str, ...]]]:
    """(account, reason, its sales for that reason in one gap)"""
    kinds = account_kinds(rows, judgements)
    refused = {(account, filing) for account, filing, verdict in reviewed if verdict == "refused"}
    collections = {row["item"]: row.get("collection") for row in rows.get("items", [])}
    found: dict[tuple[str, str, int], list[str]] = {}
    sales = [
        hop
        for hop in hops(ledger)
        if kinds[hop.row["source"]] == "official_account"
        and (
            (hop.rule == "issue" and (hop.row.get("price_minor") or 0) > 0)
            or (hop.rule == "issuer" and hop.row["kind"] == "sale")
        )
    ]
    for hop in sorted(sales, key=lambda hop: place(hop.row)):
        row = hop.row | {"channel": hop.channel}
        own = [
            (c, (c["account"], c["filing_number"]) in refused)
            for c in rows.get("certificates", [])
            if c["account"] == row["source"]
            and (c.get("valid_to_us") is None or c["valid_from_us"] < c["valid_to_us"])
        ]
        why = status(own, row, collections.get(row["item"]), grace_us)
        if why not in ("valid", "within_grace"):
            turn = gap([c for c, bad in own if not bad], row["at_us"], grace_us)
            found.setdefault((row["source"], why, turn), []).append(row["record_id"])
    return {(account, why, tuple(records)) for (account, why, _), records in found.items()}

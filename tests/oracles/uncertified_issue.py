"""uncertified_issue: first-level sales of an official account while no certificate was valid."""

from oracles.custody import Ledger, hops
from oracles.records import Judgements, Rows, account_kinds, place


def uncertified_issue(
    ledger: Ledger, rows: Rows, judgements: Judgements, grace_us: int
) -> set[tuple[str, tuple[str, ...]]]:
    """(account, its sales inside one certificate gap)"""
    kinds = account_kinds(rows, judgements)
    spans: dict[str, list[tuple[int, float]]] = {}
    for row in rows.get("certificates", []):
        end = row.get("valid_to_us")
        valid_to = float("inf") if end is None else end + grace_us
        if row["valid_from_us"] < valid_to:
            spans.setdefault(row["account"], []).append((row["valid_from_us"], valid_to))
    sales = [
        hop.row
        for hop in hops(ledger)
        if kinds[hop.row["source"]] == "official_account"
        and (
            (hop.rule == "issue" and (hop.row.get("price_minor") or 0) > 0)
            or (hop.rule == "issuer" and hop.row["kind"] == "sale")
        )
    ]
    gaps: dict[tuple[str, int], list[str]] = {}
    for row in sorted(sales, key=place):
        own, at = spans.get(row["source"], []), row["at_us"]
        if not any(start <= at < end for start, end in own):
            begun = sum(start <= at for start, _ in own)
            gaps.setdefault((row["source"], begun), []).append(row["record_id"])
    return {(account, tuple(records)) for (account, _), records in gaps.items()}

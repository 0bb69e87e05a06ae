"""multi_level_gift: a live gift by rule 5 of more than the allowed level."""

from oracles.custody import Ledger, hops


def multi_level_gift(ledger: Ledger, allowed: int) -> set[tuple[str, int]]:
    """(record, level)"""
    return {
        (hop.row["record_id"], hop.level)
        for hop in hops(ledger)
        if hop.row["kind"] == "gift"
        and hop.rule == "hop"
        and hop.undone is None
        and hop.level > allowed
    }

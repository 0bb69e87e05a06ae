"""custody_gap: a hop that the record cannot explain."""

from oracles.custody import Ledger, hops


def custody_gap(ledger: Ledger) -> set[tuple[str, str]]:
    """(record, gap)"""
    return {(hop.row["record_id"], hop.gap) for hop in hops(ledger) if hop.gap is not None}

"""closed_circulation: a hop to an entity that held the item before, another one in between."""

from oracles.custody import Ledger, hops


def closed_circulation(ledger: Ledger) -> set[tuple[str, tuple[str, ...]]]:
    """(record, records of the minimal cycle)"""
    found = set()
    for hop in hops(ledger):
        if hop.cycle_from is not None:
            cycle = [
                h.row["record_id"]
                for h in ledger[hop.row["item"]]
                if hop.cycle_from <= h.ord <= hop.ord and h.undone != "return"
            ]
            found.add((hop.row["record_id"], tuple(cycle)))
    return found

"""Planted records that never reach the files: what a feed loses, and the truth still knows."""

from typing import Final

import numpy as np

from regift.loaders.simulator.draws import Ints, between
from regift.loaders.simulator.ledger import NONE, RECORD, Ledger
from regift.loaders.simulator.parameters import Parameters

LEAST: Final = 3
"""Instances of fewer records keep all of them: of two, one is no pattern any more."""


def lose_records(ledger: Ledger, rng: np.random.Generator, parameters: Parameters) -> None:
    """Mark records as missing: a share of the instances lose a share of theirs, at least one.

    An instance keeps two records, and an item keeps its last one: nothing dangles in the files.
    """
    group, table, row = _candidates(ledger)
    size = np.bincount(group, minlength=len(ledger.planted.names))
    chosen = (rng.uniform(size=size.size) < parameters.share_missing) & (size >= LEAST)
    share = between(rng, parameters.missing_records, size.size)
    lost = np.minimum(np.maximum(np.rint(size * share), 1), size - 2) * chosen
    order = np.lexsort((rng.uniform(size=group.size), group))
    place = np.arange(group.size) - np.searchsorted(group[order], group[order])
    gone = order[place < lost[group[order]]]
    for number, name in enumerate(("gifts", "transfers")):
        ledger.missing[name] = np.sort(row[gone[table[gone] == number]])


def _candidates(ledger: Ledger) -> tuple[Ints, Ints, Ints]:
    """Group, table and row number of the planted records that may go."""
    parts = []
    item = ledger.gifts.column("item")
    moves = np.bincount(item, minlength=1)[item] if item.size else item
    for number, (name, rows) in enumerate(ledger.records()):
        at = np.arange(rows.rows)
        may = (at >= ledger.mark[name]) & (rows.column("group") != NONE)
        may &= rows.column("part") == RECORD
        if name == "gifts":
            may &= moves > 1
        chosen = np.flatnonzero(may)
        parts.append((rows.column("group")[chosen], np.full(chosen.size, number), chosen))
    group, table, row = (np.concatenate(column) for column in zip(*parts, strict=True))
    return group, table, row

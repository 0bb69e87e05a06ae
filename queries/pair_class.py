"""Which payments are the only or the first one of their pair of accounts (definition D-18).

    ann > bob  day 3                                          one_off: the pair has no other
    cat > dan  day 30,  dan > cat  day 41                     first, then repeated
    eve > fox  day 2,   eve > fox  day 50                     repeated, both: on day 2 all is new

A pair is unordered, and all payments of the store count, of whatever currency and kind: what two
accounts did once is news, what they do every month is none.

Cost: one sort of the payments by pair. Source: as `queries/habit.py`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.connect import row
from regift.graph.snapshot import Snapshot
from regift.graph.temporal import flows
from regift.queries.habit import BEGIN_US

Ints = NDArray[Any]

ONE_OFF, FIRST, REPEATED = 0, 1, 2
"""Classes, in the order of `habit.CLASSES`."""


class Pairs(NamedTuple):
    """By the rank of a payment (`TemporalGraph.rank`): its class, and payments of its pair."""

    kind: Ints
    payments: Ints


def pair_classes(graph: Snapshot) -> Pairs:
    """Classes of all payments; made once for a snapshot. Ranks that are no payments have 0, 0.

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> one = {"at_us": 0, "amount_minor": 1, "currency": "CNY", "kind": "payment", "source": "a"}
    >>> rows = [one | {"record_id": "t1", "target": "b"}, one | {"record_id": "t2", "target": "c"},
    ...         one | {"record_id": "t3", "target": "b", "at_us": 1}]
    >>> with snapshot_from_rows({"transfers": rows}) as graph:
    ...     pair_classes(graph)
    Pairs(kind=array([2, 0, 2], dtype=int8), payments=array([2, 1, 2], dtype=int32))
    """
    if "pair classes" not in graph.kept:
        graph.kept["pair classes"] = _pair_classes(graph)
    found: Pairs = graph.kept["pair classes"]
    return found


def _pair_classes(graph: Snapshot) -> Pairs:
    parts = [part for _, part in flows(graph)]
    size = len(parts[0].record_ids)
    rank = np.concatenate([part.rank for part in parts])
    source = np.concatenate([part.source for part in parts]).astype(np.int64)
    target = np.concatenate([part.target for part in parts])
    pair = np.minimum(source, target) * len(parts[0].accounts) + np.maximum(source, target)
    order = np.lexsort((rank, pair))
    new = np.ones(len(order), np.bool_)
    new[1:] = np.diff(pair[order]) != 0
    place = np.cumsum(new) - 1
    payments = np.bincount(place)[place] if len(place) else place
    begin_us = row(graph.con, "SELECT coalesce(min(at_us), 0) FROM payments")[0]
    settled = np.concatenate([part.at_us for part in parts])[order] - begin_us >= BEGIN_US
    kinds = np.where(payments == 1, ONE_OFF, np.where(new & settled, FIRST, REPEATED))
    found = Pairs(np.zeros(size, np.int8), np.zeros(size, np.int32))
    found.kind[rank[order]] = kinds
    found.payments[rank[order]] = payments
    return found

"""Following money: whom it reached or came from, and how it went from one account to another.

Every search is of one window and one currency at a time; a hop is later than the one before
(`in_order`: equal times may follow each other in total order).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.index_kernels import group_by, horizons
from regift.graph.path_kernels import earliest_arrival, first_arrivals, shortest_between
from regift.graph.relay_kernels import first_in_first_out, follow
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import TemporalGraph
from regift.loaders.errors import UsageError

Ints = NDArray[Any]

TRACE = pa.schema(
    [
        ("account", pa.large_string()),
        ("currency", pa.large_string()),
        ("at_us", pa.int64()),
        ("hops", pa.int64()),
        ("record", pa.large_string()),
        ("amount_minor", pa.int64()),
    ]
)


def trace_account(
    graph: TemporalGraph,
    account: str,
    *,
    forward: bool = True,
    within_us: int,
    from_us: int | None = None,
    in_order: bool = False,
) -> pa.Table:
    """Accounts that money of `account` could reach (backward: from which it could have come).

    The window is [from_us, from_us + within_us], by default from the account's first outgoing move;
    backward [from_us - within_us, from_us], by default to its last incoming one.

    One row for each account and currency, in the order of arrival:
    at_us, record: first move by which it is reached (backward: last move that still leads to the
    account); hops: moves along the way that this gives; amount_minor: of all that came in there,
    how much is money that `account` sent in the window (backward: of all that went out there, how
    much ended at `account`), first in first out with only the window's moves known. Of one move
    the traced part is passed on first.

    Raises UsageError when no money moved through the account. Cost: linear in the window's moves.

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> from regift.graph.temporal import temporal_graph
    >>> row = {"currency": "CNY", "kind": "payment"}
    >>> moves = [row | {"record_id": "t1", "at_us": 1, "source": "a", "target": "b"},
    ...          row | {"record_id": "t2", "at_us": 2, "source": "b", "target": "c"}]
    >>> moves = [move | {"amount_minor": n} for move, n in zip(moves, (100, 70))]
    >>> with snapshot_from_rows({"transfers": moves}) as snapshot:
    ...     trace_account(temporal_graph(snapshot), "a", within_us=5)["amount_minor"].to_pylist()
    [100, 70]
    """
    number = graph.account(account)
    own = graph.source == number if forward else graph.target == number
    if from_us is None:
        times = graph.at_us[own]
        if not len(times):
            return TRACE.empty_table()
        from_us = int(times[0] if forward else times[-1])
    low, high = (from_us, from_us + within_us) if forward else (from_us - within_us, from_us)
    window = graph.select((graph.at_us >= low) & (graph.at_us <= high))
    parts = [
        _traced(part, currency, number, forward, in_order)
        for currency, part in window.by_currency()
    ]
    table = pa.concat_tables(parts or [TRACE.empty_table()])
    direction = "ascending" if forward else "descending"
    return table.sort_by(
        [("at_us", direction), ("account", "ascending"), ("currency", "ascending")]
    )


def _traced(
    part: TemporalGraph, currency: str, number: int, forward: bool, in_order: bool
) -> pa.Table:
    """Rows of one currency."""
    ends = (part.source, part.target) if forward else (part.target, part.source)
    group = horizons(part.at_us, 0, in_order)[0]
    n = len(part.accounts)
    if forward:
        by, hops = first_arrivals(ends[0].copy(), ends[1].copy(), group, n, number)
    else:
        last, first = ends[0][::-1].copy(), ends[1][::-1].copy()
        by, hops = first_arrivals(last, first, (-group)[::-1].copy(), n, number)
        by = np.where(by >= 0, len(part) - 1 - by, by)
    reached = np.flatnonzero(by >= 0)
    amounts = np.zeros(n, np.int64)
    np.add.at(amounts, ends[1], _traced_amounts(part, number, forward, in_order))
    edges = by[reached]
    return pa.table(
        [
            part.accounts.take(pa.array(reached)),
            pa.array([currency] * len(reached), pa.large_string()),
            part.at_us[edges],
            hops[reached].astype(np.int64),
            part.records_of(edges),
            amounts[reached],
        ],
        schema=TRACE,
    )


def _traced_amounts(part: TemporalGraph, number: int, forward: bool, in_order: bool) -> Ints:
    """How much of each move is traced money."""
    m = len(part)
    every = np.ones(m, np.bool_)
    _, took_in, took_out, took = first_in_first_out(
        part.edges, every, every, LONGEST_US, in_order, True
    )
    here, there = (took_in, took_out) if forward else (took_out, took_in)
    own = (part.source if forward else part.target) == number
    return follow(own, part.amount_minor, *group_by(here, m), there, took, not forward)


@dataclass(frozen=True)
class MoneyPath:
    """One way from an account to another. which: `earliest` or `widest`; amount: the smallest."""

    which: str
    currency: str
    accounts: tuple[str, ...]
    records: tuple[str, ...]
    first_us: int
    last_us: int
    amount_minor: int


def trace_path(
    graph: TemporalGraph,
    start: str,
    goal: str,
    *,
    within_us: int,
    max_hops: int = 6,
    from_us: int | None = None,
    in_order: bool = False,
) -> list[MoneyPath]:
    """How money could go from `start` to `goal`: for each currency at most two paths.

    earliest: the one that arrives first; of equal arrivals the fewest hops, then the latest start.
    widest: the one whose smallest amount is largest; of those the earliest in the same sense.
    A path takes at most `within_us` from its first move to its last and begins at `from_us` (the
    first record) or later. Accounts of a path are all different.

    Raises UsageError for an account without moves, for start = goal, and for max_hops 0.
    Cost: moves * hops, for the widest times the logarithm of the number of distinct amounts.
    """
    ends = graph.account(start), graph.account(goal)
    if start == goal:
        raise UsageError(f"a path leads from one account to another, not from {start!r} to itself")
    if max_hops < 1:
        raise UsageError("a path has at least one hop: max_hops is 1 or more")
    window_us = min(within_us, LONGEST_US)
    later = graph if from_us is None else graph.select(graph.at_us >= from_us)
    found = []
    for currency, part in later.by_currency():
        search = _PathSearch(part, ends, window_us, max_hops, in_order)
        earliest = search.path(0)
        if len(earliest):
            found.append(_money_path("earliest", currency, part, earliest))
            found.append(_money_path("widest", currency, part, search.widest()))
    return found


class _PathSearch:
    """Paths of one currency between two accounts, with amounts from a least one on."""

    def __init__(
        self,
        part: TemporalGraph,
        ends: tuple[int, int],
        window_us: int,
        max_hops: int,
        in_order: bool,
    ) -> None:
        self.part = part
        self.ends = ends
        self.window_us = window_us
        self.max_hops = max_hops
        self.group = horizons(part.at_us, 0, in_order)[0]

    def _ends(self, least: int) -> tuple[int, int]:
        part = self.part
        first, last = earliest_arrival(
            part.source, part.target, part.at_us, part.amount_minor, self.group,
            len(part.accounts), *self.ends, self.window_us, self.max_hops, least,
        )  # fmt: skip
        return int(first), int(last)

    def path(self, least: int) -> Ints:
        """Edges of the earliest path with amounts of at least `least`; none if there is none."""
        part = self.part
        first, last = self._ends(least)
        if first < 0:
            return np.empty(0, np.int32)
        return shortest_between(
            part.source, part.target, part.amount_minor, self.group, len(part.accounts), first,
            last, least,
        )  # fmt: skip

    def widest(self) -> Ints:
        """Edges of the earliest path among those with the largest smallest amount."""
        amounts = np.unique(self.part.amount_minor)
        low, high = 0, len(amounts)
        while high - low > 1:
            middle = (low + high) // 2
            if self._ends(int(amounts[middle]))[0] >= 0:
                low = middle
            else:
                high = middle
        return self.path(int(amounts[low]))


def _money_path(which: str, currency: str, part: TemporalGraph, edges: Ints) -> MoneyPath:
    steps = np.append(part.source[edges], part.target[edges[-1]])
    return MoneyPath(
        which=which,
        currency=currency,
        accounts=tuple(part.accounts.take(pa.array(steps)).to_pylist()),
        records=tuple(part.records_of(edges).to_pylist()),
        first_us=int(part.at_us[edges[0]]),
        last_us=int(part.at_us[edges[-1]]),
        amount_minor=int(part.amount_minor[edges].min()),
    )

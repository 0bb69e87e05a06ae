"""What fan_in and fan_out share: the search, its parameters, and its findings as rows.

The two differ in direction only: who the counterparties of x are (`Side`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.graph import episodes
from regift.graph.fan_kernels import count_counterparties, far_above, histories
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.queries import columns
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pair_rate
from regift.queries.params import count, duration, words
from regift.queries.strata import size_stratum

Ints = NDArray[Any]

_ROWS = f"""
    SELECT * REPLACE (json_object('counterparties', counterparties, 'stratum',
        {size_stratum("counterparties")}, 'history', buckets, 'mean',
        CASE WHEN buckets > 0 THEN printf('%d.%04d', 10000 * sums // buckets // 10000,
                                          10000 * sums // buckets % 10000) END) AS detail)
    FROM _fans
"""


@dataclass(frozen=True)
class Params:
    """How many are many, and compared with what."""

    window_us: int = duration("24h", "time in which counterparties are counted, inclusive")
    min_accounts: int = count(8, "fewest counterparties in a window")
    deviations: int = count(4, "standard deviations above the mean of the account's own history")
    history_us: int = duration("30d", "how far back its history goes, in whole windows")
    min_history: int = count(7, "fewest windows of history, unless it is known when it was opened")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")

    def __post_init__(self) -> None:
        if not self.window_us:
            raise ValueError("window is more than 0: history is counted in whole windows")


@dataclass(frozen=True, kw_only=True)
class Side:
    """A direction of fans: ins of a sink, or outs of a payer."""

    name: str
    prefix: str
    incoming: bool
    hub: str
    other: str

    def own(self, graph: TemporalGraph) -> tuple[Ints, Ints]:
        """The edges of each account on this side, as (start, edges)."""
        edges = graph.edges
        if self.incoming:
            return edges.in_start, edges.in_edge
        return edges.out_start, edges.out_edge

    def ends(self, graph: TemporalGraph) -> tuple[Ints, Ints]:
        """Per edge: the account it belongs to on this side, and the other end."""
        ends = (graph.target, graph.source)
        return ends if self.incoming else ends[::-1]


def _first_at(parts: list[tuple[str, TemporalGraph]]) -> Ints:
    """Time of the first record of each account: in or out, any currency."""
    first = np.full(len(parts[0][1].accounts), LONGEST_US, np.int64)
    for _, part in parts:
        edges = part.edges
        for start, own in ((edges.out_start, edges.out_edge), (edges.in_start, edges.in_edge)):
            some = np.flatnonzero(start[1:] > start[:-1])
            first[some] = np.minimum(first[some], part.at_us[own[start[some]]])
    return first


def _history_from(
    graph: Snapshot, parts: list[tuple[str, TemporalGraph]], window_us: int
) -> tuple[Ints, Ints]:
    """First bucket of each account's history, and whether it is known when it was opened."""
    named = graph.con.sql(
        "SELECT account, opened_at_us FROM accounts WHERE opened_at_us IS NOT NULL"
    ).to_arrow_table()
    names = named["account"].combine_chunks().cast(columns.TEXT)
    place = pc.index_in(parts[0][1].accounts, value_set=names)
    opened = place.is_valid().to_numpy(zero_copy_only=False).copy()  # one type for the kernel
    first = _first_at(parts)
    times = named["opened_at_us"].to_numpy()[place.drop_null().to_numpy()]
    first[opened] = np.minimum(first[opened], times)
    return first // window_us + 1, opened


@dataclass(frozen=True, eq=False)
class Roots:
    """Roots by account, in total order: place and end of the window among the account's records.

    found: counterparties in the window; buckets, sums: of the history.
    """

    place: Ints
    end: Ints
    found: Ints
    buckets: Ints
    sums: Ints


def _roots(part: TemporalGraph, side: Side, params: Params, begin: Ints, opened: Ints) -> Roots:
    """Records with many more counterparties than their account's history has."""
    start, own = side.own(part)
    window_us = min(params.window_us, LONGEST_US)
    most = min(params.history_us // params.window_us, LONGEST_US)
    place, end, found = count_counterparties(part.edges, start, own, window_us, params.min_accounts)
    whole, sums, squares = histories(part.edges, start, own, place, begin, window_us, most)
    x = side.ends(part)[0][own[place]]
    roots = (whole >= params.min_history) | opened[x]
    roots[roots] = far_above(
        found[roots], whole[roots], sums[roots], squares[roots], params.deviations
    )
    return Roots(place[roots], end[roots], found[roots], whole[roots], sums[roots])


def _rows(currency: str, part: TemporalGraph, side: Side, roots: Roots, window_us: int) -> pa.Table:
    """One row an episode of roots of one account."""
    _, own = side.own(part)
    hub, other = side.ends(part)
    edge = own[roots.place]
    episode = episodes.split(hub[edge], part.at_us[edge], window_us)
    first = edge[np.flatnonzero(np.diff(episode, prepend=-1))]
    shown = episodes.shown(episode, roots.found)
    size = len(shown)
    # The window of each shown root, which no other record of its time is before.
    low, lengths = roots.place[shown], roots.end[shown] - roots.place[shown]
    mine = np.repeat(np.arange(size), lengths)
    near = own[np.repeat(low, lengths) + columns.ramp(lengths)]
    news = part.edges.previous[near] < own[low][mine]
    near, start = near[news], episodes.starts(mine[news], size)
    with_hub = start + np.arange(size + 1)
    roles = np.ones(len(near) + size, np.int64)
    roles[with_hub[:-1]] = 0
    names = part.accounts.take(pa.array(hub[first]))
    money = pa.array([currency] * size, columns.TEXT)
    word = pa.array(["in" if side.incoming else "out"] * len(near), columns.TEXT)
    return columns.table(
        size,
        anchor=columns.anchors([names, money, part.records_of(first)]),
        unit=names,
        first_us=part.at_us[near[start[:-1]]],
        last_us=part.at_us[near[start[1:] - 1]],
        currency=money,
        length=np.ones(size, np.int64),
        instances=np.bincount(episode, minlength=size),
        complete=np.ones(size, np.bool_),
        accounts=columns.accounts(part, with_hub, np.insert(other[near], start[:-1], hub[first])),
        roles=columns.lists(with_hub, columns.words(roles, (side.hub, side.other))),
        evidence=columns.evidence(part, start, near, word),
        counterparties=roots.found[shown].astype(np.int64),
        buckets=roots.buckets[shown],
        sums=roots.sums[shown],
    )


def find_fans(graph: Snapshot, params: Params, side: Side) -> Findings:
    """Episodes of roots with far more counterparties than the account's own history."""
    parts = flows(graph, params.kinds)
    window_us = min(params.window_us, LONGEST_US)
    begin, opened = _history_from(graph, parts, window_us)
    tables = []
    for currency, part in parts:
        roots = _roots(part, side, params, begin, opened)
        tables.append(_rows(currency, part, side, roots, window_us))
    graph.con.register("_fans", pa.concat_tables(tables))
    rows = with_pair_rate(_ROWS, params.window_us)
    found = collect(graph.con, side.name, side.prefix, rows)
    graph.con.unregister("_fans")
    return found

"""scatter_gather: a sum is split over many accounts and collected again by one.

    t1 u > i 100.00  @0h  --> t4 i > w  90.00  @5h      each j > w later than the u > j it takes of
    t2 u > j 100.00  @1h  --> t5 j > w  90.00  @6h      (`ties=strict`: by time, `order`: in total
    t3 u > k 100.00  @2h  --> t6 k > w  90.00  @7h      order); all within one window, one currency

A root is a record u > i. Its window is [its time, its time + `window`], both inclusive. In it each
j > w takes from what u > j brought by then, oldest first; a relay is a j of which something was
taken. The root qualifies if i is a relay, there are at least `min_accounts` relays (inclusive), and
what was taken of all is at least `flow` of what u sent to relays in the window (inclusive). Every
amount is at least `min_amount`.

One finding a (u, w), currency and episode of roots, shown by the root with the largest sum: all
that u sent to relays (`scatter`) and what took of it (`gather`), in total order; accounts are u,
the relays in the order of the first that each got, w. `detail`: {"flow": that sum, "scattered":
all that u sent to relays}. Definition D-8.

Cost: linear for what cannot be a relay's record, then by the paths u > j > w through all but the
largest j of each window. Bounds (D-13): a relay or w with more than `hub_degree` moves in the
window of a root is not followed for it; a root with more than `expansions` paths u > j, later
j > anyone in its window is not judged.

Sources: Blanusa et al., graph feature preprocessor (scatter-gather); Altman et al., AMLworld.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.bounds import Bounds
from regift.graph.episodes import shown, split, starts
from regift.graph.hub_kernels import Hubs, hub_spans
from regift.graph.index_kernels import group_by, horizons
from regift.graph.scatter_judge import Rule
from regift.graph.scatter_kernels import scattered_records
from regift.graph.scatter_roots import Wedges, scatters
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph
from regift.graph.wedge_kernels import (
    Reach,
    crowded,
    over_expansions,
    over_hubs,
    relayed,
    suspects,
)
from regift.queries import columns, near_time, scopes
from regift.queries.cuts import Cut
from regift.queries.findings import Findings, collect
from regift.queries.gather_scatter import amounts, ranked
from regift.queries.habit import with_pairs
from regift.queries.params import choice, count, duration, money, ratio, words
from regift.queries.slices import Part, Search, Task, search_slices
from regift.queries.typology import Redo, Typology

Ints = NDArray[Any]

ROUNDS = 2
"""Turns in which records that cannot take part are left out: each leaves some more without
partners, from the third on hardly any."""


@dataclass(frozen=True)
class Params:
    """What a root is."""

    window_us: int = duration("120h", "longest time from the first record to the last, inclusive")
    min_accounts: int = count(3, "fewest accounts in between")
    flow_bp: int = ratio("0.7", "least share of what was sent out that was collected")
    min_amount: Decimal = money("0", "every transfer moves at least this much")  # noqa: RUF009
    ties: str = choice("strict", ("strict", "order"), "whether equal times may follow each other")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")


class Prepared(NamedTuple):
    """What all roots of a graph are judged with.

    scatter .. gather_edge: see `Wedges`. suspects: roots that may have too many paths, by source
    and in order. payers: accounts that pay an account that is a hub in some window.
    """

    reach: Reach
    hubs: Hubs
    scatter: Ints
    scatter_start: Ints
    scatter_edge: Ints
    gather_start: Ints
    gather_edge: Ints
    suspects: Ints
    payers: Ints


class Roots(NamedTuple):
    """Roots that qualify, and what the bounds cut.

    Columns in the order of (u, w, edge); high, low: the sum as units of 2**30 and the rest,
    whole_high, whole_low: all that u sent to relays; complete: no relay is missing.
    crowded: roots that were not judged; hub_roots: roots that lost a relay or w; hubs: those.
    """

    u: Ints
    w: Ints
    edge: Ints
    high: Ints
    low: Ints
    whole_high: Ints
    whole_low: Ints
    complete: Ints
    crowded: Ints
    hub_roots: Ints
    hubs: Ints


def prepare(part: TemporalGraph, params: Params, bounds: Bounds) -> Prepared:
    """Windows, hubs, and the records that can take part. Cost: linear.

    A record u > j can take part only if j pays on later in its window, and if u pays so to
    `min_accounts` accounts in one window; a record j > w likewise the other way.
    """
    edges = part.edges
    window = min(params.window_us, LONGEST_US)
    before, after, until = horizons(part.at_us, window, False)
    if params.ties == "order":
        after = np.arange(1, len(part) + 1, dtype=np.int32)
    reach = Reach(before, after, until)
    hubs = Hubs(*hub_spans(edges, window, bounds.hub_degree))
    scatter, gather = np.ones(len(part), np.bool_), np.ones(len(part), np.bool_)
    least = params.min_accounts
    for _ in range(ROUNDS):
        relayed(edges, reach, scatter, gather)
        crowded(edges.out_start, edges.out_edge, part.target, reach, scatter, least)
        crowded(edges.in_start, edges.in_edge, part.source, reach, gather, least)
    suspected = np.flatnonzero(suspects(edges, reach, max(bounds.expansions, 1)))
    by_source = np.argsort(part.source[suspected], kind="stable")
    to_hub = np.flatnonzero(np.diff(hubs.start)[part.target]) if len(hubs.low) else hubs.low
    return Prepared(
        reach, hubs, scatter, *_by_source(part, scatter), *_by_source(part, gather),
        suspected[by_source], np.unique(part.source[to_hub]),
    )  # fmt: skip


def _by_source(part: TemporalGraph, chosen: Ints) -> tuple[Ints, Ints]:
    """Chosen edges by source: where each account's begin, and the edges."""
    edges = np.flatnonzero(chosen)
    start, place = group_by(part.source[edges], len(part.accounts))
    return start, edges[place].astype(np.int32)


def roots(
    part: TemporalGraph, prepared: Prepared, begin: int, stop: int, params: Params, bounds: Bounds
) -> Roots:
    """The roots that qualify among the edges [begin, stop) of one currency.

    Each is judged by the records in its own window alone. begin, stop: no time lies on both sides.
    """
    edges, reach, hubs = part.edges, prepared.reach, prepared.hubs
    least = params.min_accounts
    here = (prepared.suspects >= begin) & (prepared.suspects < stop)
    most = max(bounds.expansions, 1)
    cut = over_expansions(edges, reach, hubs, prepared.suspects[here], most)
    lost, unfollowed = over_hubs(edges, reach, hubs, prepared.payers, begin, stop, least)
    wedges = Wedges(
        prepared.scatter, prepared.scatter_start, prepared.scatter_edge, prepared.gather_start,
        prepared.gather_edge, cut,
    )  # fmt: skip
    rule = Rule(begin, stop, least, params.flow_bp)
    rows = scatters(edges, reach, hubs, wedges, rule, lost, unfollowed)
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    u, w, edge, high, low, whole_high, whole_low, complete = rows.T.copy()
    return Roots(
        u, w, edge, high, low, whole_high, whole_low, complete > 0, np.flatnonzero(cut),
        np.flatnonzero(lost), np.flatnonzero(unfollowed),
    )  # fmt: skip


def episodes(
    currency: str, part: TemporalGraph, prepared: Prepared, found: Roots, params: Params
) -> pa.Table:
    """Partials (`queries/fold.py`), one an episode of these roots; shown by the largest sum."""
    pair = found.u * len(part.accounts) + found.w
    window = min(params.window_us, LONGEST_US)
    episode = split(pair, part.at_us[found.edge], window)
    best = shown(episode, ranked(found.high, found.low))
    size = len(best)
    bounds = starts(episode, size)
    first, last = bounds[:-1], bounds[1:] - 1
    sums = np.stack((found.high[best], found.low[best]), 1)
    u, w = found.u[best], found.w[best]
    start, records, relay_start, relays = scattered_records(
        part.edges, prepared.reach, prepared.hubs, np.stack((u, w, found.edge[best]), 1)
    )
    finding = np.repeat(np.arange(size), np.diff(start))
    records = records[np.lexsort((records[:, 0], finding))]
    parties_start, parties, role = _parties(u, w, relay_start, relays)
    flow = amounts(found.high[best], found.low[best], currency)
    whole = amounts(found.whole_high[best], found.whole_low[best], currency)
    details = [f'{{"flow": "{f}", "scattered": "{s}"}}' for f, s in zip(flow, whole, strict=True)]
    names = [part.accounts.take(pa.array(ends)) for ends in (u, w)]
    incomplete = np.bincount(episode[~found.complete], minlength=size) > 0
    return columns.table(
        size,
        subject=columns.anchors([*names, pa.array([currency] * size, columns.TEXT)]),
        root=part.records_of(found.edge[first]),
        root_us=part.at_us[found.edge[first]],
        last_root_us=part.at_us[found.edge[last]],
        key=pa.FixedSizeListArray.from_arrays(pa.array(-sums.ravel()), 2),
        first_us=part.at_us[records[start[:-1], 0]],
        last_us=part.at_us[records[start[1:] - 1, 0]],
        currency=currency,
        length=np.full(size, 2),
        instances=pa.array(np.bincount(episode, minlength=size)).cast(columns.TEXT),
        complete=pa.array(~incomplete, pa.bool_()),
        detail=pa.array(details, columns.TEXT),
        accounts=columns.accounts(part, parties_start, parties),
        roles=columns.lists(parties_start, columns.words(role, ("source", "relay", "sink"))),
        evidence=columns.evidence(
            part, start, records[:, 0], columns.words(records[:, 1], ("scatter", "gather"))
        ),
    )  # fmt: skip


def _parties(u: Ints, w: Ints, start: Ints, relays: Ints) -> tuple[Ints, Ints, Ints]:
    """Accounts of each finding: (start, account, role); relays by their first record."""
    size = len(u)
    each = np.arange(size)
    finding = np.concatenate((each, np.repeat(each, np.diff(start)), each))
    role = np.repeat([0, 1, 2], (size, len(relays), size))
    account = np.concatenate((u, relays[:, 0], w))
    place = np.concatenate((each, relays[:, 1], each))
    order = np.lexsort((place, role, finding))
    return starts(finding, size), account[order], role[order]


def _cuts(part: TemporalGraph, found: Roots) -> dict[str, Cut]:
    """What the bounds cut, by cause and place."""
    causes = {
        "expansions": (found.crowded, np.unique(part.source[found.crowded])),
        "hub_degree": (found.hub_roots, found.hubs),
    }
    return {
        cause: Cut(len(which), tuple(part.accounts.take(pa.array(where)).to_pylist()))
        for cause, (which, where) in causes.items()
        if len(which)
    }


def _part(task: Task) -> Part:
    """What the roots of one part give."""
    found = roots(task.graph, task.shared, task.begin, task.stop, task.params, task.bounds)
    rows = episodes(task.currency, task.graph, task.shared, found, task.params)
    return Part(rows=rows, cuts=_cuts(task.graph, found))


def _parts(part: TemporalGraph, params: Params) -> int:
    """As many as there are windows: a part reads one more, so all of them read twice the moves.

    10 million transfers of 30 days: 4.0 s in one part, 5.7 s in 6, 11.8 s in 64.
    """
    span_us = int(part.at_us[-1]) - int(part.at_us[0]) if len(part) else 0
    return span_us // max(params.window_us, 1) + 1


SEARCH = Search(kinds=lambda params: params.kinds, prepare=prepare, part=_part, parts=_parts)


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """u and w with a changed payment of either: found before, or near in time to a change.

    What is found of them depends on their own payments alone, as long as no bound cuts.
    """
    con, window_us = graph.con, min(params.window_us, LONGEST_US)
    near = near_time.near(con, near_time.TIMES, window_us)
    if near is None or near_time.begin_moved(con):
        return None
    with scopes.shown(con, {"payments": near}):
        seen = Snapshot(con, graph.settings, bounds=graph.bounds)
        searched = search_slices(seen, params, SEARCH)
    if searched.truncated:
        return None
    con.register("_sg_near", searched.rows.select(["anchor"]))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _sg_ends AS
        WITH touched AS (SELECT unnest([source, target]) AS account FROM changed_payments),
        anchors AS (
            SELECT anchor FROM _sg_near UNION ALL SELECT anchor FROM {scopes.OLD}.findings
            WHERE typology = 'scatter_gather')
        SELECT DISTINCT anchor[1] AS u, anchor[2] AS w FROM anchors
        WHERE anchor[1] IN (FROM touched) OR anchor[2] IN (FROM touched)
        """
    )
    con.unregister("_sg_near")
    ends = "(SELECT unnest([u, w]) FROM _sg_ends)"
    return Redo(
        sees={"payments": f"FROM whole_payments WHERE source IN {ends} OR target IN {ends}"},
        owned="(anchor[1], anchor[2]) IN (SELECT (u, w) FROM _sg_ends)",
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of roots; see the head of this file."""
    searched = search_slices(graph, params, SEARCH)
    graph.con.register("_scatters", searched.rows)
    found_rows = with_pairs(
        "SELECT *, strftime(make_timestamp(first_us), '%Y-%m-%d') AS unit FROM _scatters",
        params.window_us,
    )
    found = collect(graph.con, "scatter_gather", "sg", found_rows, searched.truncated)
    graph.con.unregister("_scatters")
    return found


TYPOLOGY = Typology(
    name="scatter_gather",
    prefix="sg",
    layer="value",
    family="dispersion",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="slice",
    redo=redo,
    anchor="u, w, currency, first record of the episode",
    params=Params,
    find=find,
    halo=lambda params: int(params.window_us),
    reads=("payments",),
    nulls=("time", "shift", "targets"),
    texts={
        "en": "A sum was split over several accounts and collected again within the window",
        "zh": "资金分散转入多个账号后，在时间窗内又汇集到同一账号",
    },
)

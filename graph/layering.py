"""Sets of records on long chains of one currency, and the witness of each (D-8, layering).

    longest chains that end and begin with each record; those of at least `min_hops` together are in
    sets of in-records that follow one another; of each set the witness

Everything is in kernels (`layering_kernels.py`); chains that begin with a record are those that end
with it when time runs backward, so one kernel does both, and the sets as well.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.bounds import Bounds
from regift.graph.episodes import starts
from regift.graph.hub_kernels import Hubs, hub_spans
from regift.graph.index_kernels import group_by, horizons
from regift.graph.layering_kernels import (
    CUT,
    NONE,
    Ahead,
    Flow,
    longest_chains,
    passed,
    witnesses,
)
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import TemporalGraph

Ints = NDArray[Any]

SCANNED = 3_000
"""Records into an account of which all open ones are looked at. A question to a tree costs as much
as some hundred looks, and of 3,000 in a month 200 are open at once on average (48 h)."""


@dataclass(frozen=True)
class LayeringParams:
    """What a chain is: see `queries/layering_path.py`."""

    gap_us: int
    keep_bp: int
    min_hops: int
    in_order: bool


@dataclass(frozen=True)
class Layers:
    """The sets of one currency that have a witness, in the order of their first records.

    first: first record of each set; size, accounts: its records and different accounts; longest:
    records of its longest chain; start, witness: edges of the witnesses; whole: no account of the
    set is a hub that was not passed through. hubs: edges after which a hub was not passed through;
    cut: sets whose search for a witness was cut; cut_edges: the longest chains of those.
    """

    first: Ints
    size: Ints
    accounts: Ints
    longest: Ints
    start: Ints
    witness: Ints
    whole: Ints
    hubs: Ints
    cut: int
    cut_edges: Ints


def _flow(
    source: Ints, target: Ints, at_us: Ints, amount: Ints, accounts: int, by_amount: Ints,
    asks: Ints, offers: Ints,
) -> Flow:  # fmt: skip
    """by_amount: all edges in the order of their amounts."""
    size = np.bincount(target, minlength=accounts)
    many = size > SCANNED
    start = np.concatenate(([0], np.cumsum(size))).astype(np.int32)
    tree = np.concatenate(([0], np.cumsum(np.where(many, size, 0)))).astype(np.int32)
    chosen = by_amount[many[target[by_amount]]]
    order = chosen[group_by(target[chosen], accounts)[1]]
    place = np.full(len(target), -1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32) - tree[target[order]]
    return Flow(source, target, at_us, amount, start, tree, amount[order], place, asks, offers)


def _chains(graph: TemporalGraph, how: LayeringParams, open_: Ints) -> tuple[Ints, Ints, Ints]:
    """Records of the longest chain that begins with each edge; the edges that are in; their set's
    first edge."""
    m, n = len(graph), len(graph.accounts)
    gap_us = min(how.gap_us, LONGEST_US)
    every, none = np.ones(m, np.bool_), np.zeros(0, np.int32)
    by_amount = np.argsort(graph.amount_minor).astype(np.int32)
    back = _flow(
        graph.target[::-1].copy(), graph.source[::-1].copy(), -graph.at_us[::-1],
        graph.amount_minor[::-1].copy(), n, m - 1 - by_amount, open_[::-1].copy(), every,
    )  # fmt: skip
    starting = longest_chains(back, gap_us, how.in_order, how.keep_bp, none)[::-1].copy()
    del back
    flow = _flow(
        graph.source.copy(), graph.target.copy(), graph.at_us.copy(), graph.amount_minor.copy(),
        n, by_amount, every, open_,
    )  # fmt: skip
    ending = longest_chains(flow, gap_us, how.in_order, how.keep_bp, none)
    inside = ending + starting > how.min_hops
    joined = np.arange(m, dtype=np.int32)
    flow = flow._replace(asks=inside, offers=inside & open_)
    longest_chains(flow, gap_us, how.in_order, how.keep_bp, joined)
    edges = np.flatnonzero(inside).astype(np.int32)
    return starting, edges, joined[edges]


def layers(graph: TemporalGraph, how: LayeringParams, bounds: Bounds) -> Layers:
    """Sets of records on chains of at least `min_hops`, with their witnesses.

    Cost: m log d for m edges of which at most d touch one account; 100 bytes an edge besides the
    graph's own. A hub (`bounds.hub_degree`) is not passed through; the search for a witness over
    different accounts takes at most `bounds.expansions` steps a set.
    """
    gap_us = min(how.gap_us, LONGEST_US)
    hubs_then = Hubs(*hub_spans(graph.edges, gap_us, bounds.hub_degree))
    open_ = passed(graph.edges, hubs_then, gap_us)
    starting, edges, first = _chains(graph, how, open_)
    first, group = np.unique(first, return_inverse=True)
    order = np.argsort(group, kind="stable")
    group, records = group[order], edges[order]
    sets = len(first)
    _, after, until = horizons(graph.at_us, gap_us, how.in_order)
    begins, witness, found, longest, cut_edges = witnesses(
        graph.edges, Ahead(after, until, open_, starting), starts(group, sets), records,
        how.keep_bp, how.min_hops, bounds.expansions,
    )  # fmt: skip

    hubs = np.flatnonzero(~open_)
    hub = np.zeros(len(graph.accounts), np.bool_)
    hub[graph.target[hubs]] = True
    ends = np.concatenate((graph.source[records], graph.target[records]))
    pairs = np.unique(np.concatenate((group, group)) * len(hub) + ends)
    of_set, account = np.divmod(pairs, max(len(hub), 1))
    touched = np.bincount(of_set[hub[account]], minlength=sets)
    kept = (found != NONE) & (found != CUT)
    return Layers(
        first[kept], np.bincount(group, minlength=sets)[kept],
        np.bincount(of_set, minlength=sets)[kept], longest[kept],
        np.concatenate((begins[:1], begins[1:][kept])), witness, touched[kept] == 0,
        hubs, int((found == CUT).sum()), cut_edges,
    )  # fmt: skip

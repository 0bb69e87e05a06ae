"""Compile the kernels of searches once, so that no later command has to.

Each kernel is called on tiny arrays of the types that searches pass; Numba keeps what it compiles
in its cache (see `jit.py`), and a second call finds everything there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from regift.graph import (
    count_kernels,
    hub_kernels,
    peel_kernels,
    scatter_judge,
    scatter_kernels,
    scatter_roots,
    wedge_kernels,
    witness_kernels,
)
from regift.graph.balance_kernels import components, longest_balanced
from regift.graph.biclique_kernels import ends_of, squares
from regift.graph.bounds import Bounds
from regift.graph.commission_kernels import BINS, count_ratios, ledger_of, take_sets
from regift.graph.cycles import COUNTING, CycleParams, Cycles, ahead_of
from regift.graph.fan_kernels import count_counterparties, histories
from regift.graph.gift_chain_kernel import cut_chains
from regift.graph.habit_kernel import count_around
from regift.graph.index_kernels import group_by, horizons
from regift.graph.layering import LayeringParams, layers
from regift.graph.matching import match_chains, match_singles, match_sums
from regift.graph.paths import trace_account, trace_path
from regift.graph.ring_kernels import tell_apart
from regift.graph.run_kernels import count_runs, runs_of
from regift.graph.served_kernel import served_from
from regift.graph.snapshot import snapshot_from_rows
from regift.graph.spans import windows
from regift.graph.temporal import TemporalGraph


def _derived_tables() -> None:
    """Refunds, entities and custody: their kernels run when a snapshot is made."""
    gift = {"source": "a", "target": "b", "item": "x", "kind": "gift", "at_us": 0}
    move = {"source": "a", "target": "b", "at_us": 0, "amount_minor": 1, "currency": "CNY"}
    back = {"source": "b", "target": "a", "kind": "refund"}
    shared = [{"kind": kind, "value": "1"} for kind in ("phone", "device")]
    rows: dict[str, list[dict[str, Any]]] = {
        "gifts": [gift | {"record_id": "g1"}],
        "transfers": [
            move | {"record_id": "t1", "kind": "payment"},
            move | back | {"record_id": "t2"},
        ],
        "identifiers": [{"account": name} | one for name in ("a", "b") for one in shared],
    }
    snapshot_from_rows(rows).close()


def _matching() -> None:
    """Gifts with payments."""
    none, tier = np.zeros(0, np.int64), np.zeros(0, np.int8)
    match_singles(none, none, 1, tier, none)
    match_chains(none, none, none, 1, tier, none)
    match_sums(none, none, none, none, none, none, 1, 1, tier, none)


def _habit() -> None:
    """Payments of a pair around a finding."""
    none = np.zeros(0, np.int64)
    count_around(none, none, none, none, np.zeros(1, np.int64), none, 1, 2)


def _zigzag() -> TemporalGraph:
    """0 > 1, 1 > 0, 0 > 1, ..."""
    size = 8
    return TemporalGraph(
        pa.array(["a", "b"], pa.large_string()),
        pa.array([str(i) for i in range(size)], pa.large_string()),
        ("CNY",),
        ("payment",),
        source=np.arange(size) % 2,
        target=1 - np.arange(size) % 2,
        at_us=np.arange(size),
        rank=np.arange(size),
        amount_minor=np.full(size, 100),
        currency=np.zeros(size),
        kind=np.zeros(size),
    )


CYCLE = CycleParams(9, 6, 5000, False)


def _cycle_search() -> None:
    """Hits, and rings told apart."""
    Cycles(_zigzag(), CYCLE)


def _cycle_counts() -> None:
    """Counts, episodes, witnesses and lists, of no ring: kernels compile for types, not values."""
    graph = _zigzag()
    ahead = ahead_of(graph, CYCLE)
    rings = tell_apart(np.zeros(0, np.int32))
    none = np.zeros(0, np.int64)
    keep = CYCLE.keep_bp
    counts, exact = count_kernels.count_hits(graph.edges, ahead, rings, keep, 0, COUNTING, none)
    episode, ring, first, last = witness_kernels.split_episodes(
        graph.at_us, graph.edges.pair_edge, rings, exact, CYCLE.window_us
    )
    sizes = rings.hi - rings.lo
    witness_kernels.add_up(episode, counts, sizes, 0)
    names = np.zeros(len(graph), np.int32)
    witness_kernels.witnesses(graph.edges, ahead, names, rings, episode, ring, first, last, keep)
    witness_kernels.list_instances(graph.edges, ahead, rings, counts, keep, 1)
    count_runs(graph.edges, ahead, rings.start, rings.pairs)
    runs_of(graph.edges, ahead, names, rings.start, rings.pairs)


def _fans() -> None:
    """Counterparties in sliding windows, and windows by themselves."""
    edges = _zigzag().edges
    ins = (edges.in_start, edges.in_edge)
    place, _, _ = count_counterparties(edges, *ins, 9, 1)
    histories(edges, *ins, place, np.zeros(2, np.int64), 9, 1)
    windows(*group_by(edges.source, 2), edges.at_us, 9)


def _paths() -> None:
    """Reach, traced amounts (the queue of pass_through too), best paths."""
    graph = _zigzag()
    trace_account(graph, "a", within_us=9)
    trace_account(graph, "a", within_us=9, forward=False)
    trace_path(graph, "a", "b", within_us=9)


def _relays() -> None:
    """Layers and peel chains."""
    graph = _zigzag()
    layers(graph, LayeringParams(9, 8000, 4, False), Bounds())
    _, after, until = horizons(graph.at_us, 9, False)
    steps = peel_kernels.remainders(graph.edges, after, until, 3, 2000)
    peel_kernels.chains(graph.edges, *steps, 4)


def _scatters() -> None:
    """Scatter-gather and gather-scatter: windows, bounds, roots, what is shown."""
    graph = _zigzag()
    edges, size = graph.edges, len(graph)
    reach = wedge_kernels.Reach(*horizons(graph.at_us, 9, False))
    hubs = hub_kernels.Hubs(*hub_kernels.hub_spans(edges, 9, 1))
    mask = np.ones(size, np.bool_)
    wedge_kernels.relayed(edges, reach, mask, mask.copy())
    wedge_kernels.crowded(edges.out_start, edges.out_edge, graph.target, reach, mask, 1)
    wedge_kernels.suspects(edges, reach, 1)
    some = np.zeros(0, np.int64)
    cut = wedge_kernels.over_expansions(edges, reach, hubs, some, 1)
    lost = wedge_kernels.over_hubs(edges, reach, hubs, some.astype(np.int32), 0, size, 1)
    grouped = group_by(graph.source.copy(), 2)
    wedges = scatter_roots.Wedges(mask, *grouped, *grouped, cut)
    rule = scatter_judge.Rule(0, size, 1, 0)
    scatter_roots.scatters(edges, reach, hubs, wedges, rule, *lost)
    scatter_kernels.scattered_records(edges, reach, hubs, np.zeros((0, 3), np.int64))
    places, amounts = np.zeros(0, np.int32), np.zeros(0, np.int64)
    scatter_kernels.gathers(edges, places, places, amounts, 9, 1, 0)


def _commissions() -> None:
    """Ratios of what came in and went out."""
    ledger = ledger_of(_zigzag().edges)
    count_ratios(ledger, 9)
    take_sets(ledger, 9, np.full(BINS, -1, np.int64))


def _squares() -> None:
    """Squares of payments."""
    edges = _zigzag().edges
    squares(edges, ends_of(edges), 9, 1, 1)


def _items() -> None:
    """Chains of gifts, rings of trades, payments that are followed by a service."""
    none, pairs = np.zeros(0, np.int64), np.zeros((2, 0), np.int64)
    cut_chains(np.zeros(0, np.bool_), none, none, 1)
    components(np.zeros(1, np.int64), none)
    longest_balanced(np.zeros(1, np.int64), pairs, none, none, none, 1, 1)
    served_from(none, none, none, pairs, none, 1)


STEPS: dict[str, Callable[[], None]] = {
    "scatters": _scatters,
    "commissions": _commissions,
    "cycle counts": _cycle_counts,
    "cycle search": _cycle_search,
    "derived tables": _derived_tables,
    "fans": _fans,
    "habit": _habit,
    "items": _items,
    "matching": _matching,
    "paths": _paths,
    "relays": _relays,
    "squares": _squares,
}
"""Parts that can be compiled apart from each other, the longest first."""

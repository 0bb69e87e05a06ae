"""Kernels of scatter-gather and gather-scatter on small graphs, with exact values."""

from typing import Any

import numpy as np
import pytest
from temporal_graphs import graph_of

from regift.graph.bounds import Bounds
from regift.graph.hub_kernels import Hubs, hub_spans, is_hub
from regift.graph.relay_kernels import first_in_first_out
from regift.graph.scatter_kernels import LOW, LOW_BITS, enough, gathers, scattered_records
from regift.graph.temporal import TemporalGraph
from regift.queries.scatter_gather import Params, Prepared, Roots, prepare, roots

LARGEST = 9 * 10**14
U, I, J, K, W = range(5)  # noqa: E741
SPLIT = [(U, j, at, 100) for at, j in enumerate((I, J, K))]
SPLIT += [(j, W, at, 90) for at, j in enumerate((I, J, K), 3)]


def made(moves: list[tuple[int, int, int, int]]) -> TemporalGraph:
    source, target, at, amount = zip(*moves, strict=True)
    return graph_of(source, target, at, amount)


def judged(graph: TemporalGraph, window: int = 10, **given: Any) -> tuple[Prepared, Roots]:
    bounds = Bounds(**{k: given.pop(k) for k in ("hub_degree", "expansions") if k in given})
    params = Params(window_us=window, **given)
    prepared = prepare(graph, params, bounds)
    return prepared, roots(graph, prepared, 0, len(graph), params, bounds)


@pytest.mark.parametrize("amount", [1, LARGEST])
def test_ratio_is_exact_where_sums_pass_64_bits(amount: int) -> None:
    total = 7 * 20_000 * amount
    whole = 10 * 20_000 * amount
    assert enough(total >> LOW_BITS, total & LOW, whole >> LOW_BITS, whole & LOW, 7000)
    total -= 1
    assert not enough(total >> LOW_BITS, total & LOW, whole >> LOW_BITS, whole & LOW, 7000)


def test_a_sum_is_the_same_however_it_is_split() -> None:
    assert enough(-3, (3 << LOW_BITS) + 7, 0, 10, 7000)
    assert not enough(-3, (3 << LOW_BITS) + 6, 0, 10, 7000)


def test_root_and_sums() -> None:
    _, found = judged(made(SPLIT))
    assert [found.u.tolist(), found.w.tolist(), found.edge.tolist()] == [[U], [W], [0]]
    assert [found.low.tolist(), found.whole_low.tolist()] == [[270], [300]]
    assert [found.high.tolist(), found.whole_high.tolist()] == [[0], [0]]
    assert found.complete.tolist() == [True]


def test_roots_are_those_of_the_part_asked_for() -> None:
    again = [(u, v, at + 20, amount) for u, v, at, amount in SPLIT]
    graph = made(SPLIT + again)
    bounds, params = Bounds(), Params(window_us=10)
    prepared = prepare(graph, params, bounds)
    for begin, stop, edges in ((0, 12, [0, 6]), (0, 6, [0]), (6, 12, [6]), (1, 6, []), (3, 3, [])):
        found = roots(graph, prepared, begin, stop, params, bounds)
        assert found.edge.tolist() == edges


def test_sums_beyond_64_bits() -> None:
    size = 4_000
    moves = [(U, j, 0, LARGEST) for j in (I, J, K) for _ in range(size)]
    moves += [(j, W, 1, LARGEST) for j in (I, J, K) for _ in range(size)]
    _, found = judged(made(moves), expansions=10**8)
    assert len(found.edge) == 3 * size
    total = (int(found.high[0]) << LOW_BITS) + int(found.low[0])
    assert total == 3 * size * LARGEST > 2**63


def test_records_that_cannot_take_part_are_left_out() -> None:
    moves = [*SPLIT, (U, 7, 1, 5), (8, W, 5, 5), (9, I, 0, 5)]
    graph = made(moves)
    prepared, _ = judged(graph)
    kept = {(int(graph.source[e]), int(graph.target[e])) for e in np.flatnonzero(prepared.scatter)}
    assert kept == {(U, I), (U, J), (U, K)}
    gathered = {(int(graph.source[e]), int(graph.target[e])) for e in prepared.gather_edge}
    assert gathered == {(I, W), (J, W), (K, W)}


def test_records_shown() -> None:
    graph = made([*SPLIT, (I, W, 6, 30), (I, W, 7, 30)])
    prepared, found = judged(graph)
    shown = np.stack((found.u, found.w, found.edge), 1)
    start, records, relay_start, relays = scattered_records(
        graph.edges, prepared.reach, prepared.hubs, shown
    )
    assert start.tolist() == [0, 7]
    # 30 at 6 takes the 10 that were left, 30 at 7 takes nothing.
    assert sorted(map(tuple, records.tolist())) == [
        (0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 1),
    ]  # fmt: skip
    assert relay_start.tolist() == [0, 3]
    assert relays.tolist() == [[I, 0], [J, 1], [K, 2]]


def test_spans_of_a_hub() -> None:
    """0 pays 1 twice, 2 and 3: three others in [0, 4] and in [1, 5]."""
    graph = made([(0, 1, 0, 1), (0, 1, 1, 1), (0, 2, 2, 1), (0, 3, 4, 1), (0, 1, 20, 1)])
    hubs = Hubs(*hub_spans(graph.edges, 4, 2))
    assert [hubs.start.tolist(), hubs.low.tolist(), hubs.high.tolist()] == [
        [0, 1, 1, 1, 1], [0], [1],
    ]  # fmt: skip
    assert [is_hub(hubs, 0, at) for at in (-1, 0, 1, 2)] == [False, True, True, False]


def test_a_relay_over_the_bound_is_not_followed() -> None:
    noise = [(20 + i, K, 6, 1) for i in range(4)]
    graph = made([*SPLIT, *noise])
    _, found = judged(graph, hub_degree=6)
    assert [found.edge.tolist(), found.hubs.tolist()] == [[0], []]
    _, found = judged(graph, hub_degree=5)
    assert [found.edge.tolist(), found.hubs.tolist(), found.hub_roots.tolist()] == [[], [K], [0]]
    # Outside the window of the root they are nobody's business.
    graph = made([*SPLIT, *((s, t, 11, a) for s, t, _, a in noise)])
    assert judged(graph, hub_degree=5)[1].edge.tolist() == [0]


def test_a_root_that_lost_one_of_four_relays_is_not_complete() -> None:
    more = [(U, 10, 2, 100), (10, W, 5, 90), *((20 + i, 10, 6, 1) for i in range(4))]
    _, found = judged(made([*SPLIT, *more]), hub_degree=5)
    assert [found.edge.tolist(), found.low.tolist()] == [[0], [270]]
    assert found.complete.tolist() == [False]


def test_a_sink_over_the_bound_is_not_followed() -> None:
    graph = made([*SPLIT, *((20 + i, W, 6, 1) for i in range(4))])
    _, found = judged(graph, hub_degree=7)
    assert [found.edge.tolist(), found.hubs.tolist()] == [[0], []]
    _, found = judged(graph, hub_degree=6)
    assert [found.edge.tolist(), found.hubs.tolist(), found.hub_roots.tolist()] == [[], [W], [0]]


def test_a_root_with_more_paths_than_expansions_is_not_judged() -> None:
    # Three paths to w in the window of the first root, and one i > u.
    graph = made([*SPLIT, (I, U, 4, 1)])
    _, found = judged(graph, expansions=4)
    assert [found.edge.tolist(), found.crowded.tolist()] == [[0], []]
    _, found = judged(graph, expansions=3)
    assert [found.edge.tolist(), found.crowded.tolist()] == [[], [0]]


def test_spans_and_sums_of_gathering() -> None:
    moves = [(1, 0, 0, 100), (2, 0, 1, 100), (0, 3, 2, 150), (0, 4, 3, 40)]
    edges = made(moves).edges
    every = np.ones(4, np.bool_)
    _, *takings = first_in_first_out(edges, every, every, 10, False, False)
    spans, sums = gathers(edges, *takings, 10, 2, 9500)
    assert spans.tolist() == [[0, 3]]
    assert sums.tolist() == [[0, 190, 0, 200]]
    spans, _ = gathers(edges, *takings, 10, 2, 9501)
    assert len(spans) == 0
    spans, sums = gathers(edges, *takings, 10, 1, 0)
    assert spans.tolist() == [[0, 3], [1, 3]]
    assert sums.tolist() == [[0, 190, 0, 200], [0, 90, 0, 100]]

"""Cycles where brute force cannot go: real data, parallel edges, counts past 64 bits, bounds."""

import itertools
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from real_data import real_data
from temporal_graphs import DAY_US, SECOND_US, amlsim_20k, bitcoin_otc, college, graph_of

from regift.graph.bounds import Bounds
from regift.graph.cycles import CycleParams, Cycles, shared_of
from regift.graph.temporal import TemporalGraph

HOUR_US = 3600 * SECOND_US


def cycles(
    graph: TemporalGraph, window_us: int, keep_bp: int = 0, length: int = 0, **more: Any
) -> Cycles:
    return Cycles(graph, CycleParams(window_us, length, keep_bp, False), **more)


@pytest.mark.parametrize(
    ("name", "load", "window_us", "count"),
    [
        ("snap_temporal", college, 6 * HOUR_US, 528_782),
        ("snap_temporal", college, 24 * HOUR_US, 204_680_686),
        ("snap_temporal", bitcoin_otc, 7 * DAY_US, 16_979),
        ("snap_temporal", bitcoin_otc, 14 * DAY_US, 337_598),
        ("amlsim_20k", amlsim_20k, 30 * DAY_US, 759),
    ],
)
def test_counts_of_the_reference_enumerator(
    name: str, load: Any, window_us: int, count: int
) -> None:
    """Counts of IBM's parallel-cycle-enumeration on the same files."""
    graph = load(real_data(name))
    found = cycles(graph, window_us)
    assert not len(found.cut)
    assert sum(found.by_length().values()) == count
    assert sum(found.instances().tolist()) == count
    counted = cycles(graph, window_us, listed=False)
    assert counted.by_length() == found.by_length()
    assert counted.findings == found.findings == len(found.episodes[1])


@pytest.mark.parametrize("keep_bp", [0, 5000])
def test_ten_thousand_million_cycles_are_one_ring(keep_bp: int) -> None:
    n = 100_000
    began = time.monotonic()
    found = cycles(
        graph_of([1] * n + [2] * n + [3], [2] * n + [3] * n + [1], np.arange(2 * n + 1)),
        HOUR_US, keep_bp,
    )  # fmt: skip
    assert found.instances().tolist() == [n * n]
    assert found.by_length() == {3: n * n}
    _, edges = found.witnesses()
    assert edges.tolist() == [n - 1, n, 2 * n]
    assert time.monotonic() - began < 30


def zigzag(n: int, amount: Any = 100) -> TemporalGraph:
    """1>2, 2>1, 1>2, ... a second apart: n moves."""
    return graph_of(1 + np.arange(n) % 2, 2 - np.arange(n) % 2, np.arange(n) * SECOND_US, amount)


def test_back_and_forth_a_hundred_thousand_times() -> None:
    """Every move with every opposite one inside the window; the sum in closed form."""
    n, window = 100_000, 1001
    found = cycles(zigzag(n), window * SECOND_US)
    wanted = sum(min(window, n - 1 - i) + 1 >> 1 for i in range(n))
    assert found.instances().tolist() == [wanted]


def test_a_hundred_thousand_back_and_forth_in_one_window_is_not_quadratic() -> None:
    n = 100_000
    amount = np.random.default_rng(1).integers(100, 200, n)
    began = time.monotonic()
    found = cycles(zigzag(n, amount), 2 * n * SECOND_US, keep_bp=5000)
    assert found.instances().tolist() == [(n // 2) ** 2]
    assert found.counted_exactly().all()
    assert time.monotonic() - began < 30


def test_a_hub_of_ten_thousand() -> None:
    """0 pays everybody, then everybody pays 0: a ring with each, and none through two."""
    n = 10_000
    others = np.arange(1, n + 1)
    hub = np.zeros(n, np.int64)
    graph = graph_of(np.concatenate((hub, others)), np.concatenate((others, hub)), np.arange(2 * n))
    found = cycles(graph, HOUR_US, 5000, 6)
    assert not len(found.cut)
    assert found.by_length() == {2: n}
    assert len(found.episodes[1]) == n


@pytest.mark.parametrize("keep_bp", [5000, 9000, 10_000])
def test_keep_of_many_parallel_moves(keep_bp: int) -> None:
    n, window = 600, 400
    amount = np.random.default_rng(7).integers(50, 150, n)
    found = cycles(zigzag(n, amount), window * SECOND_US, keep_bp)
    wanted = 0
    for i in range(n):
        other = amount[i + 1 : i + window + 1 : 2]
        low, high = np.minimum(amount[i], other), np.maximum(amount[i], other)
        wanted += int((10_000 * low >= keep_bp * high).sum())
    assert found.by_length() == {2: wanted}


def test_keep_of_three_hops_by_triple_loop() -> None:
    rng = np.random.default_rng(3)
    n, window = 240, 90
    amount = rng.integers(50, 120, n)
    hop = rng.integers(0, 3, n)
    graph = graph_of(1 + hop, 1 + (hop + 1) % 3, np.arange(n) * SECOND_US, amount)
    wanted = 0
    for i in range(n):
        for j in range(i + 1, min(n, i + window + 1)):
            if hop[j] == (hop[i] + 1) % 3:
                last = np.arange(j + 1, min(n, i + window + 1))
                last = last[hop[last] == (hop[j] + 1) % 3]
                low = np.minimum(amount[last], min(amount[i], amount[j]))
                high = np.maximum(amount[last], max(amount[i], amount[j]))
                wanted += int((10_000 * low >= 7000 * high).sum())
    assert wanted > 1000
    assert cycles(graph, window * SECOND_US, 7000).by_length() == {3: wanted}


def test_counts_past_128_bits() -> None:
    """A ring of 25 accounts with 100 parallel moves each: 100^25 cycles."""
    hops, each = 25, 100
    source = np.repeat(np.arange(hops), each)
    graph = graph_of(source, (source + 1) % hops, np.arange(hops * each))
    found = cycles(graph, HOUR_US)
    assert found.instances().tolist() == [100**25]
    assert found.by_length() == {25: 100**25}


def diamonds(size: int) -> TemporalGraph:
    """1 > two ways > 2 > two ways > 3 ... and back: 2^size rings of length 2 * size + 1."""
    source, target, at = [], [], []
    for i in range(size):
        for way in (1, 2):
            source += [1000 * i, 1000 * i + way]
            target += [1000 * i + way, 1000 * (i + 1)]
            at += [2 * i, 2 * i + 1]
    return graph_of([*source, 1000 * size], [*target, 0], [*at, 2 * size])


def test_diamonds_are_all_found_while_they_fit() -> None:
    found = cycles(diamonds(10), HOUR_US)
    assert found.by_length() == {21: 1024}
    assert not len(found.cut)


def test_diamonds_past_the_bound_are_cut_and_said() -> None:
    found = cycles(diamonds(40), HOUR_US, bounds=Bounds(expansions=10_000))
    assert found.by_length() == {}
    assert found.graph.accounts.take(found.cuts["expansions"].accounts).to_pylist() == ["000000000"]
    assert (found.cut[:, 1] >= 20).all()


def test_what_is_cut_is_complete_to_the_length_it_says() -> None:
    rng = np.random.default_rng(5)
    pairs = np.array([(a, b) for a in range(9) for b in range(9) if a != b])
    chosen = pairs[rng.permutation(len(pairs))]
    graph = graph_of(chosen[:, 0], chosen[:, 1], np.arange(len(chosen)))
    found = cycles(graph, HOUR_US, bounds=Bounds(expansions=40))
    assert len(found.cut)
    least = int(found.cut[:, 1].min())
    short = cycles(graph, HOUR_US, length=least).by_length()
    assert {k: n for k, n in found.by_length().items() if k <= least} == short
    assert sum(found.by_length().values()) < sum(cycles(graph, HOUR_US).by_length().values())


def test_a_complete_graph_of_sixty_accounts_returns() -> None:
    rng = np.random.default_rng(5)
    pairs = np.array([(a, b) for a in range(60) for b in range(60) if a != b])
    chosen = pairs[rng.permutation(len(pairs))]
    graph = graph_of(chosen[:, 0], chosen[:, 1], np.arange(len(chosen)))
    found = cycles(graph, HOUR_US, length=4)
    wanted = cycles(graph, HOUR_US, length=3).by_length()
    assert not len(found.cut)
    assert {k: n for k, n in found.by_length().items() if k <= 3} == wanted


def test_counting_past_its_bound_is_a_lower_bound_and_said() -> None:
    graph = zigzag(400, np.random.default_rng(1).integers(50, 150, 400))
    exact = cycles(graph, HOUR_US, 5000)
    found = cycles(graph, HOUR_US, 5000, counting=10)
    assert exact.counted_exactly().all()
    assert not found.counted_exactly().all()
    assert 0 < sum(found.instances().tolist()) < sum(exact.instances().tolist())


@pytest.mark.parametrize("expansions", [1_000_000, 12])
def test_parts_find_what_the_whole_finds(expansions: int) -> None:
    """Roots in parts: equal instances of each ring's roots, and equal cuts."""
    rng = np.random.default_rng(11)
    graph = graph_of(
        rng.integers(0, 9, 300), rng.integers(0, 9, 300), rng.integers(0, 90, 300) * SECOND_US
    )
    bounds = Bounds(expansions=expansions)
    whole = cycles(graph, 9 * SECOND_US, bounds=bounds)
    shared = shared_of(graph, whole.params, bounds)
    ends = [0, 1, 50, 51, 52, 200, len(graph)]
    parts = [
        cycles(graph, 9 * SECOND_US, bounds=bounds, begin=a, stop=b, shared=shared)
        for a, b in itertools.pairwise(ends)
    ]
    assert sum((by_root(part) for part in parts), Counter()) == by_root(whole)
    assert np.concatenate([part.cut for part in parts]).tolist() == whole.cut.tolist()
    assert bool(whole.cuts) == (expansions == 12)


def by_root(found: Cycles) -> Counter[tuple[tuple[int, ...], int]]:
    """Instances by ring (its pairs) and root."""
    total: Counter[tuple[tuple[int, ...], int]] = Counter()
    rings, pair_edge = found.rings, found.graph.edges.pair_edge
    for hit, (r, n) in enumerate(zip(found.ring_of, found.counts, strict=True)):
        ring = tuple(rings.pairs[rings.start[r] : rings.start[r + 1]].tolist())
        for place in range(rings.lo[hit], rings.hi[hit]):
            total[ring, int(pair_edge[place])] += int(n)
    return total


def test_a_cycle_through_a_hub_is_not_searched_and_said() -> None:
    """a > b > hub > a and a > b > a; two more pay the hub."""
    hub, a, b = 0, 1, 2
    graph = graph_of(
        [a, b, b, hub, 3, 5, 3, 4], [b, a, hub, a, hub, hub, hub, 3],
        np.array([10, 11, 12, 13, 14, 15, 40, 41]) * SECOND_US,
    )  # fmt: skip
    window = 5 * SECOND_US
    for degree, lengths, roots in ((4, {2: 1, 3: 1}, 0), (3, {2: 1}, 1)):
        found = cycles(graph, window, bounds=Bounds(hub_degree=degree))
        assert found.by_length() == lengths
        told = {"hub_degree": (1, ["000000000"], None)} if roots else {}
        assert {
            cause: (cut.roots, graph.accounts.take(cut.accounts).to_pylist(), cut.complete_to)
            for cause, cut in found.cuts.items()
        } == told
    assert cycles(graph, window - 1, bounds=Bounds(hub_degree=3)).by_length() == {2: 1, 3: 1}


@pytest.mark.parametrize("degree", [2, 3, 5])
def test_hubs_are_those_of_the_window_of_each_root(degree: int) -> None:
    rng = np.random.default_rng(degree)
    size, window = 250, 20 * SECOND_US
    source = (rng.integers(0, 25, size) * rng.random(size)).astype(np.int64)
    graph = graph_of(source, rng.integers(0, 25, size), rng.integers(0, 300, size) * SECOND_US)
    every = by_root(cycles(graph, window))
    found = cycles(graph, window, bounds=Bounds(hub_degree=degree))
    edges = graph.edges

    def is_hub(account: int, at_us: int) -> bool:
        near = (edges.at_us >= at_us) & (edges.at_us <= at_us + window)
        paid = np.unique(edges.target[near & (edges.source == account)])
        paying = np.unique(edges.source[near & (edges.target == account)])
        return len(paid) + len(paying) > degree

    wanted = {
        (ring, root): n
        for (ring, root), n in every.items()
        if not any(is_hub(edges.source[edges.pair_head[p]], edges.at_us[root]) for p in ring)
    }
    assert by_root(found) == wanted
    lost = {root for ring, root in every.keys() - wanted.keys()}
    assert 0 < len(lost) <= found.cuts["hub_degree"].roots
    first = cycles(graph, window, bounds=Bounds(hub_degree=degree), stop=100)
    rest = cycles(graph, window, bounds=Bounds(hub_degree=degree), begin=100)
    assert by_root(first) + by_root(rest) == wanted
    roots = [part.cuts["hub_degree"].roots for part in (first, rest) if part.cuts]
    assert sum(roots) == found.cuts["hub_degree"].roots


@pytest.mark.parametrize("keep_bp", [0, 9000])
@pytest.mark.parametrize("expansions", [1_000_000, 8])
def test_counting_without_a_list_gives_the_same_numbers(keep_bp: int, expansions: int) -> None:
    """With and without a bound that cuts: what a search that gave up counted counts for nothing."""
    rng = np.random.default_rng(4)
    size = 400
    graph = graph_of(
        rng.integers(0, 25, size), rng.integers(0, 25, size),
        rng.integers(0, 300, size) * SECOND_US, rng.choice([100, 95, 80], size),
    )  # fmt: skip
    more = {"bounds": Bounds(expansions=expansions)}
    listed = cycles(graph, 60 * SECOND_US, keep_bp, **more)
    counted = cycles(graph, 60 * SECOND_US, keep_bp, listed=False, **more)
    assert 0 < counted.alone.sum() < sum(listed.by_length().values())
    assert counted.by_length() == listed.by_length()
    assert counted.findings == listed.findings
    assert counted.cut.tolist() == listed.cut.tolist()
    assert bool(counted.cuts) == (expansions == 8)

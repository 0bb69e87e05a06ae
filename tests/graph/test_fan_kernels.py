"""Sliding counts of counterparties and histories, against counting anew at every record."""

from fractions import Fraction

import numpy as np
from temporal_graphs import graph_of

from regift.graph.fan_kernels import count_counterparties, far_above, histories
from regift.graph.temporal import TemporalGraph


def random_graph(seed: int) -> TemporalGraph:
    chance = np.random.default_rng(seed)
    size = 120
    at_us = chance.integers(-40, 40, size)
    return graph_of(chance.integers(0, 6, size), chance.integers(0, 6, size), at_us)


def test_counts_and_histories_slide_as_counting_anew_says() -> None:
    looked = 0
    for seed in range(8):
        graph = random_graph(seed)
        edges = graph.edges
        start, own = edges.in_start, edges.in_edge
        begin = np.arange(len(graph.accounts), dtype=np.int64) - 3
        place, end, found = count_counterparties(edges, start, own, 9, 3)
        before = histories(edges, start, own, place, begin, 5, 4)
        wanted = []
        for i, e in enumerate(own):
            x, at = graph.target[e], graph.at_us[e]
            mine = [f for f in own if graph.target[f] == x]
            near = {graph.source[f] for f in mine if 0 <= graph.at_us[f] - at <= 9}
            if len(near) < 3:
                continue
            whole = range(max(at // 5 - 4, begin[x]), at // 5)
            counts = [
                len({graph.source[f] for f in mine if graph.at_us[f] // 5 == bucket})
                for bucket in whole
            ]
            last = max(i for i, f in enumerate(own) if f in mine and graph.at_us[f] - at <= 9)
            wanted.append(
                (i, last + 1, len(near), len(whole), sum(counts), sum(c * c for c in counts))
            )
        have = [tuple(int(v) for v in row) for row in zip(place, end, found, *before, strict=True)]
        assert have == wanted
        looked += len(wanted)
    assert looked > 200


def test_far_above_is_exact_beyond_64_bits() -> None:
    """A hub of 10^9 counterparties a day at exactly its bound, and one less."""
    n, mean = 30, 10**9
    # The variance is the mean (steady), so four deviations are 4 * sqrt(10^9): 126,491.1 above.
    counted = np.array([mean + 126_491, mean + 126_492])
    column = np.ones(2, np.int64)
    args = (n * column, n * mean * column, n * mean**2 // 10 * column)
    assert far_above(counted, *args, 4).tolist() == [False, True]


def test_both_ways_of_comparing_agree_with_fractions() -> None:
    chance = np.random.default_rng(3)
    c, n, s1, s2 = (chance.integers(0, 9, 500) for _ in range(4))
    for deviations in (0, 1, 2):
        small = far_above(c, n, s1, s2, deviations)
        huge = far_above(
            np.append(c, 2**31), np.append(n, 2**31), np.append(s1, 0), np.append(s2, 0), deviations
        )
        assert huge[:-1].tolist() == small.tolist()
        for i in range(len(c)):
            if n[i] == 0:
                assert small[i]
                continue
            mean = Fraction(int(s1[i]), int(n[i]))
            variance = max(Fraction(int(s2[i]), int(n[i])) - mean**2, mean, Fraction(1))
            above = int(c[i]) - mean
            assert small[i] == (above > 0 and above**2 >= deviations**2 * variance)


def test_deviations_of_any_size() -> None:
    one = np.ones(1, np.int64)
    assert far_above(9 * one, one, 0 * one, 0 * one, 10**17).tolist() == [False]
    assert far_above(9 * one, 0 * one, 0 * one, 0 * one, 10**17).tolist() == [True]

"""Measures of lists against slow ones: every order of ties is tried, and resampling is redrawn."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from regift.ranking.evaluation import bootstrap, measures

LISTS = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6)


def orders(level: list[int], labelled: list[bool]) -> list[list[bool]]:
    """Labels down every list that the levels allow."""
    groups = [
        [hit for at, hit in zip(level, labelled, strict=True) if at == each]
        for each in sorted(set(level))
    ]
    chosen = product(*(list(permutations(group)) for group in groups))
    return [[hit for group in way for hit in group] for way in chosen]


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def slow_average_precision(labels: list[bool]) -> Fraction:
    precision = [
        Fraction(sum(labels[: place + 1]), place + 1) for place, hit in enumerate(labels) if hit
    ]
    return mean(precision) if precision else Fraction(0)


def counted(rows: list[tuple[int, bool]]) -> measures.Tally:
    """Levels may have holes, as no list of ours does: an empty group must not matter."""
    return measures.tally([level for level, _ in rows], [hit for _, hit in rows])


@settings(max_examples=examples(150), deadline=None)
@given(LISTS, st.integers(1, 7))
def test_expected_over_all_orders(rows: list[tuple[int, bool]], k: int) -> None:
    ways = orders([level for level, _ in rows], [hit for _, hit in rows])
    got, at = counted(rows), min(k, len(rows))
    positives = sum(hit for _, hit in rows)
    assert measures.precision_at(got, k) == mean([Fraction(sum(way[:at]), at) for way in ways])
    assert measures.average_precision(got) == pytest.approx(
        float(mean([slow_average_precision(way) for way in ways])), abs=1e-12
    )
    if positives:
        assert measures.recall_at(got, k) == mean(
            [Fraction(sum(way[:at]), positives) for way in ways]
        )
        assert measures.r_precision(got) == mean(
            [Fraction(sum(way[:positives]), positives) for way in ways]
        )
        assert measures.lift_at(got, k) == measures.precision_at(got, k) / Fraction(
            positives, len(rows)
        )


@settings(max_examples=examples(60), deadline=None)
@given(LISTS, st.integers(1, 7))
def test_ties_at_k(rows: list[tuple[int, bool]], k: int) -> None:
    down = sorted(level for level, _ in rows)
    at = min(k, len(down))
    shared = down[at - 1]
    assert measures.ties_at(counted(rows), k) == (down.count(shared), down[:at].count(shared))


def test_an_empty_population_and_one_without_labels() -> None:
    nobody, clean = measures.tally([], []), measures.tally([0, 0], [False, False])
    for each in (nobody, clean):
        assert measures.precision_at(each, 5) == 0
        assert measures.recall_at(each, 5) == 0
        assert measures.lift_at(each, 5) == 0
        assert measures.average_precision(each) == 0
    assert measures.ties_at(nobody, 5) == (0, 0)


def test_a_large_tie_is_worth_little_more_than_the_base_rate() -> None:
    """10,000 equal accounts of which 100 are labelled: order by luck, so AP is near 1 %."""
    hits = np.zeros(10_000, dtype=bool)
    hits[::100] = True
    got = measures.tally(np.zeros(10_000, dtype=int), hits)
    assert measures.precision_at(got, 100) == Fraction(1, 100)
    assert measures.average_precision(got) == pytest.approx(0.0108, abs=0.0002)


def test_levels_do_not_depend_on_order() -> None:
    first, second = np.array([3, 1, 3, 2]), np.array([0, 5, 1, 5])
    turned = np.array([2, 0, 3, 1])
    level = measures.levels_of(first, second)
    assert level.tolist() == [1, 3, 0, 2]
    assert measures.levels_of(first[turned], second[turned]).tolist() == level[turned].tolist()


def test_strata_need_not_all_have_labels() -> None:
    level, hits = np.array([0, 1, 2]), np.array([False, True, False])
    inside = measures.stratified(level, hits, np.array([0, 0, 1]))
    assert inside == [0.5, None]
    assert measures.mean(inside) == 0.5


# --- resampling ------------------------------------------------------------------------------

LEVEL = np.array([0, 0, 1, 2, 2, 2, 3, 3])
HITS = np.array([True, False, True, True, False, False, True, False])
RINGS = [[0, 2], [3]]


def test_weights_of_one_are_the_list_itself() -> None:
    order = bootstrap._Order(LEVEL, HITS)
    got = order.measured(np.ones((1, LEVEL.size), dtype=np.int64), (1, 4, 20))
    tally = measures.tally(LEVEL, HITS)
    assert got.average_precision[0] == pytest.approx(measures.average_precision(tally))
    for k in (1, 4, 20):
        assert got.precision[k][0] == pytest.approx(float(measures.precision_at(tally, k)))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=8), st.integers(1, 12))
def test_weights_are_copies(weight: list[int], k: int) -> None:
    """An account drawn three times is three accounts of its level."""
    got = bootstrap._Order(LEVEL, HITS).measured(np.array([weight]), (k,))
    copies = measures.tally(np.repeat(LEVEL, weight), np.repeat(HITS, weight))
    assert got.average_precision[0] == pytest.approx(measures.average_precision(copies))
    assert got.precision[k][0] == pytest.approx(float(measures.precision_at(copies, k)))


def test_rings_are_drawn_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = bootstrap.clusters_of(8, RINGS, HITS)
    assert clusters[0] == clusters[2]
    assert len(set(clusters.tolist())) == 7
    seen = []
    monkeypatch.setattr(
        bootstrap._Order,
        "measured",
        lambda self, weight, at: (
            seen.append(weight) or bootstrap.Samples(np.zeros(1), {k: np.zeros(1) for k in at})
        ),
    )
    bootstrap.resample({"one": LEVEL}, HITS, clusters, (2,), count=50, seed=3)
    drawn = np.concatenate(seen)
    assert drawn.shape == (50, 8)
    assert (drawn[:, 0] == drawn[:, 2]).all()
    rings = drawn[:, [0, 3, 6]].sum(axis=1)
    assert (rings == 3).all(), "as many rings are drawn as there are"
    assert (drawn[:, [1, 4, 5, 7]].sum(axis=1) == 4).all()
    assert len({tuple(row) for row in drawn.tolist()}) > 20


def test_same_seed_same_samples_whatever_else_is_asked() -> None:
    clusters = bootstrap.clusters_of(8, RINGS, HITS)
    other = np.arange(8)
    alone = bootstrap.resample({"a": LEVEL}, HITS, clusters, (2,), 40, seed=7)["a"]
    both = bootstrap.resample({"b": other, "a": LEVEL}, HITS, clusters, (2,), 40, seed=7)["a"]
    again = bootstrap.resample({"a": LEVEL}, HITS, clusters, (2,), 40, seed=8)["a"]
    assert alone.average_precision.tolist() == both.average_precision.tolist()
    assert alone.precision[2].tolist() == both.precision[2].tolist()
    assert alone.average_precision.tolist() != again.average_precision.tolist()


def test_memory_does_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws are one stream: in how many parts they are taken changes nothing of the spread."""
    clusters = bootstrap.clusters_of(8, RINGS, HITS)
    whole = bootstrap.resample({"a": LEVEL}, HITS, clusters, (2,), 400)["a"].average_precision
    monkeypatch.setattr(bootstrap, "CELLS", 24)
    parts = bootstrap.resample({"a": LEVEL}, HITS, clusters, (2,), 400)["a"].average_precision
    assert parts.shape == whole.shape
    assert parts.mean() == pytest.approx(whole.mean(), abs=0.05)
    low, high = bootstrap.interval(whole)
    assert low < measures.average_precision(measures.tally(LEVEL, HITS)) < high

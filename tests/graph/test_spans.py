"""Windows and overlaps of closed intervals, against looking at every time."""

import numpy as np

from regift.graph.spans import covered, overlaps, stabbed, sums, windows

TIMES = range(-3, 40)


def random_intervals(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    group, low = chance.integers(0, 3, 14), chance.integers(0, 20, 14)
    return group, low, low + chance.integers(0, 8, 14)


def held(group: np.ndarray, low: np.ndarray, high: np.ndarray, of: int, at: int) -> int:
    return int(((group == of) & (low <= at) & (at <= high)).sum())


def test_covered_holds_the_times_that_enough_intervals_hold_and_no_others() -> None:
    for seed in range(20):
        given = random_intervals(seed)
        for least in (1, 2, 3):
            made = covered(*given, least)
            for of in range(3):
                for at in TIMES:
                    assert held(*made, of, at) == (held(*given, of, at) >= least)


def test_stabbed_counts() -> None:
    given = random_intervals(1)
    of = np.repeat(np.arange(3), len(TIMES))
    at = np.tile(np.array(TIMES), 3)
    assert stabbed(*given, of, at).tolist() == [
        held(*given, int(x), int(t)) for x, t in zip(of, at, strict=True)
    ]


def test_overlaps_cuts_each_interval_to_the_zones_of_its_group() -> None:
    for seed in range(20):
        zones = covered(*random_intervals(seed), 2)
        group, low, high = random_intervals(seed + 100)
        place, begin, end = overlaps(group, low, high, zones)
        assert (begin <= end).all()
        for i in range(len(group)):
            mine = (np.zeros((place == i).sum(), np.int64), begin[place == i], end[place == i])
            for at in TIMES:
                inside = low[i] <= at <= high[i] and held(*zones, group[i], at)
                assert held(*mine, 0, at) == inside


def test_windows_of_one_time_are_one() -> None:
    start, own = np.array([0, 3, 3, 5], np.int32), np.array([0, 2, 3, 1, 4], np.int32)
    at_us = np.array([5, 5, 5, 9, 10])
    low, high = windows(start, own, at_us, 4)
    assert low.tolist() == [0, 0, 2, 3, 4]
    assert high.tolist() == [3, 3, 3, 4, 5]


def test_sums_beyond_64_bits_and_of_nothing() -> None:
    amount = np.full(20_000, 9 * 10**14)
    total = sums(amount, np.array([0, 1]), np.array([20_000, 3]))
    assert total.tolist() == [18 * 10**18, 18 * 10**14]
    # Prefix sums wrap round; no single sum does.
    assert sums(amount, np.array([19_990]), np.array([20_000])).tolist() == [9 * 10**15]
    assert sums(amount[:0], amount[:0], amount[:0]).tolist() == []

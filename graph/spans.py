"""Spans of time by group: windows over sorted records, and where closed intervals overlap.

Windows slide along; the rest is sorting and counting over whole columns, n log n.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel

Ints = NDArray[Any]

LONGEST_US = 2**60
"""More than any two times lie apart (years 1 to 9999), so that a longer window means the same."""


def keys(group: Ints, at_us: Ints, times: Ints, side: str = "left") -> Ints:
    """Numbers that sort as (group, time) do, times being placed among the sorted `times`."""
    place = np.searchsorted(times, at_us, side=side)  # type: ignore[call-overload]
    key: Ints = np.asarray(group, np.int64) * (len(times) + 1) + place
    return key


@kernel
def windows(start: Ints, own: Ints, at_us: Ints, window_us: int) -> tuple[Ints, Ints]:
    """Per place in `own` the places [low, high) of its account's records in [at, at + window].

    start, own: the records of each account, in time order; records of one time have one window.
    Linear.

    >>> low, high = windows(np.array([0, 3, 4]), np.arange(4), np.array([1, 1, 5, 6]), 3)
    >>> low.tolist(), high.tolist()
    ([0, 0, 2, 3], [2, 2, 3, 4])
    """
    low = np.empty(len(own), np.int32)
    high = np.empty(len(own), np.int32)
    for x in range(len(start) - 1):
        left = right = start[x]
        for i in range(start[x], start[x + 1]):
            at = at_us[own[i]]
            if at_us[own[left]] != at:
                left = i
            while right < start[x + 1] and at_us[own[right]] - at <= window_us:
                right += 1
            low[i] = left
            high[i] = right
    return low, high


def covered(group: Ints, low_us: Ints, high_us: Ints, least: int) -> tuple[Ints, Ints, Ints]:
    """Longest closed intervals, by group, everywhere in which at least `least` of the given lie.

    >>> covered(np.array([0, 0, 0]), np.array([1, 3, 9]), np.array([4, 6, 9]), 2)
    (array([0]), array([3]), array([4]))
    """
    size = len(group)
    who, at = np.concatenate((group, group)), np.concatenate((low_us, high_us))
    step = np.repeat((1, -1), size)
    # At one time begins come before ends: closed intervals that touch overlap.
    order = np.lexsort((-step, at, who))
    step = step[order]
    depth = np.cumsum(step)
    begins = order[(step > 0) & (depth == least)]
    ends = order[(step < 0) & (depth == least - 1)]
    return who[begins], at[begins], at[ends]


def overlaps(
    group: Ints, low_us: Ints, high_us: Ints, zones: tuple[Ints, Ints, Ints]
) -> tuple[Ints, Ints, Ints]:
    """Each given interval cut to the zones of its group: (its place, low, high).

    zones: disjoint and sorted, as `covered` makes them. Cost: linear in what comes out.

    >>> zones = (np.array([0, 0]), np.array([1, 5]), np.array([2, 7]))
    >>> overlaps(np.array([0]), np.array([2]), np.array([6]), zones)
    (array([0, 0]), array([2, 5]), array([2, 6]))
    """
    of, begin, end = zones
    times = np.unique(np.concatenate((begin, end)))
    first = np.searchsorted(keys(of, end, times), keys(group, low_us, times))
    after = np.searchsorted(keys(of, begin, times), keys(group, high_us, times, "right"))
    number = np.maximum(after - first, 0)
    place = np.repeat(np.arange(len(group)), number)
    zone = np.arange(len(place)) - np.repeat(np.cumsum(number) - number - first, number)
    return place, np.maximum(low_us[place], begin[zone]), np.minimum(high_us[place], end[zone])


def stabbed(group: Ints, low_us: Ints, high_us: Ints, of: Ints, at_us: Ints) -> Ints:
    """How many of the intervals of its group hold each time.

    >>> stabbed(np.array([0, 0, 1]), np.array([1, 3, 0]), np.array([4, 6, 9]), np.zeros(2), [4, 5])
    array([2, 1])
    """
    size, asked = len(group), len(of)
    who = np.concatenate((group, of, group))
    at = np.concatenate((low_us, at_us, high_us))
    step = np.repeat((1, 0, -1), (size, asked, size))
    order = np.lexsort((-step, at, who))
    depth = np.empty(len(order), np.int64)
    depth[order] = np.cumsum(step[order])
    return depth[size : size + asked]


def sums(amount: Ints, low: Ints, high: Ints) -> Ints:
    """Sum of the amounts in each of the places [low, high), exact whatever its size.

    In 64 bits (prefix sums may wrap round, their differences do not) where every sum fits.

    >>> sums(np.array([1, 2, 4]), np.array([0, 1]), np.array([3, 2])).tolist()
    [7, 2]
    """
    if not len(low):
        return np.zeros(0, np.int64)
    fits = int(amount.max()) * int((high - low).max()) < 2**63
    upto = np.concatenate(([0], np.cumsum(amount, dtype=np.int64 if fits else object)))
    total: Ints = upto[high] - upto[low]
    return total

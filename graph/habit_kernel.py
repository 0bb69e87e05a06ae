"""Payments of a pair before and after a finding: two spans of time, counted in sorted times."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel

Longs = NDArray[np.int64]


@kernel
def count_around(
    asker: Longs, pair: Longs, first_us: Longs, last_us: Longs, start: Longs, at_us: Longs,
    near_us: int, far_us: int,
) -> tuple[Any, Any]:  # fmt: skip
    """Per finding: payments of its pairs around it, and its pairs.

    asker, pair: what is asked, a row for each finding and pair; first_us, last_us: per finding.
    start (pairs + 1), at_us: times of each pair, ascending. Counted are times in
    [first - far, first - near) and (last + near, last + far].

    >>> count_around(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([10]), np.array([20]),
    ...              np.array([0, 4]), np.array([5, 8, 22, 25]), 2, 5)
    (array([2]), array([1]))
    """
    paid = np.zeros(len(first_us), np.int64)
    pairs = np.zeros(len(first_us), np.int64)
    for i in range(len(asker)):
        f = asker[i]
        p = pair[i]
        pairs[f] += 1
        for side in range(4):
            if side == 0:
                before = first_us[f] - far_us
            elif side == 1:
                before = first_us[f] - near_us
            elif side == 2:
                before = last_us[f] + near_us + 1
            else:
                before = last_us[f] + far_us + 1
            low = start[p]
            high = start[p + 1]
            while low < high:
                middle = (low + high) >> 1
                if at_us[middle] < before:
                    low = middle + 1
                else:
                    high = middle
            if side & 1:
                paid[f] += low
            else:
                paid[f] -= low
    return paid, pairs

"""From when on a payment is followed by a service that a later payer may have paid for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel

Longs = NDArray[np.int64]

NEVER = 2**62
"""After every time. Before every time is -NEVER, and no difference of the two is taken."""


@kernel
def _least(tree: Longs, low: int, high: int) -> int:
    """Smallest leaf in [low, high) of a tree of minima, NEVER if there is none."""
    size = len(tree) >> 1
    low += size
    high += size
    least = NEVER
    while low < high:
        if low & 1:
            least = min(least, tree[low])
            low += 1
        if high & 1:
            high -= 1
            least = min(least, tree[high])
        low >>= 1
        high >>= 1
    return least


@kernel
def _after(at_us: Longs, low: int, high: int, time: int) -> int:
    """First place in [low, high) of ascending times that is after the time, else high."""
    while low < high:
        middle = (low + high) >> 1
        if at_us[middle] <= time:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def served_from(
    end: Longs, at_us: Longs, before_us: Longs, serves: Any, served_us: Longs, window_us: int
) -> Longs:
    """Per payment the earliest begin of a window in which it is served, NEVER if there is none.

    Payments to one account stand together, in time order. end: place after those to the same
    account; before_us: time of the payer's payment before (-NEVER: none). serves (2, payments):
    places [low, high) in `served_us` of the services of the payer that come later than the payment
    and at most a window later, in time order. In [begin, begin + window] the payment is served by a
    service if somebody's first payment there lies after it and not after the service: a payment
    whose `before_us` is before begin. It must be a first payment itself. Once served by a begin it
    is by each later one up to its own time, so one number says all.

    Cost: n log^2 n: the later the service, the later the window must end, but the more payments
    come before it; where the two bounds cross is found by halving.

    >>> from numpy import array
    >>> before = array([-NEVER, -NEVER])
    >>> serves, served = array([[0, 1], [1, 1]]), array([9])
    >>> served_from(array([2, 2]), array([3, 5]), before, serves, served, 7)[0].item()
    2
    """
    size = len(at_us)
    tree = np.empty(2 * size, np.int64)
    tree[size:] = before_us
    for node in range(size - 1, 0, -1):
        tree[node] = min(tree[2 * node], tree[2 * node + 1])
    begin_us = np.full(size, NEVER, np.int64)
    for i in range(size):
        later = _after(at_us, i, end[i], at_us[i])
        low, high = serves[0, i], serves[1, i]
        best = NEVER
        while low < high:
            middle = (low + high) >> 1
            until = _after(at_us, later, end[i], served_us[middle])
            joined = _least(tree, later, until)
            ends = served_us[middle] - window_us
            if joined < NEVER:
                best = min(best, max(ends, joined + 1))
            if ends > joined:
                high = middle
            else:
                low = middle + 1
        if best < NEVER:
            begin_us[i] = max(best, before_us[i] + 1)
    return begin_us

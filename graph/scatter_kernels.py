"""Money that is split and collected again (D-8): candidates, judgement of roots, what is shown.

    u > j1 > w      a wedge is u > j, later j > w, both in the window of a root of u
    u > j2 > w      two accounts u and w with wedges through `least` different j are judged:
    u > j3 > w      root by root along time, each j's queue anew only where its records change

Sums are kept as two numbers, units of 2**30 and the rest, so that no sum of amounts overflows.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]

LOW_BITS = 30
LOW = 2**LOW_BITS - 1


@kernel
def enough(high: int, low: int, whole_high: int, whole_low: int, flow_bp: int) -> bool:
    """Whether 10000 * sum >= flow_bp * whole, for sums of up to 10**24.

    >>> enough(0, 7, 0, 10, 7000), enough(0, 7, 0, 10, 7001)
    (True, False)
    """
    rest = 10_000 * (low & LOW) - flow_bp * (whole_low & LOW)
    units = 10_000 * (high + (low >> LOW_BITS)) - flow_bp * (whole_high + (whole_low >> LOW_BITS))
    return units + (rest >> LOW_BITS) >= 0


@kernel
def gathers(
    edges: Edges, took_in: Ints, took_out: Ints, took: Ints, window_us: int, least: int,
    flow_bp: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Roots of gather-scatter, of the takings in order per account (`first_in_first_out`).

    Returns per root (first taking, end of its takings) and (sum, sum of the whole ins), each as
    two numbers. Both ends of the takings of a root move forward only: linear.
    """
    size = len(took)
    accounts = len(edges.out_start) - 1
    sources = np.zeros(accounts, np.int32)
    receivers = np.zeros(accounts, np.int32)
    spans = np.empty((size, 2), np.int64)
    sums = np.empty((size, 4), np.int64)
    total = np.zeros(4, np.int64)
    different = np.zeros(2, np.int64)
    used = 0
    first = 0
    stop = 0
    while first < size:
        root = took_in[first]
        x = edges.target[root]
        while stop < size:
            e, out = took_in[stop], took_out[stop]
            if edges.target[e] != x or edges.at_us[out] - edges.at_us[root] > window_us:
                break
            if stop == first or took_in[stop - 1] != e:
                total[2] += edges.amount[e] >> LOW_BITS
                total[3] += edges.amount[e] & LOW
            total[0] += took[stop] >> LOW_BITS
            total[1] += took[stop] & LOW
            sources[edges.source[e]] += 1
            different[0] += sources[edges.source[e]] == 1
            receivers[edges.target[out]] += 1
            different[1] += receivers[edges.target[out]] == 1
            stop += 1
        if different.min() >= least and enough(total[0], total[1], total[2], total[3], flow_bp):
            spans[used, 0] = first
            spans[used, 1] = stop
            sums[used] = total
            used += 1
        # All that took of the root lies within the window: money older than that is gone.
        total[2] -= edges.amount[root] >> LOW_BITS
        total[3] -= edges.amount[root] & LOW
        while first < size and took_in[first] == root:
            receiver = edges.target[took_out[first]]
            total[0] -= took[first] >> LOW_BITS
            total[1] -= took[first] & LOW
            sources[edges.source[root]] -= 1
            different[0] -= sources[edges.source[root]] == 0
            receivers[receiver] -= 1
            different[1] -= receivers[receiver] == 0
            first += 1
    return spans[:used].copy(), sums[:used].copy()

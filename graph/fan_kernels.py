"""Fans: how many counterparties an account has within a window, and how many it had before.

    at    |  bucket 0  |  bucket 1  |  bucket 2 ...|     ins of x, window = one bucket
          a    b  a       c            d e f g h
          2 different     1            root d: C = 5 within a window from it; history: buckets 0, 1

Everything slides along the account's own records, so each is added once and taken away once
(definition D-8).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]


@kernel
def count_counterparties(
    edges: Edges,
    start: Ints,
    own: Ints,
    first_bucket: Ints,
    opened: Ints,
    limits: Ints,
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    """Records that may be roots: (place, end, counterparties, buckets, sum, sum of squares).

    start, own: the edges of each account on the side that is looked at, so that all edges of one
    pair are edges of one counterparty; place: in `own`, end: after the last of the root's window.
    first_bucket: where the history of each account may begin; opened: whether it is known when it
    was opened. limits: window_us, buckets of history, fewest counterparties, fewest buckets.

    `counterparties` are those of [at, at + window]; `buckets` the whole ones before the root's,
    with sum and sum of squares of their counterparties. Roots with too few of either are left out
    (of buckets unless `opened`). Cost: linear.

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> from regift.graph.temporal import temporal_graph
    >>> rows = [{"record_id": f"t{i}", "at_us": at, "source": f"s{i}", "target": "x", "kind":
    ...          "payment", "amount_minor": 1, "currency": "CNY"} for i, at in enumerate((0, 9, 9))]
    >>> with snapshot_from_rows({"transfers": rows}) as snapshot:
    ...     edges = temporal_graph(snapshot).edges
    >>> found = count_counterparties(edges, edges.in_start, edges.in_edge, np.zeros(4, np.int64),
    ...                              np.zeros(4, np.bool_), np.array([5, 9, 2, 0]))
    >>> [column.tolist() for column in found]
    [[1, 2], [3, 3], [2, 2], [1, 1], [1, 1], [1, 1]]
    """
    window_us, span, least, least_buckets = limits[0], limits[1], limits[2], limits[3]
    at_us, previous = edges.at_us, edges.previous
    m = len(at_us)
    following = np.full(m, m, np.int32)
    widest = 0
    for e in range(m):
        if previous[e] >= 0:
            following[previous[e]] = e
    for x in range(len(start) - 1):
        widest = max(widest, start[x + 1] - start[x])
    buckets = np.empty(widest, np.int64)
    counts = np.empty(widest, np.int64)
    place = np.empty(m, np.int32)
    end = np.empty(m, np.int32)
    found = np.empty(m, np.int32)
    before = np.empty(m, np.int64)
    sums = np.empty(m, np.int64)
    squares = np.empty(m, np.int64)
    used = 0
    for x in range(len(start) - 1):
        low, high = start[x], start[x + 1]
        if high - low < least or high == low:
            continue
        left = right = low
        distinct = 0
        stored = forgotten = 0
        total = square = here = 0
        bucket = at_us[own[low]] // window_us
        for i in range(low, high):
            e = own[i]
            at = at_us[e]
            if i == low or at != at_us[own[i - 1]]:
                while left < i:
                    # Gone with the last of its counterparty: no later one is before `right`.
                    later = following[own[left]]
                    if later == m or (right < high and later >= own[right]):
                        distinct -= 1
                    left += 1
                while right < high and at_us[own[right]] - at <= window_us:
                    if previous[own[right]] < own[left]:
                        distinct += 1
                    right += 1
                now = at // window_us
                if now != bucket:
                    buckets[stored] = bucket
                    counts[stored] = here
                    stored += 1
                    total += here
                    square += here * here
                    bucket = now
                    here = 0
                oldest = max(now - span, first_bucket[x])
                while forgotten < stored and buckets[forgotten] < oldest:
                    total -= counts[forgotten]
                    square -= counts[forgotten] * counts[forgotten]
                    forgotten += 1
            if previous[e] < 0 or at_us[previous[e]] // window_us != bucket:
                here += 1
            whole = max(0, bucket - max(bucket - span, first_bucket[x]))
            if distinct >= least and (whole >= least_buckets or opened[x]):
                place[used] = i
                end[used] = right
                found[used] = distinct
                before[used] = whole
                sums[used] = total
                squares[used] = square
                used += 1
    return (
        place[:used].copy(), end[:used].copy(), found[:used].copy(), before[:used].copy(),
        sums[:used].copy(), squares[:used].copy(),
    )  # fmt: skip


def far_above(
    counterparties: Ints, buckets: Ints, sums: Ints, squares: Ints, deviations: int
) -> Ints:
    """Whether each count lies at least so many standard deviations above the mean of its history.

    The variance is taken as at least the mean and at least 1; without a bucket everything is above.
    Exact: in 64 bits where all products fit (ten million counterparties a day for 30 days do), else
    in whole numbers of any size.

    >>> one = np.ones(1, np.int64)
    >>> far_above(9 * one, 10 * one, 50 * one, 250 * one, 4), far_above(8 * one, one, one, one, 8)
    (array([False]), array([False]))
    >>> far_above(9 * one, one, one, one, 8)
    array([ True])
    """
    if not len(buckets):
        return np.zeros(0, np.bool_)
    n, c = int(buckets.max()), int(counterparties.max())
    s1, s2 = int(sums.max()), int(squares.max())
    largest = max((n * c) ** 2, s1**2, deviations**2 * max(n * s2, n * s1, n * n, 1))
    exact = np.int64 if largest < 2**63 else object
    n_, c_, s1_, s2_ = (a.astype(exact) for a in (buckets, counterparties, sums, squares))
    above = n_ * c_ - s1_
    spread = np.maximum(np.maximum(n_ * s2_ - s1_ * s1_, n_ * s1_), n_ * n_)
    far = (above > 0) & (above * above >= deviations**2 * spread)
    answer: Ints = (buckets == 0) | far.astype(np.bool_)
    return answer

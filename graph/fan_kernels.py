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
    edges: Edges, start: Ints, own: Ints, window_us: int, least: int
) -> tuple[Ints, Ints, Ints]:
    """Places in `own` with enough counterparties in [at, at + window]: (place, end, how many).

    start, own: the edges of each account on the side that is looked at, so that all edges of one
    pair are edges of one counterparty; end: after the last place of the window. Linear.

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> from regift.graph.temporal import temporal_graph
    >>> rows = [{"record_id": f"t{i}", "at_us": at, "source": f"s{i}", "target": "x", "kind":
    ...          "payment", "amount_minor": 1, "currency": "CNY"} for i, at in enumerate((0, 9, 9))]
    >>> with snapshot_from_rows({"transfers": rows}) as snapshot:
    ...     edges = temporal_graph(snapshot).edges
    >>> found = count_counterparties(edges, edges.in_start, edges.in_edge, 5, 2)
    >>> [column.tolist() for column in found]
    [[1, 2], [3, 3], [2, 2]]
    """
    at_us, previous = edges.at_us, edges.previous
    m = len(at_us)
    following = np.full(m, m, np.int32)
    for e in range(m):
        if previous[e] >= 0:
            following[previous[e]] = e
    place = np.empty(m, np.int32)
    end = np.empty(m, np.int32)
    found = np.empty(m, np.int32)
    used = 0
    for x in range(len(start) - 1):
        low, high = start[x], start[x + 1]
        if high - low < least:
            continue
        left = right = low
        distinct = 0
        for i in range(low, high):
            at = at_us[own[i]]
            if at_us[own[left]] != at:
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
            if distinct >= least:
                place[used] = i
                end[used] = right
                found[used] = distinct
                used += 1
    return place[:used].copy(), end[:used].copy(), found[:used].copy()


@kernel
def histories(
    edges: Edges, start: Ints, own: Ints, place: Ints, begin: Ints, bucket_us: int, most: int
) -> tuple[Ints, Ints, Ints]:
    """What came before each place: (buckets, counterparties summed over them, their squares).

    place: ascending places in `own`; begin: first bucket of each account's history; most: buckets
    that a history has at most. Whole buckets before the place's own; empty ones count. Linear.
    """
    at_us, previous = edges.at_us, edges.previous
    size = len(place)
    whole = np.empty(size, np.int64)
    sums = np.empty(size, np.int64)
    squares = np.empty(size, np.int64)
    asked = 0
    for x in range(len(start) - 1):
        low, high = start[x], start[x + 1]
        if asked == size or place[asked] >= high:
            continue
        buckets = np.empty(high - low, np.int64)
        counts = np.zeros(high - low, np.int64)
        last = forgotten = total = square = 0
        buckets[0] = at_us[own[low]] // bucket_us
        for i in range(low, high):
            e = own[i]
            bucket = at_us[e] // bucket_us
            if bucket != buckets[last]:
                total += counts[last]
                square += counts[last] * counts[last]
                last += 1
                buckets[last] = bucket
            if previous[e] < 0 or at_us[previous[e]] // bucket_us != bucket:
                counts[last] += 1
            oldest = max(bucket - most, begin[x])
            while forgotten < last and buckets[forgotten] < oldest:
                total -= counts[forgotten]
                square -= counts[forgotten] * counts[forgotten]
                forgotten += 1
            if asked < size and place[asked] == i:
                whole[asked] = max(0, bucket - oldest)
                sums[asked] = total
                squares[asked] = square
                asked += 1
    return whole, sums, squares


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

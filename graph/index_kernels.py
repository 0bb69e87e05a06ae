"""Indexes of a temporal graph by counting sorts, and what lies ahead of each edge.

Edges are numbered in total order, so a list of edge numbers in ascending order is in time order,
and "later" is a comparison of edge numbers (`horizons`). All sorts are stable and linear.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel

Ints = NDArray[Any]


@kernel
def group_by(key: Ints, groups: int) -> tuple[Ints, Ints]:
    """Counting sort: (offsets[groups + 1], members); members of a group are in ascending order.

    >>> import numpy as np
    >>> group_by(np.array([1, 0, 1], np.int32), 3)
    (array([0, 1, 3, 3], dtype=int32), array([1, 0, 2], dtype=int32))
    """
    offsets = np.zeros(groups + 1, np.int32)
    for i in range(len(key)):
        offsets[key[i] + 1] += 1
    for g in range(groups):
        offsets[g + 1] += offsets[g]
    place = offsets[:-1].copy()
    members = np.empty(len(key), np.int32)
    for i in range(len(key)):
        members[place[key[i]]] = i
        place[key[i]] += 1
    return offsets, members


@kernel
def group_pairs(
    source: Ints, target: Ints, by_target: Ints, source_offsets: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints]:
    """Edges by (source, target, time), from the edges by target.

    Returns per place: edge; per edge: its pair, its place, the edge before it in its pair (-1);
    per pair (one more): first place; per pair: any edge; per account (one more): first pair.
    """
    m = len(source)
    accounts = len(source_offsets) - 1
    fill = source_offsets[:-1].copy()
    edge = np.empty(m, np.int32)
    for i in range(m):
        e = by_target[i]
        edge[fill[source[e]]] = e
        fill[source[e]] += 1
    pair_of = np.empty(m, np.int32)
    place_of = np.empty(m, np.int32)
    previous = np.empty(m, np.int32)
    offsets = np.empty(m + 1, np.int32)
    first_pair = np.zeros(accounts + 1, np.int32)
    pairs = 0
    for i in range(m):
        e = edge[i]
        before = edge[i - 1] if i else e
        if i == 0 or source[before] != source[e] or target[before] != target[e]:
            offsets[pairs] = i
            pairs += 1
            previous[e] = -1
            first_pair[source[e] + 1] += 1
        else:
            previous[e] = before
        pair_of[e] = pairs - 1
        place_of[e] = i
    offsets[pairs] = m
    for v in range(accounts):
        first_pair[v + 1] += first_pair[v]
    heads = np.empty(pairs, np.int32)
    for p in range(pairs):
        heads[p] = edge[offsets[p]]
    return edge, pair_of, place_of, previous, offsets[: pairs + 1].copy(), heads, first_pair


@kernel
def horizons(at_us: Ints, window_us: int, in_order: bool) -> tuple[Ints, Ints, Ints]:
    """What "later" and "within the window" mean, as edge numbers.

    f is later than e: f >= after[e], which is the same as e < before[f].
    f is within the window of root e: f < until[e].
    Strict time order skips edges of equal time; `in_order` takes them in total order.
    """
    m = len(at_us)
    before = np.empty(m, np.int32)
    after = np.empty(m, np.int32)
    until = np.empty(m, np.int32)
    reach = 0
    tie = 0
    for e in range(m):
        if in_order or at_us[e] != at_us[tie]:
            tie = e
        before[e] = tie
        while reach < m and at_us[reach] - at_us[e] <= window_us:
            reach += 1
        until[e] = reach
    tie = m
    for e in range(m - 1, -1, -1):
        after[e] = tie
        if before[e] == e:
            tie = e
    return before, after, until


@kernel
def lower_bound(sorted_edges: Ints, low: int, high: int, edge: int) -> int:
    """First place in [low, high) whose edge is not before `edge`."""
    while low < high:
        middle = (low + high) >> 1
        if sorted_edges[middle] < edge:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def root_horizons(
    source: Ints, target: Ints, after: Ints, until: Ints, out_offsets: Ints
) -> tuple[Ints, Ints]:
    """Per edge u>v: place of v's first later edge in the list by source, u's last incoming edge.

    The place is the end of v's list if there is none; the incoming edge is the last one inside
    the window of the edge, -1 (or one that is not later) if there is none. Two sweeps, linear.
    """
    m = len(source)
    accounts = len(out_offsets) - 1
    head = np.empty(accounts, np.int32)
    for v in range(accounts):
        head[v] = out_offsets[v + 1]
    next_out = np.empty(m, np.int32)
    seen = m
    for e in range(m - 1, -1, -1):
        while seen > after[e]:
            seen -= 1
            head[source[seen]] -= 1
        next_out[e] = head[target[e]]
    last = np.full(accounts, -1, np.int32)
    last_in = np.empty(m, np.int32)
    seen = 0
    for e in range(m):
        while seen < until[e]:
            last[target[seen]] = seen
            seen += 1
        last_in[e] = last[source[e]]
    return next_out, last_in

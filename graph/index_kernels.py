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
    source: Ints, target_start: Ints, by_target: Ints, source_start: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]:
    """Edges by (source, target, time), from the edges by target.

    Returns per place: edge; per edge: its pair, its place, the edge before it in its pair (-1);
    per pair (one more): first place; per pair: first edge, target; per account (one more): first
    pair.

    What is written out of order is written side by side and parted afterwards: a line of memory is
    fetched once for it, not two or three times.
    """
    m = len(source)
    accounts = len(source_start) - 1
    fill = source_start[:-1].copy()
    placed = np.empty((m, 2), np.int32)  # edge, target
    for v in range(accounts):
        for i in range(target_start[v], target_start[v + 1]):
            e = by_target[i]
            u = source[e]
            place = fill[u]
            fill[u] = place + 1
            placed[place, 0] = e
            placed[place, 1] = v
    about = np.empty((m, 3), np.int32)  # pair, place, edge before
    edge = np.empty(m, np.int32)
    offsets = np.empty(m + 1, np.int32)
    first_pair = np.zeros(accounts + 1, np.int32)
    pairs = 0
    for u in range(accounts):
        before = -1
        for i in range(source_start[u], source_start[u + 1]):
            e = placed[i, 0]
            edge[i] = e
            if before < 0 or placed[i, 1] != placed[i - 1, 1]:
                offsets[pairs] = i
                pairs += 1
                before = -1
            about[e, 0] = pairs - 1
            about[e, 1] = i
            about[e, 2] = before
            before = e
        first_pair[u + 1] = pairs
    offsets[pairs] = m
    heads = np.empty(pairs, np.int32)
    targets = np.empty(pairs, np.int32)
    for p in range(pairs):
        heads[p] = edge[offsets[p]]
        targets[p] = placed[offsets[p], 1]
    pair_of = np.empty(m, np.int32)
    place_of = np.empty(m, np.int32)
    previous = np.empty(m, np.int32)
    for e in range(m):
        pair_of[e] = about[e, 0]
        place_of[e] = about[e, 1]
        previous[e] = about[e, 2]
    starts = offsets[: pairs + 1].copy()
    return edge, pair_of, place_of, previous, starts, heads, targets, first_pair


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

"""Time-respecting reach and paths: one pass over the edges in total order.

Edges of one *group* (equal times when order in time is strict, else single edges) never follow each
other: what a group brings is written down after all of it was read.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel
from regift.graph.label_kernels import grown

Ints = NDArray[Any]


@kernel
def first_arrivals(
    source: Ints, target: Ints, group: Ints, accounts: int, start: int
) -> tuple[Ints, Ints]:
    """First edge by which each account is reached from `start` (-1: not), and its hops.

    group: number of each edge's group, ascending. Of a group's edges the first one counts.
    """
    by = np.full(accounts, -1, np.int32)
    hops = np.zeros(accounts, np.int32)
    first = 0
    m = len(source)
    while first < m:
        end = first
        while end < m and group[end] == group[first]:
            end += 1
        for e in range(first, end):
            s, t = source[e], target[e]
            open_ = s == start or (by[s] >= 0 and by[s] < first)
            if open_ and t != start and by[t] < 0:
                by[t] = e
                hops[t] = hops[s] + 1
        first = end
    return by, hops


@kernel
def earliest_arrival(
    source: Ints, target: Ints, at_us: Ints, amount: Ints, group: Ints, accounts: int, start: int,
    goal: int, window_us: int, most_hops: int, least: int,
) -> tuple[int, int]:  # fmt: skip
    """(first edge, last edge) of the path that arrives first; (-1, -1) if there is none.

    Paths have at most `most_hops` edges of at least `least`, and last - first <= window. Of equal
    arrivals the fewest hops, then the latest first edge, then the first last edge.
    latest[v, h]: latest first edge of a path of h edges that is at v by now. Cost: edges * hops.
    """
    latest = np.full((accounts, most_hops + 1), -1, np.int32)
    m = len(source)
    room = np.empty(192, np.int32)
    first = 0
    while first < m:
        end = first
        while end < m and group[end] == group[first]:
            end += 1
        waiting = 0
        best_hops = most_hops + 1
        best_first = best_last = -1
        for e in range(first, end):
            s, t = source[e], target[e]
            if amount[e] < least or s == goal or t == start:
                continue
            for h in range(1, most_hops + 1):
                begin = latest[s, h - 1]
                if s == start:
                    begin = e if h == 1 else -1
                if begin < 0 or at_us[e] - at_us[begin] > window_us:
                    continue
                if t == goal:
                    if h < best_hops or (h == best_hops and begin > best_first):
                        best_hops = h
                        best_first = begin
                        best_last = e
                    continue
                if waiting == len(room):
                    room = grown(room, waiting, 2 * waiting)
                room[waiting] = t
                room[waiting + 1] = h
                room[waiting + 2] = begin
                waiting += 3
        if best_last >= 0:
            return best_first, best_last
        for i in range(0, waiting, 3):
            t, h = room[i], room[i + 1]
            if room[i + 2] > latest[t, h]:
                latest[t, h] = room[i + 2]
        first = end
    return -1, -1


@kernel
def shortest_between(
    source: Ints, target: Ints, amount: Ints, group: Ints, accounts: int, begin: int, last: int,
    least: int,
) -> Ints:  # fmt: skip
    """Edges of a path with the fewest hops that begins with one edge and ends with another."""
    size = last - begin + 1
    before = np.full(size, -1, np.int32)
    fewest = np.full(accounts, 2**30, np.int32)
    by = np.full(accounts, -1, np.int32)
    hops = np.full(size, 2**30, np.int32)
    first = begin
    while first <= last:
        end = first
        while end <= last and group[end] == group[first]:
            end += 1
        for e in range(first, end):
            if e == begin:
                hops[0] = 1
            elif amount[e] >= least and by[source[e]] >= 0:
                hops[e - begin] = fewest[source[e]] + 1
                before[e - begin] = by[source[e]]
        for e in range(first, end):
            if hops[e - begin] < fewest[target[e]]:
                fewest[target[e]] = hops[e - begin]
                by[target[e]] = e
        first = end
    path = np.empty(hops[last - begin], np.int32)
    e = last
    for i in range(len(path) - 1, -1, -1):
        path[i] = e
        e = before[e - begin]
    return path

"""Which paths u > j, later j > w can be part of a scatter-gather, and what bounds cut (D-8).

All of it is linear, but for accounts with more moves than a bound allows.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs, is_hub
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]


class Reach(NamedTuple):
    """Per edge e, as edge numbers: first of its time, first that is later, end of its window.

    The window of e is [before[e], until[e]); f is later than e if f >= after[e].
    """

    before: Ints
    after: Ints
    until: Ints


@kernel
def relayed(edges: Edges, reach: Reach, scatter: Ints, gather: Ints) -> None:
    """Keep in `scatter` what its receiver passes on by an edge of `gather`, and the other way.

    Passed on: later, and in the window of the edge that came in. Changes both masks in place.
    """
    for j in range(len(edges.out_start) - 1):
        place, stop = edges.out_start[j], edges.out_start[j + 1]
        for i in range(edges.in_start[j], edges.in_start[j + 1]):
            k = edges.in_edge[i]
            if scatter[k]:
                while place < stop and (
                    edges.out_edge[place] < reach.after[k] or not gather[edges.out_edge[place]]
                ):
                    place += 1
                scatter[k] = place < stop and edges.out_edge[place] < reach.until[k]
        place, stop = edges.in_start[j], edges.in_start[j + 1]
        last = -1
        for i in range(edges.out_start[j], edges.out_start[j + 1]):
            o = edges.out_edge[i]
            while place < stop and reach.after[edges.in_edge[place]] <= o:
                if scatter[edges.in_edge[place]]:
                    last = edges.in_edge[place]
                place += 1
            gather[o] = gather[o] and last >= 0 and reach.until[last] > o


@kernel
def crowded(
    start: Ints, members: Ints, other: Ints, reach: Reach, chosen: Ints, least: int
) -> None:
    """Keep in `chosen` what lies in a window in which its account has `least` different partners.

    start, members: edges by account in order; other: the partner of an edge. In place.
    """
    accounts = len(start) - 1
    count = np.zeros(accounts, np.int32)
    kept = np.empty(len(members), np.int32)
    for a in range(accounts):
        size = 0
        for i in range(start[a], start[a + 1]):
            if chosen[members[i]]:
                kept[size] = members[i]
                chosen[members[i]] = False
                size += 1
        low = high = marked = different = 0
        for i in range(size):
            while high < size and kept[high] < reach.until[kept[i]]:
                count[other[kept[high]]] += 1
                different += count[other[kept[high]]] == 1
                high += 1
            while kept[low] < reach.before[kept[i]]:
                count[other[kept[low]]] -= 1
                different -= count[other[kept[low]]] == 0
                low += 1
            if different >= least:
                for at in range(max(low, marked), high):
                    chosen[kept[at]] = True
                marked = high
        for at in range(low, high):
            count[other[kept[at]]] = 0


@kernel
def suspects(edges: Edges, reach: Reach, most: int) -> Ints:
    """Mask of the roots that may have more than `most` two-step paths in their window: nearly none.

    Of each u > j in the window all later edges of j in its own window are counted, not only those
    in the window of the root.
    """
    ahead = np.empty(len(edges.source), np.int32)
    suspect = np.zeros(len(edges.source), np.bool_)
    accounts = len(edges.out_start) - 1
    for j in range(accounts):
        first = last = edges.out_start[j]
        stop = edges.out_start[j + 1]
        for i in range(edges.in_start[j], edges.in_start[j + 1]):
            k = edges.in_edge[i]
            while first < stop and edges.out_edge[first] < reach.after[k]:
                first += 1
            while last < stop and edges.out_edge[last] < reach.until[k]:
                last += 1
            ahead[k] = last - first
    for u in range(accounts):
        low = high = edges.out_start[u]
        paths = 0
        for i in range(low, edges.out_start[u + 1]):
            root = edges.out_edge[i]
            while high < edges.out_start[u + 1] and edges.out_edge[high] < reach.until[root]:
                paths += ahead[edges.out_edge[high]]
                high += 1
            while edges.out_edge[low] < reach.before[root]:
                paths -= ahead[edges.out_edge[low]]
                low += 1
            suspect[root] = paths > most
    return suspect


@kernel
def over_expansions(edges: Edges, reach: Reach, hubs: Hubs, roots: Ints, most: int) -> Ints:
    """Mask of those of some roots that have more than `most` two-step paths in their window: exact.

    Paths through an account that is a hub for the root do not count: they are not followed.
    roots: by source, and in order. Cost: by source, the edges from its first root to its last.
    """
    accounts = len(edges.out_start) - 1
    cut = np.zeros(len(edges.source), np.bool_)
    if not len(roots):
        return cut
    # By account: edges of u to it in the window, its outs before `swept`, sum of the places of
    # its first later outs, whether it is followed (2: not where it is a hub).
    tracked = np.zeros((accounts, 4), np.int64)
    large = np.empty(accounts, np.int32)
    r = 0
    while r < len(roots):
        u = edges.source[roots[r]]
        end = edges.out_start[u + 1]
        swept = reach.before[roots[r]]
        head = tail = origin = lower_bound(edges.out_edge, edges.out_start[u], end, swept)
        larges = total = 0
        while r < len(roots) and edges.source[roots[r]] == u:
            root = roots[r]
            r += 1
            while head < end and edges.out_edge[head] < reach.until[root]:
                j = edges.target[edges.out_edge[head]]
                lo, hi = edges.out_start[j], edges.out_start[j + 1]
                if not tracked[j, 3]:
                    tracked[j, 1] = lower_bound(edges.out_edge, lo, hi, swept)
                    tracked[j, 3] = 1
                    if hubs.start[j] < hubs.start[j + 1]:
                        tracked[j, 3] = 2
                        large[larges] = j
                        larges += 1
                later = lower_bound(edges.out_edge, lo, hi, reach.after[edges.out_edge[head]])
                tracked[j, 0] += 1
                tracked[j, 2] += later
                if tracked[j, 3] == 1:
                    total += tracked[j, 1] - later
                head += 1
            for o in range(swept, reach.until[root]):
                j = edges.source[o]
                if tracked[j, 3]:
                    tracked[j, 1] += 1
                    if tracked[j, 3] == 1:
                        total += tracked[j, 0]
            swept = max(swept, reach.until[root])
            while edges.out_edge[tail] < reach.before[root]:
                j = edges.target[edges.out_edge[tail]]
                lo, hi = edges.out_start[j], edges.out_start[j + 1]
                later = lower_bound(edges.out_edge, lo, hi, reach.after[edges.out_edge[tail]])
                tracked[j, 0] -= 1
                tracked[j, 2] -= later
                if tracked[j, 3] == 1:
                    total -= tracked[j, 1] - later
                tail += 1
            paths = total
            for x in range(larges):
                j = large[x]
                if not is_hub(hubs, j, edges.at_us[root]):
                    paths += tracked[j, 0] * tracked[j, 1] - tracked[j, 2]
            cut[root] = paths > most
        for i in range(origin, head):
            for column in range(4):
                tracked[edges.target[edges.out_edge[i]], column] = 0
    return cut


@kernel
def over_hubs(
    edges: Edges, reach: Reach, hubs: Hubs, payers: Ints, begin: int, stop: int, least: int
) -> tuple[Ints, Ints]:
    """Roots in [begin, stop) that lose a relay to the bound on hubs, and those hubs: two masks.

    Such a root has `least` different receivers in its window, and one of them is a hub that pays
    on later in it. payers: accounts that ever pay an account that is ever a hub.
    """
    accounts = len(edges.out_start) - 1
    cut = np.zeros(len(edges.source), np.bool_)
    unfollowed = np.zeros(accounts, np.bool_)
    count = np.zeros(accounts, np.int32)
    large = np.empty(accounts, np.int32)
    for u in payers:
        larges = 0
        for p in range(edges.pairs_from[u], edges.pairs_from[u + 1]):
            j = edges.target[edges.pair_head[p]]
            if hubs.start[j] < hubs.start[j + 1]:
                large[larges] = p
                larges += 1
        end = edges.out_start[u + 1]
        since = lower_bound(edges.out_edge, edges.out_start[u], end, begin)
        low = high = since
        if since < end:
            low = high = lower_bound(
                edges.out_edge, edges.out_start[u], end, reach.before[edges.out_edge[since]]
            )
        different = 0
        for i in range(since, end):
            root = edges.out_edge[i]
            if root >= stop:
                break
            while high < end and edges.out_edge[high] < reach.until[root]:
                j = edges.target[edges.out_edge[high]]
                count[j] += 1
                different += count[j] == 1
                high += 1
            while edges.out_edge[low] < reach.before[root]:
                j = edges.target[edges.out_edge[low]]
                count[j] -= 1
                different -= count[j] == 0
                low += 1
            if different < least:
                continue
            for x in range(larges):
                p = large[x]
                j = edges.target[edges.pair_head[p]]
                if not is_hub(hubs, j, edges.at_us[root]):
                    continue
                lo, hi = edges.pair_start[p], edges.pair_start[p + 1]
                k = lower_bound(edges.pair_edge, lo, hi, reach.before[root])
                if k == hi or edges.pair_edge[k] >= reach.until[root]:
                    continue
                lo, hi = edges.out_start[j], edges.out_start[j + 1]
                o = lower_bound(edges.out_edge, lo, hi, reach.after[edges.pair_edge[k]])
                if o < hi and edges.out_edge[o] < reach.until[root]:
                    cut[root] = True
                    unfollowed[j] = True
        for i in range(low, high):
            count[edges.target[edges.out_edge[i]]] = 0
    return cut, unfollowed

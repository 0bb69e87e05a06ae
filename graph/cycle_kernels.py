"""Which rings occur, and from which roots: a search over account sequences, not over records.

    roots of one pair that see the same first step and the same last one
    |||  u ==> v --> x --> y --> u        one step of the search per distinct pair, at the earliest
                                          edge that can be taken: parallel edges cost nothing

A root is the first edge of a cycle (D-5). Consecutive roots u>v are one *group* if nothing leaves v
between them and nothing enters u between the ends of their windows: then exactly the same edges
complete each of them. (With `keep`, roots of a group also have equal amounts.) From a group the
search goes forward over accounts. `latest[x]` is the last edge out of x from which u can still
be reached inside the window within the length (a backward pass, label correcting), so nearly every
step of the search ends in a cycle. A *hit* is (ring, group): at least one cycle, `keep` aside.

What a group costs is counted in steps (accounts entered and cycles closed), which depend neither on
other roots nor on the order of the search. A group that would pass the bound is searched again
for length 2, 3, ... as far as the bound reaches, so it is always complete up to a stated length.

Idea of the pruning: Kumar and Calders, 2SCENT, PVLDB 11(11), 2018.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]

HEAD = 4
"""Words of a hit before its pairs: length, place of the root's pair, first and last+1 of the group
in `pair_edge`."""

MOST = 2**62


class Ahead(NamedTuple):
    """What lies ahead of each edge: see `index_kernels.horizons` and `root_horizons`."""

    before: Ints
    after: Ints
    until: Ints
    next_out: Ints
    last_in: Ints


class Scratch(NamedTuple):
    """Work space of the search: arrays by account (latest .. queued) and by depth.

    latest[x] counts only where stamp[x] is the current search's number; -1 while x is on the path.
    """

    latest: Ints
    stamp: Ints
    queued: Ints
    queue: Ints
    spare: Ints
    account: Ints
    pair: Ints
    step: Ints
    end: Ints
    start: Ints
    kept: Ints


@kernel
def amounts_near(amount: int, keep_bp: int) -> tuple[int, int]:
    """Least and greatest amount that can stand in one cycle with `amount`.

    >>> amounts_near(100, 5000), amounts_near(100, 0) == (0, MOST)
    ((50, 200), True)
    """
    if keep_bp == 0:
        return 0, MOST
    return (amount * keep_bp + 9999) // 10000, amount * 10000 // keep_bp


@kernel
def label(
    edges: Edges, scratch: Scratch, root: int, last: int, length: int, search: int,
    low: int, high: int,
) -> bool:  # fmt: skip
    """Latest departures towards the root's source, at most length - 1 edges away.

    last: last edge into the source inside the window. Only amounts in [low, high] count.
    Says whether the root's target has a label.
    """
    u, v = edges.source[root], edges.target[root]
    latest, stamp, queued = scratch.latest, scratch.stamp, scratch.queued
    queue, spare = scratch.queue, scratch.spare
    waiting = 0
    place = lower_bound(edges.in_edge, edges.in_start[u], edges.in_start[u + 1], last)
    while place >= edges.in_start[u] and edges.in_edge[place] > root:
        f = edges.in_edge[place]
        place -= 1
        x = edges.source[f]
        if stamp[x] != search and low <= edges.amount[f] <= high:
            stamp[x] = search
            latest[x] = f
            queue[waiting] = x
            waiting += 1
    hops = 1
    while waiting and hops < length - 1:
        for i in range(waiting):
            queued[queue[i]] = 0
        fresh = 0
        for i in range(waiting):
            x = queue[i]
            if x == v:
                continue
            place = lower_bound(
                edges.in_edge, edges.in_start[x], edges.in_start[x + 1], scratch.kept[latest[x]]
            )
            for j in range(place - 1, edges.in_start[x] - 1, -1):
                f = edges.in_edge[j]
                if f <= root:
                    break
                w = edges.source[f]
                if w == u or edges.amount[f] < low or edges.amount[f] > high:
                    continue
                if stamp[w] != search:
                    stamp[w] = search
                    latest[w] = f
                    queued[w] = 0
                elif f > latest[w]:
                    latest[w] = f
                else:
                    continue
                if queued[w] == 0:
                    queued[w] = 1
                    spare[fresh] = w
                    fresh += 1
        queue, spare = spare, queue
        waiting = fresh
        hops += 1
    for i in range(waiting):
        queued[queue[i]] = 0
    return stamp[v] == search


@kernel
def first_fitting(edges: Edges, place: int, stop: int, low: int, high: int) -> int:
    """First place of `pair_edge` from `place` on with an amount in [low, high]; stop if none."""
    while place < stop:
        amount = edges.amount[edges.pair_edge[place]]
        if low <= amount <= high:
            break
        place += 1
    return place


@kernel
def grown(words: Ints, needed: int) -> Ints:
    """The same words in an array of at least `needed`."""
    if needed <= len(words):
        return words
    larger = np.empty(max(needed, 2 * len(words)), np.int32)
    larger[: len(words)] = words
    return larger


@kernel
def enter(edges: Edges, scratch: Scratch, depth: int, x: int, start: int, place: int) -> None:
    """Begin to look at what leaves x: edge by edge, or pair by pair where that is less.

    start: first edge that may be taken; place: where it is in the list by source. A step over pairs
    is stored as -1 - pair.
    """
    end = edges.out_start[x + 1]
    pairs = edges.pairs_from[x + 1] - edges.pairs_from[x]
    if end - place > 4 * pairs + 16:
        high = lower_bound(edges.out_edge, place, end, scratch.latest[x] + 1)
        if high - place > 4 * pairs:
            place, end = -1 - edges.pairs_from[x], -1 - edges.pairs_from[x + 1]
        else:
            end = high
    scratch.account[depth] = x
    scratch.step[depth] = place
    scratch.end[depth] = end
    scratch.start[depth] = start


@kernel
def next_edge(
    edges: Edges, scratch: Scratch, depth: int, goal: int, limit: int, low: int, high: int
) -> int:
    """Next edge to take from the account at this depth, each pair once; -1 when there is none.

    It is the pair's earliest edge that may be taken, with an amount in [low, high]; it leads to
    `goal` before `limit`, or to an account off the path from where the goal can still be reached.
    """
    x = scratch.account[depth]
    start = scratch.start[depth]
    bound = scratch.latest[x]
    if bound < 0:
        bound = scratch.kept[depth]
    by_pair = scratch.step[depth] < 0
    while scratch.step[depth] != scratch.end[depth]:
        if by_pair:
            p = -1 - scratch.step[depth]
            scratch.step[depth] -= 1
            y = edges.target[edges.pair_head[p]]
            place = lower_bound(
                edges.pair_edge, edges.pair_start[p], edges.pair_start[p + 1], start
            )
        else:
            e = edges.out_edge[scratch.step[depth]]
            if e > bound:
                break
            scratch.step[depth] += 1
            y = edges.target[e]
            if edges.previous[e] >= start:
                continue
            p = edges.pair_of[e]
            place = edges.pair_place[e]
        reach = limit
        if y != goal:
            if scratch.stamp[y] != scratch.stamp[goal]:
                continue
            reach = scratch.latest[y]
        place = first_fitting(edges, place, edges.pair_start[p + 1], low, high)
        if place < edges.pair_start[p + 1] and edges.pair_edge[place] < reach:
            return int(edges.pair_edge[place])
    return -1

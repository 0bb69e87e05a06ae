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
"""Words of a hit before its pairs: length, place of the root's pair among them, first and last + 1
of the group in `pair_edge`."""

MOST = 2**62


class Ahead(NamedTuple):
    """What lies ahead of each edge: see `index_kernels.horizons` and `root_horizons`."""

    before: Ints
    after: Ints
    until: Ints
    next_out: Ints
    last_in: Ints


class Labels(NamedTuple):
    """By account, valid where stamp[x] is the number of the present search.

    latest[x]: last edge out of x that still leads to the goal; reach[x]: an edge into x is of use
    if it is before this one (-1 while x is on the path). queued, queue, spare: work space.
    """

    stamp: Ints
    latest: Ints
    reach: Ints
    queued: Ints
    queue: Ints
    spare: Ints


class Path(NamedTuple):
    """By depth: the account, the pair that led to it, the first edge that may be taken from it, and
    the next and last place to look at (places of `out_edge`, or -1 - pair)."""

    account: Ints
    pair: Ints
    start: Ints
    step: Ints
    end: Ints


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
    edges: Edges, before: Ints, labels: Labels, root: int, start: int, last: int, length: int,
    search: int, low: int, high: int,
) -> None:  # fmt: skip
    """Latest departures towards the root's source, at most length - 1 edges away from it.

    start: first edge later than the root; last: last edge into the source inside the window.
    Only amounts in [low, high] count. What enters an account is looked at edge by edge, or pair by
    pair where those are fewer (a step is then -1 - place in `in_pair`).
    """
    source, amount, in_edge, in_start = edges.source, edges.amount, edges.in_edge, edges.in_start
    in_pair, in_pairs_from = edges.in_pair, edges.in_pairs_from
    pair_edge, pair_start = edges.pair_edge, edges.pair_start
    stamp, latest, reach, queued = labels.stamp, labels.latest, labels.reach, labels.queued
    queue, spare = labels.queue, labels.spare
    u, v = source[root], edges.target[root]
    stamp[u] = search
    reach[u] = last + 1
    queue[0] = u
    waiting = 1
    hops = 0
    while waiting and hops < length - 1:
        for i in range(waiting):
            queued[queue[i]] = 0
        fresh = 0
        for i in range(waiting):
            x = queue[i]
            if x == v:
                continue
            stop = in_start[x]
            j = lower_bound(in_edge, stop, in_start[x + 1], reach[x]) - 1
            pairs = in_pairs_from[x + 1] - in_pairs_from[x]
            if j - stop > 4 * pairs:
                stop = lower_bound(in_edge, stop, j, start)
                if j - stop > 4 * pairs:
                    j = -1 - in_pairs_from[x]
                    stop = -in_pairs_from[x + 1]
            while j >= stop:
                if j >= 0:
                    f = in_edge[j]
                    if f < start:
                        break
                else:
                    p = in_pair[-1 - j]
                    place = lower_bound(pair_edge, pair_start[p], pair_start[p + 1], reach[x]) - 1
                    while place >= pair_start[p] and not low <= amount[pair_edge[place]] <= high:
                        place -= 1
                    f = pair_edge[place] if place >= pair_start[p] else -1
                j -= 1
                w = source[f]
                if f < start or w == u or amount[f] < low or amount[f] > high:
                    continue
                if stamp[w] != search:
                    stamp[w] = search
                    queued[w] = 0
                elif f <= latest[w]:
                    continue
                latest[w] = f
                reach[w] = before[f]
                if queued[w] == 0:
                    queued[w] = 1
                    spare[fresh] = w
                    fresh += 1
        queue, spare = spare, queue
        waiting = fresh
        hops += 1
    for i in range(waiting):
        queued[queue[i]] = 0


@kernel
def grown(array: Ints, used: int, size: int) -> Ints:
    """An array of this size that begins with the used part of another."""
    larger = np.empty(size, array.dtype)
    for i in range(used):
        larger[i] = array[i]
    return larger


@kernel
def write_hit(
    source: Ints, pair_head: Ints, pair: Ints, words: Ints, used: int, length: int, group: int,
    group_end: int,
) -> Ints:  # fmt: skip
    """Append a hit: pairs in canonical rotation (smallest account first); the array, grown."""
    if used + HEAD + length > len(words):
        words = grown(words, used, 2 * (used + HEAD + length))
    first = 0
    for i in range(1, length):
        if source[pair_head[pair[i]]] < source[pair_head[pair[first]]]:
            first = i
    words[used] = length
    words[used + 1] = (length - first) % length
    words[used + 2] = group
    words[used + 3] = group_end
    for i in range(length):
        words[used + HEAD + i] = pair[(first + i) % length]
    return words


@kernel
def explore(
    edges: Edges, ahead: Ahead, labels: Labels, path: Path, group: int, group_end: int, length: int,
    search: int, bound: int, keep_bp: int, words: Ints, used: int,
) -> tuple[Ints, int, int]:  # fmt: skip
    """All hits of one group of roots: (words, used, steps); steps > bound: given up on the way.

    What leaves an account is looked at edge by edge, or pair by pair where those are fewer (a step
    is then -1 - pair). A pair is taken once, at its earliest edge that is later than the path and
    has a fitting amount. Arrays are taken out of their tuples first: a call that passes the tuples
    costs more than the step itself.
    """
    target, amount, previous = edges.target, edges.amount, edges.previous
    out_edge, out_start, pairs_from = edges.out_edge, edges.out_start, edges.pairs_from
    pair_edge, pair_start, pair_head = edges.pair_edge, edges.pair_start, edges.pair_head
    pair_of, pair_place, source = edges.pair_of, edges.pair_place, edges.source
    before, after, next_out = ahead.before, ahead.after, ahead.next_out
    stamp, latest, reach = labels.stamp, labels.latest, labels.reach
    on, taken, begun, step, ends = path.account, path.pair, path.start, path.step, path.end
    root = pair_edge[group_end - 1]
    u, x = source[root], target[root]
    low, high = amounts_near(amount[root], keep_bp)
    last = ahead.last_in[root]
    label(edges, before, labels, root, after[root], last, length, search, low, high)
    if stamp[x] != search or out_edge[next_out[root]] > latest[x]:
        return words, used, 0
    stamp[u] = search
    reach[u] = last + 1
    taken[0] = pair_of[root]
    depth = -1
    e = root
    steps = 0
    while steps <= bound:
        if e >= 0:
            steps += 1
            depth += 1
            x = target[e]
            on[depth] = x
            reach[x] = -1
            begun[depth] = after[e]
            j = next_out[e]
            stop = lower_bound(out_edge, j, out_start[x + 1], latest[x] + 1)
            if stop - j > 4 * (pairs_from[x + 1] - pairs_from[x]):
                j = -1 - pairs_from[x]
                stop = -1 - pairs_from[x + 1]
            step[depth] = j
            ends[depth] = stop
        j, stop, start = step[depth], ends[depth], begun[depth]
        e = -1
        while j != stop:
            if j >= 0:
                f = out_edge[j]
                j += 1
                y = target[f]
                if stamp[y] != search or f >= reach[y] or previous[f] >= start:
                    continue
                p = pair_of[f]
                place = pair_place[f]
            else:
                p = -1 - j
                j -= 1
                y = target[pair_head[p]]
                if stamp[y] != search or reach[y] < 0:
                    continue
                place = lower_bound(pair_edge, pair_start[p], pair_start[p + 1], start)
            if y != u and depth + 2 >= length:
                continue
            while place < pair_start[p + 1] and not low <= amount[pair_edge[place]] <= high:
                place += 1
            if place == pair_start[p + 1] or pair_edge[place] >= reach[y]:
                continue
            taken[depth + 1] = p
            if y == u:
                steps += 1
                words = write_hit(
                    source, pair_head, taken, words, used, depth + 2, group, group_end
                )
                used += HEAD + depth + 2
            else:
                e = pair_edge[place]
                break
        step[depth] = j
        if e < 0:
            x = on[depth]
            reach[x] = before[latest[x]]
            depth -= 1
            if depth < 0:
                break
    return words, used, steps


@kernel
def group_roots(edges: Edges, ahead: Ahead, begin: int, stop: int, keep_bp: int) -> Ints:
    """Per edge in [begin, stop): 0 if it begins no group, else the place after the group's last.

    A root that nothing can complete belongs to none. One pass over the pairs' lists.
    """
    target, amount = edges.target, edges.amount
    out_edge, out_start, pair_place = edges.out_edge, edges.out_start, edges.pair_place
    next_out, last_in = ahead.next_out, ahead.last_in
    group_end = np.zeros(max(stop - begin, 0), np.int32)
    head = np.full(len(edges.pair_head), -1, np.int32)
    for e in range(begin, stop):
        place, last = next_out[e], last_in[e]
        if place == out_start[target[e] + 1] or out_edge[place] > last:
            continue
        p = edges.pair_of[e]
        h = head[p]
        joins = h >= 0 and group_end[h - begin] == pair_place[e]
        joins = joins and next_out[h] == place and last_in[h] == last
        if not joins or (keep_bp and amount[h] != amount[e]):
            head[p] = e
        group_end[head[p] - begin] = pair_place[e] + 1
    return group_end


@kernel
def bounded(
    edges: Edges, ahead: Ahead, labels: Labels, path: Path, group: int, group_end: int, length: int,
    search: int, bound: int, keep_bp: int, words: Ints, used: int,
) -> tuple[Ints, int, int, int, int]:  # fmt: skip
    """Hits of a group up to the greatest length that fits the bound.

    Returns (words, used, length reached, number of the last search, steps). If the whole length
    does not fit, lengths are tried upwards from 2 (which always fits), until one does not or all
    tries together took five times the bound.
    """
    tried = length
    complete = total = 0
    final = False
    while True:
        search += 1
        words, end, steps = explore(
            edges, ahead, labels, path, group, group_end, tried, search, bound, keep_bp, words, used
        )
        total += steps
        fits = steps <= bound
        if final or (fits and tried == length):
            return words, end, tried, search, total
        if fits:
            complete = tried
        final = (complete > 0 and not fits) or complete == length - 1 or total > 5 * bound
        if complete == 0:
            final = False
            tried = 2
        else:
            tried = complete if final else complete + 1


@kernel
def search_cycles(
    edges: Edges, ahead: Ahead, labels: Labels, path: Path, begin: int, stop: int, length: int,
    bound: int, keep_bp: int,
) -> tuple[Ints, Ints, int]:  # fmt: skip
    """Hits of all roots in [begin, stop): (words, cut, steps).

    words: HEAD words a hit, then its pairs in canonical rotation; ordered by first root.
    cut: root and length up to which it is complete, of each root whose search passed `bound`.
    Labels must be fresh: their stamps are the numbers of the searches of this call.
    """
    words = np.empty(1024, np.int32)
    cut = np.empty(32, np.int32)
    used = cuts = total = search = 0
    group_end = group_roots(edges, ahead, begin, stop, keep_bp)
    for root in range(begin, stop):
        end = group_end[root - begin]
        if end == 0:
            continue
        words, used, complete, search, steps = bounded(
            edges, ahead, labels, path, edges.pair_place[root], end, length, search, bound, keep_bp,
            words, used,
        )  # fmt: skip
        total += steps
        for place in range(edges.pair_place[root], end if complete < length else 0):
            if 2 * cuts == len(cut):
                cut = grown(cut, 2 * cuts, 4 * cuts)
            cut[2 * cuts] = edges.pair_edge[place]
            cut[2 * cuts + 1] = complete
            cuts += 1
    return words[:used], cut[: 2 * cuts], total

"""Episodes of rings, the witness of each, and lists of instances (definition D-5).

    roots of a ring      | ||  |   |            |  | ||
    gap                                ^ more than the window
    episodes            [---- 0 ----]           [- 1 --]

The witness of an episode is its instance with the smallest (time of the last edge, time of the
first edge descending, record ids). It is found by one pass in time order that keeps, for each place
of the ring, the latest root from which that place can be reached; the pass ends at the first
completion.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.count_kernels import in_sequence, maximal_intervals, spans_of
from regift.graph.cycle_kernels import Ahead
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.label_kernels import grown
from regift.graph.ring_kernels import Rings
from regift.graph.temporal import Edges

Ints = NDArray[Any]

NEVER = 2**62


@kernel
def split_episodes(
    at_us: Ints, pair_edge: Ints, rings: Rings, valid: Ints, window_us: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Episode of each hit (-1 if not valid); per episode its ring, its first and its last root."""
    hits = len(rings.turn)
    episode = np.full(hits, -1, np.int32)
    ring = np.empty(hits, np.int32)
    first = np.empty(hits, np.int32)
    last = np.empty(hits, np.int32)
    found = 0
    for r in range(len(rings.start) - 1):
        open_ = False
        for h in range(rings.first[r], rings.first[r + 1]):
            if not valid[h]:
                continue
            begin, end = pair_edge[rings.lo[h]], pair_edge[rings.hi[h] - 1]
            if not open_ or at_us[begin] - at_us[last[found - 1]] > window_us:
                ring[found] = r
                first[found] = begin
                last[found] = end
                found += 1
                open_ = True
            last[found - 1] = max(last[found - 1], end)
            episode[h] = found - 1
    return episode, ring[:found].copy(), first[:found].copy(), last[:found].copy()


@kernel
def add_up(group: Ints, counts: Ints, sizes: Ints, groups: int) -> Ints:
    """Sums of counts * sizes by group, as (sum of low 31 bits, sum of the rest) for exact sums."""
    limbs = np.zeros((groups, 2), np.int64)
    for i in range(len(group)):
        if group[i] >= 0:
            product = counts[i] * sizes[i]
            limbs[group[i], 0] += product & 0x7FFFFFFF
            limbs[group[i], 1] += product >> 31
    return limbs


@kernel
def first_completion(
    at_us: Ints, amount: Ints, until: Ints, edge: Ints, place: Ints, k: int, low: int, high: int,
    not_after: int,
) -> tuple[int, int]:  # fmt: skip
    """(time of the last edge, time of the root) of the earliest completion; NEVER if none.

    Only amounts in [low, high]; completions after the time `not_after` do not matter; a place of -1
    takes no part. Of the completions at the earliest time the latest root.
    """
    latest = np.full(k, -1, np.int64)
    done, began = NEVER, -NEVER
    for i in range(len(edge)):
        e, j = edge[i], place[i]
        if at_us[e] > min(done, not_after):
            break
        if j < 0 or not low <= amount[e] <= high:
            continue
        if j == 0:
            latest[0] = e
            continue
        root = latest[j - 1]
        if root < 0 or e >= until[root]:
            continue
        latest[j] = max(latest[j], root)
        if j == k - 1:
            done = at_us[e]
            began = max(began, at_us[root])
    return done, began


@kernel
def last_before(edges: Edges, p: int, edge: int, low: int, high: int) -> int:
    """Last edge of a pair before `edge` with an amount in [low, high]; -1 if none."""
    i = lower_bound(edges.pair_edge, edges.pair_start[p], edges.pair_start[p + 1], edge) - 1
    while i >= edges.pair_start[p]:
        e = edges.pair_edge[i]
        if low <= edges.amount[e] <= high:
            return int(e)
        i -= 1
    return -1


@kernel
def least_records(
    edges: Edges, ahead: Ahead, name_rank: Ints, pairs: Ints, turn: int, low: int, high: int,
    done: int, began: int, root_from: int, is_root: Ints,
) -> Ints:  # fmt: skip
    """Of the instances that begin and end at these times, the one with the least record ids.

    is_root: whether a place of the first pair, from `root_from` on, holds a root that was searched.
    limit[j]: last edge of the j-th pair from which the end can be reached. Then forward, the least
    id at each place.
    """
    k = len(pairs)
    limit = np.empty(k, np.int64)
    bound = int(np.searchsorted(edges.at_us, done, "right"))
    for j in range(k - 1, 0, -1):
        limit[j] = last_before(edges, pairs[(turn + j) % k], bound, low, high)
        bound = ahead.before[limit[j]]
    chosen = np.empty(k, np.int32)
    begin = int(np.searchsorted(edges.at_us, began, "left"))
    for j in range(k):
        p = pairs[(turn + j) % k]
        best = -1
        first, end = edges.pair_start[p], edges.pair_start[p + 1]
        for i in range(lower_bound(edges.pair_edge, first, end, begin), end):
            e = edges.pair_edge[i]
            if (j and e > limit[j]) or (j == 0 and (edges.at_us[e] > began or e >= bound)):
                break
            if (j == 0 and edges.at_us[e] != began) or not low <= edges.amount[e] <= high:
                continue
            if j == 0 and not (0 <= i - root_from < len(is_root) and is_root[i - root_from]):
                continue
            if best < 0 or name_rank[e] < name_rank[best]:
                best = e
        chosen[j] = best
        begin = ahead.after[best]
    return chosen


@kernel
def earlier_name(name_rank: Ints, left: Ints, right: Ints) -> bool:
    """Whether the records of `left` come before those of `right`, compared as lists of ids."""
    for i in range(len(left)):
        if name_rank[left[i]] != name_rank[right[i]]:
            return bool(name_rank[left[i]] < name_rank[right[i]])
    return False


@kernel
def witness(
    edges: Edges, ahead: Ahead, name_rank: Ints, pairs: Ints, turns: Ints, first: int, last: int,
    keep_bp: int, turn_of: Ints, lo: Ints, hi: Ints,
) -> Ints:  # fmt: skip
    """The witness of one episode: its edges in order. turns: where its roots stand in the ring.

    turn_of, lo, hi: its hits. A root between them that was cut is not its root: what is shown must
    not depend on how the search was divided.
    """
    k = len(pairs)
    best = np.full(k, -1, np.int32)
    done, began = NEVER, -NEVER
    spans = np.zeros((k, 2), np.int64)
    for turn in range(k):
        if not turns[turn]:
            continue
        size, _, _ = spans_of(edges, pairs, turn, first, ahead.until[last], spans)
        p = pairs[turn]
        begin, end = edges.pair_start[p], edges.pair_start[p + 1]
        spans[0, 0] = lower_bound(edges.pair_edge, begin, end, first)
        spans[0, 1] = lower_bound(edges.pair_edge, spans[0, 0], end, last + 1)
        size += spans[0, 1] - spans[0, 0]
        edge, place = in_sequence(edges, ahead.before, pairs, turn, spans, size)
        is_root = np.zeros(spans[0, 1] - spans[0, 0], np.bool_)
        for h in range(len(lo)):
            if turn_of[h] == turn:
                is_root[max(lo[h] - spans[0, 0], 0) : max(hi[h] - spans[0, 0], 0)] = True
        amounts = np.empty(size, np.int64)
        for i in range(size):
            amounts[i] = edges.amount[edge[i]]
            if place[i] == 0 and not is_root[edges.pair_place[edge[i]] - spans[0, 0]]:
                place[i] = -1
        lows, highs = maximal_intervals(amounts, keep_bp)
        for i in range(len(lows)):
            ended, start = first_completion(
                edges.at_us, edges.amount, ahead.until, edge, place, k, lows[i], highs[i], done
            )
            if ended == NEVER or ended > done or (ended == done and start < began):
                continue
            found = least_records(
                edges, ahead, name_rank, pairs, turn, lows[i], highs[i], ended, start,
                spans[0, 0], is_root,
            )  # fmt: skip
            same = ended == done and start == began
            if not same or earlier_name(name_rank, found, best):
                best = found
            done, began = ended, start
    return best


@kernel
def witnesses(
    edges: Edges, ahead: Ahead, name_rank: Ints, rings: Rings, episode: Ints, ring: Ints,
    first: Ints, last: Ints, keep_bp: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Witness of each episode: (start (episodes + 1), edges). name_rank: order of record ids."""
    start = np.zeros(len(ring) + 1, np.int32)
    for i in range(len(ring)):
        start[i + 1] = start[i] + rings.start[ring[i] + 1] - rings.start[ring[i]]
    found = np.empty(start[len(ring)], np.int32)
    hit = 0
    for i in range(len(ring)):
        r = ring[i]
        pairs = rings.pairs[rings.start[r] : rings.start[r + 1]]
        turns = np.zeros(len(pairs), np.bool_)
        hit = max(hit, rings.first[r])
        begin = hit
        while hit < rings.first[r + 1] and episode[hit] <= i:
            if episode[hit] == i:
                turns[rings.turn[hit]] = True
            hit += 1
        best = witness(
            edges, ahead, name_rank, pairs, turns, first[i], last[i], keep_bp,
            rings.turn[begin:hit], rings.lo[begin:hit], rings.hi[begin:hit],
        )  # fmt: skip
        for j in range(len(best)):
            found[start[i] + j] = best[j]
    return start, found


@kernel
def list_instances(
    edges: Edges, ahead: Ahead, rings: Rings, counts: Ints, keep_bp: int, most: int
) -> tuple[Ints, Ints]:
    """Every instance of every hit, up to `most`: (start (instances + 1), edges)."""
    start = np.zeros(1024, np.int64)
    found = np.empty(1024, np.int64)
    listed = 0
    for r in range(len(rings.start) - 1):
        pairs = rings.pairs[rings.start[r] : rings.start[r + 1]]
        k = len(pairs)
        at = np.empty(k, np.int64)
        least = np.empty(k, np.int64)
        greatest = np.empty(k, np.int64)
        for h in range(rings.first[r], rings.first[r + 1]):
            if counts[h] == 0:
                continue
            for i in range(rings.lo[h], rings.hi[h]):
                root = edges.pair_edge[i]
                at[0] = i
                least[0] = greatest[0] = edges.amount[root]
                j = 1
                at[1] = -1
                while j > 0 and listed < most:
                    p = pairs[(rings.turn[h] + j) % k]
                    if at[j] < 0:
                        at[j] = lower_bound(
                            edges.pair_edge, edges.pair_start[p], edges.pair_start[p + 1],
                            ahead.after[edges.pair_edge[at[j - 1]]],
                        )  # fmt: skip
                    else:
                        at[j] += 1
                    if at[j] >= edges.pair_start[p + 1]:
                        j -= 1
                        continue
                    e = edges.pair_edge[at[j]]
                    if e >= ahead.until[root]:
                        j -= 1
                        continue
                    least[j] = min(least[j - 1], edges.amount[e])
                    greatest[j] = max(greatest[j - 1], edges.amount[e])
                    if 10_000 * least[j] < keep_bp * greatest[j]:
                        continue
                    if j + 1 < k:
                        j += 1
                        at[j] = -1
                        continue
                    if start[listed] + k > len(found):
                        found = grown(found, start[listed], 2 * (start[listed] + k))
                    for c in range(k):
                        found[start[listed] + c] = edges.pair_edge[at[c]]
                    listed += 1
                    if listed == len(start):
                        start = grown(start, listed, 2 * listed)
                    start[listed] = start[listed - 1] + k
    return start[: listed + 1].copy(), found[: start[listed]].copy()

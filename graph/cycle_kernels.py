"""Which rings occur, and from which roots: a search over account sequences, not over records.

    roots of one pair that see the same first step and the same last one
    |||  u ==> v --> x --> y --> u        one step of the search per distinct pair, at the earliest
                                          edge that can be taken: parallel edges cost nothing

A root is the first edge of a cycle (D-5). Consecutive roots u>v are one *group* if nothing leaves v
between them and nothing enters u between the ends of their windows: then exactly the same edges
complete each of them. (With `keep`, roots of a group also have equal amounts.) A *hit* is (ring,
group): at least one cycle, `keep` aside. From a group the search takes three steps:

    probe     a short look forward from v: most roots of sparse money have no cycle at all, and
              most others no more than u > v > u (`root_kernels`)
    label     backward from u, the last edge out of each account that still leads to u in time
    descend   forward over accounts that have a label, so nearly every step ends in a cycle

What leaves an account is listed when the search first enters it: one entry for each pair that can
be taken, the one that can be taken longest first. Later visits stop at the first entry that
is too early for them, so they look at nothing in vain but accounts already on the path.

What a group costs is counted in steps (accounts entered and cycles closed), which depend neither on
other roots nor on the order of the search. A group that would pass the bound is searched again
for length 2, 3, ... as far as the bound reaches, so it is always complete up to a stated length.

Idea of the pruning: Kumar and Calders, 2SCENT, PVLDB 11(11), 2018.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.label_kernels import (
    END,
    ENTRY,
    FROM,
    LATEST,
    LISTED,
    MOST,
    NEVER,
    REACH,
    ROW,
    SEEN,
    SLOT,
    STAMP,
    grown,
    label,
    list_pairs,
    tell_hubs,
)
from regift.graph.root_kernels import group_roots, probe
from regift.graph.temporal import Edges

Ints = NDArray[Any]

HEAD = 4
"""Words of a hit before its pairs: length, place of the root's pair among them (~place, below 0, if
all of them have one edge: no other hit has this ring), first and last + 1 of the group in
`pair_edge`."""


STRIDE = 16
"""Roots between two looks at how much was found: each may bring as many hits as it has steps."""

LOOKS = 4
"""Looks of `label` at edges that count as one step: a search gives up after as many as fit."""


class Ahead(NamedTuple):
    """What lies ahead of each edge (`index_kernels.horizons`, `root_horizons`) and behind it.

    out_place: its place in `out_edge`; prior_in: the place in `in_edge` of the last edge into its
    source that it can follow.
    """

    before: Ints
    after: Ints
    until: Ints
    next_out: Ints
    last_in: Ints
    out_place: Ints
    prior_in: Ints


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
def search_groups(
    edges: Edges, ahead: Ahead, hubs: Hubs, met: Ints, arrived: Ints, told: Ints, looks: int,
    rows: Ints, queue: Ints, path: Ints, spread: Ints, entries: Ints, group_end: Ints,
    straight: Ints, offset: int, begin: int, stop: int, length: int, search: int, bound: int,
    keep_bp: int, words: Ints, used: int, alone: Ints,
) -> tuple[Ints, Ints, int, int, int, int]:  # fmt: skip
    """Hits of the groups that begin in [begin, stop), until one would take more than `bound` steps.

    Returns (words, entries, used, search, that group's first root or `stop`, all steps). alone:
    where it has columns, hits whose pairs all have one edge are counted in it by length (row 0)
    instead of written: such a ring has no other hit. All in one loop, with the arrays at hand: a
    call costs more than a step. Its parts: the ring of two that `probe` found; labels; then, depth
    by depth, the account entered, its entries if they are not there yet (edge by edge, what leaves
    it read backwards), and the first of them that can be taken.
    """
    source, target, amount, pair_of = edges.source, edges.target, edges.amount, edges.pair_of
    out_edge, out_start, pairs_from = edges.out_edge, edges.out_start, edges.pairs_from
    pair_edge, pair_start, pair_place = edges.pair_edge, edges.pair_start, edges.pair_place
    pair_head = edges.pair_head
    in_edge, in_start, in_pair = edges.in_edge, edges.in_start, edges.in_pair
    in_pairs_from = edges.in_pairs_from
    before, after, next_out, last_in = ahead.before, ahead.after, ahead.next_out, ahead.last_in
    out_place, prior_in = ahead.out_place, ahead.prior_in
    on, taken, begun, step, smallest, single = path[0], path[1], path[2], path[3], path[4], path[5]
    hub_start, hub_low, hub_high, at_us = hubs.start, hubs.low, hubs.high, edges.at_us
    least, greatest = spread[0], spread[1]
    near, streamed = keep_bp > 0, alone.shape[1] > 0
    total = 0
    for root in range(begin, stop):
        group = group_end[root - offset]
        if group == 0:
            continue
        search += 1
        u, y = source[root], target[root]
        start = out_edge[next_out[root]]
        low, high = amounts_near(amount[root], keep_bp)
        back = straight[root - offset] - 1
        if back >= 0:
            # No search: the ring of two, if an amount fits.
            place, end = pair_place[back], pair_start[pair_of[back] + 1]
            while place < end and not low <= amount[pair_edge[place]] <= high:
                place += 1
            if place == end or pair_edge[place] > last_in[root]:
                continue
            total += 2
            p, q = pair_of[root], pair_of[back]
            lonely = pair_start[p + 1] - pair_start[p] == 1 and end - pair_start[q] == 1
            if lonely and streamed:
                alone[0, 2] += 1
                continue
            if used + HEAD + 2 > len(words):
                words = grown(words, used, 2 * (used + HEAD + 2))
            first = 1 if y < u else 0
            words[used] = 2
            words[used + 1] = ~first if lonely else first
            words[used + 2] = pair_place[root]
            words[used + 3] = group
            words[used + HEAD] = q if first else p
            words[used + HEAD + 1] = p if first else q
            used += HEAD + 2
            continue
        looked = label(
            source, amount, in_edge, in_start, in_pair, in_pairs_from, pair_edge, pair_start,
            before, prior_in, rows, queue, hub_start, hub_low, hub_high, met, at_us[root], u, y,
            start, last_in[root], length, search, low, high, looks,
        )  # fmt: skip
        if met[0] and tell_hubs(
            edges, before, next_out, hubs, met, rows, arrived, root, last_in[root], search, told
        ):
            told[-1] += group - pair_place[root]
        if looked > looks:
            return words, entries, used, search, root, total + bound
        if rows[ROW * y + STAMP] != search or rows[ROW * y + LATEST] < start:
            continue
        kept, longest = used, 0
        depth, steps, free, e = -1, 0, 0, root
        only = pair_start[pair_of[root] + 1] - pair_start[pair_of[root]] == 1
        while True:
            depth += 1
            steps += 1
            x, s = y, after[e]
            row = ROW * x
            rows[row + REACH] = ~rows[row + REACH]
            on[depth], taken[depth], begun[depth] = x, e, s
            if depth == 0:
                smallest[0] = x < u
                single[0] = only
            else:
                single[depth] = single[depth - 1] and only
                best = smallest[depth - 1]
                smallest[depth] = depth + 1 if x < (on[best - 1] if best else u) else best
            if near:
                least[depth] = greatest[depth] = amount[e]
                if depth:
                    least[depth] = min(least[depth - 1], amount[e])
                    greatest[depth] = max(greatest[depth - 1], amount[e])
            if rows[row + FROM] > s:
                floor = s if rows[row + FROM] == NEVER else start
                rows[row + LISTED] = listed = free
                rows[row + FROM] = floor
                rows[row + SEEN] = -1
                j, end = out_place[rows[row + LATEST]], out_start[x]
                few = 4 * (pairs_from[x + 1] - pairs_from[x])
                if j - end > few and j - lower_bound(out_edge, end, j, floor) > few:
                    entries, free = list_pairs(
                        target, amount, pair_head, pair_edge, pair_start, pairs_from, rows, entries,
                        free, x, u, floor, search, low, high,
                    )  # fmt: skip
                    j = -1
                while j >= end:
                    f = out_edge[j]
                    if f < floor:
                        break
                    j -= 1
                    y = target[f]
                    other = ROW * y
                    if rows[other + STAMP] != search:
                        continue
                    reach = rows[other + REACH]
                    if f >= (reach if reach >= 0 else ~reach):
                        continue
                    if near and not low <= amount[f] <= high:
                        continue
                    slot = rows[other + SLOT]
                    if slot >= listed:
                        entries[slot + 2] = f
                        entries[slot + 3] = pair_place[f]
                        continue
                    if free + ENTRY > len(entries):
                        entries = grown(entries, free, 2 * len(entries))
                    rows[other + SLOT] = free
                    p = pair_of[f]
                    entries[free] = y
                    entries[free + 1] = entries[free + 2] = f
                    more = pair_start[p + 1] - pair_start[p] > 1
                    entries[free + 3] = pair_place[f] if more else -1
                    if y == u:
                        rows[row + SEEN] = free
                    free += ENTRY
                rows[row + END] = free
            j, end = rows[row + LISTED], rows[row + END]
            if depth + 2 >= length:
                j = rows[row + SEEN]
                end = j + ENTRY if j >= 0 else j
            e = -1
            while True:
                while j < end and entries[j + 1] >= s:
                    y = entries[j]
                    f = entries[j + 2]
                    place = entries[j + 3]
                    j += ENTRY
                    if rows[ROW * y + REACH] < 0:
                        continue
                    if f < s:
                        place = lower_bound(pair_edge, place, pair_start[pair_of[f] + 1], s)
                        while near and not low <= amount[pair_edge[place]] <= high:
                            place += 1
                        f = pair_edge[place]
                        place = 0
                    only = place < 0
                    if y != u:
                        e = f
                        break
                    steps += 1
                    k = depth + 2
                    lonely = only and single[depth]
                    if lonely and streamed:
                        if not near or 10_000 * min(least[depth], amount[f]) >= keep_bp * max(
                            greatest[depth], amount[f]
                        ):
                            alone[1, k] += 1
                            longest = max(longest, k)
                        continue
                    if used + HEAD + k > len(words):
                        words = grown(words, used, 2 * (used + HEAD + k))
                    first = smallest[depth]
                    words[used] = k
                    words[used + 1] = ~((k - first) % k) if lonely else (k - first) % k
                    words[used + 2] = pair_place[root]
                    words[used + 3] = group
                    used += HEAD
                    for i in range(first, depth + 1):
                        words[used] = pair_of[taken[i]]
                        used += 1
                    words[used] = pair_of[f]
                    used += 1
                    for i in range(first):
                        words[used] = pair_of[taken[i]]
                        used += 1
                if e >= 0 or steps > bound:
                    break
                rows[ROW * on[depth] + REACH] = ~rows[ROW * on[depth] + REACH]
                depth -= 1
                if depth < 0:
                    break
                j, s = step[depth], begun[depth]
                end = rows[ROW * on[depth] + END]
            if e < 0 or steps > bound:
                break
            step[depth] = j
        total += steps
        for k in range(longest + 1):
            alone[0, k] += alone[1, k] * (steps <= bound)
            alone[1, k] = 0
        if steps > bound:
            return words, entries, kept, search, root, total
    return words, entries, used, search, stop, total


@kernel
def search_cycles(
    edges: Edges, ahead: Ahead, hubs: Hubs, phase: Ints, told: Ints, begin: int, stop: int,
    length: int, bound: int, hub_degree: int, keep_bp: int, alone: Ints, most_words: int,
    most_steps: int,
) -> tuple[Ints, Ints, int, int]:  # fmt: skip
    """Hits of the roots in [begin, stop): (words, cut, steps, reached).

    Roots from `reached` on were not searched: it is `stop`, or less when there were more words or
    steps than asked for; groups may hold roots beyond it all the same.
    words: HEAD words a hit, then its pairs in canonical rotation; ordered by first root. cut: root
    and length up to which it is complete, of each root whose search passed `bound`. If
    the whole length does not fit, lengths are tried upwards from 2 (which always fits), until one
    does not or all tries together took five times the bound. told: marks hubs (D-13) that were
    met; its last word counts roots whose search met one.
    """
    n = len(edges.out_start) - 1
    rows = np.zeros(ROW * n, np.int32)
    queue = np.empty(2 * n, np.int32)
    path = np.zeros((6, length + 2), np.int32)
    spread = np.zeros((2, length + 2), np.int64)
    entries = np.empty(1024, np.int32)
    words = np.empty(1024, np.int32)
    cut = np.empty(32, np.int32)
    used = cuts = all_steps = search = 0
    looks = LOOKS * bound + hub_degree
    met = np.zeros(1 + len(hubs.low), np.int32)
    arrived = np.zeros(n if len(phase) else 0, np.int64)
    group_end = group_roots(
        edges, ahead.next_out, ahead.last_in, hubs, phase, told, begin, stop, keep_bp
    )
    straight = probe(edges, ahead.next_out, ahead.last_in, begin, stop, group_end)
    root = begin
    while root < stop and used <= most_words and all_steps <= most_steps:
        limit = min(stop, root + STRIDE)
        words, entries, used, search, root, steps = search_groups(
            edges, ahead, hubs, met, arrived, told, looks, rows, queue, path, spread, entries,
            group_end, straight, begin, root, limit, length, search, bound, keep_bp, words, used,
            alone,
        )  # fmt: skip
        all_steps += steps
        if root == limit:
            continue
        tried, complete, spent, told_roots = 2, 0, 0, told[-1]
        before = alone[0].copy()
        while True:
            alone[0] = before
            words, entries, end, search, reached, steps = search_groups(
                edges, ahead, hubs, met, arrived, told, looks, rows, queue, path, spread, entries,
                group_end, straight, begin, root, root + 1, tried, search, bound, keep_bp, words,
                used, alone,
            )  # fmt: skip
            spent += steps
            fits = reached > root
            if tried == complete or (fits and (tried == length - 1 or spent > 4 * bound)):
                break
            complete = tried if fits else complete
            tried = tried + 1 if fits else complete
        all_steps += spent
        told[-1] = told_roots
        for place in range(edges.pair_place[root], group_end[root - begin]):
            if 2 * cuts == len(cut):
                cut = grown(cut, 2 * cuts, 4 * cuts)
            cut[2 * cuts] = edges.pair_edge[place]
            cut[2 * cuts + 1] = tried
            cuts += 1
        used = end
        root += 1
    return words[:used], cut[: 2 * cuts], all_steps, root

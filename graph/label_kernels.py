"""What the search from one root knows of the accounts: how long each still leads to the goal, and
what can be taken from it (see `cycle_kernels`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs, is_hub
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]

MOST = 2**62
"""More than any amount."""

ROW = 8
STAMP, LATEST, REACH, SEEN, LISTED, END, FROM, SLOT = range(ROW)
"""Columns of `rows`, what a search knows of an account, valid where STAMP is its number.

LATEST: last edge out of it that leads to the goal; REACH: an edge into it is of use if it is
before this one (~REACH, below 0, while it is on the path). SEEN: while labels spread, edges into
it before this one were looked at; later its entry that leads to the goal, or -1. LISTED, END: its
entries; FROM: they hold what leaves it from this edge on. SLOT: the last entry that leads to it, or
whether it is queued (-2) or a hub (-3). One row is half a cache line.
"""

ENTRY = 4
"""Words of an entry: account, last and first edge that can be taken, place of the first."""

NEVER = 2**31 - 1
"""No edge: after all of them."""


@kernel
def grown(array: Ints, used: int, size: int) -> Ints:
    """An array of this size that begins with the used part of another."""
    larger = np.empty(size, array.dtype)
    for i in range(used):
        larger[i] = array[i]
    return larger


@kernel
def label(
    source: Ints, amount: Ints, in_edge: Ints, in_start: Ints, in_pair: Ints, in_pairs_from: Ints,
    pair_edge: Ints, pair_start: Ints, before: Ints, prior_in: Ints, rows: Ints, queue: Ints,
    hub_start: Ints, hub_low: Ints, hub_high: Ints, met: Ints, at_us: int, u: int, v: int,
    start: int, last: int, length: int, search: int, low: int, high: int, most: int,
) -> int:  # fmt: skip
    """Latest departures towards u, at most length - 1 edges away from it, by breadth; the looks.

    Ends early after `most` looks at edges. Hubs (of windows that begin at at_us) get a label with
    REACH 0, which nothing is before, and are written to `met` after their number.

    start: first edge out of v; last: last edge into u inside the window. Only amounts in
    [low, high] count. Each edge is looked at once: an account met again with a later departure is
    looked at from where it stopped. What enters an account is looked at edge by edge, or pair
    by pair where those are fewer (j is then -1 - place in `in_pair`).
    """
    near = high < MOST
    hubs = len(hub_low) > 0
    met[0] = looks = 0
    rows[ROW * u + STAMP] = search
    rows[ROW * u + LATEST] = NEVER
    rows[ROW * u + REACH] = last + 1
    rows[ROW * u + SEEN] = start
    rows[ROW * u + SLOT] = -1
    queue[0] = u
    here, waiting, hops = 0, 1, 0
    half = len(queue) // 2
    while waiting and hops < length - 1 and looks <= most:
        there = half - here
        fresh = 0
        for i in range(here, here + waiting):
            x = queue[i]
            rows[ROW * x + SLOT] = -1
            if x == v:
                continue
            reach, seen = rows[ROW * x + REACH], rows[ROW * x + SEEN]
            rows[ROW * x + SEEN] = reach
            stop = in_start[x]
            if x == u:
                j = lower_bound(in_edge, stop, in_start[x + 1], reach) - 1
            else:
                j = prior_in[rows[ROW * x + LATEST]]
            pairs = in_pairs_from[x + 1] - in_pairs_from[x]
            if j - stop > 4 * pairs:
                stop = lower_bound(in_edge, stop, j, seen)
                if j - stop > 4 * pairs:
                    j = -1 - in_pairs_from[x]
                    stop = -in_pairs_from[x + 1]
            while j >= stop:
                looks += 1
                if j >= 0:
                    f = in_edge[j]
                    if f < seen:
                        break
                else:
                    p = in_pair[-1 - j]
                    place = lower_bound(pair_edge, pair_start[p], pair_start[p + 1], reach) - 1
                    while place >= pair_start[p] and not low <= amount[pair_edge[place]] <= high:
                        place -= 1
                    f = pair_edge[place] if place >= pair_start[p] else -1
                j -= 1
                if f < seen or (near and not low <= amount[f] <= high):
                    continue
                w = source[f]
                row = ROW * w
                if rows[row + STAMP] != search:
                    rows[row + STAMP] = search
                    rows[row + SEEN] = start
                    rows[row + FROM] = NEVER
                    rows[row + SLOT] = -1
                    if hubs and is_hub(Hubs(hub_start, hub_low, hub_high), w, at_us):
                        rows[row + REACH] = 0
                        rows[row + SLOT] = -3
                        met[0] += 1
                        met[met[0]] = w
                elif f <= rows[row + LATEST]:
                    continue
                rows[row + LATEST] = f
                if rows[row + SLOT] == -3:
                    continue
                rows[row + REACH] = before[f]
                if rows[row + SLOT] == -1:
                    rows[row + SLOT] = -2
                    queue[there + fresh] = w
                    fresh += 1
        here, waiting = there, fresh
        hops += 1
    for i in range(here, here + waiting):
        rows[ROW * queue[i] + SLOT] = -1
    return looks


@kernel
def tell_hubs(
    edges: Edges, before: Ints, next_out: Ints, hubs: Hubs, met: Ints, rows: Ints, arrived: Ints,
    root: int, last: int, search: int, told: Ints,
) -> bool:  # fmt: skip
    """Whether a walk from the root meets a hub from which it could come back; marks those hubs.

    Backward from the source the hubs in `met` were found. Forward, by earliest arrival and not
    through hubs, another one is met, or one of them in time. No cycle may be there all the same.
    arrived: by account, search and edge.
    """
    found = False
    source, target, out_edge, out_start = (
        edges.source, edges.target, edges.out_edge, edges.out_start
    )  # fmt: skip
    edge = np.empty(64, np.int32)
    edge[0], here, waiting = root, 0, 1
    while here < waiting:
        e = edge[here]
        here += 1
        x = target[e]
        if here > 1 and arrived[x] != (search << 32) + e:
            continue
        for place in range(next_out[e], out_start[x + 1]):
            f = out_edge[place]
            if f > last:
                break
            y = target[f]
            known = arrived[y] - (search << 32)
            if y == source[root] or (known >= 0 and known <= f):
                continue
            arrived[y] = (search << 32) + f
            if not is_hub(hubs, y, edges.at_us[root]):
                if waiting == len(edge):
                    edge = grown(edge, waiting, 2 * waiting)
                edge[waiting] = f
                waiting += 1
                continue
            for i in range(1, met[0] + 1):
                if met[i] != y or f < before[rows[ROW * y + LATEST]]:
                    told[y] = told[met[i]] = 1
                    found = True
    return found


@kernel
def list_pairs(
    target: Ints, amount: Ints, pair_head: Ints, pair_edge: Ints, pair_start: Ints,
    pairs_from: Ints, rows: Ints, entries: Ints, free: int, x: int, u: int, floor: int, search: int,
    low: int, high: int,
) -> tuple[Ints, int]:  # fmt: skip
    """Write the entries of account x from the place `free` on: (entries, place after them).

    One for each pair out of x that can be taken at `floor` or later, falling by its last edge. For
    accounts with many edges and few pairs; the others' are listed edge by edge.
    """
    row = ROW * x
    begin = free
    for p in range(pairs_from[x], pairs_from[x + 1]):
        y = target[pair_head[p]]
        if rows[ROW * y + STAMP] != search:
            continue
        reach = rows[ROW * y + REACH]
        reach = reach if reach >= 0 else ~reach
        place = lower_bound(pair_edge, pair_start[p], pair_start[p + 1], reach) - 1
        while place >= pair_start[p] and not low <= amount[pair_edge[place]] <= high:
            place -= 1
        if place < pair_start[p] or pair_edge[place] < floor:
            continue
        if free + ENTRY > len(entries):
            entries = grown(entries, free, 2 * len(entries))
        entries[free] = y
        entries[free + 1] = pair_edge[place]
        place = lower_bound(pair_edge, pair_start[p], place, floor)
        while not low <= amount[pair_edge[place]] <= high:
            place += 1
        entries[free + 2] = pair_edge[place]
        entries[free + 3] = place if pair_start[p + 1] - pair_start[p] > 1 else -1
        free += ENTRY
    let_fall(entries, begin, free)
    for place in range(begin, free, ENTRY):
        if entries[place] == u:
            rows[row + SEEN] = place
    return entries, free


@kernel
def let_fall(entries: Ints, begin: int, end: int) -> None:
    """Sort entries by their last edge, falling (Shell's sort)."""
    gap = ENTRY
    while gap * 3 < end - begin:
        gap *= 3
    while gap >= ENTRY:
        for i in range(begin + gap, end, ENTRY):
            j = i
            while j - gap >= begin and entries[j - gap + 1] < entries[j + 1]:
                for word in range(ENTRY):
                    entries[j + word], entries[j - gap + word] = (
                        entries[j - gap + word], entries[j + word]
                    )  # fmt: skip
                j -= gap
        gap = gap // ENTRY // 3 * ENTRY

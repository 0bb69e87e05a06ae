"""Which roots of two accounts u and w are scatter-gather (D-8): one walk along time.

u > j1 > w      edges of all j come into the window and leave it from root to root; a j's queue
u > j2 > w      runs anew only when one of its own edges came or went
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs, is_hub
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.scatter_kernels import enough, passed_on
from regift.graph.temporal import Edges
from regift.graph.wedge_kernels import Reach

Ints = NDArray[Any]


class Rule(NamedTuple):
    """Roots [begin, stop) and what they must have."""

    begin: int
    stop: int
    least: int
    flow_bp: int


@kernel
def _add(total: Ints, state: Ints, x: int, sign: int) -> None:
    """Put the sums of a relay into a total, or take them out."""
    for column in range(4):
        total[column] += sign * state[x, column]


@kernel
def _events(edges: Edges, hubs: Hubs, rule_edges: Ints, to: Ints, on: Ints, state: Ints,
    events: Ints) -> int:  # fmt: skip
    """Fill `state` and `events` for `judge`, events by relay and side; returns how many."""
    count = 0
    for x in range(len(to)):
        for column in range(10):
            state[x, column] = 0
        j = edges.target[edges.pair_head[to[x]]]
        state[x, 9] = hubs.start[j] < hubs.start[j + 1]
        for side in range(2):
            p = on[x] if side else to[x]
            stop = edges.pair_start[p + 1]
            i = lower_bound(edges.pair_edge, edges.pair_start[p], stop, rule_edges[0])
            state[x, 4 + 2 * side] = i
            state[x, 5 + 2 * side] = i
            while i < stop and edges.pair_edge[i] < rule_edges[1]:
                events[count] = np.int64(edges.pair_edge[i]) << 32 | x << 1 | side
                count += 1
                i += 1
    return count


@kernel
def _sorted(events: Ints, count: int) -> int:
    """Sort the first numbers of one of two rows, merging them to and fro; the row they end in.

    Runs of 1, 2, 4, .. numbers: far less to compile than NumPy's sort.
    """
    row = 0
    width = 1
    while width < count:
        for low in range(0, count, 2 * width):
            a = low
            b = middle = min(low + width, count)
            high = min(middle + width, count)
            for k in range(low, high):
                if b == high or (a < middle and events[row, a] < events[row, b]):
                    events[1 - row, k] = events[row, a]
                    a += 1
                else:
                    events[1 - row, k] = events[row, b]
                    b += 1
        row = 1 - row
        width *= 2
    return row


@kernel
def _shift(state: Ints, event: int, end: int, dirty: Ints) -> int:
    """An edge comes into the window (end 1) or leaves it (0); by how many relays more can pass on.

    dirty: relays whose sums are to be made anew, their number in the last place.
    """
    x = (event & 0xFFFFFFFF) >> 1
    was = state[x, 5] > state[x, 4] and state[x, 7] > state[x, 6]
    state[x, 4 + end + 2 * (event & 1)] += 1
    now = state[x, 5] > state[x, 4] and state[x, 7] > state[x, 6]
    if not state[x, 8]:
        state[x, 8] = 1
        dirty[dirty[-1]] = x
        dirty[-1] += 1
    return int(now) - int(was)


@kernel
def _renew(edges: Edges, reach: Reach, state: Ints, dirty: Ints, total: Ints) -> int:
    """Make the sums of dirty relays anew; by how many relays more something was passed on."""
    nothing = np.zeros(0, np.bool_)
    more = 0
    for d in range(dirty[-1]):
        x = dirty[d]
        if state[x, 0] or state[x, 1]:
            _add(total, state, x, -1)
            more -= 1
        passed_on(
            edges, reach, state[x, 4], state[x, 5], state[x, 6], state[x, 7], state[x], nothing
        )
        if state[x, 0] or state[x, 1]:
            _add(total, state, x, 1)
            more += 1
        state[x, 8] = 0
    dirty[-1] = 0
    return more


@kernel
def _followed(
    edges: Edges, hubs: Hubs, to: Ints, state: Ints, at_us: int, total: Ints, here: Ints
) -> int:
    """Put the sums of relays that are no hubs at a time into `here`; how many relays are hubs."""
    lost = 0
    for column in range(4):
        here[column] = total[column]
    for x in range(len(to)):
        j = edges.target[edges.pair_head[to[x]]]
        if state[x, 9] and (state[x, 0] or state[x, 1]) and is_hub(hubs, j, at_us):
            _add(here, state, x, -1)
            lost += 1
    return lost


@kernel
def judge(
    edges: Edges, reach: Reach, hubs: Hubs, cut: Ints, rule: Rule, u: int, w: int, to: Ints,
    on: Ints, state: Ints, both: Ints, rows: Ints, used: int, unfollowed: Ints, lost: Ints,
) -> int:  # fmt: skip
    """Append the roots of (u, w) that qualify to `rows`; returns how many rows there are then.

    to, on: pairs u > j and j > w by relay. state: a row a relay: 0-3 sums; 4, 5 ends of the ins;
    6, 7 ends of the outs; 8 dirty; 9 may be a hub. both: twice the room for all edges of these
    pairs. A relay's queue runs anew only when one of its edges came or went.
    """
    span = np.array([reach.before[rule.begin], reach.until[rule.stop - 1]], np.int64)
    count = _events(edges, hubs, span, to, on, state, both[0])
    events = both[_sorted(both, count)]
    alive = positive = head = tail = i = 0
    dirty = np.zeros(len(to) + 1, np.int64)
    total = np.zeros(4, np.int64)
    here = np.zeros(4, np.int64)
    while i < count:
        root = events[i] >> 32
        if events[i] & 1 or root < rule.begin or cut[root]:
            i += 1
            continue
        if root >= rule.stop:
            break
        while head < count and events[head] >> 32 < reach.until[root]:
            alive += _shift(state, events[head], 1, dirty)
            head += 1
        while events[tail] >> 32 < reach.before[root]:
            alive += _shift(state, events[tail], 0, dirty)
            tail += 1
        at = edges.at_us[root]
        good = alive >= rule.least
        hubs_left_out = 0
        if good:
            positive += _renew(edges, reach, state, dirty, total)
            good = positive >= rule.least
        if good:
            hubs_left_out = _followed(edges, hubs, to, state, at, total, here)
            good = positive - hubs_left_out >= rule.least
            good = good and enough(here[0], here[1], here[2], here[3], rule.flow_bp)
        # Judged first: only so what is told of w hangs on nothing outside the window.
        sink_is_hub = good and is_hub(hubs, w, at)
        first = reach.before[root]
        while i < count and reach.before[events[i] >> 32] == first:
            x = (events[i] & 0xFFFFFFFF) >> 1
            root = events[i] >> 32
            if good and not events[i] & 1 and root < rule.stop and (state[x, 0] or state[x, 1]):
                j = edges.target[edges.pair_head[to[x]]]
                if state[x, 9] and is_hub(hubs, j, at):
                    pass
                elif sink_is_hub:
                    unfollowed[w] = True
                    lost[root] = True
                else:
                    rows[used, 0] = u
                    rows[used, 1] = w
                    rows[used, 2] = root
                    for column in range(4):
                        rows[used, 3 + column] = here[column]
                    rows[used, 7] = hubs_left_out == 0
                    used += 1
            i += 1
    return used

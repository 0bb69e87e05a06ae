"""Money that is split and collected again (D-8): candidates, judgement of roots, what is shown.

    u > j1 > w      a wedge is u > j, later j > w, both in the window of a root of u
    u > j2 > w      two accounts u and w with wedges through `least` different j are judged:
    u > j3 > w      root by root along time, each j's queue anew only where its records change

Sums are kept as two numbers, units of 2**30 and the rest, so that no sum of amounts overflows.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.temporal import Edges
from regift.graph.wedge_kernels import Hubs, Reach, is_hub

Ints = NDArray[Any]

LOW_BITS = 30
LOW = 2**LOW_BITS - 1


@kernel
def enough(high: int, low: int, whole_high: int, whole_low: int, flow_bp: int) -> bool:
    """Whether 10000 * sum >= flow_bp * whole, for sums of up to 10**24.

    >>> enough(0, 7, 0, 10, 7000), enough(0, 7, 0, 10, 7001)
    (True, False)
    """
    rest = 10_000 * (low & LOW) - flow_bp * (whole_low & LOW)
    units = 10_000 * (high + (low >> LOW_BITS)) - flow_bp * (whole_high + (whole_low >> LOW_BITS))
    return units + (rest >> LOW_BITS) >= 0


@kernel
def gathers(
    edges: Edges, took_in: Ints, took_out: Ints, took: Ints, window_us: int, least: int,
    flow_bp: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Roots of gather-scatter, of the takings in order per account (`first_in_first_out`).

    Returns per root (first taking, end of its takings) and (sum, sum of the whole ins), each as
    two numbers. Both ends of the takings of a root move forward only: linear.
    """
    size = len(took)
    accounts = len(edges.out_start) - 1
    sources = np.zeros(accounts, np.int32)
    receivers = np.zeros(accounts, np.int32)
    spans = np.empty((size, 2), np.int64)
    sums = np.empty((size, 4), np.int64)
    total = np.zeros(4, np.int64)
    different = np.zeros(2, np.int64)
    used = 0
    first = 0
    stop = 0
    while first < size:
        root = took_in[first]
        x = edges.target[root]
        while stop < size:
            e, out = took_in[stop], took_out[stop]
            if edges.target[e] != x or edges.at_us[out] - edges.at_us[root] > window_us:
                break
            if stop == first or took_in[stop - 1] != e:
                total[2] += edges.amount[e] >> LOW_BITS
                total[3] += edges.amount[e] & LOW
            total[0] += took[stop] >> LOW_BITS
            total[1] += took[stop] & LOW
            sources[edges.source[e]] += 1
            different[0] += sources[edges.source[e]] == 1
            receivers[edges.target[out]] += 1
            different[1] += receivers[edges.target[out]] == 1
            stop += 1
        if different.min() >= least and enough(total[0], total[1], total[2], total[3], flow_bp):
            spans[used, 0] = first
            spans[used, 1] = stop
            sums[used] = total
            used += 1
        # All that took of the root lies within the window: money older than that is gone.
        total[2] -= edges.amount[root] >> LOW_BITS
        total[3] -= edges.amount[root] & LOW
        while first < size and took_in[first] == root:
            receiver = edges.target[took_out[first]]
            total[0] -= took[first] >> LOW_BITS
            total[1] -= took[first] & LOW
            sources[edges.source[root]] -= 1
            different[0] -= sources[edges.source[root]] == 0
            receivers[receiver] -= 1
            different[1] -= receivers[receiver] == 0
            first += 1
    return spans[:used].copy(), sums[:used].copy()


class Wedges(NamedTuple):
    """What roots are searched in: edges that can be part of a pattern, by account and in order.

    scatter: mask; gather_start (n + 1), gather_edge: edges by source; cut: roots not to be judged.
    """

    scatter: Ints
    gather_start: Ints
    gather_edge: Ints
    cut: Ints


class Rule(NamedTuple):
    """Roots [begin, stop) and what they must have."""

    begin: int
    stop: int
    window_us: int
    least: int
    flow_bp: int


@kernel
def pair_between(edges: Edges, source: int, target: int) -> int:
    """The pair (source, target), -1 if there is none: pairs of a source are sorted by target."""
    low, high = edges.pairs_from[source], edges.pairs_from[source + 1]
    while low < high:
        middle = (low + high) >> 1
        if edges.target[edges.pair_head[middle]] < target:
            low = middle + 1
        else:
            high = middle
    found = low < edges.pairs_from[source + 1] and edges.target[edges.pair_head[low]] == target
    return low if found else -1


@kernel
def _passed_on(
    edges: Edges, reach: Reach, ins: int, ins_end: int, outs: int, outs_end: int, sums: Ints,
    took: Ints,
) -> None:  # fmt: skip
    """What the outs take of the ins (places in `pair_edge`), oldest first.

    sums: of what was taken and of the ins, each as two numbers. took: by out, whether it took
    anything; not used where it is empty.
    """
    for i in range(4):
        sums[i] = 0
    for i in range(ins, ins_end):
        amount = edges.amount[edges.pair_edge[i]]
        sums[2] += amount >> LOW_BITS
        sums[3] += amount & LOW
    left = edges.amount[edges.pair_edge[ins]] if ins < ins_end else 0
    for i in range(outs, outs_end):
        out = edges.pair_edge[i]
        wanted = edges.amount[out]
        while wanted and ins < ins_end and reach.after[edges.pair_edge[ins]] <= out:
            amount = min(wanted, left)
            sums[0] += amount >> LOW_BITS
            sums[1] += amount & LOW
            wanted -= amount
            left -= amount
            if amount and len(took):
                took[i - outs] = True
            if left == 0:
                ins += 1
                left = edges.amount[edges.pair_edge[ins]] if ins < ins_end else 0


@kernel
def _add(total: Ints, state: Ints, x: int, sign: int) -> None:
    """Put the sums of a relay into a total, or take them out."""
    for column in range(4):
        total[column] += sign * state[x, column]


@kernel
def _grown(table: Ints, used: int, room: int) -> Ints:
    """A table with at least as many rows, the first of them copied."""
    more = np.empty((max(room, 2 * len(table)), table.shape[1]), table.dtype)
    for row in range(used):
        for column in range(table.shape[1]):
            more[row, column] = table[row, column]
    return more


@kernel
def _judge(
    edges: Edges, reach: Reach, hubs: Hubs, cut: Ints, rule: Rule, u: int, w: int, to: Ints,
    on: Ints, state: Ints, events: Ints, rows: Ints, used: int, unfollowed: Ints, lost: Ints,
) -> int:  # fmt: skip
    """Append the roots of (u, w) that qualify to `rows`; returns how many rows there are then.

    to, on: pairs u > j and j > w by relay. state: a row a relay, see below. events: room for all
    edges of these pairs. A relay's queue runs anew only when one of its edges came or went.
    """
    # Columns: 0-3 sums; 4, 5 ends of the ins; 6, 7 ends of the outs; 8 in `dirty`; 9 may be a hub.
    size = len(to)
    low_edge, high_edge = reach.before[rule.begin], reach.until[rule.stop - 1]
    count = alive = positive = dirties = hubbish = 0
    dirty = np.empty(size, np.int64)
    total = np.zeros(4, np.int64)
    here = np.zeros(4, np.int64)
    nothing = np.zeros(0, np.bool_)
    for x in range(size):
        j = edges.target[edges.pair_head[to[x]]]
        for column in range(10):
            state[x, column] = 0
        state[x, 9] = hubs.start[j] < hubs.start[j + 1]
        hubbish += state[x, 9]
        for side in range(2):
            p = on[x] if side else to[x]
            i = lower_bound(edges.pair_edge, edges.pair_start[p], edges.pair_start[p + 1], low_edge)
            state[x, 4 + 2 * side] = i
            state[x, 5 + 2 * side] = i
            while i < edges.pair_start[p + 1] and edges.pair_edge[i] < high_edge:
                events[count] = np.int64(edges.pair_edge[i]) << 32 | x << 1 | side
                count += 1
                i += 1
    events[:count].sort()
    head = tail = 0
    i = 0
    while i < count:
        root = events[i] >> 32
        if events[i] & 1 or root < rule.begin or cut[root]:
            i += 1
            continue
        if root >= rule.stop:
            break
        while head < count and events[head] >> 32 < reach.until[root]:
            x = (events[head] & 0xFFFFFFFF) >> 1
            was = state[x, 5] > state[x, 4] and state[x, 7] > state[x, 6]
            state[x, 5 + 2 * (events[head] & 1)] += 1
            alive += (state[x, 5] > state[x, 4] and state[x, 7] > state[x, 6]) - was
            if not state[x, 8]:
                state[x, 8] = 1
                dirty[dirties] = x
                dirties += 1
            head += 1
        while events[tail] >> 32 < reach.before[root]:
            x = (events[tail] & 0xFFFFFFFF) >> 1
            was = state[x, 5] > state[x, 4] and state[x, 7] > state[x, 6]
            state[x, 4 + 2 * (events[tail] & 1)] += 1
            alive += (state[x, 5] > state[x, 4] and state[x, 7] > state[x, 6]) - was
            if not state[x, 8]:
                state[x, 8] = 1
                dirty[dirties] = x
                dirties += 1
            tail += 1
        if alive >= rule.least:
            for d in range(dirties):
                x = dirty[d]
                if state[x, 0] or state[x, 1]:
                    _add(total, state, x, -1)
                    positive -= 1
                _passed_on(
                    edges, reach, state[x, 4], state[x, 5], state[x, 6], state[x, 7], state[x],
                    nothing,
                )  # fmt: skip
                if state[x, 0] or state[x, 1]:
                    _add(total, state, x, 1)
                    positive += 1
                state[x, 8] = 0
            dirties = 0
        good = alive >= rule.least and positive >= rule.least
        at = edges.at_us[root]
        whole = True
        if good and is_hub(hubs, w, at):
            unfollowed[w] = True
            lost[root] = True
            good = False
        if good:
            for column in range(4):
                here[column] = total[column]
            followed = positive
            if hubbish:
                for x in range(size):
                    j = edges.target[edges.pair_head[to[x]]]
                    if state[x, 9] and (state[x, 0] or state[x, 1]) and is_hub(hubs, j, at):
                        _add(here, state, x, -1)
                        followed -= 1
                        whole = False
            good = followed >= rule.least
            good = good and enough(here[0], here[1], here[2], here[3], rule.flow_bp)
        first = reach.before[root]
        while i < count and reach.before[events[i] >> 32] == first:
            x = (events[i] & 0xFFFFFFFF) >> 1
            if good and not events[i] & 1 and (state[x, 0] or state[x, 1]):
                j = edges.target[edges.pair_head[to[x]]]
                root = events[i] >> 32
                mine = rule.begin <= root < rule.stop
                if mine and not (state[x, 9] and is_hub(hubs, j, at)):
                    rows[used, 0] = u
                    rows[used, 1] = w
                    rows[used, 2] = root
                    rows[used, 3] = here[0]
                    rows[used, 4] = here[1]
                    rows[used, 5] = here[2]
                    rows[used, 6] = here[3]
                    rows[used, 7] = whole
                    used += 1
            i += 1
    return used


SMALL = 32
"""Edges of one window of u that are compared with each other; above, only the largest relays of
all are left aside."""


@kernel
def _needed(
    edges: Edges, reach: Reach, hubs: Hubs, cut: Ints, rule: Rule, scatter: Ints, relay: Ints,
    cost: Ints,
) -> Ints:  # fmt: skip
    """Relays whose edges have to be gone through, so that no pair of accounts is missed.

    Of the relays of a window all but the `least` - 1 dearest: who is reached through `least` of
    them is reached through one of the others. scatter: edges of u in order, relay: of each its
    relay (0, 1, ..), cost: of each relay. A hub is no relay.
    """
    size = len(scatter)
    needed = np.zeros(len(cost), np.bool_)
    high = widest = low = 0
    for i in range(size):
        while high < size and scatter[high] < reach.until[scatter[i]]:
            high += 1
        while scatter[low] < reach.before[scatter[i]]:
            low += 1
        widest = max(widest, high - low)
    if widest > SMALL:
        open_before = np.zeros(size + 1, np.int64)
        for i in range(size):
            root = scatter[i]
            usable = rule.begin <= root < rule.stop and not cut[root]
            open_before[i + 1] = open_before[i] + usable
        low = high = 0
        for i in range(size):
            at = edges.at_us[scatter[i]]
            while reach.until[scatter[low]] <= scatter[i]:
                low += 1
            while high < size and edges.at_us[scatter[high]] <= at:
                high += 1
            j = edges.target[scatter[i]]
            usable = open_before[high] > open_before[low]
            if usable and hubs.start[j] < hubs.start[j + 1]:
                usable = False
                for r in range(low, high):
                    if not is_hub(hubs, j, edges.at_us[scatter[r]]):
                        usable = True
                        break
            needed[relay[i]] = needed[relay[i]] or usable
        for _ in range(min(rule.least - 1, 8)):
            dearest = -1
            for x in range(len(cost)):
                if needed[x] and (dearest < 0 or cost[x] > cost[dearest]):
                    dearest = x
            if dearest >= 0:
                needed[dearest] = False
        return needed
    inside = np.empty(SMALL, np.int64)
    low = high = 0
    for i in range(size):
        root = scatter[i]
        while high < size and scatter[high] < reach.until[root]:
            high += 1
        while scatter[low] < reach.before[root]:
            low += 1
        if root < rule.begin or root >= rule.stop or cut[root]:
            continue
        different = 0
        for k in range(low, high):
            new = not is_hub(hubs, edges.target[scatter[k]], edges.at_us[root])
            for d in range(different):
                new = new and inside[d] != relay[k]
            if new:
                inside[different] = relay[k]
                different += 1
        if different < rule.least:
            continue
        for a in range(different):
            x = inside[a]
            dearer = 0
            for b in range(different):
                y = inside[b]
                dearer += cost[y] > cost[x] or (cost[y] == cost[x] and y < x)
            if dearer >= rule.least - 1:
                needed[x] = True
    return needed


@kernel
def scatters(
    edges: Edges, reach: Reach, hubs: Hubs, wedges: Wedges, rule: Rule
) -> tuple[Ints, Ints, Ints]:
    """Roots of scatter-gather: (rows, hubs that were not followed as sinks, roots that lost one).

    A row: u, w, edge, sum and whole scattered as two numbers each, whether no hub is missing.
    Cost: about the wedges u > j > w through all but the largest j of each window of u.
    """
    accounts = len(edges.out_start) - 1
    rows = np.empty((1024, 8), np.int64)
    used = np.int64(0)
    unfollowed = np.zeros(accounts, np.bool_)
    lost = np.zeros(len(edges.source), np.bool_)
    local = np.full(accounts, -1, np.int32)
    count = np.zeros(accounts, np.int32)
    seen = np.full(accounts, -1, np.int32)
    met = np.empty(accounts, np.int32)
    found = np.empty((1024, 3), np.int32)
    state = np.empty((64, 10), np.int64)
    events = np.empty(1024, np.int64)
    if rule.begin >= rule.stop:
        return rows[:0].copy(), unfollowed, lost
    low_edge, high_edge = reach.before[rule.begin], reach.until[rule.stop - 1]
    for u in range(accounts):
        end = edges.out_start[u + 1]
        first = lower_bound(edges.out_edge, edges.out_start[u], end, low_edge)
        size = relays = 0
        for i in range(first, end):
            if edges.out_edge[i] >= high_edge:
                break
            size += wedges.scatter[edges.out_edge[i]]
        if size < rule.least:
            continue
        scatter = np.empty(size, np.int64)
        relay = np.empty(size, np.int64)
        pairs = np.empty(size, np.int64)
        size = 0
        for i in range(first, end):
            k = edges.out_edge[i]
            if k >= high_edge:
                break
            if wedges.scatter[k]:
                j = edges.target[k]
                if local[j] < 0:
                    local[j] = relays
                    pairs[relays] = edges.pair_of[k]
                    relays += 1
                scatter[size] = k
                relay[size] = local[j]
                size += 1
        for x in range(relays):
            local[edges.target[edges.pair_head[pairs[x]]]] = -1
        if relays < rule.least:
            continue
        cost = np.zeros(relays, np.int64)
        for i in range(size):
            j = edges.target[scatter[i]]
            lo, hi = wedges.gather_start[j], wedges.gather_start[j + 1]
            since = lower_bound(wedges.gather_edge, lo, hi, reach.after[scatter[i]])
            cost[relay[i]] += (
                lower_bound(wedges.gather_edge, since, hi, reach.until[scatter[i]]) - since
            )
        needed = _needed(edges, reach, hubs, wedges.cut, rule, scatter, relay, cost)
        wedge = sinks = 0
        for phase in range(2):
            for x in range(relays):
                if needed[x] == (phase == 1):
                    continue
                pair = pairs[x]
                j = edges.target[edges.pair_head[pair]]
                if phase == 1 and not sinks:
                    break
                room = max(cost[x], sinks if phase else 0)
                if wedge + room > len(found):
                    found = _grown(found, wedge, wedge + room)
                if phase == 1 and cost[x] > 8 * sinks:
                    for m in range(sinks):
                        p = pair_between(edges, j, met[m])
                        if p >= 0:
                            count[met[m]] += 1
                            found[wedge, 0] = met[m]
                            found[wedge, 1] = p
                            found[wedge, 2] = pair
                            wedge += 1
                    continue
                place, stop = wedges.gather_start[j], wedges.gather_start[j + 1]
                for i in range(edges.pair_start[pair], edges.pair_start[pair + 1]):
                    k = edges.pair_edge[i]
                    if k < low_edge or k >= high_edge or not wedges.scatter[k]:
                        continue
                    place = lower_bound(wedges.gather_edge, place, stop, reach.after[k])
                    while place < stop and wedges.gather_edge[place] < reach.until[k]:
                        o = wedges.gather_edge[place]
                        place += 1
                        w = edges.target[o]
                        if w == u or seen[w] == pair or (phase == 1 and not count[w]):
                            continue
                        seen[w] = pair
                        if not count[w]:
                            met[sinks] = w
                            sinks += 1
                        count[w] += 1
                        found[wedge, 0] = w
                        found[wedge, 1] = edges.pair_of[o]
                        found[wedge, 2] = pair
                        wedge += 1
        # By sink: `local` holds where the next wedge of a sink goes.
        chosen = 0
        for m in range(sinks):
            if count[met[m]] >= rule.least:
                local[met[m]] = chosen
                chosen += count[met[m]]
        to = np.empty(chosen, np.int64)
        on = np.empty(chosen, np.int64)
        for v in range(wedge):
            w = found[v, 0]
            if local[w] >= 0:
                on[local[w]] = found[v, 1]
                to[local[w]] = found[v, 2]
                local[w] += 1
        for m in range(sinks):
            w = met[m]
            many = count[w]
            count[w] = 0
            if local[w] < 0:
                continue
            lo, hi = local[w] - many, local[w]
            local[w] = -1
            moves = outs = 0
            for v in range(lo, hi):
                outs += edges.pair_start[to[v] + 1] - edges.pair_start[to[v]]
                moves += edges.pair_start[on[v] + 1] - edges.pair_start[on[v]]
            moves += outs
            if many > len(state):
                state = np.empty((2 * many, 10), np.int64)
            if moves > len(events):
                events = np.empty(2 * moves, np.int64)
            if used + outs > len(rows):
                rows = _grown(rows, used, used + outs)
            used = _judge(
                edges, reach, hubs, wedges.cut, rule, u, w, to[lo:hi], on[lo:hi], state, events,
                rows, used, unfollowed, lost,
            )  # fmt: skip
    return rows[:used].copy(), unfollowed, lost


@kernel
def scattered_records(
    edges: Edges, reach: Reach, hubs: Hubs, roots: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Records and relays of roots that qualify, (u, w, edge) each.

    Returns (start by root, records as (edge, whether it gathers)), (start by root, relays as
    (account, first edge to it)). Cost: the partners of u or of w, whichever has fewer, by root.
    """
    size = len(roots)
    starts = np.zeros((size + 1, 2), np.int64)
    records = np.empty((1024, 2), np.int64)
    relays = np.empty((1024, 2), np.int64)
    sums = np.zeros(4, np.int64)
    for r in range(size):
        u, w, root = roots[r, 0], roots[r, 1], roots[r, 2]
        begin, stop = reach.before[root], reach.until[root]
        record, relay = starts[r, 0], starts[r, 1]
        lo, hi = edges.pairs_from[u], edges.pairs_from[u + 1]
        into = edges.in_pairs_from[w + 1] - edges.in_pairs_from[w] < hi - lo
        if into:
            lo, hi = edges.in_pairs_from[w], edges.in_pairs_from[w + 1]
        for i in range(lo, hi):
            if into:
                on = edges.in_pair[i]
                j = edges.source[edges.pair_head[on]]
                to = pair_between(edges, u, j)
            else:
                to = i
                j = edges.target[edges.pair_head[to]]
                on = pair_between(edges, j, w)
            if to < 0 or on < 0 or is_hub(hubs, j, edges.at_us[root]):
                continue
            span = np.empty(4, np.int64)
            for side in range(2):
                p = on if side else to
                first, last = edges.pair_start[p], edges.pair_start[p + 1]
                span[2 * side] = lower_bound(edges.pair_edge, first, last, begin)
                span[2 * side + 1] = lower_bound(edges.pair_edge, span[2 * side], last, stop)
            took = np.zeros(span[3] - span[2], np.bool_)
            _passed_on(edges, reach, span[0], span[1], span[2], span[3], sums, took)
            if not (sums[0] or sums[1]):
                continue
            if record + span[1] - span[0] + len(took) > len(records):
                records = _grown(records, record, record + span[1] - span[0] + len(took))
            if relay == len(relays):
                relays = _grown(relays, relay, relay + 1)
            relays[relay, 0] = j
            relays[relay, 1] = edges.pair_edge[span[0]]
            relay += 1
            for k in range(span[0], span[1]):
                records[record, 0] = edges.pair_edge[k]
                records[record, 1] = 0
                record += 1
            for k in range(span[2], span[3]):
                if took[k - span[2]]:
                    records[record, 0] = edges.pair_edge[k]
                    records[record, 1] = 1
                    record += 1
        starts[r + 1, 0] = record
        starts[r + 1, 1] = relay
    return (
        starts[:, 0].copy(), records[: starts[size, 0]].copy(),
        starts[:, 1].copy(), relays[: starts[size, 1]].copy(),
    )  # fmt: skip

"""Roots of scatter-gather (D-8): who is reached through enough relays, and which roots qualify.

u > j1 > w      a wedge is u > j, later j > w, both in the window of a root of u
u > j2 > w      two accounts u and w with wedges through `least` different j are judged:
u > j3 > w      root by root along time, each j's queue anew only where its records change
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs, is_hub
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.scatter_judge import Rule, judge
from regift.graph.scatter_kernels import grown, pair_between
from regift.graph.temporal import Edges
from regift.graph.wedge_kernels import Reach

Ints = NDArray[Any]


class Wedges(NamedTuple):
    """What roots are searched in: edges that can be part of a pattern, by account and in order.

    scatter: mask; scatter_start (n + 1), scatter_edge: the same by source; gather_start (n + 1),
    gather_edge: edges by source; cut: mask of roots that are not to be judged.
    """

    scatter: Ints
    scatter_start: Ints
    scatter_edge: Ints
    gather_start: Ints
    gather_edge: Ints
    cut: Ints


class Scratch(NamedTuple):
    """By account; what one account u leaves behind is cleared before the next.

    local: a number, else -1; ways: relays by which a sink was reached; seen: the pair u > j that
    counted it last; met: sinks in the order in which they were reached.
    """

    local: Ints
    ways: Ints
    seen: Ints
    met: Ints


@kernel
def _own(
    edges: Edges, reach: Reach, wedges: Wedges, first: int, stop: int, local: Ints
) -> tuple[Ints, Ints, Ints]:
    """Relays of the edges at [first, stop) of `scatter_edge`: (relay of each, pairs, costs).

    Relays are numbered 0, 1, ..; pairs: u > j by relay; costs: how many edges that gather follow
    its edges, at least what it takes to go through them.
    """
    relay = np.empty(stop - first, np.int64)
    pairs = np.empty(stop - first, np.int64)
    cost = np.zeros(stop - first, np.int64)
    relays = 0
    for i in range(first, stop):
        k = wedges.scatter_edge[i]
        j = edges.target[k]
        if local[j] < 0:
            local[j] = relays
            pairs[relays] = edges.pair_of[k]
            relays += 1
        x = local[j]
        relay[i - first] = x
        end = wedges.gather_start[j + 1]
        since = lower_bound(wedges.gather_edge, wedges.gather_start[j], end, reach.after[k])
        cost[x] += lower_bound(wedges.gather_edge, since, end, reach.until[k]) - since
    for x in range(relays):
        local[edges.target[edges.pair_head[pairs[x]]]] = -1
    return relay, pairs[:relays], cost[:relays]


@kernel
def _needed(
    edges: Edges, reach: Reach, hubs: Hubs, wedges: Wedges, rule: Rule, first: int, stop: int,
    relay: Ints, cost: Ints,
) -> Ints:  # fmt: skip
    """Relays whose edges have to be gone through, so that no pair of accounts is missed.

    All relays of a root that is judged and for which they are no hubs, but for the `least` - 1
    dearest: who is reached through `least` of them is reached through one of the others.
    """
    needed = np.zeros(len(cost), np.bool_)
    low = high = first
    judged = 0
    for i in range(first, stop):
        k = wedges.scatter_edge[i]
        while high < stop and edges.at_us[wedges.scatter_edge[high]] <= edges.at_us[k]:
            root = wedges.scatter_edge[high]
            judged += rule.begin <= root < rule.stop and not wedges.cut[root]
            high += 1
        while reach.until[wedges.scatter_edge[low]] <= k:
            root = wedges.scatter_edge[low]
            judged -= rule.begin <= root < rule.stop and not wedges.cut[root]
            low += 1
        j = edges.target[k]
        usable = judged > 0
        if usable and hubs.start[j] < hubs.start[j + 1]:
            usable = False
            for r in range(low, high):
                if not is_hub(hubs, j, edges.at_us[wedges.scatter_edge[r]]):
                    usable = True
                    break
        x = relay[i - first]
        needed[x] = needed[x] or usable
    for _ in range(min(rule.least - 1, 8)):
        dearest = -1
        for x in range(len(cost)):
            if needed[x] and (dearest < 0 or cost[x] > cost[dearest]):
                dearest = x
        if dearest >= 0:
            needed[dearest] = False
    return needed


@kernel
def _through(
    edges: Edges, reach: Reach, wedges: Wedges, u: int, pair: int, span: Ints, known: bool,
    scratch: Scratch, found: Ints, wedge: int, sinks: int,
) -> tuple[int, int]:  # fmt: skip
    """Append the wedges through one relay to `found`, as (w, pair j > w, pair u > j).

    known: only to sinks that were reached already. Returns how many wedges and sinks there are.
    """
    j = edges.target[edges.pair_head[pair]]
    place, stop = wedges.gather_start[j], wedges.gather_start[j + 1]
    for i in range(edges.pair_start[pair], edges.pair_start[pair + 1]):
        k = edges.pair_edge[i]
        if k < span[0] or k >= span[1] or not wedges.scatter[k]:
            continue
        place = lower_bound(wedges.gather_edge, place, stop, reach.after[k])
        while place < stop and wedges.gather_edge[place] < reach.until[k]:
            o = wedges.gather_edge[place]
            place += 1
            w = edges.target[o]
            if w == u or scratch.seen[w] == pair or (known and not scratch.ways[w]):
                continue
            scratch.seen[w] = pair
            if not scratch.ways[w]:
                scratch.met[sinks] = w
                sinks += 1
            scratch.ways[w] += 1
            found[wedge, 0] = w
            found[wedge, 1] = edges.pair_of[o]
            found[wedge, 2] = pair
            wedge += 1
    return wedge, sinks


LOOK_UP = 8
"""Edges that are gone through in the time of one look-up of a pair."""


@kernel
def _wedges_of(
    edges: Edges, reach: Reach, wedges: Wedges, u: int, pairs: Ints, cost: Ints, needed: Ints,
    span: Ints, scratch: Scratch, found: Ints,
) -> tuple[Ints, int, int]:  # fmt: skip
    """All wedges of u to sinks that are reached through a needed relay: (found, wedges, sinks)."""
    wedge = sinks = 0
    for x in range(len(pairs)):
        if needed[x]:
            if wedge + cost[x] > len(found):
                found = grown(found, wedge, wedge + cost[x])
            wedge, sinks = _through(
                edges, reach, wedges, u, pairs[x], span, False, scratch, found, wedge, sinks
            )
    for x in range(len(pairs)):
        if needed[x] or not sinks:
            continue
        room = wedge + max(cost[x], sinks)
        if room > len(found):
            found = grown(found, wedge, room)
        if cost[x] <= LOOK_UP * sinks:
            wedge, sinks = _through(
                edges, reach, wedges, u, pairs[x], span, True, scratch, found, wedge, sinks
            )
            continue
        j = edges.target[edges.pair_head[pairs[x]]]
        for m in range(sinks):
            p = pair_between(edges, j, scratch.met[m])
            if p >= 0:
                scratch.ways[scratch.met[m]] += 1
                found[wedge, 0] = scratch.met[m]
                found[wedge, 1] = p
                found[wedge, 2] = pairs[x]
                wedge += 1
    return found, wedge, sinks


@kernel
def _by_sink(
    found: Ints, wedge: int, sinks: int, least: int, scratch: Scratch
) -> tuple[Ints, Ints]:
    """Pairs u > j and j > w of the sinks with enough relays, sink by sink.

    `scratch.local` of such a sink is the end of its own afterwards, of others -1.
    """
    chosen = 0
    for m in range(sinks):
        w = scratch.met[m]
        if scratch.ways[w] >= least:
            scratch.local[w] = chosen
            chosen += scratch.ways[w]
    to = np.empty(chosen, np.int64)
    on = np.empty(chosen, np.int64)
    for v in range(wedge):
        w = found[v, 0]
        if scratch.local[w] >= 0:
            on[scratch.local[w]] = found[v, 1]
            to[scratch.local[w]] = found[v, 2]
            scratch.local[w] += 1
    return to, on


@kernel
def scatters(
    edges: Edges, reach: Reach, hubs: Hubs, wedges: Wedges, rule: Rule, lost: Ints,
    unfollowed: Ints,
) -> Ints:  # fmt: skip
    """Roots of scatter-gather as rows: u, w, edge, sum and whole scattered as two numbers each,
    whether no hub is missing.

    Marks in `unfollowed` hubs that are no sinks for that, in `lost` the roots that lost them.
    Cost: about the wedges u > j > w through all but the dearest j of each u that has roots here.
    """
    accounts = len(edges.out_start) - 1
    rows = np.empty((1024, 8), np.int64)
    if rule.begin >= rule.stop:
        return rows[:0].copy()
    scratch = Scratch(
        np.full(accounts, -1, np.int32), np.zeros(accounts, np.int32),
        np.full(accounts, -1, np.int32), np.empty(accounts, np.int32),
    )  # fmt: skip
    found = np.empty((1024, 3), np.int32)
    state = np.empty((64, 10), np.int64)
    events = np.empty((2, 1024), np.int64)
    span = np.array([reach.before[rule.begin], reach.until[rule.stop - 1]], np.int64)
    used = 0
    for u in range(accounts):
        end = wedges.scatter_start[u + 1]
        if end - wedges.scatter_start[u] < rule.least:
            continue
        first = lower_bound(wedges.scatter_edge, wedges.scatter_start[u], end, span[0])
        stop = lower_bound(wedges.scatter_edge, first, end, span[1])
        if stop - first < rule.least or wedges.scatter_edge[first] >= rule.stop:
            continue
        relay, pairs, cost = _own(edges, reach, wedges, first, stop, scratch.local)
        if len(pairs) < rule.least:
            continue
        needed = _needed(edges, reach, hubs, wedges, rule, first, stop, relay, cost)
        found, wedge, sinks = _wedges_of(
            edges, reach, wedges, u, pairs, cost, needed, span, scratch, found
        )
        to, on = _by_sink(found, wedge, sinks, rule.least, scratch)
        for m in range(sinks):
            w = scratch.met[m]
            high = scratch.local[w]
            low = high - scratch.ways[w]
            scratch.ways[w] = 0
            scratch.local[w] = -1
            if high < 0:
                continue
            moves = outs = 0
            for v in range(low, high):
                outs += edges.pair_start[to[v] + 1] - edges.pair_start[to[v]]
                moves += edges.pair_start[on[v] + 1] - edges.pair_start[on[v]]
            if high - low > len(state):
                state = np.empty((2 * (high - low), 10), np.int64)
            if moves + outs > events.shape[1]:
                events = np.empty((2, 2 * (moves + outs)), np.int64)
            if used + outs > len(rows):
                rows = grown(rows, used, used + outs)
            used = judge(
                edges, reach, hubs, wedges.cut, rule, u, w, to[low:high], on[low:high], state,
                events, rows, used, unfollowed, lost,
            )  # fmt: skip
    return rows[:used].copy()

"""Which edges can begin a cycle, and which of them alike: what is settled before any search.

See `cycle_kernels` for what a root and a group of roots are. All of it is linear in the edges.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs, is_hub
from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]

PROBED = 24
"""Edges that `probe` looks at before it gives up."""


@kernel
def behind(source: Ints, target: Ints, before: Ints, in_start: Ints, out_edge: Ints) -> Any:
    """Per edge: (its place by source, place of the last edge into its source that it follows)."""
    m = len(source)
    out_place = np.empty(m, np.int32)
    prior_in = np.empty(m, np.int32)
    last = np.empty(len(in_start) - 1, np.int32)
    for v in range(len(last)):
        last[v] = in_start[v] - 1
    seen = 0
    for e in range(m):
        out_place[out_edge[e]] = e
        while seen < before[e]:
            last[target[seen]] += 1
            seen += 1
        prior_in[e] = last[source[e]]
    return out_place, prior_in


@kernel
def group_roots(
    edges: Edges, next_out: Ints, last_in: Ints, hubs: Hubs, phase: Ints, told: Ints, begin: int,
    stop: int, keep_bp: int,
) -> Ints:  # fmt: skip
    """Per edge in [begin, stop): 0 if it begins no group, else the place after the group's last.

    A root that nothing can complete belongs to none, nor does one with a hub at an end: told of
    hubs counts the roots (last) and marks the hubs. phase: per edge, changes whenever some account
    begins or ends to be a hub (empty: there is none). One pass over the pairs' lists.
    """
    target, amount, pair_of = edges.target, edges.amount, edges.pair_of
    source, at_us = edges.source, edges.at_us
    out_edge, out_start, pair_place = edges.out_edge, edges.out_start, edges.pair_place
    group_end = np.zeros(max(stop - begin, 0), np.int32)
    head = np.full(len(edges.pair_head), -1, np.int32)
    for e in range(begin, stop):
        place, last = next_out[e], last_in[e]
        if place == out_start[target[e] + 1] or out_edge[place] > last:
            continue
        if len(phase):
            u_is, v_is = is_hub(hubs, source[e], at_us[e]), is_hub(hubs, target[e], at_us[e])
            if u_is or v_is:
                told[source[e]] |= u_is
                told[target[e]] |= v_is
                told[-1] += 1
                continue
        p = pair_of[e]
        h = head[p]
        joins = h >= 0 and group_end[h - begin] == pair_place[e]
        joins = joins and next_out[h] == place and last_in[h] == last
        joins = joins and (len(phase) == 0 or phase[h] == phase[e])
        if not joins or (keep_bp and amount[h] != amount[e]):
            head[p] = e
        group_end[head[p] - begin] = pair_place[e] + 1
    return group_end


@kernel
def probe(
    edges: Edges, next_out: Ints, last_in: Ints, begin: int, stop: int, group_end: Ints
) -> Ints:
    """A short look forward from each group; takes out those from which no edge leads back.

    Returns per edge in [begin, stop) 1 + the first edge straight back from v to u, if the look
    shows that this is the only way back: then there is nothing to search. Else 0. Earliest arrivals
    from v are followed until u is met otherwise, nothing is left, or PROBED edges were looked at:
    where cycles are rare or short this is most of the work of the search.
    """
    source, target, out_edge, out_start = (
        edges.source, edges.target, edges.out_edge, edges.out_start
    )  # fmt: skip
    straight = np.zeros(max(stop - begin, 0), np.int32)
    arrived = np.zeros(len(out_start) - 1, np.int64)
    queue = np.empty(PROBED + 1, np.int32)
    for e in range(begin, stop):
        if group_end[e - begin] == 0:
            continue
        u, v, last = source[e], target[e], last_in[e]
        queue[0] = e
        waiting, looks, i, back = 1, 0, 0, 0
        while i < waiting and looks < PROBED:
            place = next_out[queue[i]]
            end = out_start[target[queue[i]] + 1]
            while place < end and looks < PROBED:
                f = out_edge[place]
                if f > last:
                    break
                y = target[f]
                looks += 1
                place += 1
                if y == u:
                    if i:
                        looks = PROBED
                    elif back == 0:
                        back = f + 1
                    continue
                # The higher half says in which probe y was entered, the lower by which edge.
                known = arrived[y] - ((e + 1) << 32)
                if y != v and (known < 0 or f < known):
                    arrived[y] = ((e + 1) << 32) + f
                    queue[waiting] = f
                    waiting += 1
            i += 1
        if looks < PROBED:
            straight[e - begin] = back
            if back == 0:
                group_end[e - begin] = 0
    return straight

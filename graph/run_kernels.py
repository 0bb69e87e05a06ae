"""Runs of a ring: cycles of the same accounts, each after the one before is over.

    ring a > b > c > a     |--run 1--|      |---run 2---|   |-run 3-|

A run is the instance (D-5) that is over first among those that begin after the run before; so many
instances of a ring that share no time there are, and no more.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.cycle_kernels import Ahead
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.label_kernels import grown
from regift.graph.temporal import Edges
from regift.graph.witness_kernels import witness

Ints = NDArray[Any]


@kernel
def _sorted_edges(edges: Edges, pairs: Ints, edge: Ints, place: Ints) -> tuple[Ints, Ints, int]:
    """Edges of the pairs of a ring in total order, and the place of their pair on it."""
    used = 0
    for j in range(len(pairs)):
        for i in range(edges.pair_start[pairs[j]], edges.pair_start[pairs[j] + 1]):
            e = edges.pair_edge[i]
            if used == len(edge):
                edge, place = grown(edge, used, 2 * used), grown(place, used, 2 * used)
            at = used
            while at and edge[at - 1] > e:
                edge[at], place[at] = edge[at - 1], place[at - 1]
                at -= 1
            edge[at], place[at] = e, j
            used += 1
    return edge, place, used


@kernel
def count_runs(edges: Edges, ahead: Ahead, start: Ints, pairs: Ints) -> Ints:
    """How many runs each ring has: one pass over its edges, for rings whose pairs have few.

    latest[t, j]: for instances that begin at place t of the ring, the last root from which j more
    places are reached. What happens at one time is looked at before any of it counts.
    """
    runs = np.zeros(len(start) - 1, np.int32)
    edge, place = np.empty(64, np.int32), np.empty(64, np.int32)
    latest = np.empty((0, 0), np.int32)
    reached = latest
    for r in range(len(start) - 1):
        k = start[r + 1] - start[r]
        edge, place, used = _sorted_edges(edges, pairs[start[r] : start[r + 1]], edge, place)
        if len(latest) < k:
            latest, reached = np.empty((k, k), np.int32), np.empty((k, k), np.int32)
        latest[:k, :k] = -1
        reached[:k, :k] = -1
        i = 0
        while i < used:
            end = i
            over = False
            while end < used and edge[end] < ahead.after[edge[i]]:
                e = edge[end]
                for t in range(k):
                    j = (place[end] - t) % k
                    root = latest[t, j - 1] if j else e
                    if root >= 0 and e < ahead.until[root]:
                        reached[t, j] = root
                        over |= j == k - 1
                end += 1
            for n in range(i, end):
                for t in range(k):
                    j = (place[n] - t) % k
                    latest[t, j] = max(latest[t, j], reached[t, j])
                    reached[t, j] = -1
            if over:
                runs[r] += 1
                latest[:k, :k] = -1
            i = end
    return runs


@kernel
def runs_of(
    edges: Edges, ahead: Ahead, name_rank: Ints, start: Ints, pairs: Ints
) -> tuple[Ints, Ints]:
    """Runs of each ring: (ring of each run, edges of the runs one after the other).

    start (rings + 1), pairs: the rings, as in `Rings`. name_rank: order of the record ids.
    Cost: by ring and run, the ring's edges times its length.
    """
    ring = np.empty(16, np.int32)
    found = np.empty(64, np.int32)
    used = runs = 0
    m = len(edges.source)
    span = np.array([0, m - 1], np.int32)
    for r in range(len(start) - 1):
        of_ring = pairs[start[r] : start[r + 1]]
        k = len(of_ring)
        turn = np.arange(k).astype(np.int32)
        turns = np.ones(k, np.bool_)
        lo, hi = np.empty(k, np.int32), np.empty(k, np.int32)
        span[0] = 0
        while span[0] < m:
            for j in range(k):
                hi[j] = edges.pair_start[of_ring[j] + 1]
                lo[j] = lower_bound(edges.pair_edge, edges.pair_start[of_ring[j]], hi[j], span[0])
            best = witness(
                edges, ahead, name_rank, of_ring, turns, span[0], span[1], 0, turn, lo, hi
            )  # fmt: skip
            if best[0] < 0:
                break
            if used + k > len(found):
                found = grown(found, used, 2 * (used + k))
            if runs == len(ring):
                ring = grown(ring, runs, 2 * runs)
            for j in range(k):
                found[used + j] = best[j]
            used += k
            ring[runs] = r
            runs += 1
            span[0] = ahead.after[best[k - 1]]
    return ring[:runs].copy(), found[:used].copy()

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

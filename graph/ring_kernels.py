"""Rings told apart, and how many cycles each has: exact integers, never a list of cycles.

A ring's pairs p0..pk-1 lie in canonical rotation; a hit (see `cycle_kernels`) says that the roots
`pair_edge[lo:hi]` of pair p[turn] have a cycle. Its instances are the ways to choose one edge of
each further pair, each later than the one before, inside the window of the root.

Two ways to count, equal in what they give:
    by hit    running sums along the pairs: cost = edges of the ring inside the root's window
    by ring   a window slides over all roots of the ring at one turn: cost = edges * k^2 altogether
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.cycle_kernels import HEAD
from regift.graph.jit import kernel

Ints = NDArray[Any]


class Rings(NamedTuple):
    """Distinct rings and their hits, hits ordered by (ring, first root).

    start (rings + 1), pairs: a ring's pairs are pairs[start[r]:start[r + 1]]. first (rings + 1):
    a ring's hits are first[r]:first[r + 1]. turn, lo, hi: per hit (see the head of this file).
    """

    start: Ints
    pairs: Ints
    first: Ints
    turn: Ints
    lo: Ints
    hi: Ints


@kernel
def tell_apart(words: Ints) -> Rings:
    """Rings of the hits that `search_cycles` wrote: a hash table that compares the sequences.

    Rings whose pairs all have one edge are in no table: each has one hit.
    """
    hits = 0
    at = 0
    shared = 0
    while at < len(words):
        hits += 1
        shared += words[at + 1] >= 0
        at += HEAD + words[at]
    size = 16
    while size < 2 * shared:
        size *= 2
    table = np.full(size, -1, np.int32)
    start = np.zeros(hits + 1, np.int32)
    pairs = np.empty(len(words) - HEAD * hits, np.int32)
    ring_of = np.empty(hits, np.int32)
    where = np.empty(hits, np.int64)
    rings = 0
    at = 0
    for hit in range(hits):
        k = words[at]
        where[hit] = at
        slot = np.int64(-1)
        found = -1
        if words[at + 1] >= 0:
            mixed = np.uint64(k)
            for i in range(k):
                mixed = (mixed ^ np.uint64(words[at + HEAD + i])) * np.uint64(0x9E3779B97F4A7C15)
                mixed ^= mixed >> np.uint64(29)
            slot = np.int64(mixed & np.uint64(size - 1))
            while table[slot] >= 0:
                r = table[slot]
                same = start[r + 1] - start[r] == k
                i = 0
                while same and i < k:
                    same = pairs[start[r] + i] == words[at + HEAD + i]
                    i += 1
                if same:
                    found = r
                    break
                slot = (slot + 1) & (size - 1)
        if found < 0:
            found = rings
            if slot >= 0:
                table[slot] = rings
            for i in range(k):
                pairs[start[rings] + i] = words[at + HEAD + i]
            start[rings + 1] = start[rings] + k
            rings += 1
        ring_of[hit] = found
        at += HEAD + k
    first = np.zeros(rings + 1, np.int32)
    for hit in range(hits):
        first[ring_of[hit] + 1] += 1
    for r in range(rings):
        first[r + 1] += first[r]
    fill = first[:-1].copy()
    turn = np.empty(hits, np.int32)
    lo = np.empty(hits, np.int32)
    hi = np.empty(hits, np.int32)
    for hit in range(hits):
        i = fill[ring_of[hit]]
        fill[ring_of[hit]] += 1
        turn[i] = words[where[hit] + 1]
        turn[i] = turn[i] if turn[i] >= 0 else ~turn[i]
        lo[i] = words[where[hit] + 2]
        hi[i] = words[where[hit] + 3]
    return Rings(start[: rings + 1].copy(), pairs[: start[rings]].copy(), first, turn, lo, hi)

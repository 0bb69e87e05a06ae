"""Cycles of nearly all rings counted in one pass: by root, in 62 bits, where `keep` takes all.

What does not fit is left to `count_kernels`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.cycle_kernels import Ahead
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.ring_kernels import Rings
from regift.graph.temporal import Edges

Ints = NDArray[Any]

MANY = 32
"""Roots from which on the sliding window is considered."""


@kernel
def bit_length(number: int) -> int:
    """Bits of a number of zero or more: number < 2 ** bits."""
    bits = 0
    while number:
        number >>= 1
        bits += 1
    return bits


@kernel
def count_plain(
    edges: Edges, ahead: Ahead, rings: Rings, keep_bp: int, counts: Ints, bits: Ints, pending: Ints
) -> None:
    """Count by root what fits 62 bits and one interval of `keep`; the rest stays in `pending`.

    That is nearly every hit. A ring stays whole if its roots see its edges so often that a sliding
    window costs less. All in one loop: a call for each hit costs more than the counting.
    """
    amount, pair_edge, pair_start = edges.amount, edges.pair_edge, edges.pair_start
    after, last_in = ahead.after, ahead.last_in
    start, ring_pairs, first_hit = rings.start, rings.pairs, rings.first
    turn, hi = rings.turn, rings.hi
    here, there = np.empty(64, np.int64), np.empty(64, np.int64)
    for r in range(len(start) - 1):
        k = start[r + 1] - start[r]
        worth = longest = 0
        for i in range(start[r], start[r + 1]):
            size = pair_start[ring_pairs[i] + 1] - pair_start[ring_pairs[i]]
            worth += 4 * k * k * size
            longest = max(longest, size)
        if longest > len(here):
            here, there = np.empty(2 * longest, np.int64), np.empty(2 * longest, np.int64)
        few = first_hit[r + 1] - first_hit[r] <= MANY
        for h in range(first_hit[r], first_hit[r + 1]):
            root = pair_edge[hi[h] - 1]
            last = last_in[root]
            least = greatest = amount[root]
            if longest == 1:
                # The hit itself is the only cycle there can be.
                for i in range(start[r], start[r + 1] if keep_bp else 0):
                    least = min(least, amount[pair_edge[pair_start[ring_pairs[i]]]])
                    greatest = max(greatest, amount[pair_edge[pair_start[ring_pairs[i]]]])
                counts[h] = keep_bp == 0 or 10_000 * least >= keep_bp * greatest
                pending[h] = False
                continue
            # Ways to reach each edge of the pair before; the root is the first of them.
            from_place, reached, wide = hi[h] - 1, 1, 0
            there[0] = total = 1
            i = start[r] + turn[h]
            for _ in range(1, k):
                i += 1
                if i == start[r + 1]:
                    i = start[r]
                p = ring_pairs[i]
                begin, end = after[pair_edge[from_place]], pair_start[p + 1]
                place = pair_start[p]
                if end - place > 4:
                    place = lower_bound(pair_edge, place, end, begin)
                while place < end and pair_edge[place] < begin:
                    place += 1
                total = ways = taken = size = 0
                while place + size < end and pair_edge[place + size] <= last:
                    e = pair_edge[place + size]
                    while taken < reached and after[pair_edge[from_place + taken]] <= e:
                        ways = there[taken]
                        taken += 1
                    total += ways
                    here[size] = total
                    least, greatest = min(least, amount[e]), max(greatest, amount[e])
                    size += 1
                if size == 0:
                    break
                worth -= size
                wide += bit_length(size) if size > 1 else 0
                from_place, reached = place, size
                here, there = there, here
                if wide > 62:
                    break
            near = keep_bp == 0 or 10_000 * least >= keep_bp * greatest
            if wide <= 62 and (near or total == 0):
                counts[h], bits[h], pending[h] = total, wide, False
            if worth < 0 and not few:
                break
        if worth < 0 and not few:
            for h in range(first_hit[r], first_hit[r + 1]):
                counts[h], pending[h] = 0, True

"""How many cycles a ring has, root by root: exact integers, never a list of cycles.

The instances of a hit (ring, turn, root) are the ways to choose one edge of each further pair, each
later than the one before, inside the root's window (definition D-5). Two ways to count them, which
give the same:

    by root   running sums along the pairs         cost: the ring's edges inside the root's window
    sliding   products of unitriangular matrices   cost: the ring's edges * k^2, all roots together
              over a window that slides (two stacks)

`keep` (D-6) holds for an instance when all its amounts lie in one interval [a, b] with b <= a/keep.
Over the *maximal* such intervals I1, I2, ... of the amounts at hand, N(I) instances inside I,

    instances = sum N(Ij) - sum N(Ij and Ij+1)

for the intervals that hold an instance are consecutive. It is the sum of D-6 without its terms that
cancel; where all amounts are near each other there is one interval.

Counts are kept modulo a prime where they could pass 62 bits (`bits` says so before), and the whole
numbers are put together from several primes in `cycles.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.cycle_kernels import Ahead, amounts_near
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.label_kernels import MOST
from regift.graph.plain_count_kernels import MANY, bit_length, count_plain
from regift.graph.ring_kernels import Rings
from regift.graph.temporal import Edges

Ints = NDArray[Any]


@kernel
def maximal_intervals(amounts: Ints, keep_bp: int) -> tuple[Ints, Ints]:
    """Least and greatest amounts of the maximal intervals that `keep` allows; sorts `amounts`.

    >>> import numpy as np
    >>> maximal_intervals(np.array([100, 10, 60, 200]), 5000)
    (array([ 10,  60, 100]), array([ 10, 100, 200]))
    """
    if keep_bp == 0 or len(amounts) == 0:
        return np.array([0]), np.array([MOST])
    amounts.sort()
    n = len(amounts)
    lows = np.empty(n, np.int64)
    highs = np.empty(n, np.int64)
    found = 0
    j = 0
    for i in range(n):
        if i and amounts[i] == amounts[i - 1]:
            continue
        reached = j
        while j < n and 10_000 * amounts[i] >= keep_bp * amounts[j]:
            j += 1
        if j > reached:
            lows[found] = amounts[i]
            highs[found] = amounts[j - 1]
            found += 1
    return lows[:found].copy(), highs[:found].copy()


@kernel
def chains(
    edges: Edges, after: Ints, pairs: Ints, turn: int, spans: Ints, low: int, high: int,
    modulus: int, sums: Ints,
) -> int:  # fmt: skip
    """Ways to choose later and later edges of the pairs after the one at `turn`.

    spans[j]: first place and end in `pair_edge` of the edges of the j-th pair after it. sums:
    work space, 2 rows as long as the longest span. modulus 0: no modulus.
    """
    pair_edge, amount = edges.pair_edge, edges.amount
    k = len(pairs)
    total = 0
    for j in range(1, k):
        here, there = sums[j & 1], sums[1 - (j & 1)]
        total = 0
        earlier = 0
        taken = spans[j - 1, 0]
        for i in range(spans[j, 0], spans[j, 1]):
            e = pair_edge[i]
            ways = 0
            if low <= amount[e] <= high:
                ways = 1
                if j > 1:
                    while taken < spans[j - 1, 1] and after[pair_edge[taken]] <= e:
                        earlier = there[taken - spans[j - 1, 0]]
                        taken += 1
                    ways = earlier
            total += ways
            if modulus:
                total %= modulus
            here[i - spans[j, 0]] = total
    return total


@kernel
def spans_of(
    edges: Edges, pairs: Ints, turn: int, begin: int, stop: int, spans: Ints
) -> tuple[int, int, int]:
    """Places of the ring's edges in [begin, stop) for each pair after the root's.

    Returns (how many, the longest span, bits of the product of the spans' lengths).
    """
    k = len(pairs)
    total = longest = bits = 0
    for j in range(1, k):
        p = pairs[(turn + j) % k]
        first, end = edges.pair_start[p], edges.pair_start[p + 1]
        spans[j, 0] = lower_bound(edges.pair_edge, first, end, begin)
        spans[j, 1] = lower_bound(edges.pair_edge, spans[j, 0], end, stop)
        size = spans[j, 1] - spans[j, 0]
        total += size
        longest = max(longest, size)
        bits += bit_length(size)
    return total, longest, bits


@kernel
def count_root(
    edges: Edges, after: Ints, pairs: Ints, turn: int, spans: Ints, size: int, amount: int,
    keep_bp: int, modulus: int, sums: Ints, work: int,
) -> tuple[int, bool]:  # fmt: skip
    """Instances of one root with this amount: (count, exact).

    Where the intervals together would cost more than `work` edges, only intervals that do not
    overlap are counted, from the least: a lower bound, not exact.
    """
    if keep_bp == 0:
        return chains(edges, after, pairs, turn, spans, 0, MOST, modulus, sums), True
    low, high = amounts_near(amount, keep_bp)
    near = np.empty(size + 1, np.int64)
    near[0] = amount
    used = 1
    for j in range(1, len(pairs)):
        for i in range(spans[j, 0], spans[j, 1]):
            other = edges.amount[edges.pair_edge[i]]
            if low <= other <= high:
                near[used] = other
                used += 1
    lows, highs = maximal_intervals(near[:used], keep_bp)
    exact = len(lows) == 1 or 2 * len(lows) * size <= work
    total = 0
    above = 0
    for i in range(len(lows)):
        if not exact and lows[i] <= above:
            continue
        if lows[i] <= amount <= highs[i]:
            total += chains(edges, after, pairs, turn, spans, lows[i], highs[i], modulus, sums)
        above = highs[i]
        if exact and i and lows[i] <= amount <= highs[i - 1]:
            total -= chains(edges, after, pairs, turn, spans, lows[i], highs[i - 1], modulus, sums)
        if modulus:
            total %= modulus
    return total, exact


@kernel
def in_sequence(
    edges: Edges, before: Ints, pairs: Ints, turn: int, spans: Ints, size: int
) -> tuple[Ints, Ints]:
    """Edges of all spans as (edge, place after the root's pair) in the order they can chain in.

    Among edges that cannot follow each other later places come first, so that they never chain.
    spans[0], if not empty, holds roots.
    """
    k = len(pairs)
    key = np.empty(size, np.int64)
    edge = np.empty(size, np.int64)
    used = 0
    for j in range(k):
        for i in range(spans[j, 0], spans[j, 1]):
            edge[used] = edges.pair_edge[i]
            key[used] = np.int64(before[edge[used]]) * k + (k - 1 - j)
            used += 1
    order = np.argsort(key)
    place = np.empty(size, np.int64)
    sorted_edge = np.empty(size, np.int64)
    for i in range(size):
        place[i] = k - 1 - key[order[i]] % k
        sorted_edge[i] = edge[order[i]]
    return sorted_edge, place


@kernel
def reset(matrix: Ints) -> None:
    """Make it the identity."""
    for i in range(len(matrix)):
        for j in range(len(matrix)):
            matrix[i, j] = i == j


@kernel
def slide(
    events: Ints, place: Ints, amount: Ints, k: int, begins: Ints, stops: Ints, own: Ints,
    low_amount: int, high_amount: int, modulus: int, counts: Ints, sign: int,
) -> None:  # fmt: skip
    """Add sign * instances of each root to `counts`, amounts in [low_amount, high_amount] only.

    events: sort keys of edges (`before`), ascending, equal ones by falling place; place: pair of
    each after the root's, from 1. A root (its amount: own) sees events in [begins, stops), both
    ascending over roots. State of the front stack: row 0 of the product of all events from one on;
    of the back: the product of what came since. One event is I + E(place - 1, place).
    """
    n = len(events)
    front = np.zeros((n + 1, k), np.int64)
    back = np.zeros((k, k), np.int64)
    product = np.zeros((k, k), np.int64)
    reset(back)
    low = high = turned = 0
    for r in range(len(begins)):
        while high < n and events[high] < stops[r]:
            j = place[high]
            if low_amount <= amount[high] <= high_amount:
                for i in range(j):
                    back[i, j] += back[i, j - 1]
                    if modulus:
                        back[i, j] %= modulus
            high += 1
        while low < high and events[low] < begins[r]:
            if low >= turned:
                reset(product)
                for c in range(k):
                    front[high, c] = product[0, c]
                for i in range(high - 1, low - 1, -1):
                    j = place[i]
                    if low_amount <= amount[i] <= high_amount:
                        for c in range(j, k):
                            product[j - 1, c] += product[j, c]
                            if modulus:
                                product[j - 1, c] %= modulus
                    for c in range(k):
                        front[i, c] = product[0, c]
                turned = high
                reset(back)
            low += 1
        if not low_amount <= own[r] <= high_amount:
            continue
        total = back[0, k - 1]
        if low < turned:
            total = 0
            for c in range(k):
                total += front[low, c] * back[c, k - 1]
                if modulus:
                    total %= modulus
        counts[r] += sign * total
        if modulus:
            counts[r] %= modulus


@kernel
def count_sliding(
    edges: Edges, ahead: Ahead, pairs: Ints, turn: int, spans: Ints, size: int, roots: Ints,
    first_roots: Ints, keep_bp: int, modulus: int, work: int,
) -> tuple[Ints, bool]:  # fmt: skip
    """Instances of each root (last and first of its group, both ascending): (counts, exact)."""
    k = len(pairs)
    edge, place = in_sequence(edges, ahead.before, pairs, turn, spans, size)
    rooted = len(roots)
    counts = np.zeros(rooted, np.int64)
    begins = np.empty(rooted, np.int64)
    stops = np.empty(rooted, np.int64)
    own = np.empty(rooted, np.int64)
    amount = np.empty(size, np.int64)
    events = np.empty(size, np.int64)
    every = np.empty(rooted + size, np.int64)
    for r in range(rooted):
        begins[r] = ahead.after[roots[r]]
        stops[r] = ahead.until[first_roots[r]]
        own[r] = every[r] = edges.amount[roots[r]]
    for i in range(size):
        events[i] = ahead.before[edge[i]]
        amount[i] = every[rooted + i] = edges.amount[edge[i]]
    lows, highs = maximal_intervals(every, keep_bp)
    exact = len(lows) == 1 or 2 * len(lows) * size * k * k <= work
    above = -1
    for i in range(len(lows)):
        # With all intervals: once inside each, once (less) inside what it shares with the last.
        for overlap in range(2):
            high = highs[i - overlap] if i >= overlap else -1
            if high < lows[i] or (not exact and (overlap or lows[i] <= above)):
                continue
            slide(
                events, place, amount, k, begins, stops, own, lows[i], high, modulus, counts,
                1 - 2 * overlap,
            )  # fmt: skip
            above = highs[i]
    return counts, exact


@kernel
def count_turn(
    edges: Edges, ahead: Ahead, rings: Rings, pairs: Ints, turn: int, hits: Ints, keep_bp: int,
    modulus: int, work: int, counts: Ints, bits: Ints, exact: Ints,
) -> None:  # fmt: skip
    """Fill counts, bits and exact of the hits of one ring at one turn."""
    spans = np.zeros((len(pairs), 2), np.int64)
    sums = np.empty((2, 16), np.int64)
    roots = np.empty(len(hits), np.int64)
    first_roots = np.empty(len(hits), np.int64)
    seen = 0
    for i in range(len(hits)):
        roots[i] = edges.pair_edge[rings.hi[hits[i]] - 1]
        first_roots[i] = edges.pair_edge[rings.lo[hits[i]]]
    if len(hits) > MANY:
        for i in range(len(hits)):
            root = roots[i]
            seen += spans_of(edges, pairs, turn, ahead.after[root], ahead.last_in[root] + 1, spans)[
                0
            ]
        begin, stop = ahead.after[roots[0]], ahead.until[first_roots[len(roots) - 1]]
        size, _, all_bits = spans_of(edges, pairs, turn, begin, stop, spans)
        if seen > 4 * size * len(pairs) ** 2:
            if (all_bits > 62) == (modulus > 0):
                found, sure = count_sliding(
                    edges, ahead, pairs, turn, spans, size, roots, first_roots, keep_bp, modulus,
                    work,
                )  # fmt: skip
            for i in range(len(hits)):
                bits[hits[i]] = all_bits
                if (all_bits > 62) == (modulus > 0):
                    counts[hits[i]] = found[i]
                    exact[hits[i]] = sure
            return
    for i in range(len(hits)):
        root = roots[i]
        size, longest, own_bits = spans_of(
            edges, pairs, turn, ahead.after[root], ahead.last_in[root] + 1, spans
        )
        bits[hits[i]] = own_bits
        if (own_bits > 62) != (modulus > 0):
            continue
        if longest > sums.shape[1]:
            sums = np.empty((2, 2 * longest), np.int64)
        counts[hits[i]], exact[hits[i]] = count_root(
            edges, ahead.after, pairs, turn, spans, size, edges.amount[root], keep_bp, modulus,
            sums, work,
        )  # fmt: skip


@kernel
def count_hits(
    edges: Edges, ahead: Ahead, rings: Rings, keep_bp: int, modulus: int, work: int, bits: Ints
) -> tuple[Ints, Ints]:
    """Instances of each root of each hit: (counts, exact); fills `bits`.

    A count is below 2 ** bits. With modulus 0 only hits of at most 62 bits are counted, with a
    prime below 2 ** 31 only the others, modulo that prime; the rest stay 0.
    """
    hits = len(rings.turn)
    counts = np.zeros(hits, np.int64)
    exact = np.ones(hits, np.bool_)
    chosen = np.empty(hits, np.int64)
    pending = np.ones(hits, np.bool_)
    if modulus == 0:
        count_plain(edges, ahead, rings, keep_bp, counts, bits, pending)
    for r in range(len(rings.start) - 1):
        left = False
        for h in range(rings.first[r], rings.first[r + 1]):
            left |= pending[h]
        if not left:
            continue
        pairs = rings.pairs[rings.start[r] : rings.start[r + 1]]
        for turn in range(len(pairs)):
            used = 0
            for h in range(rings.first[r], rings.first[r + 1]):
                if pending[h] and rings.turn[h] == turn:
                    chosen[used] = h
                    used += 1
            if used:
                count_turn(
                    edges, ahead, rings, pairs, turn, chosen[:used], keep_bp, modulus, work,
                    counts, bits, exact,
                )  # fmt: skip
    return counts, exact

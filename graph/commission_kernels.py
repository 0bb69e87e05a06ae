"""What accounts pass on of what came in: ratios of small sets of their payments (definition D-18).

    in 100  in 50  out 90  in 7  out 45  ...     payments of one account in total order
    [---------- 8 neighbours ----------]         sets that begin with the first of them: at most
                                                 four ins, then at most four outs

Of eight neighbours at most 128 sets begin with the first one, and most of these are no sets of ins
before outs, so the cost is linear in the payments.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.index_kernels import group_by
from regift.graph.jit import kernel
from regift.graph.label_kernels import grown
from regift.graph.temporal import Edges

Ints = NDArray[Any]

NEIGHBOURS = 8
MOST = 4
"""Ins of a set, and outs of it."""

SETS = 2 ** (NEIGHBOURS - 1)

PER_WHOLE = 2000
"""Bins of a whole: five basis points each."""

LEAST, BINS = 1000, 1010
"""The first bin, of one half, and how many there are: up to 1.005."""


class Ledger(NamedTuple):
    """Payments by account, in and out together: each stands at both of its ends.

    start (accounts + 1); edge: in total order; came: whether it came in; at_us, amount: of each.
    """

    start: Ints
    edge: Ints
    came: Ints
    at_us: Ints
    amount: Ints


def ledger_of(edges: Edges) -> Ledger:
    """The ledger of some edges."""
    ends = np.stack((edges.source, edges.target), axis=1).ravel()
    start, order = group_by(ends, len(edges.out_start) - 1)
    edge = (order >> 1).astype(np.int32)
    came = (order & 1).astype(np.bool_)
    return Ledger(start, edge, came, edges.at_us[edge], edges.amount[edge])


@kernel
def _sets(ledger: Ledger, first: int, stop: int, window_us: int, state: Ints) -> int:
    """Sets that begin with an in: rows (places as bits, ins, outs, sum in, sum out) of `state`.

    Those without an out among them: they are what others grow from. By places from the last to the
    first, as their numbers are. Returns how many.
    """
    state[0, 0] = 1
    state[0, 1] = 1
    state[0, 2] = 0
    state[0, 3] = ledger.amount[first]
    state[0, 4] = 0
    used = 1
    latest = ledger.at_us[first]
    for j in range(first + 1, min(stop, first + NEIGHBOURS)):
        at = ledger.at_us[j]
        if at - ledger.at_us[first] > window_us:
            break
        for s in range(used):
            if ledger.came[j]:
                if state[s, 2] or state[s, 1] == MOST:
                    continue
            elif state[s, 2] == MOST:
                continue
            elif state[s, 2] == 0:
                # Its last in is its highest bit.
                latest = first
                bits = state[s, 0] >> 1
                while bits:
                    latest += 1
                    bits >>= 1
                if ledger.at_us[latest] == at:
                    continue
            for column in range(5):
                state[used, column] = state[s, column]
            state[used, 0] |= 1 << (j - first)
            state[used, 1 if ledger.came[j] else 2] += 1
            state[used, 3 if ledger.came[j] else 4] += ledger.amount[j]
            used += 1
    return used


@kernel
def _bin(came: int, went: int) -> int:
    """Bin of a ratio from 0, or -1 if it has none."""
    if came == 0 or 2 * went < came or went > came + came // 100:
        return -1
    place = PER_WHOLE * went // came - LEAST
    return place if place < BINS else -1


@kernel
def count_ratios(ledger: Ledger, window_us: int) -> Ints:
    """By bin, how many accounts have a set whose outs stand in that ratio to its ins."""
    counts = np.zeros(BINS, np.int64)
    last = np.full(BINS, -1, np.int64)
    state = np.empty((SETS, 5), np.int64)
    for x in range(len(ledger.start) - 1):
        stop = ledger.start[x + 1]
        for first in range(ledger.start[x], stop):
            if not ledger.came[first]:
                continue
            for s in range(_sets(ledger, first, stop, window_us, state)):
                place = _bin(state[s, 3], state[s, 4])
                if place >= 0 and last[place] != x:
                    last[place] = x
                    counts[place] += 1
    return counts


@kernel
def take_sets(ledger: Ledger, window_us: int, wanted: Ints) -> tuple[Ints, Ints, Ints]:
    """Sets at wanted bins: (place of the first payment, places from there as bits, bin).

    Of each account and bin in order of size, first payment, then places from the last to the first;
    a set that shares a payment with one that was taken before for its bin is left out. wanted: by
    bin, a number from 0, or -1.
    """
    found = np.empty(16, np.int64)
    bits = np.empty(16, np.int64)
    bins = np.empty(16, np.int64)
    used = 0
    state = np.empty((SETS, 5), np.int64)
    words = wanted.max() // 63 + 1
    longest = 0
    for x in range(len(ledger.start) - 1):
        longest = max(longest, ledger.start[x + 1] - ledger.start[x])
    taken = np.zeros((longest, words), np.int64)
    for x in range(len(ledger.start) - 1 if words else 0):
        begin, stop = ledger.start[x], ledger.start[x + 1]
        sizes = 0
        for size in range(1, NEIGHBOURS + 1):
            # The first turn looks which sizes there are.
            if size > 1 and not sizes >> size & 1:
                continue
            for first in range(begin, stop):
                if not ledger.came[first]:
                    continue
                for s in range(_sets(ledger, first, stop, window_us, state)):
                    place = _bin(state[s, 3], state[s, 4])
                    if place < 0 or wanted[place] < 0:
                        continue
                    if size == 1:
                        sizes |= 1 << (state[s, 1] + state[s, 2])
                        continue
                    if state[s, 1] + state[s, 2] != size:
                        continue
                    word, bit = wanted[place] // 63, 1 << (wanted[place] % 63)
                    free = True
                    for j in range(NEIGHBOURS):
                        if state[s, 0] >> j & 1 and taken[first - begin + j, word] & bit:
                            free = False
                    if not free:
                        continue
                    for j in range(NEIGHBOURS):
                        if state[s, 0] >> j & 1:
                            taken[first - begin + j, word] |= bit
                    if used == len(found):
                        found = grown(found, used, 2 * used)
                        bits = grown(bits, used, 2 * used)
                        bins = grown(bins, used, 2 * used)
                    found[used] = first
                    bits[used] = state[s, 0]
                    bins[used] = place
                    used += 1
        if sizes:
            taken[: stop - begin] = 0
    return found[:used].copy(), bits[:used].copy(), bins[:used].copy()

"""Greedy matching of gifts with payments: each is used once, the best candidates first.

The caller sorts the candidates; a kernel walks them once. State that all passes share, changed in
place: `tier` (one a gift, 0 = left) and `owner` (one a payment, the gift that took it, -1 = free).
"""

import numpy as np
import numpy.typing as npt

from regift.graph.jit import kernel

Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]


@kernel
def match_singles(gift: Longs, payment: Longs, number: int, tier: Bytes, owner: Longs) -> None:
    """Match candidates gift[i] - payment[i] in order; matched gifts get `number` as their tier.

    Cost: linear.

    >>> tier, owner = np.zeros(2, np.int8), np.full(2, -1)
    >>> match_singles(np.array([1, 0, 0]), np.array([0, 0, 1]), 7, tier, owner)
    >>> tier, owner
    (array([7, 7], dtype=int8), array([1, 0]))
    """
    for i in range(len(gift)):
        if tier[gift[i]] == 0 and owner[payment[i]] < 0:
            tier[gift[i]] = number
            owner[payment[i]] = gift[i]


@kernel
def match_chains(
    gift: Longs, first: Longs, second: Longs, number: int, tier: Bytes, owner: Longs
) -> None:
    """Match candidates of one gift and two payments, in order. Cost: linear."""
    for i in range(len(gift)):
        if tier[gift[i]] == 0 and owner[first[i]] < 0 and owner[second[i]] < 0:
            tier[gift[i]] = number
            owner[first[i]] = gift[i]
            owner[second[i]] = gift[i]


@kernel
def _fill(
    start: int, end: int, payment: Longs, amount: Longs, stop: int, enough: int, most: int,
    owner: Longs,
) -> int:  # fmt: skip
    """Row of the last free payment that a sum of rows [start, end) needs, or -1."""
    total, count, row = 0, 0, start
    while row < end:
        if owner[payment[row]] < 0:
            total += amount[row]
            count += 1
            if total >= stop or count == most:
                break
        row += 1
    return min(row, end - 1) if total >= enough else -1


@kernel
def match_sums(
    gift: Longs, group: Longs, payment: Longs, amount: Longs, stop: Longs, enough: Longs,
    most: int, number: int, tier: Bytes, owner: Longs,
) -> None:  # fmt: skip
    """Match each gift with the sum of several payments of one group (a currency).

    Rows are sorted by gift, group and the order in which payments are taken. Of a group, free
    payments are taken until they make `stop`, or `most` are taken; they fit if they make `enough`
    (`stop` and `enough` are given on each row). Of several groups that fit, the one whose last
    payment has the smallest number wins. Cost: linear.

    >>> tier, owner = np.zeros(1, np.int8), np.full(3, -1)
    >>> zeros, five = np.zeros(3, np.int64), np.full(3, 5)
    >>> match_sums(zeros, zeros, np.arange(3), np.array([2, 3, 4]), five, five, 10, 2, tier, owner)
    >>> tier, owner
    (array([2], dtype=int8), array([ 0,  0, -1]))
    """
    n = len(gift)
    start = 0
    while start < n:
        this, best_start, best_last, row = gift[start], -1, -1, start
        while row < n and gift[row] == this:
            end = row
            while end < n and gift[end] == this and group[end] == group[row]:
                end += 1
            last = _fill(row, end, payment, amount, stop[row], enough[row], most, owner)
            if last >= 0 and (best_last < 0 or payment[last] < payment[best_last]):
                best_start, best_last = row, last
            row = end
        start = row
        if tier[this] == 0 and best_last >= 0:
            tier[this] = number
            for taken in range(best_start, best_last + 1):
                if owner[payment[taken]] < 0:
                    owner[payment[taken]] = this

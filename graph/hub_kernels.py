"""When an account is a hub: windows in which it deals with more others than a bound (D-13).

    x pays or is paid by more than `hub_degree` others in [t, t + window]      x is a hub at t

Counted are different counterparties, in and out apart, not moves: a thousand payments between two
accounts cost a search no more than one.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]


class Hubs(NamedTuple):
    """Spans of time [low, high] by account, in order: a window that begins there is over the bound.

    start (n + 1): where each account's begin.
    """

    start: Ints
    low: Ints
    high: Ints


@kernel
def is_hub(hubs: Hubs, account: int, at_us: int) -> bool:
    """Whether an account has too many counterparties in the window that begins at a time."""
    first, stop = hubs.start[account], hubs.start[account + 1]
    while first < stop:
        middle = (first + stop) >> 1
        if hubs.high[middle] < at_us:
            first = middle + 1
        else:
            stop = middle
    return bool(first < hubs.start[account + 1] and hubs.low[first] <= at_us)


@kernel
def _moves_of(edges: Edges, account: int) -> Ints:
    """The account's edges, in and out, in total order."""
    i, i_stop = edges.out_start[account], edges.out_start[account + 1]
    k, k_stop = edges.in_start[account], edges.in_start[account + 1]
    moves = np.empty(i_stop - i + k_stop - k, np.int32)
    for t in range(len(moves)):
        if k == k_stop or (i < i_stop and edges.out_edge[i] < edges.in_edge[k]):
            moves[t] = edges.out_edge[i]
            i += 1
        else:
            moves[t] = edges.in_edge[k]
            k += 1
    return moves


@kernel
def hub_spans(edges: Edges, window_us: int, hub_degree: int) -> tuple[Ints, Ints, Ints]:
    """The columns of `Hubs`. Linear: only accounts with so many counterparties are looked at.

    From each move of such an account on, the window is followed to the move that brings one
    counterparty too many; both ends only go on.
    """
    accounts = len(edges.out_start) - 1
    start = np.zeros(accounts + 1, np.int64)
    low = np.empty(16, np.int64)
    high = np.empty(16, np.int64)
    seen = np.zeros(len(edges.pair_head), np.int32)
    used = 0
    for a in range(accounts):
        others = edges.pairs_from[a + 1] - edges.pairs_from[a]
        others += edges.in_pairs_from[a + 1] - edges.in_pairs_from[a]
        start[a + 1] = used
        if others <= hub_degree:
            continue
        moves = _moves_of(edges, a)
        end = 0
        different = 0
        for t in range(len(moves)):
            while end < len(moves) and different <= hub_degree:
                pair = edges.pair_of[moves[end]]
                different += seen[pair] == 0
                seen[pair] += 1
                end += 1
            at = edges.at_us[moves[t]]
            since = edges.at_us[moves[end - 1]] - window_us
            if t:
                since = max(since, edges.at_us[moves[t - 1]] + 1)
            if different > hub_degree and since <= at:
                if used > start[a] and since <= high[used - 1] + 1:
                    high[used - 1] = at
                else:
                    if used == len(low):
                        low = np.concatenate((low, np.empty(used, np.int64)))
                        high = np.concatenate((high, np.empty(used, np.int64)))
                    low[used] = since
                    high[used] = at
                    used += 1
            pair = edges.pair_of[moves[t]]
            seen[pair] -= 1
            different -= seen[pair] == 0
        start[a + 1] = used
    return start, low[:used].copy(), high[:used].copy()

"""Who passed on what: first in, first out, along the records of each account (definition D-7).

    in  r1 100 @0h   [r1 100]
    in  r2  50 @1h   [r1 100][r2 50]
    out    120 @2h   takes r1 100 and r2 20; [r2 30] is left

Each record comes in at one account only, so what was taken from it is one number a record.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]


@kernel
def first_in_first_out(
    edges: Edges,
    comes_in: Ints,
    goes_out: Ints,
    dwell_us: int,
    in_order: bool,
    returns: bool,
) -> tuple[Ints, Ints, Ints, Ints]:
    """What others took of each edge, and each taking as (in, out, amount), in order per account.

    comes_in, goes_out: by edge, whether it counts as money in at its target, out at its source.
    An out first forgets what is older than `dwell_us`, does not see what has its own time unless
    `in_order`, and takes from the oldest. What goes back to where it came from is used up; it
    counts only with `returns`. Edges are of one currency. Cost: linear; at most one taking per edge
    and side.
    """
    m = len(edges.source)
    left = edges.amount.copy()
    taken = np.zeros(m, np.int64)
    took_in = np.empty(2 * m, np.int32)
    took_out = np.empty(2 * m, np.int32)
    took = np.empty(2 * m, np.int64)
    used = 0
    for x in range(len(edges.out_start) - 1):
        front = edges.in_start[x]
        for i in range(edges.out_start[x], edges.out_start[x + 1]):
            out = edges.out_edge[i]
            if not goes_out[out]:
                continue
            at = edges.at_us[out]
            wanted = edges.amount[out]
            while wanted and front < edges.in_start[x + 1]:
                e = edges.in_edge[front]
                if e > out or (not in_order and edges.at_us[e] == at):
                    break
                if not comes_in[e] or left[e] == 0 or at - edges.at_us[e] > dwell_us:
                    front += 1
                    continue
                amount = min(wanted, left[e])
                left[e] -= amount
                wanted -= amount
                if returns or edges.source[e] != edges.target[out]:
                    taken[e] += amount
                    took_in[used] = e
                    took_out[used] = out
                    took[used] = amount
                    used += 1
    return taken, took_in[:used].copy(), took_out[:used].copy(), took[:used].copy()


@kernel
def follow(
    own: Ints, amount: Ints, start: Ints, order: Ints, other: Ints, took: Ints, backward: bool
) -> Ints:
    """How much of each edge is traced money: forward from, or backward to, the edges `own`.

    An edge of `own` is traced whole. start, order: takings by their incoming edge (backward: by
    their outgoing edge), `other`: the edge at their other end. Of one record the traced part is
    taken first. Exact integers; linear.
    """
    m = len(amount)
    traced = np.zeros(m, np.int64)
    for step in range(m):
        e = m - 1 - step if backward else step
        if own[e]:
            traced[e] = amount[e]
        left = traced[e]
        for i in range(start[e], start[e + 1]):
            part = min(left, took[order[i]])
            traced[other[order[i]]] += part
            left -= part
    return traced

"""Peel chains: money moves on nearly whole, again and again, and small parts peel off (D-8).

    e comes in to x, alone for the gap; x's outs after it are few and no more than e:
    the largest is the remainder of e, the others are its peels

An in that is the only one of its gap never shares an out with another such in, so every record is
the remainder of at most one and a peel of at most one: what follows is lists, never a tree.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]


@kernel
def remainders(
    edges: Edges, after: Ints, until: Ints, max_peels: int, peel_bp: int
) -> tuple[Ints, Ints, Ints]:
    """Per edge its remainder (-1: none), and where its outs begin and end in `edges.out_edge`.

    after, until: `index_kernels.horizons` of the gap. A remainder is at least 1 - peel_bp / 10000
    of its edge. Cost: per edge a binary search and at most max_peels + 2 looks.
    """
    m = len(edges.source)
    remainder = np.empty(m, np.int32)
    for e in range(m):
        remainder[e] = -1
    begin = np.zeros(m, np.int32)
    end = np.zeros(m, np.int32)
    for x in range(len(edges.in_start) - 1):
        for i in range(edges.in_start[x], edges.in_start[x + 1]):
            e = edges.in_edge[i]
            if i > edges.in_start[x] and edges.at_us[edges.in_edge[i - 1]] == edges.at_us[e]:
                continue
            if i + 1 < edges.in_start[x + 1] and edges.in_edge[i + 1] < until[e]:
                continue
            last = edges.out_start[x + 1]
            first = lower_bound(edges.out_edge, edges.out_start[x], last, after[e])
            most = -1
            left = edges.amount[e]
            place = first
            while place < last and edges.out_edge[place] < until[e]:
                f = edges.out_edge[place]
                left -= edges.amount[f]
                place += 1
                if left < 0 or place - first > max_peels + 1:
                    most = -1
                    break
                if most < 0 or edges.amount[f] > edges.amount[most]:
                    most = f
            if place - first < 2 or most < 0 or edges.target[most] == edges.source[e]:
                continue
            enough = (10_000 - peel_bp) * edges.amount[e]
            if edges.amount[most] == edges.amount[e] or 10_000 * edges.amount[most] < enough:
                continue
            aside = True
            for j in range(first, place):
                f = edges.out_edge[j]
                aside = aside and (f == most or edges.target[f] != edges.target[most])
            if aside:
                remainder[e] = most
                begin[e] = first
                end[e] = place
    return remainder, begin, end


@kernel
def chains(
    edges: Edges, remainder: Ints, begin: Ints, end: Ints, min_hops: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Chains of at least `min_hops`, by the first record of the run that they are part of.

    Returns per chain (one more): where its hops begin; hops; per chain (one more): where its peels
    begin; peels. A chain ends before a record that goes to an account on it, and the next begins
    with that record. Peels are those of steps between two hops of the chain. Linear.
    """
    m = len(edges.source)
    follows = np.zeros(m, np.bool_)
    for e in range(m):
        if remainder[e] >= 0:
            follows[remainder[e]] = True
    on_chain = np.zeros(len(edges.in_start) - 1, np.int32)
    hops, peels = np.empty(m, np.int32), np.empty(m, np.int32)
    hop_start, peel_start = np.zeros(m + 1, np.int32), np.zeros(m + 1, np.int32)
    found = 0
    run = 1
    for head in range(m):
        e = -1 if follows[head] else head
        fresh = True
        hop, peel = hop_start[found], peel_start[found]
        while e >= 0:
            if fresh:
                hop, peel = hop_start[found], peel_start[found]
                on_chain[edges.source[e]] = run
            on_chain[edges.target[e]] = run
            hops[hop] = e
            hop += 1
            f = remainder[e]
            fresh = f < 0 or on_chain[edges.target[f]] == run
            if fresh:
                run += 1
                if hop - hop_start[found] >= min_hops:
                    found += 1
                    hop_start[found] = hop
                    peel_start[found] = peel
            else:
                for i in range(begin[e], end[e]):
                    if edges.out_edge[i] != f:
                        peels[peel] = edges.out_edge[i]
                        peel += 1
            e = f
    hops, peels = hops[: hop_start[found]], peels[: peel_start[found]]
    return hop_start[: found + 1], hops, peel_start[: found + 1], peels

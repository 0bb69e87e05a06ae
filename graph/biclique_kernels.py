"""Squares (two payers, the same two payees) and the groups that squares with a common side make.

    u1 --e1--> y1 <--f1-- u2        a square is four payments inside one window; its four sides are
    u1 --e2--> y2 <--f2-- u2        the pairs of payments that share an account in one role

Each square is met once, at the busiest of its four ends: only ends that are less busy are followed
from there, so an end with many payments costs no more than the ends that it shares them with
(Chiba and Nishizeki 1985; Wang et al. 2019). Sides are nodes of a union-find, found by a hash table
that compares them, so memory grows with sides, not with squares: ten payers and ten payees have
900 sides, 2,025 squares.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel
from regift.graph.label_kernels import grown
from regift.graph.temporal import Edges

Ints = NDArray[Any]


@kernel
def _slot(table: Ints, sides: Ints, side: int) -> int:
    """Where a side stands in the table, or would."""
    slot = (side * 0x2545F4914F6CDD1D >> 17) & (len(table) - 1)
    while table[slot] >= 0 and sides[table[slot]] != side:
        slot = (slot + 1) & (len(table) - 1)
    return int(slot)


@kernel
def _root(parent: Ints, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _larger(table: Ints, sides: Ints, used: int) -> Ints:
    """The table of the same sides with twice the room."""
    wider = np.full(2 * len(table), -1, np.int32)
    for node in range(used):
        wider[_slot(wider, sides, sides[node])] = node
    return wider


class Ends(NamedTuple):
    """Accounts as payers and, after these, as payees, each with its payments in total order.

    start, member: payments by end; place: of a payment in `member`, as its payer's, and, after all
    payments, as its payee's; rank: of an end, the quietest first; by_rank: the other way.
    """

    start: Ints
    member: Ints
    place: Ints
    rank: Ints
    by_rank: Ints


def ends_of(edges: Edges) -> Ends:
    """The ends of payments; the busier of two has more, or the larger number."""
    m = np.int32(len(edges.source))
    start = np.concatenate((edges.out_start, m + edges.in_start[1:])).astype(np.int32)
    member = np.concatenate((edges.out_edge, edges.in_edge))
    place, by_rank = np.empty_like(member), np.argsort(np.diff(start), kind="stable")
    place[member + np.repeat([0, m], m)] = np.arange(len(member))
    rank = np.empty(len(by_rank), np.int32)
    rank[by_rank] = np.arange(len(rank))
    return Ends(start, member, place, rank, by_rank.astype(np.int32))


@kernel
def squares(
    edges: Edges, ends: Ends, window_us: int, bound: int, most: int
) -> tuple[Ints, Ints, Ints, Ints, int]:
    """Sides of all squares: (sides, group, squares, cut, reached).

    edges: at most one of each pair of accounts. side: first * edges + second edge; group: the
    smallest place of a side of the same group; squares: how many were counted at this side; cut:
    ends whose search would take more than `bound` steps (an edge looked at, two paths compared):
    numbers of accounts, as payees after all accounts. Ends from `reached` on were not searched,
    the quietest first, because there were `most` sides.
    """
    n, m = len(edges.out_start) - 1, len(edges.source)
    at, source, target = edges.at_us, edges.source, edges.target
    start, member, place, rank = ends.start, ends.member, ends.place, ends.rank
    head = np.full(2 * n, -1, np.int32)
    count = np.zeros(2 * n, np.int32)
    one, other = np.empty(64, np.int32), np.empty(64, np.int32)
    before = np.empty(64, np.int32)
    sides, parent = np.empty(64, np.int64), np.empty(64, np.int32)
    found = np.zeros(64, np.int64)
    table = np.full(256, -1, np.int32)
    cut = np.empty(16, np.int32)
    four = np.empty(4, np.int64)
    used = cuts = 0
    for turn in range(2 * n):
        x = ends.by_rank[turn]
        if used >= most:
            return sides[:used].copy(), parent[:used].copy(), found[:used].copy(), cut[:cuts], turn
        paths = steps = 0
        pays = x < n
        for i in range(start[x], start[x + 1]):
            e = member[i]
            y = target[e] + n if pays else source[e]
            if rank[y] > turn:
                continue
            own = place[e + m] if pays else place[e]
            for way in (-1, 1):
                j = own + way
                while start[y] <= j < start[y + 1] and steps <= bound:
                    f = member[j]
                    if abs(at[f] - at[e]) > window_us:
                        break
                    j += way
                    steps += 1
                    z = source[f] if pays else target[f] + n
                    if rank[z] > turn:
                        continue
                    if paths == len(one):
                        one, other = grown(one, paths, 2 * paths), grown(other, paths, 2 * paths)
                        before = grown(before, paths, 2 * paths)
                    one[paths], other[paths], before[paths] = e, f, head[z]
                    head[z] = paths
                    steps += count[z]
                    count[z] += 1
                    paths += 1
        if steps > bound:
            if cuts == len(cut):
                cut = grown(cut, cuts, 2 * cuts)
            cut[cuts] = x
            cuts += 1
        for last in range(paths - 1, -1, -1):
            f = other[last]
            z = source[f] if pays else target[f] + n
            head[z] = -1
            count[z] = 0
            k = before[last] if steps <= bound else -1
            while k >= 0:
                e1, f1, e2, f2 = one[last], f, one[k], other[k]
                k = before[k]
                if max(at[e1], at[f1], at[e2], at[f2]) - min(at[e1], at[f1], at[e2], at[f2]) > (
                    window_us
                ):
                    continue
                four[0] = min(e1, f1) * np.int64(m) + max(e1, f1)
                four[1] = min(e2, f2) * np.int64(m) + max(e2, f2)
                four[2] = min(e1, e2) * np.int64(m) + max(e1, e2)
                four[3] = min(f1, f2) * np.int64(m) + max(f1, f2)
                if used + 4 > len(sides):
                    sides, parent = grown(sides, used, 2 * used), grown(parent, used, 2 * used)
                    found = grown(found, used, 2 * used)
                if 2 * (used + 4) > len(table):
                    table = _larger(table, sides, used)
                group = -1
                for s in range(4):
                    slot = _slot(table, sides, four[s])
                    node = table[slot]
                    if node < 0:
                        node = table[slot] = parent[used] = used
                        sides[used] = four[s]
                        found[used] = 0
                        used += 1
                    node = _root(parent, node)
                    if group < 0:
                        group = node
                        found[node] += 1
                    parent[max(node, group)] = min(node, group)
                    group = min(node, group)
    for node in range(used):
        parent[node] = _root(parent, node)
    return sides[:used].copy(), parent[:used].copy(), found[:used].copy(), cut[:cuts], 2 * n

"""Union-find with a guard: joins are tried in order, and one that breaks a rule is refused.

Two rules: a component may not hold more than `limit` distinct members, and no two nodes that are
`apart` may come together. A refused join is said, not forgotten. Used for entities (a node is an
account and its own one member) and for cases (a node is a finding, its members are accounts).
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]

JOINED, TOGETHER, APART, TOO_LARGE = 0, 1, 2, 3
"""What became of a join: made; ends were one already; refused by a pair apart; by the limit."""


@njit(nogil=True, cache=True)
def _root(parent: Longs, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(nogil=True, cache=True)
def _lists(nodes: int, node_of: Longs) -> tuple[Longs, Longs, Longs, Longs]:
    """A linked list of cells for each node; cell i belongs to node_of[i].

    First and last cell and number of cells of each node; the cell that follows each cell.
    """
    head, tail = np.full(nodes, -1, np.int64), np.full(nodes, -1, np.int64)
    count, following = np.zeros(nodes, np.int64), np.full(len(node_of), -1, np.int64)
    for cell in range(len(node_of)):
        node = node_of[cell]
        if tail[node] < 0:
            head[node] = cell
        else:
            following[tail[node]] = cell
        tail[node] = cell
        count[node] += 1
    return head, tail, count, following


@njit(nogil=True, cache=True)
def _append(a: int, b: int, head: Longs, tail: Longs, count: Longs, following: Longs) -> None:
    """Put the whole list of b behind that of a."""
    if head[b] < 0:
        return
    if head[a] < 0:
        head[a] = head[b]
    else:
        following[tail[a]] = head[b]
    tail[a] = tail[b]
    count[a] += count[b]


@njit(nogil=True, cache=True)
def _new_members(
    a: int, b: int, head: Longs, following: Longs, member: Longs, stamp: Longs, mark: int
) -> int:
    """How many members of b are not members of a; those of a carry `mark` afterwards."""
    cell = head[a]
    while cell >= 0:
        stamp[member[cell]] = mark
        cell = following[cell]
    new = 0
    cell = head[b]
    while cell >= 0:
        if stamp[member[cell]] != mark:
            new += 1
        cell = following[cell]
    return new


@njit(nogil=True, cache=True)
def _take_members(
    a: int, b: int, head: Longs, tail: Longs, following: Longs, member: Longs, stamp: Longs,
    mark: int,
) -> None:  # fmt: skip
    """Append to a's list the members of b that do not carry `mark`."""
    cell = head[b]
    while cell >= 0:
        after = following[cell]
        if stamp[member[cell]] != mark:
            following[cell] = -1
            if tail[a] < 0:
                head[a] = cell
            else:
                following[tail[a]] = cell
            tail[a] = cell
        cell = after


@njit(nogil=True, cache=True)
def _meets(
    a: int, b: int, parent: Longs, head: Longs, count: Longs, following: Longs, other: Longs
) -> bool:
    """Whether a pair apart has one end in a and the other in b; walks the shorter list."""
    if count[b] < count[a]:
        a, b = b, a
    cell = head[a]
    while cell >= 0:
        if _root(parent, other[cell]) == b:
            return True
        cell = following[cell]
    return False


@njit(nogil=True, cache=True)
def join_guarded(
    nodes: int, left: Longs, right: Longs, limit: int,
    member_node: Longs, member: Longs, members: int, apart_left: Longs, apart_right: Longs,
) -> tuple[Longs, Bytes]:  # fmt: skip
    """Try the joins left[i] - right[i] in order: the smallest node of each node's component, and
    what became of each join.

    member_node, member: node -> member pairs, distinct; members are numbers below `members`.
    apart_left, apart_right: pairs of nodes that must stay apart.
    A node that alone has more than `limit` members joins nothing.
    Cost: a join walks at most 2 * limit members and the pairs apart of the end that has fewer.

    >>> import numpy as np
    >>> all, none = np.arange(4), np.zeros(0, np.int64)
    >>> join_guarded(4, np.array([0, 1, 2]), np.array([1, 2, 3]), 2, all, all, 4, none, none)
    (array([0, 0, 2, 2]), array([0, 3, 0], dtype=int8))
    """
    parent, least = np.arange(nodes), np.arange(nodes)
    head, tail, size, following = _lists(nodes, member_node)
    others = np.concatenate((apart_right, apart_left))
    far = _lists(nodes, np.concatenate((apart_left, apart_right)))
    stamp = np.full(members, -1, np.int64)
    became = np.zeros(len(left), np.int8)
    for i in range(len(left)):
        a, b = _root(parent, left[i]), _root(parent, right[i])
        if size[a] < size[b]:
            a, b = b, a
        if a == b:
            became[i] = TOGETHER
            continue
        if _meets(a, b, parent, far[0], far[2], far[3], others):
            became[i] = APART
            continue
        new = _new_members(a, b, head, following, member, stamp, i) if size[a] <= limit else 1
        if size[a] + new > limit:
            became[i] = TOO_LARGE
            continue
        _take_members(a, b, head, tail, following, member, stamp, i)
        size[a] += new
        parent[b] = a
        least[a] = min(least[a], least[b])
        _append(a, b, far[0], far[1], far[2], far[3])
    label = np.empty(nodes, np.int64)
    for node in range(nodes):
        label[node] = least[_root(parent, node)]
    return label, became

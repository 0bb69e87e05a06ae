"""Union-find with a guard: joins are tried in order, and one that breaks a rule is refused.

Two rules: a component may not have more than `limit` nodes, and no two nodes that are `apart` may
come together. A refused join is said, not forgotten. Components only grow, so a join that was
refused would be refused for good.
"""

import numpy as np
import numpy.typing as npt

from regift.graph.jit import kernel

Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]

JOINED, TOGETHER, APART, TOO_LARGE = 0, 1, 2, 3
"""What became of a join: made; ends were one already; refused by a pair apart; by the limit."""


@kernel
def _root(parent: Longs, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
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


@kernel
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


@kernel
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


@kernel
def join_guarded(
    nodes: int, left: Longs, right: Longs, limit: int, apart_left: Longs, apart_right: Longs
) -> tuple[Longs, Bytes]:
    """Try the joins left[i] - right[i] in order: the smallest node of each node's component, and
    what became of each join.

    apart_left, apart_right: pairs of nodes that must stay apart.
    Cost: nearly linear; a join also walks the pairs apart of the end that has fewer of them.

    >>> import numpy as np
    >>> join_guarded(4, np.array([0, 1, 2]), np.array([1, 2, 3]), 3, np.array([0]), np.array([2]))
    (array([0, 0, 2, 2]), array([0, 2, 0], dtype=int8))
    """
    parent, least, size = np.arange(nodes), np.arange(nodes), np.ones(nodes, np.int64)
    others = np.concatenate((apart_right, apart_left))
    head, tail, count, following = _lists(nodes, np.concatenate((apart_left, apart_right)))
    became = np.zeros(len(left), np.int8)
    for i in range(len(left)):
        a, b = _root(parent, left[i]), _root(parent, right[i])
        if size[a] < size[b]:
            a, b = b, a
        if a == b:
            became[i] = TOGETHER
        elif _meets(a, b, parent, head, count, following, others):
            became[i] = APART
        elif size[a] + size[b] > limit:
            became[i] = TOO_LARGE
        else:
            parent[b] = a
            size[a] += size[b]
            least[a] = min(least[a], least[b])
            _append(a, b, head, tail, count, following)
    label = np.empty(nodes, np.int64)
    for node in range(nodes):
        label[node] = least[_root(parent, node)]
    return label, became

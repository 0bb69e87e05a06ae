"""Joins of findings into cases, in the order of D-10, with a guard on size. Arrays only.

A *group* is what findings share (a record, an item, an entity); its *points* are (time, finding).
The definition joins all pairs of points of a group in the order (time gap, smaller finding, larger
finding). Here a pair is looked at only when it can matter:

    scan      each point i looks right, at i+1, i+2, ..., a pair entering a heap when its turn comes
    stop      at k in i's component and later than i: for every j beyond, (k, j) is nearer and was
              tried before (i, j); it was joined, or refused for good (components only grow)
    rest      a point found in one component with an earlier point of the same time neither scans
              nor is looked at: that point has the smaller finding, so its pairs come first

So the outcome is that of all pairs, and the cost is points + refusals between components that meet
instead of the square of the points.
"""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel

Ints = NDArray[Any]

SAME, JOINED, REFUSED = 0, 1, 2
PARENT, ACCOUNTS, HEAD, TAIL = 0, 1, 2, 3
"""Rows of the `state` matrix, a column a finding: whom it follows; of a component's root, how many
accounts it has and the first and last cell of their list."""


@kernel
def start(findings: int, cell_finding: Ints) -> tuple[Ints, Ints]:
    """Each finding alone, with a linked list of its account cells.

    cell_finding: finding of each cell (one cell per finding and account, distinct).
    """
    state = np.full((4, findings), -1, np.int64)
    after = np.full(cell_finding.size, -1, np.int64)
    for f in range(findings):
        state[PARENT, f] = f
        state[ACCOUNTS, f] = 0
    for cell in range(cell_finding.size):
        f = cell_finding[cell]
        if state[HEAD, f] < 0:
            state[HEAD, f] = cell
        else:
            after[state[TAIL, f]] = cell
        state[TAIL, f] = cell
        state[ACCOUNTS, f] += 1
    return state, after


@kernel
def root(state: Ints, f: int) -> int:
    """The finding that stands for f's component."""
    while state[PARENT, f] != f:
        state[PARENT, f] = state[PARENT, state[PARENT, f]]
        f = state[PARENT, f]
    return f


@kernel
def roots(state: Ints) -> Ints:
    """The root of every finding."""
    found = np.empty(state.shape[1], np.int64)
    for f in range(found.size):
        found[f] = root(state, f)
    return found


@kernel
def unite(state: Ints, after: Ints, account: Ints, stamp: Ints, f: int, g: int, most: int) -> int:
    """Join the components of f and g unless together they have more than `most` accounts.

    stamp: per account the last mark; its last cell is the counter. Walks at most 2 * most cells.
    """
    big, small = root(state, f), root(state, g)
    if big == small:
        return SAME
    if state[ACCOUNTS, big] > most or state[ACCOUNTS, small] > most:
        return REFUSED
    if state[ACCOUNTS, big] < state[ACCOUNTS, small]:
        big, small = small, big
    mark = stamp[-1] + 1
    stamp[-1] = mark
    cell = state[HEAD, big]
    while cell >= 0:
        stamp[account[cell]] = mark
        cell = after[cell]
    fresh = 0
    cell = state[HEAD, small]
    while cell >= 0:
        fresh += stamp[account[cell]] != mark
        cell = after[cell]
    if state[ACCOUNTS, big] + fresh > most:
        return REFUSED
    cell = state[HEAD, small]
    while cell >= 0:
        following = after[cell]
        if stamp[account[cell]] != mark:
            after[cell] = -1
            if state[HEAD, big] < 0:
                state[HEAD, big] = cell
            else:
                after[state[TAIL, big]] = cell
            state[TAIL, big] = cell
        cell = following
    state[ACCOUNTS, big] += fresh
    state[PARENT, small] = big
    return JOINED


@kernel
def _awake(following: Ints, j: int) -> int:
    """The first point from j on that does not rest."""
    while following[j] != j:
        following[j] = following[following[j]]
        j = following[j]
    return j


@kernel
def _key(group: Ints, time: Ints, finding: Ints, i: int, j: int, gap: int) -> Any:
    """Heap entry of the pair (i, j); its gap is -1 when there is no such pair."""
    if j >= group.size or group[j] != group[i] or time[j] - time[i] > gap:
        return (-1, 0, 0, 0, 0)
    low, high = min(finding[i], finding[j]), max(finding[i], finding[j])
    return (time[j] - time[i], low, high, i, j)


@kernel
def join_class(
    state: Ints, after: Ints, account: Ints, stamp: Ints,
    group: Ints, time: Ints, finding: Ints, gap: int, most: int,
) -> Ints:  # fmt: skip
    """Join one class of groups; `state` holds the components before and after.

    group, time, finding: points, distinct and sorted by all three; findings are numbered in the
    order of their ids. gap: longest time between joined points, inclusive. most: accounts a
    component may have.
    Returns the refused pairs of points, one row (i, j) each, in the order in which they were tried.

    >>> import numpy as np
    >>> cells = np.array([0, 1, 2])
    >>> state, after = start(3, cells)
    >>> nothing, days = np.zeros(3, np.int64), np.array([0, 5, 50])
    >>> args = (cells, np.zeros(4, np.int64), nothing, days, cells, 30, 2)
    >>> join_class(state, after, *args).tolist(), roots(state).tolist()
    ([], [0, 0, 2])
    """
    heap = [(0, 0, 0, 0, 0) for _ in range(0)]
    for i in range(group.size - 1):
        entry = _key(group, time, finding, i, i + 1, gap)
        if entry[0] >= 0:
            heap.append(entry)
    heapq.heapify(heap)
    refused = [(0, 0) for _ in range(0)]
    following = np.arange(group.size + 1)
    while len(heap) > 0:
        _, _, _, i, j = heapq.heappop(heap)
        if following[i] != i:
            continue
        if following[j] == j:
            if unite(state, after, account, stamp, finding[i], finding[j], most) == REFUSED:
                refused.append((i, j))
            elif time[j] > time[i]:
                continue
            else:
                following[j] = j + 1
        entry = _key(group, time, finding, i, _awake(following, j + 1), gap)
        if entry[0] >= 0:
            heapq.heappush(heap, entry)
    pairs = np.empty((len(refused), 2), np.int64)
    for place in range(len(refused)):
        pairs[place, 0], pairs[place, 1] = refused[place]
    return pairs

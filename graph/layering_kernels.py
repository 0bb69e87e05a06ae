"""Longest chains of records where each follows the one before at nearly its amount (D-8, layering).

    f follows e: f leaves where e came in, later, at most a gap after it, not back to where e came
    from, and the smaller of both amounts is at least `keep` times the larger

Every record asks for the longest chain among the records of fitting amounts that its account has
open, that is within the gap. Of an account with few records all open ones are looked at. Those of
one with many lie in a tree over the amounts of all that ever come in there, so that a question
costs the logarithm of the account's records, not its records.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs, is_hub
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.temporal import Edges

Ints = NDArray[Any]


class Flow(NamedTuple):
    """Edges in the order in which chains grow: total order, or its reverse with ends exchanged.

    start (accounts + 1): where the edges into each account begin when they are put together.
    tree (accounts + 1): the same for accounts with a tree only; sizes: the amounts of those edges
    by account and amount; place: an edge's place among its account's.
    asks: whether an edge looks for one to follow; offers: whether it may be followed.
    """

    source: Ints
    target: Ints
    at_us: Ints
    amount: Ints
    start: Ints
    tree: Ints
    sizes: Ints
    place: Ints
    asks: Ints
    offers: Ints


EDGE, AMOUNT, ORIGIN, LENGTH = 0, 1, 2, 3
"""Columns of what came in at an account: one line, so that a look costs one read of memory."""

ARRIVED, ENTERED, LEFT = 0, 1, 2
"""Per account, places in what came in: the end; the end of what is earlier than now; the first that
is within the gap."""

LONGEST, FROM, OTHER, JOINED = 0, 1, 2, 3
"""Columns of a node of a tree: the longest chain below it, the source of its last record, the
longest chain of another source (0: none), and one more than a record joined with all that is below
it (0: none)."""


@kernel
def _set_of(joined: Ints, e: int) -> int:
    """The first record of a set, halving the way to it."""
    while joined[e] != e:
        joined[e] = joined[joined[e]]
        e = joined[e]
    return e


@kernel
def _join(joined: Ints, e: int, f: int) -> None:
    a, b = _set_of(joined, e), _set_of(joined, f)
    joined[max(a, b)] = min(a, b)


@kernel
def _pull(node: Ints, base: int, i: int, joined: Ints) -> bool:
    """Make a node of the two below it; whether it is another than before."""
    p, a, b = base + i, base + 2 * i, base + 2 * i + 1
    if node[a, LONGEST] < node[b, LONGEST]:
        a, b = b, a
    other, together = node[a, OTHER], node[a, JOINED]
    if node[b, LONGEST] > 0:
        if node[b, FROM] != node[a, FROM]:
            other = max(other, node[b, LONGEST])
        else:
            other = max(other, node[b, OTHER])
        apart = together == 0 or node[b, JOINED] == 0
        if apart or _set_of(joined, together - 1) != _set_of(joined, node[b, JOINED] - 1):
            together = 0
    changed = (
        node[p, LONGEST] != node[a, LONGEST] or node[p, FROM] != node[a, FROM]
        or node[p, OTHER] != other or node[p, JOINED] != together
    )  # fmt: skip
    node[p, LONGEST] = node[a, LONGEST]
    node[p, FROM] = node[a, FROM]
    node[p, OTHER] = other
    node[p, JOINED] = together
    return bool(changed)


@kernel
def _put(node: Ints, flow: Flow, came: Ints, i: int, opens: bool, joined: Ints) -> None:
    """Open a record that came in, or close it."""
    e = came[i, EDGE]
    x = flow.target[e]
    base, size = 2 * flow.tree[x], flow.tree[x + 1] - flow.tree[x]
    leaf = flow.place[e] + size
    node[base + leaf, LONGEST] = came[i, LENGTH] if opens else 0
    node[base + leaf, FROM] = came[i, ORIGIN]
    node[base + leaf, JOINED] = e + 1 if len(joined) and opens else 0
    leaf >>= 1
    while leaf and _pull(node, base, leaf, joined):
        leaf >>= 1


@kernel
def _join_below(
    node: Ints, base: int, top: int, size: int, f: int, avoid: int, joined: Ints, todo: Ints
) -> None:
    """Join f with all that is below a node and does not come from `avoid`.

    A node whose records are one set already is joined through one of them: of two sources, at
    least one is not `avoid`. So a node is gone through once for each record opened below it.
    """
    used = 1
    todo[0] = top
    while used:
        used -= 1
        i = todo[used]
        if i < 0:
            _pull(node, base, -i, joined)
            continue
        p = base + i
        if node[p, LONGEST] == 0 or (node[p, OTHER] == 0 and node[p, FROM] == avoid):
            continue
        if node[p, JOINED] > 0:
            _join(joined, node[p, JOINED] - 1, f)
        elif i < size:
            todo[used] = -i
            todo[used + 1] = 2 * i
            todo[used + 2] = 2 * i + 1
            used += 3


@kernel
def _first_size(sizes: Ints, low: int, high: int, least: int) -> int:
    """First place in [low, high) of at least `least`."""
    while low < high:
        middle = (low + high) >> 1
        if sizes[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _best_of_tree(
    node: Ints, flow: Flow, f: int, least: int, most: int, joined: Ints, todo: Ints
) -> int:
    """The longest chain among the open records of amounts in [least, most]; joins f with them."""
    x, avoid = flow.source[f], flow.target[f]
    begin, end = flow.tree[x], flow.tree[x + 1]
    base, size = 2 * begin, end - begin
    first = _first_size(flow.sizes, begin, end, least)
    low = first - begin + size
    high = _first_size(flow.sizes, first, end, most + 1) - begin + size
    best = 0
    while low < high:
        # The range is made of at most one node on each side of every level.
        for top in ((low if low & 1 else 0), (high - 1 if high & 1 else 0)):
            if top:
                other = node[base + top, FROM] == avoid
                best = max(best, node[base + top, OTHER if other else LONGEST])
                if len(joined):
                    _join_below(node, base, top, size, f, avoid, joined, todo)
        low = (low + 1) >> 1
        high >>= 1
    return best


@kernel
def _best_of_all(
    came: Ints, low: int, high: int, f: int, avoid: int, least: int, most: int, joined: Ints
) -> int:
    """The same by a look at every open record."""
    best = 0
    own = _set_of(joined, f) if len(joined) else 0
    for i in range(low, high):
        if least <= came[i, AMOUNT] <= most and came[i, ORIGIN] != avoid:
            best = max(best, came[i, LENGTH])
            if len(joined):
                other = _set_of(joined, came[i, EDGE])
                joined[max(own, other)] = own = min(own, other)
    return best


@kernel
def longest_chains(flow: Flow, gap_us: int, in_order: bool, keep_bp: int, joined: Ints) -> Ints:
    """Records of the longest chain that ends with each edge; 1 where it asks for none.

    joined: empty, or per edge itself: then it becomes the first edge of its set, where each edge
    that asks is joined with all those it follows.
    Cost: m log d for m edges and at most d into one account; 36 bytes an edge, 32 more of those
    into an account with a tree.
    """
    m = len(flow.source)
    length = np.empty(m, np.int32)
    came = np.empty((m, 4), np.int64)
    node = np.zeros((2 * len(flow.sizes), 4), np.int32)
    todo = np.empty(256, np.int64)
    at_account = np.empty((len(flow.start) - 1, 3), np.int32)
    for x in range(len(at_account)):
        for column in range(3):
            at_account[x, column] = flow.start[x]
    oldest = tie = 0
    for f in range(m):
        at = flow.at_us[f]
        if in_order or at != flow.at_us[tie]:
            tie = f
        while at - flow.at_us[oldest] > gap_us:
            oldest += 1
        length[f] = 1
        if flow.asks[f]:
            x = flow.source[f]
            entered, left = at_account[x, ENTERED], at_account[x, LEFT]
            in_tree = flow.tree[x + 1] > flow.tree[x]
            while entered < at_account[x, ARRIVED] and came[entered, EDGE] < tie:
                if in_tree:
                    _put(node, flow, came, entered, True, joined)
                entered += 1
            while left < entered and came[left, EDGE] < oldest:
                if in_tree:
                    _put(node, flow, came, left, False, joined)
                left += 1
            at_account[x, ENTERED], at_account[x, LEFT] = entered, left
            if left < entered:
                least = (keep_bp * flow.amount[f] + 9_999) // 10_000
                most = 10_000 * flow.amount[f] // keep_bp if keep_bp else 2**62
                if in_tree:
                    best = _best_of_tree(node, flow, f, least, most, joined, todo)
                else:
                    best = _best_of_all(came, left, entered, f, flow.target[f], least, most, joined)
                length[f] = best + 1
        if flow.offers[f]:
            y = flow.target[f]
            i = at_account[y, ARRIVED]
            at_account[y, ARRIVED] = i + 1
            came[i, EDGE], came[i, AMOUNT] = f, flow.amount[f]
            came[i, ORIGIN], came[i, LENGTH] = flow.source[f], length[f]
    for f in range(len(joined)):
        joined[f] = _set_of(joined, f)
    return length


@kernel
def passed(edges: Edges, hubs: Hubs, gap_us: int) -> Ints:
    """Per edge whether its target is passed through: it is no hub then, or pays nothing on.

    Linear, but for a binary search for each edge to an account that is ever a hub.
    """
    m = len(edges.source)
    open_ = np.ones(m, np.bool_)
    for e in range(m):
        x = edges.target[e]
        if hubs.start[x] < hubs.start[x + 1] and is_hub(hubs, x, edges.at_us[e]):
            stop = edges.out_start[x + 1]
            place = lower_bound(edges.out_edge, edges.out_start[x], stop, e)
            pays_on = place < stop and (
                edges.at_us[edges.out_edge[place]] - edges.at_us[e] <= gap_us
            )
            open_[e] = not pays_on
    return open_


class Ahead(NamedTuple):
    """What chains are followed with, per edge: `horizons` of the gap, whether its target is passed
    through, and the records of the longest chain that begins with it."""

    after: Ints
    until: Ints
    passed: Ints
    starting: Ints


@kernel
def _follower(edges: Edges, ahead: Ahead, e: int, place: int, records: int, keep_bp: int) -> int:
    """First place from `place` on whose edge follows e and begins a chain of enough records.

    Its place is the end of the list of e's target if there is none.
    """
    end = edges.out_start[edges.target[e] + 1]
    while place < end:
        f = edges.out_edge[place]
        if f >= ahead.until[e]:
            break
        low, high = min(edges.amount[e], edges.amount[f]), max(edges.amount[e], edges.amount[f])
        if (
            ahead.starting[f] >= records
            and edges.target[f] != edges.source[e]
            and 10_000 * low >= keep_bp * high
        ):
            return int(place)
        place += 1
    return int(end)


@kernel
def _first_place(edges: Edges, ahead: Ahead, e: int) -> int:
    """Where the later outs of e's target begin; the end of its list if it is not passed through."""
    x = edges.target[e]
    if not ahead.passed[e]:
        return int(edges.out_start[x + 1])
    return lower_bound(edges.out_edge, edges.out_start[x], edges.out_start[x + 1], ahead.after[e])


@kernel
def _search_simple(
    edges: Edges, ahead: Ahead, records: Ints, low: int, high: int, hops: int, keep_bp: int,
    expansions: int, on_path: Ints, chain: Ints,
) -> int:  # fmt: skip
    """Write the earliest chain of `hops` records over different accounts into `chain`.

    It begins with one of records[low:high].

    Returns how many were written: hops, 0 (there is none) or -1 (more than `expansions` steps). A
    step is an out that is looked at, or a first record. on_path: 0 per account, and left so.
    """
    places = np.empty(hops, np.int64)
    steps = 0
    for r in range(low, high):
        root = records[r]
        steps += 1
        if ahead.starting[root] < hops:
            continue
        depth = 1
        chain[0] = root
        places[0] = _first_place(edges, ahead, root)
        on_path[edges.source[root]] = on_path[edges.target[root]] = 1
        while 0 < depth < hops and steps <= expansions:
            e = chain[depth - 1]
            end = edges.out_start[edges.target[e] + 1]
            place = _follower(edges, ahead, e, places[depth - 1], hops - depth, keep_bp)
            steps += place - places[depth - 1] + 1
            places[depth - 1] = place + 1
            if place >= end:
                on_path[edges.target[e]] = 0
                depth -= 1
                continue
            f = edges.out_edge[place]
            if not on_path[edges.target[f]]:
                chain[depth] = f
                places[depth] = _first_place(edges, ahead, f)
                on_path[edges.target[f]] = 1
                depth += 1
        on_path[edges.source[root]] = 0
        for i in range(depth):
            on_path[edges.target[chain[i]]] = 0
        if depth == hops:
            return int(hops)
        if steps > expansions:
            return -1
    return 0


@kernel
def _different_run(edges: Edges, chain: Ints, size: int, seen: Ints, stamp: int) -> tuple[int, int]:
    """The longest run of neighbouring records over different accounts, the earliest: [from, to) of
    chain[:size].

    seen: per account a number below `stamp`; it gets the stamp of its last place on the chain.
    """
    seen[edges.source[chain[0]]] = stamp
    best_from = best_to = low = 0
    for i in range(size):
        y = edges.target[chain[i]]
        low = max(low, seen[y] - stamp + 1)
        seen[y] = stamp + i + 1
        if i + 1 - low > best_to - best_from:
            best_from, best_to = low, i + 1
    return best_from, best_to


RUN, SEARCHED, NONE, CUT = 0, 1, 2, 3
"""How a witness was found: the longest chain or its longest run, by search; not; search cut."""


@kernel
def witnesses(
    edges: Edges, ahead: Ahead, start: Ints, records: Ints, keep_bp: int, min_hops: int,
    expansions: int,
) -> tuple[Ints, Ints, Ints, Ints, Ints]:  # fmt: skip
    """The witness of each set of records.

    start (sets + 1), records: the records of each set in order. Returns per set (one more): where
    its witness begins; edges of the witnesses; per set how it was found and the records of its
    longest chain; and, of sets whose search was cut, the edges of that longest chain.
    """
    sets = len(start) - 1
    begins = np.zeros(sets + 1, np.int32)
    found, cut = np.empty(len(records), np.int32), np.empty(len(records), np.int32)
    how, longest = np.empty(sets, np.int8), np.empty(sets, np.int32)
    accounts = len(edges.in_start) - 1
    seen, on_path = np.zeros(accounts, np.int64), np.zeros(accounts, np.int8)
    chain = np.empty(len(records), np.int32)
    stamp = 1
    used = cuts = 0
    for s in range(sets):
        e = records[start[s]]
        for i in range(start[s], start[s + 1]):
            if ahead.starting[records[i]] > ahead.starting[e]:
                e = records[i]
        size = ahead.starting[e]
        longest[s] = size
        chain[0] = e
        for i in range(1, size):
            place = _first_place(edges, ahead, e)
            e = edges.out_edge[_follower(edges, ahead, e, place, size - i, keep_bp)]
            chain[i] = e
        first, last = _different_run(edges, chain, size, seen, stamp)
        stamp += size + 2
        how[s] = RUN
        if last - first < min_hops:
            for i in range(size):
                cut[cuts + i] = chain[i]
            first = 0
            last = _search_simple(
                edges, ahead, records, start[s], start[s + 1], min_hops, keep_bp, expansions,
                on_path, chain,
            )  # fmt: skip
            how[s] = SEARCHED if last > 0 else (NONE if last == 0 else CUT)
            if last < 0:
                cuts += size
        for i in range(first, last):
            found[used] = chain[i]
            used += 1
        begins[s + 1] = used
    return begins, found[:used], how, longest, cut[:cuts]

"""Sums of scatter-gather and gather-scatter (D-8): queues, roots of gather-scatter, what is shown.

Sums are kept as two numbers, units of 2**30 and the rest, so that no sum of amounts overflows.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.hub_kernels import Hubs, is_hub
from regift.graph.index_kernels import lower_bound
from regift.graph.jit import kernel
from regift.graph.temporal import Edges
from regift.graph.wedge_kernels import Reach

Ints = NDArray[Any]

LOW_BITS = 30
LOW = 2**LOW_BITS - 1


@kernel
def enough(high: int, low: int, whole_high: int, whole_low: int, flow_bp: int) -> bool:
    """Whether 10000 * sum >= flow_bp * whole, for sums of up to 10**24.

    >>> enough(0, 7, 0, 10, 7000), enough(0, 7, 0, 10, 7001)
    (True, False)
    """
    rest = 10_000 * (low & LOW) - flow_bp * (whole_low & LOW)
    units = 10_000 * (high + (low >> LOW_BITS)) - flow_bp * (whole_high + (whole_low >> LOW_BITS))
    return bool(units + (rest >> LOW_BITS) >= 0)


@kernel
def gathers(
    edges: Edges, took_in: Ints, took_out: Ints, took: Ints, window_us: int, least: int,
    flow_bp: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Roots of gather-scatter, of the takings in order per account (`first_in_first_out`).

    Returns per root (first taking, end of its takings) and (sum, sum of the whole ins), each as
    two numbers. Both ends of the takings of a root move forward only: linear.
    """
    size = len(took)
    accounts = len(edges.out_start) - 1
    sources = np.zeros(accounts, np.int32)
    receivers = np.zeros(accounts, np.int32)
    spans = np.empty((size, 2), np.int64)
    sums = np.empty((size, 4), np.int64)
    total = np.zeros(4, np.int64)
    different = np.zeros(2, np.int64)
    used = 0
    first = 0
    stop = 0
    while first < size:
        root = took_in[first]
        x = edges.target[root]
        while stop < size:
            e, out = took_in[stop], took_out[stop]
            if edges.target[e] != x or edges.at_us[out] - edges.at_us[root] > window_us:
                break
            if stop == first or took_in[stop - 1] != e:
                total[2] += edges.amount[e] >> LOW_BITS
                total[3] += edges.amount[e] & LOW
            total[0] += took[stop] >> LOW_BITS
            total[1] += took[stop] & LOW
            sources[edges.source[e]] += 1
            different[0] += sources[edges.source[e]] == 1
            receivers[edges.target[out]] += 1
            different[1] += receivers[edges.target[out]] == 1
            stop += 1
        if min(different[0], different[1]) >= least and enough(
            total[0], total[1], total[2], total[3], flow_bp
        ):
            spans[used, 0] = first
            spans[used, 1] = stop
            for column in range(4):
                sums[used, column] = total[column]
            used += 1
        # All that took of the root lies within the window: money older than that is gone.
        total[2] -= edges.amount[root] >> LOW_BITS
        total[3] -= edges.amount[root] & LOW
        while first < size and took_in[first] == root:
            receiver = edges.target[took_out[first]]
            total[0] -= took[first] >> LOW_BITS
            total[1] -= took[first] & LOW
            sources[edges.source[root]] -= 1
            different[0] -= sources[edges.source[root]] == 0
            receivers[receiver] -= 1
            different[1] -= receivers[receiver] == 0
            first += 1
    return spans[:used].copy(), sums[:used].copy()


@kernel
def pair_between(edges: Edges, source: int, target: int) -> int:
    """The pair (source, target), -1 if there is none: pairs of a source are sorted by target."""
    low, high = edges.pairs_from[source], edges.pairs_from[source + 1]
    while low < high:
        middle = (low + high) >> 1
        if edges.target[edges.pair_head[middle]] < target:
            low = middle + 1
        else:
            high = middle
    found = low < edges.pairs_from[source + 1] and edges.target[edges.pair_head[low]] == target
    return low if found else -1


@kernel
def grown(table: Ints, used: int, room: int) -> Ints:
    """A table with at least as many rows, the first of them copied."""
    more = np.empty((max(room, 2 * len(table)), table.shape[1]), table.dtype)
    for row in range(used):
        for column in range(table.shape[1]):
            more[row, column] = table[row, column]
    return more


@kernel
def passed_on(
    edges: Edges, reach: Reach, ins: int, ins_end: int, outs: int, outs_end: int, sums: Ints,
    took: Ints,
) -> None:  # fmt: skip
    """What the outs take of the ins (places in `pair_edge`), oldest first.

    sums: of what was taken and of the ins, each as two numbers. took: by out, whether it took
    anything; not used where it is empty.
    """
    for i in range(4):
        sums[i] = 0
    for i in range(ins, ins_end):
        amount = edges.amount[edges.pair_edge[i]]
        sums[2] += amount >> LOW_BITS
        sums[3] += amount & LOW
    left = edges.amount[edges.pair_edge[ins]] if ins < ins_end else 0
    for i in range(outs, outs_end):
        out = edges.pair_edge[i]
        wanted = edges.amount[out]
        while wanted and ins < ins_end and reach.after[edges.pair_edge[ins]] <= out:
            amount = min(wanted, left)
            sums[0] += amount >> LOW_BITS
            sums[1] += amount & LOW
            wanted -= amount
            left -= amount
            if amount and len(took):
                took[i - outs] = True
            if left == 0:
                ins += 1
                left = edges.amount[edges.pair_edge[ins]] if ins < ins_end else 0


@kernel
def _records(edges: Edges, reach: Reach, hubs: Hubs, roots: Ints) -> tuple[Ints, Ints, Ints]:
    """Starts of records and relays by root, side by side; records and relays with room left."""
    size = len(roots)
    starts = np.zeros((size + 1, 2), np.int64)
    records = np.empty((1024, 2), np.int64)
    relays = np.empty((1024, 2), np.int64)
    sums = np.zeros(4, np.int64)
    span = np.zeros(4, np.int64)
    for r in range(size):
        u, w, root = roots[r, 0], roots[r, 1], roots[r, 2]
        begin, stop = reach.before[root], reach.until[root]
        record, relay = starts[r, 0], starts[r, 1]
        lo, hi = edges.pairs_from[u], edges.pairs_from[u + 1]
        into = edges.in_pairs_from[w + 1] - edges.in_pairs_from[w] < hi - lo
        if into:
            lo, hi = edges.in_pairs_from[w], edges.in_pairs_from[w + 1]
        for i in range(lo, hi):
            if into:
                on = edges.in_pair[i]
                j = edges.source[edges.pair_head[on]]
                to = pair_between(edges, u, j)
            else:
                to = i
                j = edges.target[edges.pair_head[to]]
                on = pair_between(edges, j, w)
            if to < 0 or on < 0 or is_hub(hubs, j, edges.at_us[root]):
                continue
            for side in range(2):
                p = on if side else to
                first, last = edges.pair_start[p], edges.pair_start[p + 1]
                span[2 * side] = lower_bound(edges.pair_edge, first, last, begin)
                span[2 * side + 1] = lower_bound(edges.pair_edge, span[2 * side], last, stop)
            took = np.zeros(span[3] - span[2], np.bool_)
            passed_on(edges, reach, span[0], span[1], span[2], span[3], sums, took)
            if not (sums[0] or sums[1]):
                continue
            if record + span[1] - span[0] + len(took) > len(records):
                records = grown(records, record, record + span[1] - span[0] + len(took))
            if relay == len(relays):
                relays = grown(relays, relay, relay + 1)
            relays[relay, 0] = j
            relays[relay, 1] = edges.pair_edge[span[0]]
            relay += 1
            for k in range(span[0], span[1]):
                records[record, 0] = edges.pair_edge[k]
                records[record, 1] = 0
                record += 1
            for k in range(span[2], span[3]):
                if took[k - span[2]]:
                    records[record, 0] = edges.pair_edge[k]
                    records[record, 1] = 1
                    record += 1
        starts[r + 1, 0] = record
        starts[r + 1, 1] = relay
    return starts, records, relays


def scattered_records(
    edges: Edges, reach: Reach, hubs: Hubs, roots: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Records and relays of roots that qualify, (u, w, edge) each.

    Returns (start by root, records as (edge, whether it gathers)), (start by root, relays as
    (account, first edge to it)). Cost: the partners of u or of w, whichever has fewer, by root.
    """
    starts, records, relays = _records(edges, reach, hubs, roots)
    start, relay_start = starts.T.copy()
    return start, records[: start[-1]], relay_start, relays[: relay_start[-1]]

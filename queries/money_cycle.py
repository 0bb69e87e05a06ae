"""money_cycle: money that comes back to where it started, hop after later hop.

    t1 a > b 100.00   day 0        each hop later than the one before (`ties=strict`: by time,
    t2 b > c  98.00   day 1        `order`: in total order); last - first <= window; at most
    t3 c > a  95.00   day 2        max_length accounts, all different; one currency; every amount
                                   >= min_amount; smallest >= keep * largest

One finding a ring (account sequence and currency) and episode, with the earliest completion as its
witness and the exact number of instances; `group=instance`: one finding for every cycle of records.
`first_at`, `last_at`, `amount` and `records` are the witness's. Definitions D-5, D-6.

Cost: linear in the edges for what cannot be a cycle, then by cycles over account sequences;
parallel records cost a factor k^2 at most, never a product. Bounds (D-13): `bounds.EXPANSIONS`
steps for one group of roots, `cycles.COUNTING` edges for the `keep` of one ring, `slices.FINDINGS`
listed.

Sources: Kumar and Calders, 2SCENT (PVLDB 2018); Suzumura and Kanezashi, AMLSim (cycle typology).
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph import witness_kernels
from regift.graph.bounds import Bounds
from regift.graph.cycles import CycleParams, Cycles, Shared, shared_of
from regift.graph.ring_kernels import Rings
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph
from regift.queries import columns, fold, near_time, scopes
from regift.queries.cuts import Cut, joined
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pairs
from regift.queries.params import choice, count, duration, money, ratio, words
from regift.queries.slices import Part, Search, Task, search_slices
from regift.queries.typology import Redo, Typology

Ints = NDArray[Any]


@dataclass(frozen=True)
class Params:
    """What a cycle is."""

    window_us: int = duration("72h", "longest time from the first hop to the last, inclusive")
    max_length: int = count(6, "most accounts in a cycle; 0: no bound")
    min_amount: Decimal = money("0", "every hop moves at least this much")  # noqa: RUF009
    keep_bp: int = ratio("0.5", "smallest over largest amount round the cycle; 0: any")
    ties: str = choice("strict", ("strict", "order"), "whether equal times may follow each other")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")
    group: str = choice("ring", ("ring", "instance"), "one finding a ring and episode, or a cycle")

    def __post_init__(self) -> None:
        if self.max_length == 1:
            raise ValueError("max_length is 0 (no bound) or at least 2: nobody pays themselves")


WORDS, LEAST_WORDS, HIT_WORDS = 2**24, 2**20, 12
"""A run leaves off after so many words of hits (64 MiB), so that they can be made smaller; near the
end of the room, after as many as hits of eight accounts need, but not for fewer than the least."""

STEPS = 200_000_000
"""Steps after which a run leaves off to look at the clock: some seconds."""


def _shape(params: Params) -> CycleParams:
    return CycleParams(params.window_us, params.max_length, params.keep_bp, params.ties == "order")


def _prepare(graph: TemporalGraph, params: Params, bounds: Bounds) -> Shared:
    return shared_of(graph, _shape(params), bounds)


def _part(task: Task) -> Part:
    """The cycles that the roots of one part begin, in runs that leave off to look at the clock."""
    listing = task.params.group == "instance" and not task.counting
    runs: list[Part] = []
    begin, room = task.begin, task.most
    while True:
        cycles = Cycles(
            task.graph, _shape(task.params), bounds=task.bounds, begin=begin, stop=task.stop,
            shared=task.shared, listed=not (task.counting and task.whole),
            most_words=WORDS if listing else min(WORDS, max(LEAST_WORDS, HIT_WORDS * room)),
            most_steps=STEPS,
        )  # fmt: skip
        runs.append(_run(task, cycles, room))
        begin = cycles.reached
        room = max(0, room - len(runs[-1].rows))
        if begin >= task.stop or task.bounds.late or not (room or listing):
            break
    return Part(
        rows=pa.concat_tables([run.rows for run in runs]),
        cuts=joined([run.cuts for run in runs]),
        instances=sum(run.instances for run in runs),
        alone=sum((Counter(run.alone) for run in runs), Counter()),
        reached=None if begin >= task.stop else begin,
    )


def cuts_of(cycles: Cycles) -> dict[str, Cut]:
    """What bounds cut from one search, by the names of the accounts it was at."""
    accounts = cycles.graph.accounts
    return {
        cause: Cut(
            cut.roots, tuple(accounts.take(pa.array(cut.accounts)).to_pylist()), cut.complete_to
        )
        for cause, cut in cycles.cuts.items()
    }


def _run(task: Task, cycles: Cycles, room: int) -> Part:
    """What one search of a part gives."""
    graph = task.graph
    cuts = cuts_of(cycles)
    if task.params.group == "instance" and not task.counting:
        return _instances(task.currency, cycles, room, cuts)
    rows = _rings(task.currency, cycles)
    if not task.counting:
        start, edges = cycles.witnesses()
        rows |= _witnesses(task.currency, graph, start, edges)
    alone = {k: n for k, n in enumerate(cycles.alone.tolist()) if n}
    return Part(rows=pa.table(rows), cuts=cuts, alone=alone)


SEARCH = Search(
    kinds=lambda params: params.kinds,
    prepare=_prepare,
    part=_part,
    listed=lambda params: params.group == "instance",
)


def count_cycles(graph: Snapshot, params: Params) -> dict[str, Any]:
    """Exact numbers without a list: {"count", "rings", "by_length", "complete"} (D-5).

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> row = {"amount_minor": 100, "currency": "CNY", "kind": "payment"}
    >>> there = row | {"record_id": "t1", "at_us": 0, "source": "a", "target": "b"}
    >>> back = row | {"record_id": "t2", "at_us": 1, "source": "b", "target": "a"}
    >>> with snapshot_from_rows({"transfers": [there, back]}) as graph:
    ...     count_cycles(graph, Params())
    {'count': 1, 'rings': 1, 'by_length': {'2': 1}, 'complete': True}
    """
    found = search_slices(graph, params, SEARCH, counting=True)
    rows = found.rows
    lengths, group = np.unique(rows["length"].to_numpy(), return_inverse=True)
    sums = fold.exact_sums(fold.one_array(rows["instances"]), group, len(lengths))
    instances = Counter(found.alone) + Counter(dict(zip(lengths.tolist(), sums, strict=True)))
    counted = {
        "count": instances.total(),
        "rings": len(rows) + sum(found.alone.values()),
        "by_length": {str(k): instances[k] for k in sorted(instances)},
        "complete": not found.truncated,
    }
    return counted | ({"truncated": found.truncated} if found.truncated else {})


# Ring and currency of anchors, and of each two neighbours of the ring their pair.
_NEIGHBOURS = """
    SELECT key, unnest(list_transform(range(1, len(key)), lambda i: (
        least(key[i], key[if(i = len(key) - 1, 1, i + 1)]),
        greatest(key[i], key[if(i = len(key) - 1, 1, i + 1)])))) AS pair
    FROM (SELECT DISTINCT anchor[:-2] AS key FROM ({anchors}))
"""


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """Rings with a changed pair: those found before, and those near in time to a change.

    What is found of a ring depends on the payments of its pairs alone, as long as no bound cuts.
    """
    con, window_us = graph.con, min(params.window_us, LONGEST_US)
    near = near_time.near(con, near_time.TIMES, window_us)
    if params.group != "ring" or near is None or near_time.begin_moved(con):
        return None
    with scopes.shown(con, {"payments": near}):
        seen = Snapshot(con, graph.settings, bounds=graph.bounds)
        searched = search_slices(seen, params, SEARCH)
    if searched.truncated:
        return None
    con.register("_mc_near", searched.rows.select(["anchor"]))
    anchors = (
        f"SELECT anchor FROM _mc_near UNION ALL SELECT anchor FROM {scopes.OLD}.findings "
        "WHERE typology = 'money_cycle'"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _mc_rings AS
        WITH neighbours AS ({_NEIGHBOURS.format(anchors=anchors)})
        SELECT * FROM neighbours SEMI JOIN (
            SELECT key FROM neighbours SEMI JOIN ({near_time.PAIRS}) USING (pair)) USING (key)
        """
    )
    con.unregister("_mc_near")
    pairs = f"FROM whole_payments WHERE {near_time.PAIR} IN (SELECT pair FROM _mc_rings)"
    return Redo(sees={"payments": pairs}, owned="anchor[:-2] IN (SELECT key FROM _mc_rings)")


def find(graph: Snapshot, params: Params) -> Findings:
    """Rings and their episodes, or every instance; see the head of this file."""
    searched = search_slices(graph, params, SEARCH)
    graph.con.register("_cycles", searched.rows)
    found = collect(
        graph.con, "money_cycle", "mc", with_pairs("SELECT *, strftime(make_timestamp("
        "first_us), '%Y-%m-%d') AS unit FROM _cycles", params.window_us),
        searched.truncated,
    )  # fmt: skip
    graph.con.unregister("_cycles")
    return found


def _rings(currency: str, cycles: Cycles) -> dict[str, Any]:
    """Columns of partials (`queries/fold.py`), one row an episode of these roots, no witness."""
    graph = cycles.graph
    exact = pa.array(cycles.counted_exactly(), pa.bool_())
    _, ring, first, last = cycles.episodes
    sizes = cycles.lengths[ring]
    at = np.repeat(cycles.rings.start[ring], sizes) + columns.ramp(sizes)
    heads = graph.edges.pair_head[cycles.rings.pairs[at]]
    accounts = graph.accounts.take(pa.array(graph.source[heads]))
    ends = np.cumsum(sizes)
    order = np.insert(np.arange(len(at)), ends, len(at))
    named = pa.concat_arrays([accounts, pa.array([currency], columns.TEXT)])
    return {
        "subject": columns.lists(
            np.append(0, ends + 1 + np.arange(len(ring))), named.take(pa.array(order))
        ),
        "root": graph.records_of(first),
        "root_us": graph.at_us[first],
        "last_root_us": graph.at_us[last],
        "length": sizes.astype(np.int64),
        "instances": _as_text(cycles.instances()),
        "complete": exact,
        "exact": exact,
    }


def _as_text(numbers: Ints) -> pa.Array:
    """Python integers as decimal text."""
    if not len(numbers) or max(numbers) < 2**63:
        return pa.array(numbers.astype(np.int64)).cast(columns.TEXT)
    return pa.array([str(n) for n in numbers], columns.TEXT)


def _witnesses(currency: str, graph: TemporalGraph, start: Ints, edges: Ints) -> dict[str, Any]:
    """Columns of what is shown; of two witnesses the one that completes first, then D-5's order."""
    rows = _shown(currency, graph, start, edges)
    tie = columns.lists(start, rows["evidence"].flatten().field("record"))
    key = np.stack([rows["last_us"], -rows["first_us"]], 1).ravel()
    return rows | {"key": pa.FixedSizeListArray.from_arrays(pa.array(key), 2), "tie": tie}


def _shown(currency: str, graph: TemporalGraph, start: Ints, edges: Ints) -> dict[str, Any]:
    """Columns of findings for each list of edges."""
    size = len(start) - 1
    amounts = graph.amount_minor[edges]
    return {
        "first_us": graph.at_us[edges[start[:-1]]],
        "last_us": graph.at_us[edges[start[1:] - 1]],
        "amount_minor": np.minimum.reduceat(amounts, start[:-1]) if size else amounts[:0],
        "currency": pa.array([currency], columns.TEXT).take(pa.array(np.zeros(size, np.int64))),
        "level": pa.nulls(size, pa.int64()),
        "items": columns.lists(np.zeros(size + 1), pa.array([], columns.TEXT)),
        "detail": pa.nulls(size, columns.TEXT),
        "accounts": columns.accounts(graph, start, graph.source[edges]),
        "roles": columns.lists(start, columns.words(np.zeros(len(edges), np.int64), ["member"])),
        "evidence": columns.evidence(
            graph, start, edges, columns.words(np.zeros(len(edges), np.int64), ["hop"])
        ),
    }


def _instances(currency: str, cycles: Cycles, most: int, cuts: dict[str, Cut]) -> Part:
    """One row an instance, in the order of roots; of the first, if all are more than `most`."""
    graph = cycles.graph
    total = sum(cycles.by_length().values())
    rings = cycles.rings if total <= most else _of_first_roots(cycles, most)
    some = (cycles.counts > 0).astype(np.int64)
    start, edges = witness_kernels.list_instances(
        graph.edges, cycles.ahead, rings, some, cycles.params.keep_bp, most
    )
    size = len(start) - 1
    root = edges[start[:-1]]
    rows = _shown(currency, graph, start, edges) | {
        "anchor": columns.lists(start, graph.records_of(edges)),
        "length": np.diff(start).astype(np.int64),
        "instances": pa.array(np.ones(size, np.int64)).cast(pa.decimal128(38, 0)),
        "complete": pa.array(np.ones(size, np.bool_)),
        "root_of": root.astype(np.int64),
    }
    in_order = pa.table(rows).take(pa.array(np.argsort(root, kind="stable")))
    return Part(rows=in_order, cuts=cuts, instances=total)


def _of_first_roots(cycles: Cycles, most: int) -> Rings:
    """The same hits, of as many of the first roots as have at most `most` instances together."""
    rings, pair_edge = cycles.rings, cycles.graph.edges.pair_edge
    sizes = (rings.hi - rings.lo).astype(np.int64)
    edges = pair_edge[np.repeat(rings.lo, sizes) + columns.ramp(sizes)]
    # More than `most` is as good as `most` + 1, and sums of that stay inside 64 bits.
    counts = np.minimum(cycles.counts, most + 1).astype(np.int64)
    roots, place = np.unique(edges, return_inverse=True)
    of_root = np.zeros(len(roots), np.int64)
    np.add.at(of_root, place, np.repeat(counts, sizes))
    fit = int(np.searchsorted(np.cumsum(np.minimum(of_root, most + 1)), most, "right"))
    return cycles.before(int(roots[fit]), rings)


TYPOLOGY = Typology(
    name="money_cycle",
    prefix="mc",
    layer="value",
    family="cycle",
    kappa_percent=70,
    fact=False,
    clauses=("R5", "R1"),
    partition="slice",
    redo=redo,
    anchor="canonical ring, currency, first record of the episode",
    params=Params,
    find=find,
    halo=lambda params: int(params.window_us),
    reads=("payments",),
    nulls=("time", "shift", "targets"),
    count=count_cycles,
    texts={
        "en": "Money went round {length} accounts and came back to its start within the window",
        "zh": "资金在时间窗内经 {length} 个账号后回到起点",
    },
)

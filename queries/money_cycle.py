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
steps for one group of roots, `cycles.COUNTING` edges for the `keep` of one ring, INSTANCES listed.

Sources: Kumar and Calders, 2SCENT (PVLDB 2018); Suzumura and Kanezashi, AMLSim (cycle typology).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.cycles import CycleParams, Cycles
from regift.graph.snapshot import Snapshot
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.queries import columns
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pair_rate
from regift.queries.params import choice, count, duration, money, ratio, words
from regift.queries.typology import Typology

Ints = NDArray[Any]

INSTANCES = 5_000_000
"""Instances that `group=instance` lists."""

LARGEST = 10**38 - 1
"""Largest `instances` of the findings' column; beyond it stands in `detail` as text."""


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


def _searched(graph: Snapshot, params: Params) -> list[tuple[str, Cycles]]:
    """The cycles of each currency, in the order of the codes."""
    how = CycleParams(params.window_us, params.max_length, params.keep_bp, params.ties == "order")
    found = []
    for currency, part in flows(graph, params.kinds, params.min_amount):
        found.append((currency, Cycles(part, how, bounds=graph.bounds)))
    return found


def _truncated(
    searched: list[tuple[str, Cycles]], inexact: int, unlisted: int
) -> dict[str, object]:
    """What the bounds cut, by cause and place; empty if nothing."""
    cut: dict[str, object] = {}
    for cause in sorted({cause for _, cycles in searched for cause in cycles.cuts}):
        places = [(c.graph, c.cuts[cause]) for _, c in searched if cause in c.cuts]
        names = {n for g, at in places for n in g.accounts.take(pa.array(at.accounts)).to_pylist()}
        told = {"roots": sum(at.roots for _, at in places), "accounts": sorted(names)}
        lengths = [at.complete_to for _, at in places if at.complete_to is not None]
        cut[cause] = told | ({"complete_to_length": min(lengths)} if lengths else {})
    if inexact:
        cut["counting"] = {"rings": inexact, "instances": "at least"}
    if unlisted:
        cut["instances"] = {"listed": INSTANCES, "left_out": unlisted}
    return cut


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
    by_length: dict[int, int] = {}
    rings = 0
    complete = True
    for _, cycles in _searched(graph, params):
        for k, instances in cycles.by_length().items():
            by_length[k] = by_length.get(k, 0) + instances
        rings += len(cycles.episodes[1])
        complete &= not cycles.cuts and bool(cycles.counted_exactly().all())
    return {
        "count": sum(by_length.values()),
        "rings": rings,
        "by_length": {str(k): by_length[k] for k in sorted(by_length)},
        "complete": complete,
    }


def find(graph: Snapshot, params: Params) -> Findings:
    """Rings and their episodes, or every instance; see the head of this file."""
    searched = _searched(graph, params)
    tables = []
    inexact = unlisted = 0
    for currency, cycles in searched:
        if params.group == "ring":
            tables.append(_rings(currency, cycles))
            inexact += int((~cycles.counted_exactly()).sum())
        else:
            rows, left_out = _instances(currency, cycles)
            tables.append(rows)
            unlisted += left_out
    graph.con.register("_cycles", pa.concat_tables(tables))
    found = collect(
        graph.con, "money_cycle", "mc", with_pair_rate("SELECT *, strftime(make_timestamp("
        "first_us), '%Y-%m-%d') AS unit FROM _cycles", params.window_us),
        _truncated(searched, inexact, unlisted),
    )  # fmt: skip
    graph.con.unregister("_cycles")
    return found


def _rows(
    currency: str, graph: TemporalGraph, start: Ints, edges: Ints, anchors: pa.Array,
    instances: list[int], complete: Ints,
) -> pa.Table:  # fmt: skip
    """Rows for `collect`: one finding for each list of edges."""
    size = len(start) - 1
    first, last = edges[start[:-1]], edges[start[1:] - 1]
    fits = [n if n <= LARGEST else None for n in instances]
    details = [None if n <= LARGEST else f'{{"instances": "{n}"}}' for n in instances]
    amounts = graph.amount_minor[edges]
    return columns.table(
        size,
        anchor=anchors,
        first_us=graph.at_us[first],
        last_us=graph.at_us[last],
        amount_minor=np.minimum.reduceat(amounts, start[:-1]) if size else amounts[:0],
        currency=currency,
        length=np.diff(start).astype(np.int64),
        instances=pa.array(fits, pa.decimal128(38, 0)),
        detail=pa.array(details, columns.TEXT),
        complete=pa.array(complete, pa.bool_()),
        accounts=columns.accounts(graph, start, graph.source[edges]),
        roles=columns.lists(start, pa.array(["member"] * len(edges), columns.TEXT)),
        evidence=columns.evidence(
            graph, start, edges, pa.array(["hop"] * len(edges), columns.TEXT)
        ),
    )


def _rings(currency: str, cycles: Cycles) -> pa.Table:
    """One row an episode; anchor: the ring's accounts, the currency, the first root's record."""
    graph = cycles.graph
    _, ring, first, _ = cycles.episodes
    start, edges = cycles.witnesses()
    sizes = cycles.lengths[ring]
    at = np.repeat(cycles.rings.start[ring], sizes) + columns.ramp(sizes)
    heads = graph.edges.pair_head[cycles.rings.pairs[at]]
    accounts = graph.accounts.take(pa.array(graph.source[heads]))
    ends = np.cumsum(sizes)
    tails = pa.concat_arrays(
        [accounts, pa.array([currency] * len(ring), columns.TEXT), graph.records_of(first)]
    )
    order = np.insert(
        np.arange(len(at)), np.repeat(ends, 2),
        len(at) + np.stack([np.arange(len(ring)), len(ring) + np.arange(len(ring))], 1).ravel(),
    )  # fmt: skip
    anchors = columns.lists(
        np.concatenate(([0], np.cumsum(sizes + 2))), tails.take(pa.array(order))
    )
    touched = np.isin(graph.source[edges], cycles.cut_accounts())
    incomplete = np.logical_or.reduceat(touched, start[:-1]) if len(ring) else touched[:0]
    complete = ~incomplete & cycles.counted_exactly()
    return _rows(currency, graph, start, edges, anchors, cycles.instances().tolist(), complete)


def _instances(currency: str, cycles: Cycles) -> tuple[pa.Table, int]:
    """One row an instance, anchored by its records; and how many were left out."""
    start, edges = cycles.list_instances(INSTANCES)
    graph = cycles.graph
    anchors = columns.lists(start, graph.records_of(edges))
    touched = np.isin(graph.source[edges], cycles.cut_accounts())
    size = len(start) - 1
    incomplete = np.logical_or.reduceat(touched, start[:-1]) if size else touched[:0]
    rows = _rows(currency, graph, start, edges, anchors, [1] * size, ~incomplete)
    return rows, sum(cycles.by_length().values()) - size


TYPOLOGY = Typology(
    name="money_cycle",
    prefix="mc",
    layer="value",
    family="cycle",
    kappa_percent=70,
    fact=False,
    clauses=("R5", "R1"),
    partition="slice",
    anchor="canonical ring, currency, first record of the episode",
    params=Params,
    find=find,
    halo=lambda params: int(params.window_us),
    reads=("payments",),
    count=count_cycles,
    texts={
        "en": "Money went round {length} accounts and came back to its start within the window",
        "zh": "资金在时间窗内经 {length} 个账号后回到起点",
    },
)

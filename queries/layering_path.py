"""layering_path: money goes through a row of accounts, each passing most of it on soon after.

    t1 a > b 100.00 @0h     each record leaves where the one before came in, later than it and at
    t2 b > c  95.00 @1d     most `gap` after it, not back to where that came from, and the smaller
    t3 c > d  93.00 @2d     of both amounts is at least `keep` times the larger
    t4 d > e  90.00 @4d     at least `min_hops` records: a chain

`gap`, `keep`, `min_hops` and `min_amount` are inclusive; "later" is by time (`ties=strict`) or in
total order (`order`). Records on such chains that follow one another are one finding, however many
chains they make: `instances` counts the records, `detail` the accounts (`set_accounts`) and the
records of the longest chain (`longest`). The witness is the longest chain, of those the earliest
record by record; if an account comes twice on it, its longest run over different accounts; if that
is shorter than `min_hops`, the earliest chain of `min_hops` records over different accounts; if
there is none, nothing is found. Accounts, records, times and the amount (the smallest) are the
witness's. Definition D-8.

Cost: m log d for m records, d of one account. Bounds (D-13): an account with more than
`bounds.HUB_DEGREE` moves from a record to `gap` after it is not passed through from that record;
`bounds.EXPANSIONS` steps of the search for the last kind of witness.

Sources: FATF, Professional Money Laundering (2018), layering; Tariq and Hassani, Topology-Agnostic
Detection of Temporal Money Laundering Flows in Billion-Scale Transactions (2023).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.layering import LayeringParams, Layers, layers
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.queries import columns
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pairs
from regift.queries.params import choice, count, duration, money, ratio, words
from regift.queries.typology import Typology

Ints = NDArray[Any]

SOURCE, RELAY, SINK = 0, 1, 2
ROLES = ("source", "relay", "sink")


@dataclass(frozen=True)
class Params:
    """What a chain is."""

    gap_us: int = duration("48h", "longest time from one record to the next, inclusive")
    keep_bp: int = ratio("0.8", "smaller over larger amount of neighbouring records; 0: any")
    min_hops: int = count(4, "fewest records of a chain")
    min_amount: Decimal = money("0", "every record moves at least this much")  # noqa: RUF009
    ties: str = choice("strict", ("strict", "order"), "whether equal times may follow each other")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")

    def __post_init__(self) -> None:
        if self.min_hops < 1:
            raise ValueError("min_hops is at least 1")


def _rows(currency: str, graph: TemporalGraph, found: Layers) -> pa.Table:
    """One row a set."""
    size = len(found.first)
    edges, start = found.witness, found.start.astype(np.int64)
    first, last = start[:-1], start[1:] - 1
    # A witness of k records has k + 1 accounts: its records' sources, then the last one's target.
    accounts = np.insert(graph.source[edges], start[1:], graph.target[edges[last]])
    account_start = start + np.arange(size + 1)
    roles = np.full(len(accounts), RELAY)
    roles[account_start[:-1]] = SOURCE
    roles[account_start[1:] - 1] = SINK
    told = zip(found.accounts.tolist(), found.longest.tolist(), strict=True)
    details = [f'{{"set_accounts": {accounts}, "longest": {hops}}}' for accounts, hops in told]
    amounts = graph.amount_minor[edges]
    return columns.table(
        size,
        anchor=columns.anchors([graph.records_of(found.first)]),
        first_us=graph.at_us[edges[first]],
        last_us=graph.at_us[edges[last]],
        amount_minor=np.minimum.reduceat(amounts, first) if size else amounts,
        currency=currency,
        length=np.diff(start),
        instances=found.size,
        detail=pa.array(details, columns.TEXT),
        complete=found.whole,
        accounts=columns.accounts(graph, account_start, accounts),
        roles=columns.lists(account_start, columns.words(roles, ROLES)),
        evidence=columns.evidence(
            graph, start, edges, pa.array(["hop"] * len(edges), columns.TEXT)
        ),
    )


def _names(parts: list[tuple[TemporalGraph, Ints]]) -> list[str]:
    """Ids of some accounts of each graph, sorted, each once."""
    names: set[str] = set()
    for graph, accounts in parts:
        names.update(graph.accounts.take(pa.array(np.unique(accounts))).to_pylist())
    return sorted(names)


def _truncated(searched: list[tuple[TemporalGraph, Layers]]) -> dict[str, object]:
    """What the bounds cut, by cause and place; empty if nothing."""
    cut: dict[str, object] = {}
    records = sum(len(found.hubs) for _, found in searched)
    if records:
        hubs = [(graph, graph.target[found.hubs]) for graph, found in searched]
        cut["hub_degree"] = {"roots": records, "accounts": _names(hubs)}
    sets = sum(found.cut for _, found in searched)
    if sets:
        ends = [
            (graph, np.concatenate((graph.source[found.cut_edges], graph.target[found.cut_edges])))
            for graph, found in searched
        ]
        cut["expansions"] = {"roots": sets, "accounts": _names(ends)}
    return cut


def find(graph: Snapshot, params: Params) -> Findings:
    """Sets of records on chains; see the head of this file."""
    how = LayeringParams(params.gap_us, params.keep_bp, params.min_hops, params.ties == "order")
    tables, searched = [], []
    for currency, part in flows(graph, params.kinds, params.min_amount):
        found = layers(part, how, graph.bounds)
        tables.append(_rows(currency, part, found))
        searched.append((part, found))
    graph.con.register("_layers", pa.concat_tables(tables))
    rows = "SELECT *, strftime(make_timestamp(first_us), '%Y-%m-%d') AS unit FROM _layers"
    gap_us = min(params.gap_us, LONGEST_US)
    collected = collect(
        graph.con, "layering_path", "lp", with_pairs(rows, gap_us), _truncated(searched)
    )
    graph.con.unregister("_layers")
    return collected


TYPOLOGY = Typology(
    name="layering_path",
    prefix="lp",
    layer="value",
    family="relay",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="first record of the set",
    params=Params,
    find=find,
    reads=("payments",),
    nulls=("time", "shift", "targets"),
    texts={
        "en": "Money went through a row of {length} transfers, most of it passed on each time",
        "zh": "资金连续经 {length} 笔转账层层转移，每次转出大部分",
    },
)

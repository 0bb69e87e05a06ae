"""peel_chain: a large remainder moves on, hop after hop, while small parts peel off.

    r1 a > b 100.00 @0h    b: nothing else comes in from r1 to r1 + gap; the outs after r1 up to
    p1 b > p   5.00 @1h       then are 2 to max_peels + 1, together at most r1
    r2 b > c  95.00 @2h    the largest (earliest of equals) is the remainder: not back to a, less
    ...                       than r1, at least (1 - peel) * r1; peels go elsewhere

`gap`, `peel`, `max_peels`, `min_amount` and the sum are inclusive; "after" is by time
(`ties=strict`) or in total order (`order`); another in at the time of r1 is one too many. A chain
is a run of remainders from a record that is nobody's, as far as it goes; where one goes to an
account on the chain, the chain ends before it and the next begins with it. Chains of at least
`min_hops` records are findings. Accounts: the chain (source, relay, ..., sink), then receivers of
peels that are not on it, by their first peel. Records: hops, and the peels of the steps between
them, in total order. Amount: the smallest hop. Definition D-8.

Cost: linear, a binary search an edge; no bound can cut it.

Sources: Meiklejohn and others, A Fistful of Bitcoins (IMC 2013); Moeser and others, An Inquiry into
Money Laundering Tools in the Bitcoin Ecosystem (eCRS 2013).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.episodes import starts
from regift.graph.index_kernels import horizons
from regift.graph.peel_kernels import chains, remainders
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.queries import columns
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pairs
from regift.queries.params import choice, count, duration, money, ratio, words
from regift.queries.typology import Typology

Ints = NDArray[Any]

SOURCE, RELAY, SINK, RECEIVER = 0, 1, 2, 3
ROLES = ("source", "relay", "sink", "receiver")
HOP, PEEL = 0, 1


@dataclass(frozen=True)
class Params:
    """What a step and a chain are."""

    gap_us: int = duration("48h", "longest time from an in to its outs, inclusive")
    peel_bp: int = ratio("0.2", "most that a hop loses, as a share of the one before")
    min_hops: int = count(4, "fewest records of a chain")
    max_peels: int = count(3, "most peels of one step")
    min_amount: Decimal = money("0", "every record moves at least this much")  # noqa: RUF009
    ties: str = choice("strict", ("strict", "order"), "whether equal times may follow each other")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")

    def __post_init__(self) -> None:
        if self.min_hops < 1 or self.max_peels < 1:
            raise ValueError("min_hops and max_peels are at least 1")


def _searched(graph: TemporalGraph, params: Params) -> tuple[Ints, Ints, Ints, Ints]:
    """Chains of one currency: see `peel_kernels.chains`."""
    gap_us = min(params.gap_us, LONGEST_US)
    _, after, until = horizons(graph.at_us, gap_us, params.ties == "order")
    peels = min(params.max_peels, len(graph))
    steps = remainders(graph.edges, after, until, peels, params.peel_bp)
    return chains(graph.edges, *steps, params.min_hops)


def _once(chain: Ints, account: Ints, role: Ints, names: int) -> tuple[Ints, Ints, Ints]:
    """Every account of a chain at its first place only."""
    first = np.unique(chain * names + account, return_index=True)[1]
    kept = np.sort(first)
    return chain[kept], account[kept], role[kept]


def _rows(currency: str, graph: TemporalGraph, params: Params) -> pa.Table:
    """One row a chain."""
    hop_start, hops, peel_start, peels = _searched(graph, params)
    size = len(hop_start) - 1
    hop_chain = np.repeat(np.arange(size), np.diff(hop_start))
    peel_chain = np.repeat(np.arange(size), np.diff(peel_start))

    chain = np.concatenate((hop_chain, peel_chain))
    edges = np.concatenate((hops, peels))
    kind = np.repeat([HOP, PEEL], [len(hops), len(peels)])
    order = np.lexsort((edges, chain))
    start, shown = starts(chain, size), edges[order]
    records = columns.evidence(graph, start, shown, columns.words(kind[order], ("hop", "peel")))

    sink = hop_start[1:] - 1
    role = np.full(len(hops), RELAY)
    role[sink] = SINK
    peel_order = np.lexsort((peels, peel_chain))
    # Stable by chain, so of one chain: its source, its hops, its peels.
    whose = np.concatenate((np.arange(size), hop_chain, peel_chain))
    account = np.concatenate(
        (graph.source[hops[hop_start[:-1]]], graph.target[hops], graph.target[peels[peel_order]])
    )
    roles = np.concatenate((np.full(size, SOURCE), role, np.full(len(peels), RECEIVER)))
    order = np.argsort(whose, kind="stable")
    whose, account, roles = _once(whose[order], account[order], roles[order], len(graph.accounts))
    account_start = starts(whose, size)
    length = np.diff(hop_start).astype(np.int64)
    return columns.table(
        size,
        anchor=columns.anchors([graph.records_of(hops[hop_start[:-1]])]),
        first_us=graph.at_us[shown[start[:-1]]],
        last_us=graph.at_us[shown[start[1:] - 1]],
        amount_minor=graph.amount_minor[hops[sink]],
        currency=currency,
        length=length,
        instances=length,
        complete=np.ones(size, np.bool_),
        accounts=columns.accounts(graph, account_start, account),
        roles=columns.lists(account_start, columns.words(roles, ROLES)),
        evidence=records,
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Chains of remainders; see the head of this file."""
    parts = flows(graph, params.kinds, params.min_amount)
    graph.con.register("_chains", pa.concat_tables([_rows(*part, params) for part in parts]))
    rows = "SELECT *, strftime(make_timestamp(first_us), '%Y-%m-%d') AS unit FROM _chains"
    gap_us = min(params.gap_us, LONGEST_US)
    found = collect(graph.con, "peel_chain", "pc", with_pairs(rows, gap_us))
    graph.con.unregister("_chains")
    return found


TYPOLOGY = Typology(
    name="peel_chain",
    prefix="pc",
    layer="value",
    family="relay",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="first record of the chain",
    params=Params,
    find=find,
    reads=("payments",),
    nulls=("time", "shift", "targets"),
    texts={
        "en": "A sum moved on {length} times, each time nearly whole, small parts peeling off",
        "zh": "一笔资金连续转移 {length} 次，每次几乎全额转出，并分出小额",
    },
)

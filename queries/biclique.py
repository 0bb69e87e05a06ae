"""biclique: several accounts pay the same several others, and none of them ever again.

    u1 > w1, u1 > w2       within `window` (inclusive) in any order; each payment is the only one,
    u2 > w1, u2 > w2       or the first one, of its two accounts (queries/pair_class.py)

Four such payments are a *square*. A payment takes no part if its payer pays more than `hub`
accounts so, or its payee is paid so by more, in a window that it lies in: customers of two shops
are no ring. Squares that share a side, two of their payments that have an end in common, belong
together (biclique communities), so ten payers and the same ten payees are one finding, and two
groups that share a single payment, or two accounts at another time, are two.

One finding a group and currency: its payments in total order; accounts are the payers, then the
payees, each once; length: the fewer of these; amount: the smallest payment; `instances`: squares.
detail: payers, payees. Definition D-18.

Cost: by payment, the payments in the window at the quieter of its ends; then by square. Bounds
(D-13): an account that takes more than `expansions` steps as the busiest of squares is not searched
as such; a search keeps `SIDES` sides, quiet accounts first.

Sources: Lehmann, Schwartz and Hansen 2008 (biclique communities); Altman et al., AMLworld
(bipartite laundering).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.biclique_kernels import ends_of, squares
from regift.graph.bounds import Bounds
from regift.graph.episodes import starts
from regift.graph.index_kernels import horizons
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.graph.wedge_kernels import Reach, crowded
from regift.queries import columns
from regift.queries.cuts import Cut, told
from regift.queries.findings import Findings, collect
from regift.queries.gather_scatter import first_of_each
from regift.queries.habit import with_pairs
from regift.queries.pair_class import FIRST, pair_classes
from regift.queries.params import count, duration, words
from regift.queries.typology import Typology

Ints = NDArray[Any]

SIDES = 2**24
"""Sides that one search keeps, about a GiB: those of 18,000 groups of ten payers and ten payees."""

ROUNDS = 2
"""Turns in which payments that can be in no square are left out, as in scatter_gather."""


@dataclass(frozen=True)
class Params:
    """What a square is."""

    window_us: int = duration("20d", "longest time from the first to the last of four, inclusive")
    hub: int = count(100, "who has more such partners than that in one window takes no part")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")


class Groups(NamedTuple):
    """Groups of one currency and what was cut.

    graph: the payments that can be in a square. group, edge: each payment of each group, in total
    order by group; first, second: the first side of a group; squares: of a group. cut: accounts;
    left, of: ends that were not searched for want of memory, of all.
    """

    graph: TemporalGraph
    group: Ints
    edge: Ints
    first: Ints
    second: Ints
    squares: Ints
    cut: Ints
    left: int
    of: int


def candidates(part: TemporalGraph, kind: Ints, params: Params) -> TemporalGraph:
    """Only payments that can be in a square: rare ones, at no hub, not alone at either end."""
    part = part.select(kind[part.rank] <= FIRST)
    edges = part.edges
    reach = Reach(*horizons(part.at_us, min(params.window_us, LONGEST_US), False))
    outs = (edges.out_start, edges.out_edge, part.target, reach)
    ins = (edges.in_start, edges.in_edge, part.source, reach)
    many_out, many_in = np.ones(len(part), np.bool_), np.ones(len(part), np.bool_)
    crowded(*outs, many_out, params.hub + 1)
    crowded(*ins, many_in, params.hub + 1)
    chosen = ~(many_out | many_in)
    for _ in range(ROUNDS):
        crowded(*outs, chosen, 2)
        crowded(*ins, chosen, 2)
    return part.select(chosen)


def groups(part: TemporalGraph, params: Params, bounds: Bounds) -> Groups:
    """The groups of squares among candidates."""
    window = min(params.window_us, LONGEST_US)
    size = max(len(part), 1)
    sides, label, found, cut, reached = squares(
        part.edges, ends_of(part.edges), window, max(bounds.expansions, 1), SIDES
    )
    ends = 2 * len(part.accounts)
    names, group = np.unique(label, return_inverse=True)
    total = np.zeros(len(names), np.int64)
    np.add.at(total, group, found)
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, group, sides)
    both = np.concatenate((sides // size, sides % size))
    of_edge = np.unique(np.concatenate((group, group)) * size + both)
    return Groups(
        part, of_edge // size, of_edge % size, first // size, first % size, total,
        np.unique(cut % max(len(part.accounts), 1)), ends - reached, ends,
    )  # fmt: skip


def _parties(found: Groups) -> tuple[Ints, Ints, Ints]:
    """Accounts of each group: (group, account, role), payers first, each where it first comes."""
    graph, group, edge = found.graph, found.group, found.edge
    group = np.concatenate((group, group))
    account = np.concatenate((graph.source[edge], graph.target[edge]))
    role = np.repeat([0, 1], len(edge))
    order = np.lexsort((role, group))  # stable: within a role by payment
    once = order[first_of_each(group[order], account[order])]
    return group[once], account[once], role[once]


def _rows(currency: str, found: Groups) -> pa.Table:
    """One row a group of one currency."""
    graph, group, edge = found.graph, found.group, found.edge
    size = len(found.squares)
    start = starts(group, size)
    payers = np.bincount(group[first_of_each(group, graph.source[edge])], minlength=size)
    payees = np.bincount(group[first_of_each(group, graph.target[edge])], minlength=size)
    of, account, role = _parties(found)
    least = np.minimum.reduceat(graph.amount_minor[edge], start[:-1]) if size else payers
    touched = np.bincount(of[np.isin(account, found.cut)], minlength=size) > 0
    if found.left:
        touched[:] = True
    details = [
        f'{{"payers": {n}, "payees": {k}}}'
        for n, k in zip(payers.tolist(), payees.tolist(), strict=True)
    ]
    return columns.table(
        size,
        anchor=columns.anchors([graph.records_of(found.first), graph.records_of(found.second)]),
        unit=graph.accounts.take(pa.array(graph.source[found.first])),
        first_us=graph.at_us[edge[start[:-1]]],
        last_us=graph.at_us[edge[start[1:] - 1]],
        amount_minor=least,
        currency=currency,
        length=np.minimum(payers, payees),
        instances=found.squares,
        complete=pa.array(~touched, pa.bool_()),
        detail=pa.array(details, columns.TEXT),
        accounts=columns.accounts(graph, starts(of, size), account),
        roles=columns.lists(starts(of, size), columns.words(role, ("payer", "payee"))),
        evidence=columns.evidence(
            graph, start, edge, columns.words(np.zeros(len(edge), np.int64), ["payment"])
        ),
    )


def _truncated(parts: list[Groups]) -> dict[str, object]:
    """What was cut in all currencies, as `queries/cuts.py` tells it."""
    cuts = []
    for found in parts:
        names = tuple(found.graph.accounts.take(pa.array(found.cut)).to_pylist())
        cuts.append({"expansions": Cut(len(names), names)} if names else {})
    truncated = told(cuts)
    left = sum(found.left for found in parts)
    if left:
        every = [{"from": None, "until": None}]
        truncated["memory"] = {"slices": every, "cut": left, "of": sum(f.of for f in parts)}
    return truncated


def find(graph: Snapshot, params: Params) -> Findings:
    """Groups of payers with the same payees; see the head of this file."""
    kind = pair_classes(graph).kind
    found, tables = [], []
    for currency, part in flows(graph, params.kinds):
        found.append(groups(candidates(part, kind, params), params, graph.bounds))
        tables.append(_rows(currency, found[-1]))
    graph.con.register("_groups", pa.concat_tables(tables))
    rows = with_pairs("SELECT * FROM _groups", params.window_us)
    told_of = collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, rows, _truncated(found))
    graph.con.unregister("_groups")
    return told_of


TYPOLOGY = Typology(
    name="biclique",
    prefix="bq",
    layer="value",
    family="biclique",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="first two payments that share an end and a square",
    params=Params,
    find=find,
    reads=("payments",),
    nulls=("time", "targets"),
    texts={
        "en": "Several accounts paid the same {length} or more others within the window, only once",
        "zh": "多个账号在时间窗内各自向同一组账号付款，且仅此一次",
    },
)

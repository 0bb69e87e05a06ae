"""repeated_ring: money goes round the same accounts, and later round them again.

    t1 a > b, t2 b > c, t3 c > a    day 0, 1, 2      run 1
    t4 a > b, t5 b > c, t6 c > a    day 9, 9, 12     run 2: begins after run 1 is over

A run is an instance of a ring (D-5) of at least three accounts: each hop later in time than the
one before, last - first <= window (inclusive), one currency, any amounts. The first run of a ring
is the instance that is over first, each further one the instance that is over first among those
that begin later than the run before ended; of equal ones that which began last, then the least
record ids. Payments of pairs with more than `pair_payments` payments, both ways and in all, take
no part: who pays every week closes rings every week.

One finding a ring and currency with at least `min_runs` runs: its accounts in the smallest
rotation, the payments of its runs in order; amount: the smallest payment of each run, added up.
detail: runs, stratum (runs|length, the runs 4 and the length 6 for more). Definition D-18.

Cost: only pairs with two payments in one direction are searched, as money_cycle searches; then by
ring. Bounds (D-13): those of money_cycle, at most `EXPANSIONS` steps a root; a ring that is found
has all its runs whatever was cut.

Sources: Altman et al., AMLworld (laundering patterns recur); Kovanen et al., temporal motifs.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.bounds import Bounds
from regift.graph.cycle_kernels import Ahead
from regift.graph.cycles import CycleParams, Cycles, name_rank, shared_of
from regift.graph.run_kernels import count_runs, runs_of
from regift.graph.snapshot import Snapshot
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.graph.workspace import utc_text
from regift.queries import columns
from regift.queries.cuts import Cut, joined, told
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pair_rate
from regift.queries.money_cycle import STEPS, WORDS, cuts_of
from regift.queries.pair_class import pair_classes
from regift.queries.params import count, duration, words
from regift.queries.slices import FINDINGS
from regift.queries.typology import Typology

Ints = NDArray[Any]

EXPANSIONS = 100_000
"""Steps from one root, if the bounds allow no fewer. Rings of rare pairs take far fewer: of 24
accounts that all pay each other twice they are complete after 15 s, of 60 cut after two minutes."""

MOST_PAYMENTS = 100
"""Of a pair: its payments are sorted by insertion, ring by ring."""

RUNS_CAP, LENGTH_CAP = 4, 6
"""More runs, or more accounts, are one stratum with those of so many: there are few of them."""


@dataclass(frozen=True)
class Params:
    """What a ring is that runs again."""

    window_us: int = duration("20d", "longest time of one run, inclusive")
    max_length: int = count(6, "most accounts in a ring; 0: no bound")
    min_runs: int = count(2, "fewest runs; one is a money_cycle")
    pair_payments: int = count(8, "most payments of two neighbours in all, both ways")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")

    def __post_init__(self) -> None:
        if self.max_length in (1, 2):
            raise ValueError("max_length is 0 (no bound) or at least 3: two are no ring here")
        if self.min_runs < 2:
            raise ValueError("min_runs is at least 2: rings that run once are money_cycle's")
        if self.pair_payments > MOST_PAYMENTS:
            raise ValueError(f"pair_payments is at most {MOST_PAYMENTS}: more are a standing order")


@dataclass(frozen=True)
class Searched:
    """Rings of one currency with enough runs, and what was cut.

    ahead: what each payment can be followed by. rings: pairs of the graph, a row a ring, filled up
    with -1. left: the cause and the first time at which roots were not searched.
    """

    graph: TemporalGraph
    ahead: Ahead
    rings: Ints
    cuts: dict[str, Cut]
    left: tuple[str, int] | None


def candidates(part: TemporalGraph, payments: Ints, params: Params) -> TemporalGraph:
    """Only payments of pairs that pay often enough in one direction, and not too often in all."""
    edges = part.edges
    one_way = np.diff(edges.pair_start)[edges.pair_of]
    most = payments[part.rank] <= params.pair_payments
    return part.select((one_way >= params.min_runs) & most)


def _wide(rings: Ints, width: int) -> Ints:
    """The same rows filled up with -1.

    >>> _wide(np.array([[4, 5, 6]]), 4)
    array([[ 4,  5,  6, -1]])
    """
    return np.pad(rings, ((0, 0), (0, width - rings.shape[1])), constant_values=-1)


def _repeating(cycles: Cycles, min_runs: int) -> Ints:
    """Rings of three accounts or more that have enough runs."""
    rings, lengths = cycles.rings, cycles.lengths
    runs = count_runs(cycles.graph.edges, cycles.ahead, rings.start, rings.pairs)
    found = np.flatnonzero((runs >= min_runs) & (lengths >= 3))
    sizes = lengths[found]
    rows = np.full((len(found), sizes.max(initial=3)), -1, np.int32)
    place = columns.ramp(sizes)
    pairs = rings.pairs[np.repeat(rings.start[found], sizes) + place]
    rows[np.repeat(np.arange(len(found)), sizes), place] = pairs
    return rows


def search(part: TemporalGraph, params: Params, bounds: Bounds) -> Searched:
    """The rings of one currency; the search leaves off now and then to look at the clock."""
    shape = CycleParams(params.window_us, params.max_length, 0, False)
    bounds = replace(bounds, expansions=min(bounds.expansions, EXPANSIONS))
    shared = shared_of(part, shape, bounds)
    found = np.empty((0, 3), np.int32)
    cuts: list[dict[str, Cut]] = []
    begin = 0
    while begin < len(part) and len(found) < FINDINGS and not bounds.late:
        cycles = Cycles(
            part, shape, bounds=bounds, begin=begin, shared=shared, most_words=WORDS,
            most_steps=STEPS,
        )  # fmt: skip
        again = _repeating(cycles, params.min_runs)
        width = max(found.shape[1], again.shape[1])
        both = np.concatenate((_wide(found, width), _wide(again, width)))
        found = np.unique(both, axis=0) if len(again) else found
        cuts.append(cuts_of(cycles))
        begin = cycles.reached
    left = None
    if begin < len(part):
        left = "time" if bounds.late else "memory", int(part.at_us[begin])
    return Searched(part, shared.ahead, found, joined(cuts), left)


def _truncated(searched: list[Searched]) -> dict[str, object]:
    """What was cut in all currencies, as `queries/cuts.py` tells it."""
    truncated = told([each.cuts for each in searched])
    left = [each.left for each in searched if each.left]
    for cause in sorted({cause for cause, _ in left}):
        times = [since for why, since in left if why == cause]
        spans = [{"from": utc_text(min(times)), "until": None}]
        truncated[cause] = {"slices": spans, "cut": len(times), "of": len(searched)}
    return truncated


def _rows(currency: str, searched: Searched) -> pa.Table:
    """One row a ring of one currency."""
    graph, rings = searched.graph, searched.rings
    edges = graph.edges
    size, lengths = len(rings), (rings >= 0).sum(axis=1)
    start = np.append(0, np.cumsum(lengths)).astype(np.int32)
    pairs = rings[rings >= 0]
    ring, hops = runs_of(edges, searched.ahead, name_rank(graph, pairs), start, pairs)
    runs = np.bincount(ring, minlength=size)
    ends = np.cumsum(lengths[ring])
    least = np.minimum.reduceat(graph.amount_minor[hops], ends - lengths[ring]) if size else hops
    hop_start = np.append(0, np.cumsum(lengths * runs))
    amount = np.zeros(size, np.int64)
    np.add.at(amount, ring, least)
    who = graph.source[edges.pair_head[pairs]]
    names = graph.accounts.take(pa.array(who))
    order = np.insert(np.arange(len(who)), start[1:], len(who))
    anchor = pa.concat_arrays([names, pa.array([currency], columns.TEXT)]).take(pa.array(order))
    details = [
        f'{{"runs": {n}, "stratum": "{min(n, RUNS_CAP)}|{min(length, LENGTH_CAP)}"}}'
        for n, length in zip(runs.tolist(), lengths.tolist(), strict=True)
    ]
    return columns.table(
        size,
        anchor=columns.lists(start + np.arange(size + 1), anchor),
        unit=names.take(pa.array(start[:-1])),
        first_us=graph.at_us[hops[hop_start[:-1]]],
        last_us=graph.at_us[hops[hop_start[1:] - 1]] if size else graph.at_us[:0],
        amount_minor=amount,
        currency=currency,
        length=lengths.astype(np.int64),
        instances=runs.astype(np.int64),
        complete=pa.array([True] * size, pa.bool_()),
        detail=pa.array(details, columns.TEXT),
        accounts=columns.accounts(graph, start, who),
        roles=columns.lists(start, columns.words(np.zeros(len(who), np.int64), ["member"])),
        evidence=columns.evidence(
            graph, hop_start, hops, columns.words(np.zeros(len(hops), np.int64), ["hop"])
        ),
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Rings that run again; see the head of this file."""
    payments = pair_classes(graph).payments
    searched, tables = [], []
    for currency, part in flows(graph, params.kinds):
        searched.append(search(candidates(part, payments, params), params, graph.bounds))
        tables.append(_rows(currency, searched[-1]))
    graph.con.register("_again", pa.concat_tables(tables))
    rows = with_pair_rate("SELECT * FROM _again", params.window_us)
    found = collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, rows, _truncated(searched))
    graph.con.unregister("_again")
    return found


TYPOLOGY = Typology(
    name="repeated_ring",
    prefix="rr",
    layer="value",
    family="repeat",
    kappa_percent=60,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="canonical ring, currency",
    params=Params,
    find=find,
    reads=("payments",),
    nulls=("time", "shift"),
    texts={
        "en": "Money went round the same {length} accounts {instances} times, one after the other",
        "zh": "资金先后 {instances} 次沿同样的 {length} 个账号循环",
    },
)

"""gather_scatter: many pay one account, which soon passes it on to many.

    r1 s > x 100.00  @0h  --.       `min_accounts` sources and as many receivers, in one window
    r2 t > x 100.00  @1h  --+--> x > a  90.00  @3h       of what came in, at least `flow` went out
    r3 v > x 100.00  @2h  --'    x > b  90.00  @4h       payer and receiver of one taking differ
                                 x > c 120.00  @5h

First in, first out, per account and currency, as in pass_through: an out takes from the oldest
money that came in at most `window` before (inclusive) and, with `ties=strict`, at an earlier time;
what goes back to its own source counts for nothing. A root is an in of which something was taken.
Its takings are those of it and of later ins by outs at most `window` (inclusive) after the root;
it qualifies with enough different sources and receivers among them (inclusive), and if their sum
is at least `flow` of the whole ins they take from (inclusive).

One finding an account, currency and episode of roots, shown by the root with the largest sum: its
ins and outs in total order; accounts are x, the sources, then the receivers, each once, where it
first comes. `detail`: {"flow": that sum, "gathered": the whole ins}. Definition D-8.

Cost: linear in the records: takings are in order at both ends, so two ends of a window move along.
Sources: Suzumura and Kanezashi, AMLSim; Altman et al., AMLworld (gather-scatter).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.episodes import shown, split, starts
from regift.graph.relay_kernels import first_in_first_out
from regift.graph.scatter_kernels import LOW_BITS, gathers
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.queries import columns
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pairs
from regift.queries.params import choice, count, duration, ratio, words
from regift.queries.traces import decimal_text
from regift.queries.typology import Typology

Ints = NDArray[Any]


@dataclass(frozen=True)
class Params:
    """What a root is."""

    window_us: int = duration("120h", "longest time from the first in to the last out, inclusive")
    min_accounts: int = count(3, "fewest different sources, and fewest different receivers")
    flow_bp: int = ratio("0.7", "least share of what came in that went on")
    ties: str = choice("strict", ("strict", "order"), "whether equal times may follow each other")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")


def ranked(high: Ints, low: Ints) -> Ints:
    """Numbers in the order of sums given as (units of 2**30, rest), equal for equal sums.

    >>> ranked(np.array([1, 0, 0]), np.array([0, 2**30, 5]))
    array([1, 1, 0])
    """
    high, low = high + (low >> LOW_BITS), low & ((1 << LOW_BITS) - 1)
    order = np.lexsort((low, high))
    new = np.zeros(len(order), np.int64)
    new[1:] = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.cumsum(new)
    return rank


def amounts(high: Ints, low: Ints, currency: str) -> list[str]:
    """Sums given as (units of 2**30, rest) as decimal text in major units."""
    pairs = zip(high.tolist(), low.tolist(), strict=True)
    return [decimal_text((h << LOW_BITS) + rest, currency) for h, rest in pairs]


def first_of_each(group: Ints, member: Ints) -> Ints:
    """Places of the first occurrence of each (group, member), in the order given.

    >>> first_of_each(np.array([0, 0, 0, 1]), np.array([7, 8, 7, 7]))
    array([0, 1, 3])
    """
    order = np.lexsort((np.arange(len(group)), member, group))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(group[order]) != 0) | (np.diff(member[order]) != 0)
    return np.sort(order[new])


def _records(spans: Ints, took_in: Ints, took_out: Ints, part: TemporalGraph) -> tuple[Ints, ...]:
    """Ins and outs of some roots in total order: (finding, edge, whether it is an out)."""
    sizes = spans[:, 1] - spans[:, 0]
    finding = np.repeat(np.arange(len(spans)), sizes)
    takings = np.repeat(spans[:, 0], sizes) + columns.ramp(sizes)
    edge = np.concatenate((took_in[takings], took_out[takings])).astype(np.int64)
    both = np.concatenate((finding, finding))
    is_out = np.repeat([False, True], len(finding))
    once = first_of_each(both, edge)
    once = once[np.lexsort((edge[once], both[once]))]
    return both[once], edge[once], is_out[once]


def _parties(
    relay: Ints, finding: Ints, edge: Ints, is_out: Ints, part: TemporalGraph
) -> tuple[Ints, Ints, Ints]:
    """Accounts of each finding: (finding, account, role), each where it first comes."""
    other = np.where(is_out, part.target[edge], part.source[edge])
    size = len(relay)
    group = np.concatenate((np.arange(size), finding))
    account = np.concatenate((relay, other))
    role = np.concatenate((np.zeros(size, np.int64), 1 + is_out))
    order = np.lexsort((role, group))
    once = order[first_of_each(group[order], account[order])]
    return group[once], account[once], role[once]


def _rows(currency: str, part: TemporalGraph, params: Params) -> pa.Table:
    """One row an episode of one currency."""
    window = min(params.window_us, LONGEST_US)
    every = np.ones(len(part), np.bool_)
    _, took_in, took_out, took = first_in_first_out(
        part.edges, every, every, window, params.ties == "order", False
    )
    spans, sums = gathers(
        part.edges, took_in, took_out, took, window, params.min_accounts, params.flow_bp
    )
    root = took_in[spans[:, 0]]
    episode = split(part.target[root], part.at_us[root], window)
    best = shown(episode, ranked(sums[:, 0], sums[:, 1]))
    size = len(best)
    finding, edge, is_out = _records(spans[best], took_in, took_out, part)
    relay = part.target[root[best]]
    group, account, role = _parties(relay, finding, edge, is_out, part)
    start = starts(finding, size)
    firsts = root[starts(episode, size)[:-1]]
    gone = amounts(sums[best, 0], sums[best, 1], currency)
    came = amounts(sums[best, 2], sums[best, 3], currency)
    details = [f'{{"flow": "{f}", "gathered": "{g}"}}' for f, g in zip(gone, came, strict=True)]
    names = part.accounts.take(pa.array(relay))
    return columns.table(
        size,
        anchor=columns.anchors(
            [names, pa.array([currency] * size, columns.TEXT), part.records_of(firsts)]
        ),
        unit=names,
        first_us=part.at_us[edge[start[:-1]]],
        last_us=part.at_us[edge[start[1:] - 1]],
        currency=currency,
        length=np.full(size, 2),
        instances=np.bincount(episode, minlength=size),
        complete=pa.array([True] * size, pa.bool_()),
        detail=pa.array(details, columns.TEXT),
        accounts=columns.accounts(part, starts(group, size), account),
        roles=columns.lists(
            starts(group, size), columns.words(role, ("relay", "source", "receiver"))
        ),
        evidence=columns.evidence(
            part, start, edge, columns.words(is_out.astype(np.int8), ("gather", "scatter"))
        ),
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of roots; see the head of this file."""
    tables = [_rows(currency, part, params) for currency, part in flows(graph, params.kinds)]
    graph.con.register("_gathers", pa.concat_tables(tables))
    rows = with_pairs("SELECT * FROM _gathers", params.window_us)
    found = collect(graph.con, "gather_scatter", "gs", rows)
    graph.con.unregister("_gathers")
    return found


TYPOLOGY = Typology(
    name="gather_scatter",
    prefix="gs",
    layer="value",
    family="dispersion",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="account",
    anchor="account, currency, first record of the episode",
    params=Params,
    find=find,
    halo=lambda params: int(params.window_us),
    reads=("payments",),
    nulls=("time", "shift", "targets"),
    texts={
        "en": "Many paid one account, which passed it on to many within the window",
        "zh": "多个账号向同一账号付款，该账号在时间窗内又转给多个账号",
    },
)

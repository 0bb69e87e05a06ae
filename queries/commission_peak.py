"""commission_peak: an account passes money on at a ratio at which suspiciously many do.

    in 100 in 50       out 90  out 45      135 of 150: ratio .9000, in bins of 5 basis points
    accounts at .8995: 11, at .9000: 64, at .9005: 9      a peak of the whole store at .9000

A *set* of an account: at most 4 payments that came in and then at most 4 that went out, at least
one each, every in earlier than every out; the last at most `window` after the first (inclusive);
one currency; each the only or the first payment of its two accounts (queries/pair_class.py); and
all among 8 neighbours, the account's payments of that kind in total order. Its ratio, sum of outs
over sum of ins, lies in [.5, 1.005). The count of a bin is the number of accounts (by currency)
that have a set in it. It is a peak if its count c is at least `min_accounts`, and more than its
background b by half of b and by six standard deviations: 2c > 3b, (c - b)^2 > 36 b, c > b. Here b
is the larger of the middle count of the 20 bins on either side (the upper one of an even number)
and the bin's own count if the payments of each currency had each other's amounts, the first that of
the last and so on: round amounts make peaks at 1 and at one half of their own.

One finding an account, currency and bin that is a peak. Shown are sets of the bin, the smallest
first, each only if it shares no payment with one shown; accounts are the account itself, payers,
payees; amount: the largest sum of ins of one set; `instances`: sets shown. detail: stratum, the
bin's lower end. Definition D-18.

`chance` looks for more background: amounts permuted among these payments, five times, from the
seed; b is then the largest of the middle count, the mean of the permuted counts in 41 bins, and
that in the bin itself. lfdr = b / c, or 1 where that is no peak.

Cost: at most 128 sets a payment, in each direction; linear. No bound cuts.
Sources: agents' commissions, FATF on professional money laundering networks (2018).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.commission_kernels import (
    BINS,
    LEAST,
    NEIGHBOURS,
    PER_WHOLE,
    Ledger,
    count_ratios,
    ledger_of,
    take_sets,
)
from regift.graph.episodes import starts
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.queries import columns
from regift.queries.findings import Findings, collect
from regift.queries.gather_scatter import first_of_each
from regift.queries.habit import with_pair_rate
from regift.queries.pair_class import FIRST, pair_classes
from regift.queries.params import count, duration, words
from regift.queries.typology import Chance, Typology

Ints = NDArray[Any]

NEAR = 20
"""Bins on either side that say what a bin would be without a peak."""

WORLDS = 5
"""Permutations of amounts."""


@dataclass(frozen=True)
class Params:
    """What a peak is."""

    window_us: int = duration("20d", "longest time from the first in to the last out, inclusive")
    min_accounts: int = count(8, "fewest accounts that have one ratio")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds of transfers that take part")


Part = tuple[str, TemporalGraph, Ledger]


def _parts(graph: Snapshot, params: Params) -> list[Part]:
    """The payments of each currency that can be in a set."""
    kind = pair_classes(graph).kind
    rare = [
        (currency, part.select(kind[part.rank] <= FIRST))
        for currency, part in flows(graph, params.kinds)
    ]
    return [(currency, part, ledger_of(part.edges)) for currency, part in rare]


def middles(counts: Ints) -> Ints:
    """Of each bin the middle count of its neighbours, the upper one of an even number.

    >>> middles(np.array([1, 9, 2, 3])).tolist()
    [3, 2, 3, 2]
    """
    found = []
    for place in range(len(counts)):
        near = counts[max(place - NEAR, 0) : place + NEAR + 1]
        others = np.sort(np.delete(near, min(place, NEAR)))
        found.append(others[len(others) // 2])
    return np.array(found)


def is_peak(count: int, background: int, parts: int, min_accounts: int) -> bool:
    """Whether a count stands out of a background of so many parts, exactly.

    >>> is_peak(64, 10, 1, 8), is_peak(64, 86, 2, 8), is_peak(15, 20, 2, 8)
    (True, False, False)
    """
    more = count * parts - background
    return (
        count >= min_accounts
        and 2 * count * parts > 3 * background
        and more > 0
        and more * more > 36 * background * parts
    )


def peaks(parts: list[Part], params: Params) -> tuple[Ints, Ints, Ints]:
    """Counts by bin, the middle counts of their neighbours, and the bins that are peaks."""
    counts = _counts(parts, params)
    near = middles(counts)
    turned = _counts([_with(part, part[1].amount_minor[::-1]) for part in parts], params)
    both = zip(counts.tolist(), np.maximum(near, turned).tolist(), strict=True)
    return counts, near, np.flatnonzero([is_peak(c, b, 1, params.min_accounts) for c, b in both])


def _counts(parts: list[Part], params: Params) -> Ints:
    window = min(params.window_us, LONGEST_US)
    return sum((count_ratios(ledger, window) for _, _, ledger in parts), np.zeros(BINS, np.int64))


def _with(part: Part, amount: Ints) -> Part:
    """The same payments with other amounts."""
    currency, graph, ledger = part
    return currency, graph, ledger._replace(amount=amount[ledger.edge])


def _permuted(amount: Ints, draw: np.random.Generator) -> Ints:
    """By index: an array without elements `permutation` does not copy, and it may be read-only."""
    return amount[draw.permutation(len(amount))]


def _stratum(place: int) -> str:
    """The lower end of a bin, as text.

    >>> _stratum(801)
    '0.9005'
    """
    basis_points = (LEAST + place) * 10_000 // PER_WHOLE
    return f"{basis_points // 10_000}.{basis_points % 10_000:04}"


def chance(graph: Snapshot, params: Params, seed: int) -> Mapping[str, Chance]:
    """Of each bin that has findings, what its neighbours and permuted amounts explain."""
    parts = _parts(graph, params)
    counts, near, bins = peaks(parts, params)
    draw = np.random.Generator(np.random.PCG64(seed))
    permuted = np.zeros(BINS, np.int64)
    for _ in range(WORLDS):
        worlds = [_with(part, _permuted(part[1].amount_minor, draw)) for part in parts]
        permuted += _counts(worlds, params)
    found = {}
    for place in bins.tolist():
        around = permuted[max(place - NEAR, 0) : place + NEAR + 1]
        whole = WORLDS * len(around)
        told = {
            "accounts": int(counts[place]),
            "middle": int(near[place]),
            "permuted": int(permuted[place]),
            "permuted_near": int(around.sum()),
            "bins": len(around),
            "worlds": WORLDS,
        }
        background = max(
            told["middle"] * whole, told["permuted"] * len(around), told["permuted_near"]
        )
        c = told["accounts"]
        lfdr_bp = min(10_000, -(-10_000 * background // (c * whole)))
        peak = is_peak(c, background, whole, params.min_accounts)
        found[_stratum(place)] = Chance(lfdr_bp if peak else 10_000, told)
    return found


def _rows(part: Part, bins: Ints, params: Params) -> pa.Table:
    """One row an account and bin of one currency."""
    currency, graph, ledger = part
    wanted = np.full(BINS, -1, np.int64)
    wanted[bins] = np.arange(len(bins))
    first, bits, at_bin = take_sets(ledger, min(params.window_us, LONGEST_US), wanted)
    whole = (bits[:, None] >> np.arange(NEIGHBOURS) & 1).astype(np.bool_)
    which, step = np.nonzero(whole)
    place = first[which] + step
    came = ledger.came[place]
    came_in = np.zeros(len(first), np.int64)
    np.add.at(came_in, which[came], ledger.amount[place[came]])
    account = np.searchsorted(ledger.start, first, "right") - 1
    subjects, of_set = np.unique(account * BINS + at_bin, return_inverse=True)
    size, finding = len(subjects), of_set[which]
    relay, stratum = subjects // BINS, [_stratum(b) for b in (subjects % BINS).tolist()]
    order = np.lexsort((place, finding))
    finding, place, came = finding[order], place[order], came[order]
    edge, start = ledger.edge[place].astype(np.int64), starts(finding, size)
    amount = np.zeros(size, np.int64)
    np.maximum.at(amount, of_set, came_in)
    of, who, role = _parties(graph, relay, finding, edge, came)
    names = graph.accounts.take(pa.array(relay))
    coin = pa.array([currency] * size, columns.TEXT)
    return columns.table(
        size,
        anchor=columns.anchors([names, coin, pa.array(stratum, columns.TEXT)]),
        unit=names,
        first_us=graph.at_us[edge[start[:-1]]],
        last_us=graph.at_us[edge[start[1:] - 1]],
        amount_minor=amount,
        currency=currency,
        length=np.full(size, 2),
        instances=np.bincount(of_set, minlength=size),
        complete=pa.array([True] * size, pa.bool_()),
        detail=pa.array([f'{{"stratum": "{text}"}}' for text in stratum], columns.TEXT),
        accounts=columns.accounts(graph, starts(of, size), who),
        roles=columns.lists(starts(of, size), columns.words(role, ("relay", "source", "receiver"))),
        evidence=columns.evidence(
            graph, start, edge, columns.words(came.astype(np.int8), ("out", "in"))
        ),
    )


def _parties(
    graph: TemporalGraph, relay: Ints, finding: Ints, edge: Ints, came: Ints
) -> tuple[Ints, Ints, Ints]:
    """Accounts of each finding: (finding, account, role), each where it first comes."""
    group = np.concatenate((np.arange(len(relay)), finding))
    other = np.where(came, graph.source[edge], graph.target[edge])
    account = np.concatenate((relay, other))
    role = np.concatenate((np.zeros(len(relay), np.int64), np.where(came, 1, 2)))
    order = np.lexsort((role, group))  # stable: within a role by payment
    once = order[first_of_each(group[order], account[order])]
    return group[once], account[once], role[once]


def find(graph: Snapshot, params: Params) -> Findings:
    """Accounts at a peak; see the head of this file."""
    parts = _parts(graph, params)
    _, _, bins = peaks(parts, params)
    graph.con.register("_peaks", pa.concat_tables([_rows(part, bins, params) for part in parts]))
    rows = with_pair_rate("SELECT * FROM _peaks", params.window_us)
    found = collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, rows)
    graph.con.unregister("_peaks")
    return found


TYPOLOGY = Typology(
    name="commission_peak",
    prefix="cp",
    layer="value",
    family="commission",
    kappa_percent=60,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="account, currency, lower end of the bin",
    params=Params,
    find=find,
    reads=("payments",),
    chance=chance,
    texts={
        "en": "Money was passed on at a ratio that far more accounts share than chance explains",
        "zh": "资金按固定比例转出，而按该比例转出的账号远多于随机预期",
    },
)

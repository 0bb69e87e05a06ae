"""structuring: amounts kept just below a line, or one large sum split into many red packets.

    under      x > a 48,000  x > b 45,000  x > c 49,000       within `window`; each in
               (or to x, from two sources at least)            [near * threshold, threshold)

    packets    x > a 6,000  x > b 5,500 ... ten in 10 minutes, 52,000 together, each below
               y > a 7,000  y > c 5,000 ... another sender's burst within `window`, half of the
                                            receivers of x among its receivers

`under`: a root is a transfer of x, of the `kinds`, in the band; it counts if at least `min_events`
in the band leave x within [root, root + window]. The same for what comes in to x, if those come
from at least two sources. `packets`: only red packets below the threshold are looked at. A burst
is a root with at least `packets` of them from x within [root, root + burst], to at least two
receivers, together at least the threshold. It counts if at least half of its receivers are each a
receiver of some burst of some other sender whose root is at most `window` before or after. All
bounds are inclusive, but the threshold itself is not below the threshold; windows go by time alone.

One finding an account, currency, form (`out`, `in`, `packets`) and episode: x is the `payer` (`in`:
the `sink`), then the others in the order of their first records; records are all in the window of
the root with the largest sum. `amount` is null; `detail` has `form`, `total` and `threshold`.
Definition D-8.

50,000 is the line of China's large-value reports: cash of 50,000 yuan or more a day and customer is
reported (People's Bank of China, Order 3 of 2016, article 5). Cost: n log n in the transfers below
the threshold. Sources: that order; FATF, indicators of structuring; Chinese police notices on money
laundered as red packets, each sum split at once among receivers who come back.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph import episodes, spans
from regift.graph.index_kernels import group_by
from regift.graph.snapshot import Snapshot
from regift.graph.temporal import FLOW_KINDS, TemporalGraph, flows
from regift.loaders.currencies import DECIMALS, least_minor
from regift.queries import columns
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pair_rate
from regift.queries.params import count, duration, money, ratio, words
from regift.queries.shown import define_macros
from regift.queries.typology import Typology

Ints = NDArray[Any]
Spans = tuple[Ints, Ints, Ints]

FORMS = {
    "out": ("payer", "receiver", "out"),
    "in": ("sink", "source", "in"),
    "packets": ("payer", "receiver", "packet"),
}
"""Role of x, of the others, and of the records."""

_ROWS = """
    SELECT * REPLACE (json_object('form', form, 'total', decimal_text(total, digits),
                                  'threshold', threshold) AS detail)
    FROM _splits
"""


@dataclass(frozen=True)
class Params:
    """Where the line is, and how often one stays below it."""

    threshold: Decimal = money("50000", "the line; amounts below it are looked at")  # noqa: RUF009
    near_bp: int = ratio("0.8", "least share of the threshold that is just below it")
    window_us: int = duration("7d", "time in which events and other senders count, inclusive")
    min_events: int = count(3, "fewest transfers just below the threshold")
    burst_us: int = duration("10m", "time in which the red packets of one burst leave, inclusive")
    packets: int = count(10, "fewest red packets of a burst")
    kinds: tuple[str, ...] = words(FLOW_KINDS, FLOW_KINDS, "kinds just below the threshold")


@dataclass(frozen=True, eq=False)
class Side:
    """Records of a graph by the account they leave or come in to, in total order, with windows.

    own: edges; x, other, at_us: of each its account, the other end, its time; low, high: places of
    its window; total: sum of the amounts there.
    """

    graph: TemporalGraph
    own: Ints
    x: Ints
    other: Ints
    at_us: Ints
    low: Ints
    high: Ints
    total: Ints

    def several(self) -> Ints:
        """Whether the records of each window have at least two other ends."""
        change = np.zeros(len(self.own), np.int64)
        change[1:] = self.other[1:] != self.other[:-1]
        upto = np.cumsum(change)
        answer: Ints = upto[self.high - 1] > upto[self.low]
        return answer


def _side(graph: TemporalGraph, incoming: bool, window_us: int) -> Side:
    x, other = (graph.target, graph.source) if incoming else (graph.source, graph.target)
    start, own = group_by(x, len(graph.accounts))
    low, high = spans.windows(start, own, graph.at_us, window_us)
    total = spans.sums(graph.amount_minor[own], low, high)
    return Side(graph, own, x[own], other[own], graph.at_us[own], low, high, total)


def _least_near(params: Params, currency: str) -> int:
    """Smallest amount in minor units that is just below the threshold."""
    line = Fraction(params.threshold) * Fraction(10) ** DECIMALS.get(currency, 2)
    return math.ceil(line * params.near_bp / 10_000)


def _under(currency: str, part: TemporalGraph, params: Params, incoming: bool) -> tuple[Side, Ints]:
    """Transfers just below the threshold, and which of them are roots."""
    amount = part.amount_minor
    near = amount >= _least_near(params, currency)
    below = amount < least_minor(params.threshold, currency)
    window_us = min(params.window_us, spans.LONGEST_US)
    side = _side(part.select(near & below), incoming, window_us)
    roots = side.high - side.low >= params.min_events
    return side, roots & side.several() if incoming else roots


def _packets(currency: str, part: TemporalGraph, params: Params) -> tuple[Side, Ints]:
    """Red packets below the threshold, and which of them are roots."""
    limit = least_minor(params.threshold, currency)
    below = part.select(part.amount_minor < limit)
    side = _side(below, False, min(params.burst_us, spans.LONGEST_US))
    bursts = (side.high - side.low >= params.packets) & (side.total >= limit) & side.several()
    roots = np.zeros(len(side.own), np.bool_)
    root = np.flatnonzero(bursts)
    if len(root):
        roots[root[_shared(side, root, params)]] = True
    return side, roots


def _shared(side: Side, root: Ints, params: Params) -> Ints:
    """Whether half of the receivers of each burst are receivers of other senders' bursts near it.

    A receiver counts at a time if bursts of two senders with it lie within `window` of that time:
    one of them is the burst that is asked about.
    """
    burst_us = min(params.burst_us, spans.LONGEST_US)
    window_us = min(params.window_us, spans.LONGEST_US)
    times = np.unique(side.at_us[root])
    roots = spans.keys(side.x[root], side.at_us[root], times)
    # Of each packet the bursts that it is in: roots [first, after) of its sender.
    first = np.searchsorted(roots, spans.keys(side.x, side.at_us - burst_us, times))
    after = np.searchsorted(roots, spans.keys(side.x, side.at_us, times, "right"))
    packet = np.flatnonzero(after > first)
    pairs = np.stack((side.x[packet], side.other[packet])).astype(np.int64)
    names, pair = np.unique(pairs, axis=1, return_inverse=True)
    sender, receiver = names
    near = _near(side.at_us[root], side.x[root], first[packet], after[packet], pair, window_us)
    zones = spans.covered(receiver[near[0]], near[1], near[2], 2)
    place, low, high = spans.overlaps(receiver[near[0]], near[1], near[2], zones)
    at = side.at_us[packet]
    own = spans.covered(pair, at - burst_us, at, 1)
    joined = [np.concatenate(two) for two in zip(own, (near[0][place], low, high), strict=True)]
    both = spans.covered(joined[0], joined[1], joined[2], 2)
    asked = (side.x[root], side.at_us[root])
    shared = spans.stabbed(sender[both[0]], both[1], both[2], *asked)
    whole = spans.stabbed(sender[own[0]], own[1], own[2], *asked)
    answer: Ints = 2 * shared >= whole
    return answer


def _near(at_us: Ints, x: Ints, first: Ints, after: Ints, pair: Ints, window_us: int) -> Spans:
    """By pair, all times that lie at most the window from a root of a burst with that pair.

    at_us, x: time and sender of each root, sorted; first, after: the roots [first, after) of each
    packet; pair: sender and receiver of it. Roots with gaps of at most two windows make one run.
    """
    run = episodes.split(x, at_us, 2 * window_us)
    start = np.flatnonzero(np.diff(run, prepend=-1))
    end = np.append(start[1:], len(run))
    number = run[after - 1] - run[first] + 1
    place = np.repeat(np.arange(len(first)), number)
    which = run[first][place] + columns.ramp(number)
    low = at_us[np.maximum(start[which], first[place])]
    high = at_us[np.minimum(end[which], after[place]) - 1]
    return spans.covered(pair[place], low - window_us, high + window_us, 1)


def _rows(currency: str, form: str, side: Side, roots: Ints, params: Params) -> pa.Table:
    """One row an episode of roots of one account."""
    graph = side.graph
    window_us = min(params.window_us, spans.LONGEST_US)
    root = np.flatnonzero(roots)
    episode = episodes.split(side.x[root], side.at_us[root], window_us)
    first = root[np.flatnonzero(np.diff(episode, prepend=-1))]
    size = len(first)
    value = np.unique(side.total[root], return_inverse=True)[1]
    shown = root[episodes.shown(episode, value)]
    low, sizes = side.low[shown], side.high[shown] - side.low[shown]
    start = np.concatenate(([0], np.cumsum(sizes)))
    place = np.repeat(low, sizes) + columns.ramp(sizes)
    mine = np.repeat(np.arange(size), sizes)
    # Of each finding its other accounts, each where it comes first.
    _, once = np.unique(
        np.stack((mine, side.other[place])).astype(np.int64), axis=1, return_index=True
    )
    once.sort()
    others = episodes.starts(mine[once], size)
    with_x = others + np.arange(size + 1)
    roles = np.ones(size + len(once), np.int64)
    roles[with_x[:-1]] = 0
    hub, other, word = FORMS[form]
    names = graph.accounts.take(pa.array(side.x[shown]))
    forms, money = (pa.array([text] * size, columns.TEXT) for text in (form, currency))
    return columns.table(
        size,
        anchor=columns.anchors([names, money, forms, graph.records_of(side.own[first])]),
        unit=names,
        first_us=side.at_us[low],
        last_us=side.at_us[low + sizes - 1],
        currency=money,
        length=np.ones(size, np.int64),
        instances=np.bincount(episode, minlength=size),
        complete=np.ones(size, np.bool_),
        accounts=columns.accounts(
            graph, with_x, np.insert(side.other[place[once]], others[:-1], side.x[shown])
        ),
        roles=columns.lists(with_x, columns.words(roles, (hub, other))),
        evidence=columns.evidence(
            graph, start, side.own[place], pa.array([word] * len(place), columns.TEXT)
        ),
        form=forms,
        total=pa.array(side.total[shown].tolist(), pa.decimal128(38, 0)),
        digits=np.full(size, DECIMALS.get(currency, 2)),
        threshold=pa.array([f"{params.threshold:f}"] * size, columns.TEXT),
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of all three forms; see the head of this file."""
    tables = []
    for currency, part in flows(graph, params.kinds):
        for form in ("out", "in"):
            side, roots = _under(currency, part, params, form == "in")
            tables.append(_rows(currency, form, side, roots, params))
    for currency, part in flows(graph, ("red_packet",)):
        side, roots = _packets(currency, part, params)
        tables.append(_rows(currency, "packets", side, roots, params))
    define_macros(graph.con)
    graph.con.register("_splits", pa.concat_tables(tables))
    rows = with_pair_rate(_ROWS, params.window_us)
    found = collect(graph.con, "structuring", "st", rows)
    graph.con.unregister("_splits")
    return found


TYPOLOGY = Typology(
    name="structuring",
    prefix="st",
    layer="value",
    family="structuring",
    kappa_percent=40,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="account, currency, form, first record of the episode",
    params=Params,
    find=find,
    halo=lambda params: int(params.window_us + params.burst_us),
    reads=("payments",),
    nulls=("amounts",),
    texts={
        "en": "Amounts stayed just below a reporting line, or a sum was split into red packets",
        "zh": "多笔金额刚好低于报告标准，或大额资金被拆成多个红包",
    },
)

"""Money cycles of a temporal graph: rings, episodes, witnesses and exact counts (D-5, D-6).

    search   rings and the groups of roots that have one        cycle_kernels.py, ring_kernels.py
    count    instances of each root, exact whatever the size    count_kernels.py
    episodes and witnesses, or the list of instances            witness_kernels.py

One currency at a time: a graph that holds several is split by `TemporalGraph.by_currency` first.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.graph import (
    count_kernels,
    cycle_kernels,
    index_kernels,
    root_kernels,
    witness_kernels,
)
from regift.graph.bounds import Bounds
from regift.graph.cycle_kernels import Ahead
from regift.graph.hub_kernels import Hubs, hub_spans
from regift.graph.ring_kernels import Rings, tell_apart
from regift.graph.spans import LONGEST_US
from regift.graph.temporal import TemporalGraph

Ints = NDArray[Any]

COUNTING = 2_000_000_000
"""Edges that `keep` may look at for one ring and turn: a few seconds."""

MOST = 2**62
"""As good as no end."""

DEFAULTS = Bounds()


@dataclass(frozen=True)
class CycleParams:
    """What a cycle is: see `queries/money_cycle.py`. max_length 0: no bound."""

    window_us: int
    max_length: int
    keep_bp: int
    in_order: bool


def _primes(needed_bits: int) -> list[int]:
    """Primes below 2**31, from above, whose product has more than the needed bits.

    >>> _primes(40)
    [2147483647, 2147483629]
    """
    found: list[int] = []
    candidate = 2**31 - 1
    while 30 * len(found) <= needed_bits:
        if all(candidate % d for d in range(3, 46_341, 2)):
            found.append(candidate)
        candidate -= 2
    return found


def _combined(residues: list[Ints], primes: list[int]) -> Ints:
    """The whole numbers below the product of the primes that have these residues (Garner).

    >>> _combined([np.array([3]), np.array([4])], [5, 7]).tolist()
    [18]
    """
    value = residues[0].astype(object)
    product = primes[0]
    for residue, prime in zip(residues[1:], primes[1:], strict=True):
        missing = (residue.astype(object) - value) * pow(product, -1, prime) % prime
        value = value + product * missing
        product *= prime
    return value


def ahead_of(graph: TemporalGraph, params: CycleParams) -> Ahead:
    """What each edge can be followed by, and until when."""
    window = min(params.window_us, LONGEST_US)
    before, after, until = index_kernels.horizons(graph.at_us, window, params.in_order)
    roots = index_kernels.root_horizons(
        graph.source, graph.target, after, until, graph.edges.out_start
    )
    edges = graph.edges
    places = root_kernels.behind(edges.source, edges.target, before, edges.in_start, edges.out_edge)
    return Ahead(before, after, until, *roots, *places)


def name_rank(graph: TemporalGraph, pairs: Ints) -> Ints:
    """Place of each edge's record id among the ids of all edges of these pairs (others: 0)."""
    used = np.zeros(len(graph.edges.pair_head), np.bool_)
    used[pairs] = True
    mine = np.flatnonzero(used[graph.edges.pair_of])
    order: pa.Array = pc.sort_indices(graph.records_of(mine))
    rank = np.zeros(len(graph), np.int32)
    rank[mine[order.to_numpy()]] = np.arange(len(mine), dtype=np.int32)
    return rank


class Shared(NamedTuple):
    """What the searches of all parts of a graph read: what lies ahead, hubs, and their phases."""

    ahead: Ahead
    hubs: Hubs
    phase: Ints


def shared_of(graph: TemporalGraph, params: CycleParams, bounds: Bounds) -> Shared:
    """Linear in the graph; see `root_kernels` for the phases."""
    window_us = min(params.window_us, LONGEST_US)
    hubs = Hubs(*hub_spans(graph.edges, window_us, bounds.hub_degree))
    changes = np.unique(np.concatenate((hubs.low, hubs.high + 1)))
    phase = np.searchsorted(changes, graph.at_us, side="right")
    return Shared(ahead_of(graph, params), hubs, phase if len(hubs.low) else phase[:0])


@dataclass(frozen=True)
class Cut:
    """What one bound cut: how many roots, at which accounts (ascending).

    complete_to: length up to which all of these roots are complete; None: the accounts named take
    part in no cycle of theirs, whatever its length.
    """

    roots: int
    accounts: Ints
    complete_to: int | None


class Cycles:
    """The cycles of one currency: what was found, computed as far as it is asked for.

    graph: edges of one currency, all of them allowed to take part. [begin, stop): the roots that
    are searched; what follows them may lie anywhere. shared: `shared_of(graph, params, bounds)`,
    if it is there already. cut: (root, length up to which it is complete) for each root that passed
    `bounds.expansions`.

    most_words, most_steps: the search stops soon after it has found and done so much; roots from
    `reached` on are left (`reached` is `stop` otherwise).

    listed=False: rings whose pairs all have one edge, each one instance and one episode, are only
    counted, by length in `alone`; `rings` and what rests on it are without them. Of 47 million
    cycles of 30 days of bitcoin-OTC none is kept then.

    Nothing is shared but what is only read: several may be made at once in several threads. Parts
    that cover the roots find what the whole finds; only hits, which join neighbouring roots, may
    be split where parts meet.
    """

    def __init__(
        self,
        graph: TemporalGraph,
        params: CycleParams,
        *,
        bounds: Bounds = DEFAULTS,
        begin: int = 0,
        stop: int | None = None,
        counting: int = COUNTING,
        shared: Shared | None = None,
        listed: bool = True,
        most_words: int = MOST,
        most_steps: int = MOST,
    ) -> None:
        self.graph = graph
        self.params = params
        self.counting = counting
        edges = graph.edges
        self.ahead, hubs, phase = shared or shared_of(graph, params, bounds)
        stop = len(graph) if stop is None else stop
        n = len(graph.accounts)
        length = min(params.max_length or n, n)
        self._told = np.zeros(n + 1, np.int64)
        alone = np.zeros((2, 0 if listed else length + 2), np.int64)
        words, cut, self.steps, self.reached = cycle_kernels.search_cycles(
            edges, self.ahead, hubs, phase, self._told, begin, stop, length,
            max(bounds.expansions, 2), bounds.hub_degree, params.keep_bp, alone, most_words,
            most_steps,
        )  # fmt: skip
        self.alone = alone[0]
        self.cut = cut.reshape(-1, 2)
        rings = tell_apart(words)
        self.rings: Rings = rings if self.reached == stop else self.before(self.reached, rings)

    def before(self, edge: int, rings: Rings) -> Rings:
        """The same hits without the roots of their groups from this edge on."""
        sizes = (rings.hi - rings.lo).astype(np.int64)
        ends = np.cumsum(sizes)
        places = np.repeat(rings.lo - (ends - sizes), sizes) + np.arange(sizes.sum())
        begun = np.append(0, np.cumsum(self.graph.edges.pair_edge[places] < edge))
        return rings._replace(hi=(rings.lo + np.diff(begun[np.append(0, ends)])).astype(np.int32))

    @property
    def cuts(self) -> dict[str, Cut]:
        """What was cut, by the name of the bound; empty if nothing was."""
        found = {}
        if len(self.cut):
            accounts = np.unique(self.graph.source[self.cut[:, 0]])
            found["expansions"] = Cut(len(self.cut), accounts, int(self.cut[:, 1].min()))
        if self._told[-1]:
            found["hub_degree"] = Cut(int(self._told[-1]), np.flatnonzero(self._told[:-1]), None)
        return found

    @cached_property
    def _counted(self) -> tuple[Ints, Ints, Ints]:
        """(instances of each root of each hit, exact, sizes of the groups)."""
        bits = np.zeros(len(self.rings.turn), np.int64)
        keep, work = self.params.keep_bp, self.counting
        counts, exact = count_kernels.count_hits(
            self.graph.edges, self.ahead, self.rings, keep, 0, work, bits
        )
        if len(bits) and bits.max() > 62:
            primes = _primes(int(bits.max()))
            runs = [
                count_kernels.count_hits(
                    self.graph.edges, self.ahead, self.rings, keep, prime, work, bits
                )
                for prime in primes
            ]
            large = bits > 62
            counts = counts.astype(object)
            counts[large] = _combined([found[large] for found, _ in runs], primes)
            exact &= runs[0][1]
        return counts, exact, self.rings.hi - self.rings.lo

    @property
    def counts(self) -> Ints:
        """Instances of each root of each hit: int64, or Python integers where they need it."""
        return self._counted[0]

    def _added(self, group: Ints, groups: int) -> Ints:
        """Instances by group of hits, as Python integers."""
        counts, _, sizes = self._counted
        if counts.dtype == object:
            total = np.zeros(groups, object)
            np.add.at(total, group[group >= 0], (counts * sizes)[group >= 0])
            return total
        # Below 2**62 each; the product with the group's size need not be.
        split = witness_kernels.add_up(group, counts >> 31, sizes, groups).astype(object)
        rest = witness_kernels.add_up(group, counts & 0x7FFFFFFF, sizes, groups).astype(object)
        high: Ints = (split[:, 1] << 31) + split[:, 0]
        low: Ints = (rest[:, 1] << 31) + rest[:, 0]
        return (high << 31) + low

    @property
    def lengths(self) -> Ints:
        """Accounts of each ring."""
        return np.diff(self.rings.start)

    @property
    def ring_of(self) -> Ints:
        """Ring of each hit."""
        return np.repeat(np.arange(len(self.lengths)), np.diff(self.rings.first))

    def by_length(self) -> dict[int, int]:
        """Instances by length, exact."""
        longest = max(int(self.lengths.max(initial=0)), len(self.alone) - 1)
        totals = self._added(self.lengths[self.ring_of].astype(np.int32), longest + 1)
        totals[: len(self.alone)] += self.alone
        return {k: int(total) for k, total in enumerate(totals) if total}

    @cached_property
    def episodes(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Episode of each hit (-1: none), and per episode its ring, first and last root."""
        valid = (self.counts > 0).astype(np.bool_)
        return witness_kernels.split_episodes(
            self.graph.at_us, self.graph.edges.pair_edge, self.rings, valid,
            min(self.params.window_us, LONGEST_US),
        )  # fmt: skip

    @property
    def findings(self) -> int:
        """Number of episodes, those that are only counted among them."""
        return len(self.episodes[1]) + int(self.alone.sum())

    def instances(self) -> Ints:
        """Instances of each episode, as Python integers."""
        episode, ring, _, _ = self.episodes
        return self._added(episode, len(ring))

    def counted_exactly(self) -> Ints:
        """Whether the instances of each episode are exact, not a lower bound."""
        episode, ring, _, _ = self.episodes
        exact = np.ones(len(ring), np.bool_)
        exact[episode[(episode >= 0) & ~self._counted[1]]] = False
        return exact

    def witnesses(self) -> tuple[Ints, Ints]:
        """Witness of each episode: (start, edges)."""
        episode, ring, first, last = self.episodes
        return witness_kernels.witnesses(
            self.graph.edges, self.ahead, name_rank(self.graph, self.rings.pairs), self.rings,
            episode, ring, first, last, self.params.keep_bp,
        )  # fmt: skip

    def list_instances(self, most: int) -> tuple[Ints, Ints]:
        """Every instance, at most `most`: (start, edges)."""
        some = (self.counts > 0).astype(np.int64)
        return witness_kernels.list_instances(
            self.graph.edges, self.ahead, self.rings, some, self.params.keep_bp, most
        )

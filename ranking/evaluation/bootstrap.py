"""How far a measure may be off: intervals by resampling whole rings (seeded, vectorised).

Accounts of one ring are found or missed together, so rings are drawn, not accounts: of R rings R
with replacement, of the M accounts that nothing was planted on M. Rings that share an account are
one. All lists see the same draws, so the ratio of two lists has an interval of its own. Where no
ring is told each labelled account is one.

Source: cluster bootstrap (Field and Welsh 2007); percentile intervals of 95 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from regift.ranking.evaluation.measures import Floats, Ints, Mask, expected_gain, harmonic

RESAMPLES = 1000
"""Enough for the ends of a 95 % interval to two digits."""
CELLS = 1_000_000
"""Weights held at a time: 8 MB, so that half a million accounts do not need gigabytes."""


@dataclass(frozen=True)
class Samples:
    """What each resample said of one list: average precision, and precision at each k."""

    average_precision: Floats
    precision: dict[int, Floats]


def interval(samples: Floats) -> tuple[float, float]:
    """The middle 95 % of samples.

    >>> interval(np.arange(101.0))
    (2.5, 97.5)
    """
    low, high = np.quantile(samples, (0.025, 0.975))
    return float(low), float(high)


def share_interval(
    hit: Mask, clusters: Ints, count: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """The middle 95 % of the share of hits, whole clusters drawn with replacement; six digits.

    Where all agree, draws say nothing: then the exact bound by the number of clusters (Clopper and
    Pearson 1934). One cluster of both kinds says nothing at all. Cost: count times clusters.

    >>> share_interval(np.array([True] * 5), np.arange(5))
    (0.478176, 1.0)
    >>> share_interval(np.array([True, False]), np.array([3, 3]))
    (0.0, 1.0)
    """
    names, cluster = np.unique(clusters, return_inverse=True)
    bound = 0.025 ** (1 / names.size)
    if hit.all() or not hit.any():
        return (round(bound, 6), 1.0) if hit.all() else (0.0, round(1 - bound, 6))
    if names.size == 1:
        return 0.0, 1.0
    sizes = np.bincount(cluster)
    hits = np.bincount(cluster[hit], minlength=names.size)
    rng = np.random.default_rng(seed)
    step = max(1, CELLS // names.size)
    shares = []
    for begin in range(0, count, step):
        weight = _drawn(rng, min(step, count - begin), names.size)
        shares.append((weight @ hits) / (weight @ sizes))
    low, high = interval(np.concatenate(shares))
    return round(low, 6), round(high, 6)


def clusters_of(size: int, rings: Sequence[Sequence[int]], labelled: Mask) -> Ints:
    """Cluster of each account: its ring, joined with rings that share an account with it.

    rings: account numbers. Labelled accounts of no ring, and accounts that are not labelled, are
    clusters of their own. Cost: linear, times the length of the longest chain of joined rings.

    >>> clusters_of(5, [[0, 1], [1, 2]], np.array([True, True, True, False, True])).tolist()
    [0, 0, 0, 1, 2]
    """
    member = np.array([who for ring in rings for who in ring], dtype=np.int64)
    ring = np.repeat(np.arange(len(rings)), [len(who) for who in rings]).astype(np.int64)
    cluster = np.arange(size)
    smallest = np.full(len(rings), size)
    while True:
        np.minimum.at(smallest, ring, cluster[member])
        joined = cluster.copy()
        np.minimum.at(joined, member, smallest[ring])
        if (joined == cluster).all():
            break
        cluster = joined
    return np.asarray(np.unique(cluster, return_inverse=True)[1], dtype=np.int64)


def resample(
    lists: Mapping[str, Ints],
    labelled: Mask,
    clusters: Ints,
    at: Sequence[int],
    count: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Samples]:
    """Measures of every list in `count` resamples.

    lists: levels (measures.py) of the same accounts; clusters: `clusters_of`, of which
    those of labelled accounts are drawn apart from the others. Same seed, same samples, in whatever
    order lists are given. Cost: count times accounts for each list.
    """
    rng = np.random.default_rng(seed)
    hit = np.zeros(int(clusters.max(initial=-1)) + 1, dtype=np.bool_)
    hit[clusters[labelled]] = True
    strata = [np.flatnonzero(hit), np.flatnonzero(~hit)]
    orders = {name: _Order(level, labelled) for name, level in lists.items()}
    parts: dict[str, list[Samples]] = {name: [] for name in lists}
    step = max(1, CELLS // max(clusters.size, 1))
    for begin in range(0, count, step):
        rows = min(step, count - begin)
        weight = np.zeros((rows, hit.size), dtype=np.int64)
        for members in strata:
            weight[:, members] = _drawn(rng, rows, members.size)
        accounts = weight[:, clusters]
        for name, order in orders.items():
            parts[name].append(order.measured(accounts, at))
    return {
        name: Samples(
            np.concatenate([part.average_precision for part in done]),
            {k: np.concatenate([part.precision[k] for part in done]) for k in at},
        )
        for name, done in parts.items()
    }


def _drawn(rng: np.random.Generator, rows: int, size: int) -> Ints:
    """How often each of `size` is drawn in `size` draws with replacement, a row a resample."""
    if not size:
        return np.zeros((rows, 0), dtype=np.int64)
    drawn = rng.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)


class _Order:
    """One list, ready for weights: accounts best first, and the levels that have labelled ones."""

    def __init__(self, level: Ints, labelled: Mask) -> None:
        self.order = np.argsort(level, kind="stable")
        ends = np.cumsum(np.bincount(level))
        hit = np.unique(level[labelled])
        self.last = ends[hit] - 1
        self.first = np.where(hit > 0, ends[hit - 1], 0)
        self.labelled = np.flatnonzero(labelled)[np.argsort(level[labelled], kind="stable")]
        self.starts = np.searchsorted(level[self.labelled], hit)

    def measured(self, weight: Ints, at: Sequence[int]) -> Samples:
        """Measures of each row of weights, accounts in columns."""
        rows = weight.shape[0]
        if not self.labelled.size:
            none = np.zeros(rows)
            return Samples(none, dict.fromkeys(at, none))
        places = np.zeros((rows, weight.shape[1] + 1), dtype=np.int64)
        np.cumsum(weight[:, self.order], axis=1, out=places[:, 1:])
        before, through = places[:, self.first], places[:, self.last + 1]
        hits = np.add.reduceat(weight[:, self.labelled], self.starts, axis=1, dtype=np.int64)
        found = np.cumsum(hits, axis=1) - hits
        sizes, everybody = through - before, places[:, -1]
        gained = expected_gain(before, found, sizes, hits, harmonic(int(everybody.max())))
        precision = {}
        for k in at:
            inside = np.clip((k - before) / np.maximum(sizes, 1), 0.0, 1.0)
            precision[k] = (hits * inside).sum(axis=1) / np.minimum(k, np.maximum(everybody, 1))
        return Samples(gained.sum(axis=1) / np.maximum(hits.sum(axis=1), 1), precision)

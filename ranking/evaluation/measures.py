"""What a ranked list is worth against labels, whatever order its ties are put in.

A list is an array `level`: for every account of the population 0 for the best, equal numbers where
the list does not tell accounts apart. Every measure is the expected value over all orders of equal
accounts, so neither luck nor account names decide.

    precision at k  labelled accounts expected among the first k, divided by k
    recall at k     the same, divided by all labelled accounts
    lift at k       precision at k, divided by the share of labelled accounts (the base rate)
    R-precision     precision at as many as are labelled
    average precision   mean over labelled accounts of the precision at their place
    ties at k       how many accounts share the level of place k, and how many of them fit in

Sources: McSherry and Najork 2008 (measures under tied scores); the closed form of average precision
is derived below.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Tally:
    """A list as groups of equal accounts, best first: their sizes, and labelled ones in each."""

    sizes: Ints
    hits: Ints

    @property
    def accounts(self) -> int:
        """Accounts of the population."""
        return int(self.sizes.sum())

    @property
    def labelled(self) -> int:
        """Labelled accounts of the population."""
        return int(self.hits.sum())


def tally(level: ArrayLike, labelled: ArrayLike) -> Tally:
    """Count a list against labels.

    level: per account its level, 0 for the best; labelled: per account whether it is.

    >>> tally([1, 0, 1, 2], [True, False, False, True])
    Tally(sizes=array([1, 2, 1]), hits=array([0, 1, 1]))
    """
    levels = np.asarray(level, dtype=np.int64)
    chosen = levels[np.asarray(labelled, dtype=np.bool_)]
    groups = int(levels.max(initial=-1)) + 1
    return Tally(np.bincount(levels, minlength=groups), np.bincount(chosen, minlength=groups))


def levels_of(*keys: ArrayLike) -> Ints:
    """Levels of accounts by keys, the first decides, larger is better.

    >>> levels_of([5, 9, 5, 5], [1, 0, 2, 1]).tolist()
    [2, 0, 1, 2]
    """
    columns = [np.asarray(key) for key in keys]
    order = np.lexsort(columns[::-1])[::-1]
    new = np.zeros(order.size, dtype=np.int64)
    for column in columns:
        ordered = column[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    level = np.empty(order.size, dtype=np.int64)
    level[order] = np.cumsum(new)
    return level


def hits_at(counted: Tally, k: int) -> Fraction:
    """Labelled accounts expected among the first k; k is at most the population.

    >>> hits_at(tally([0, 1, 1], [True, True, False]), 2)
    Fraction(3, 2)
    """
    ends = np.cumsum(counted.sizes)
    whole = int(np.searchsorted(ends, k, side="right"))
    before = Fraction(int(counted.hits[:whole].sum()))
    left = k - (int(ends[whole - 1]) if whole else 0)
    if left <= 0 or whole == counted.sizes.size:
        return before
    return before + Fraction(left * int(counted.hits[whole]), int(counted.sizes[whole]))


def precision_at(counted: Tally, k: int) -> Fraction:
    """Precision at k, or at the whole population where that is smaller; 0 of nobody."""
    k = min(k, counted.accounts)
    return hits_at(counted, k) / k if k else Fraction(0)


def recall_at(counted: Tally, k: int) -> Fraction:
    """Recall at k; 0 where nobody is labelled."""
    found = hits_at(counted, min(k, counted.accounts))
    return found / counted.labelled if counted.labelled else Fraction(0)


def lift_at(counted: Tally, k: int) -> Fraction:
    """Precision at k over the base rate: 1 is what a list in random order is worth.

    >>> lift_at(tally([0, 1, 1, 1], [True, False, False, False]), 1)
    Fraction(4, 1)
    """
    base = base_rate(counted)
    return precision_at(counted, k) / base if base else Fraction(0)


def base_rate(counted: Tally) -> Fraction:
    """Share of the population that is labelled."""
    return Fraction(counted.labelled, counted.accounts) if counted.accounts else Fraction(0)


def r_precision(counted: Tally) -> Fraction:
    """Precision at as many accounts as are labelled."""
    return precision_at(counted, counted.labelled)


def ties_at(counted: Tally, k: int) -> tuple[int, int]:
    """(accounts that share the level of place k, how many of them are among the first k).

    (1, 1) when nobody shares it. Beyond the population its last place is meant.

    >>> ties_at(tally([0, 1, 1, 1], [False] * 4), 2)
    (3, 1)
    """
    ends = np.cumsum(counted.sizes)
    k = min(k, counted.accounts)
    if not k:
        return 0, 0
    at = int(np.searchsorted(ends, k))
    size = int(counted.sizes[at])
    return size, k - (int(ends[at]) - size)


def average_precision(counted: Tally) -> float:
    """Expected average precision over all orders of equal accounts; 0 where nobody is labelled.

    Of a group of n accounts with h labelled behind N others with H labelled, place i holds a
    labelled one with probability h/n, and then (i-1)(h-1)/(n-1) of those before it in the group are
    labelled too. Summed over i with S = 1/(N+1) + ... + 1/(N+n):

        h/n * ((H + 1) S + (h-1)/(n-1) * (n - (N+1) S))

    A float: sums of that many fractions have thousands of digits, and nothing is decided by it.

    >>> round(average_precision(tally([0, 1, 1], [True, False, True])), 6)
    0.916667
    """
    if not counted.labelled:
        return 0.0
    some = counted.hits > 0
    ends, found = np.cumsum(counted.sizes)[some], np.cumsum(counted.hits)[some]
    sizes, hits = counted.sizes[some], counted.hits[some]
    gained = expected_gain(ends - sizes, found - hits, sizes, hits, harmonic(counted.accounts))
    return float(gained.sum() / counted.labelled)


def expected_gain(before: Ints, found: Ints, sizes: Ints, hits: Ints, sums: Floats) -> Floats:
    """The sum above, of arrays of one shape; sums: `harmonic` up to all places.

    Groups without labelled accounts gain nothing, whatever their size.
    """
    reciprocals = sums[before + sizes] - sums[before]
    inside = sizes - (before + 1) * reciprocals
    more = np.where(sizes > 1, (hits - 1) / np.maximum(sizes - 1, 1), 0.0)
    gained = hits / np.maximum(sizes, 1) * ((found + 1) * reciprocals + more * inside)
    return np.asarray(np.where(hits > 0, gained, 0.0), dtype=np.float64)


def harmonic(places: int) -> Floats:
    """Sums of 1 + 1/2 + ... + 1/i for i = 0 .. places.

    >>> harmonic(2).tolist()
    [0.0, 1.0, 1.5]
    """
    return np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, places + 1))])


def quintiles(value: ArrayLike) -> Ints:
    """Fifth of the population by value, 0 the lowest; equal values are in one fifth.

    >>> quintiles([1, 1, 1, 1, 5, 6, 7, 8, 9, 10]).tolist()
    [0, 0, 0, 0, 2, 2, 3, 3, 4, 4]
    """
    values = np.asarray(value)
    smaller = np.searchsorted(np.sort(values), values, side="left")
    return np.asarray(5 * smaller // max(values.size, 1), dtype=np.int64)


def stratified(level: Ints, labelled: Mask, stratum: Ints) -> list[float | None]:
    """Average precision inside each stratum 0, 1, ...; None where it has nobody labelled.

    The mean of them is what a list tells beyond the quantity that makes the strata.

    >>> stratified(np.array([0, 1, 2, 3]), np.array([True, False, False, True]),
    ...            np.array([0, 0, 1, 1]))
    [1.0, 0.5]
    """
    found: list[float | None] = []
    for each in range(int(stratum.max(initial=-1)) + 1):
        inside = stratum == each
        counted = tally(level[inside], labelled[inside])
        found.append(average_precision(counted) if counted.labelled else None)
    return found


def mean(values: list[float | None]) -> float:
    """Mean of those that are there; 0 of none.

    >>> mean([1.0, None, 0.5])
    0.75
    """
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0

"""A lift of scores by where an account stands: at most a quarter, and nothing for who has none.

    lifted S = S + S * bp / 10,000        bp = 2,500 * t, t the larger of two terms in [0, 1]

    middle     of the money that moves inside the account's case, the share that passes through it:
               the smaller of its in and out there, over the largest of anybody in the case
    company    what evidence on others comes down to it in two steps of a personalised PageRank over
               who pays whom, without what it sent out itself (leave one out):
               r / (r + 1 nat)

A step hands an account's S, at most 5 nats, on to its counterparties by how often they pay each
other; with each step four fifths go on. What a hub receives is divided by log2 of 1 + its
counterparties, rounded down, and what it hands on is spread thin by itself. Who has no evidence of
its own stays without: company lifts a rank and never makes an alert.

Whole numbers throughout: nano-nats and millionths. Sources: Freeman, Borgatti and White 1991 (flow
through the middle); Haveliwala 2002; FRAUDAR's hub weights (Hooi et al. 2016).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]

MOST_BP = 2_500
NANO = 1_000_000_000
MOST_SEED = 5 * NANO
"""Evidence beyond 5 nats (a score of 99.3) makes nobody's company worse."""
PART = 1_000_000
KEPT_PERCENT = 80
POWERS = 1 << np.arange(1, 62, dtype=np.int64)
"""2, 4, 8, ...: how many of them a number reaches is its logarithm, rounded down."""


def lift_bp(s: Ints, source: Ints, target: Ints, amount_minor: Ints, case: Ints) -> Ints:
    """Basis points by which each account's S is lifted.

    s: nano-nats by account; source, target: account numbers of payments of one currency; case: by
    account, -1 for none. Self-payments count for nothing. Cost: a sort of the pairs.

    >>> s = np.array([3 * NANO, NANO, 0])
    >>> lift_bp(s, np.array([0, 1]), np.array([1, 2]), np.array([50, 50]), np.array([-1, -1, -1]))
    array([ 714, 1764,    0])
    """
    other = source != target
    source, target, amount = source[other], target[other], amount_minor[other]
    middle = middle_ppm(source, target, amount, case)
    received = company(s, source, target)
    near = received * PART // (received + NANO)
    return np.where(s > 0, MOST_BP * np.maximum(middle, near) // PART, 0)


def lifted(s: Ints, bp: Ints) -> Ints:
    """S with its lift; at most a quarter more.

    >>> lifted(np.array([1_000, 0]), np.array([2_500, 2_500])).tolist()
    [1250, 0]
    """
    return s + s * bp // 10_000


def middle_ppm(source: Ints, target: Ints, amount: Ints, case: Ints) -> Ints:
    """Millionths: what passes through each account inside its case, over the most of the case.

    >>> middle_ppm(np.array([0, 1, 3]), np.array([1, 2, 1]), np.array([60, 50, 9]),
    ...            np.array([0, 0, 0, -1])).tolist()
    [0, 1000000, 0, 0]
    """
    inside = (case[source] == case[target]) & (case[source] >= 0)
    came, went = np.zeros((2, case.size), dtype=np.int64)
    np.add.at(came, target[inside], amount[inside])
    np.add.at(went, source[inside], amount[inside])
    through = np.minimum(came, went)
    most = np.zeros(int(case.max(initial=-1)) + 1, dtype=np.int64)
    member = case >= 0
    np.maximum.at(most, case[member], through[member])
    shares = np.zeros(case.size, dtype=np.int64)
    # Halved until a product with a million fits: the ratio of large sums does not feel it.
    shift = max(0, int(most.max(initial=0)).bit_length() - 42)
    largest = np.maximum(most >> shift, 1)
    shares[member] = (through[member] >> shift) * PART // largest[case[member]]
    return shares


def company(s: Ints, source: Ints, target: Ints) -> Ints:
    """Nano-nats that come down to each account from others in two steps.

    >>> company(np.array([3 * NANO, 0, 0]), np.array([0, 1]), np.array([1, 2])).tolist()
    [0, 2400000000, 960000000]
    """
    size = s.size
    begin, end, times = _pairs(source, target, size)
    total, degree = np.zeros((2, size), dtype=np.int64)
    np.add.at(total, begin, times)
    np.add.at(degree, begin, 1)
    share = times * PART // np.maximum(total[begin], 1)
    seed = np.minimum(s, MOST_SEED)
    first = _step(seed, begin, end, share)
    # Of what comes back after two steps, an account's own is taken off: it is no news.
    there_and_back = np.zeros(size, dtype=np.int64)
    np.add.at(there_and_back, begin, share * share[_back(begin, end, size)] // PART)
    own = seed * KEPT_PERCENT // 100 * KEPT_PERCENT // 100
    second = _step(first, begin, end, share) - own // 1000 * there_and_back // (PART // 1000)
    hub = np.searchsorted(POWERS, degree + 1, side="right")
    received = (first + np.maximum(second, 0)) // np.maximum(hub, 1)
    return np.asarray(received, dtype=np.int64)


def _step(seed: Ints, begin: Ints, end: Ints, share: Ints) -> Ints:
    """What each receives when everybody hands on four fifths by shares."""
    received = np.zeros(seed.size, dtype=np.int64)
    np.add.at(received, end, seed[begin] // 1000 * share // (PART // 1000) * KEPT_PERCENT // 100)
    return received


def _pairs(source: Ints, target: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    """Both directions of every pair that pays each other, in order, and how often it does."""
    key = np.concatenate([source * size + target, target * size + source])
    pairs, times = np.unique(key, return_counts=True)
    return pairs // size, pairs % size, times.astype(np.int64)


def _back(begin: Ints, end: Ints, size: int) -> Ints:
    """Place of each pair's other direction."""
    places = np.searchsorted(begin * size + end, end * size + begin)
    return np.asarray(places, dtype=np.int64)

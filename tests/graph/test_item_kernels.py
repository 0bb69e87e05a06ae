"""Kernels of the item patterns against plain code: components, balance, chains, services."""

import random
from fractions import Fraction
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from regift.graph.balance_kernels import components, longest_balanced
from regift.graph.gift_chain_kernel import cut_chains
from regift.graph.served_kernel import NEVER, served_from

LARGEST_PRICE = 9 * 10**14
Trade = tuple[int, int, int, int]
"""giver, taker, price, currency"""


@pytest.mark.parametrize("seed", range(60))
def test_components_are_those_of_networkx(seed: int) -> None:
    chance = random.Random(seed)
    nodes = chance.randint(1, 12)
    arcs = sorted(
        (chance.randrange(nodes), chance.randrange(nodes)) for _ in range(chance.randint(0, 25))
    )
    counts = np.bincount([source for source, _ in arcs], minlength=nodes)
    start = np.concatenate(([0], np.cumsum(counts)))
    label = components(start, np.array([target for _, target in arcs], np.int64))
    graph = nx.DiGraph(arcs)
    graph.add_nodes_from(range(nodes))
    wanted = {frozenset(part) for part in nx.strongly_connected_components(graph)}
    assert {
        frozenset(np.flatnonzero(label == n).tolist()) for n in range(label.max() + 1)
    } == wanted


def test_components_of_a_long_cycle_and_a_long_path() -> None:
    """Deeper than any recursion would go."""
    size = 200_000
    start, after = np.arange(size + 1), (np.arange(size) + 1) % size
    assert components(start, after).max() == 0
    start[-1] -= 1
    assert len(np.unique(components(start, after[:-1]))) == size


def balanced(trades: list[Trade], margin_bp: int) -> bool:
    """The definition, with exact numbers."""
    items: dict[int, int] = {}
    money: dict[int, int] = {}
    for giver, taker, price, _ in trades:
        for entity, sign in ((giver, -1), (taker, 1)):
            items[entity] = items.get(entity, 0) + sign
            money[entity] = money.get(entity, 0) + sign * price
    prices = [price for _, _, price, _ in trades if price]
    if any(items.values()) or len({c for _, _, price, c in trades if price}) > 1:
        return False
    if not prices:
        return True
    mean = Fraction(sum(prices), len(prices))
    return all(abs(net) <= Fraction(margin_bp, 10_000) * mean for net in money.values())


def longest(rings: list[list[Trade]], sizes: list[int], margin_bp: int, least: int) -> list[int]:
    trades = [trade for ring in rings for trade in ring]
    giver, taker, price, currency = (
        np.array([trade[n] for trade in trades], np.int64) for n in range(4)
    )
    start = np.cumsum([0, *(len(ring) for ring in rings)])
    ends, size = np.stack((giver, taker)), np.array(sizes)
    return longest_balanced(start, ends, size, price, currency, margin_bp, least).tolist()


@pytest.mark.parametrize("seed", range(120))
def test_longest_balanced_prefix(seed: int) -> None:
    chance = random.Random(seed)
    base = chance.choice((100, LARGEST_PRICE))
    prices = (base, base, base * 9 // 10, base * 8 // 10, base // 10, 0)
    rings, sizes = [], []
    for _ in range(chance.randint(1, 4)):
        size = chance.randint(2, 4)
        at = 0
        ring = []
        for _ in range(chance.randint(0, 14)):
            taker = chance.choice([(at + 1) % size, chance.randrange(size)])
            if taker != at:
                ring.append((at, taker, chance.choice(prices), int(chance.random() < 0.05)))
                at = taker
        rings.append(ring)
        sizes.append(size)
    margin_bp, least = chance.choice((0, 1000, 2000, 10_000)), chance.choice((1, 2, 3))
    wanted = [
        max((n for n in range(least, len(r) + 1) if balanced(r[:n], margin_bp)), default=0)
        for r in rings
    ]
    assert longest(rings, sizes, margin_bp, least) == wanted


@pytest.mark.parametrize(("short", "wanted"), [(0, 60_000), (1, 59_998)])
def test_sums_beyond_64_bits(short: int, wanted: int) -> None:
    """One entity pays 30,000 times the largest price, 2.7 * 10^19 in all, and gets as much."""
    there = [(0, 1, LARGEST_PRICE, 0)] * 30_000
    back = [(1, 0, LARGEST_PRICE, 0)] * 29_999 + [(1, 0, LARGEST_PRICE - short, 0)]
    alternating = [trade for pair in zip(there, back, strict=True) for trade in pair]
    assert longest([alternating], [2], 0, 1) == [wanted]
    one_by_one = [longest([there + back], [2], margin_bp, 1) for margin_bp in (0, 1)]
    assert one_by_one == [[0 if short else 60_000], [60_000]]


def test_margin_to_the_last_unit() -> None:
    """Mean 999,999.5: a ten-thousandth of it is 99.99995, so 99 is within and 101 is not."""
    for gap, wanted in ((99, 2), (101, 0)):
        trades = [(0, 1, 10**6, 0), (1, 0, 10**6 - gap, 0)]
        assert longest([trades], [2], 1, 2) == [wanted]


@pytest.mark.parametrize("seed", range(60))
def test_chains_come_to_no_entity_twice(seed: int) -> None:
    chance = random.Random(seed)
    nodes = chance.randint(2, 6)
    begins, hops, wanted = [], [], []
    number = -1
    for _ in range(chance.randint(0, 4)):
        walk = [chance.randrange(nodes)]
        for _ in range(chance.randint(1, 12)):
            walk.append(chance.choice([node for node in range(nodes) if node != walk[-1]]))
        seen: set[int] = set()
        for place, (source, target) in enumerate(pairwise(walk)):
            if not place or target in seen:
                number, seen = number + 1, {source}
            seen.add(target)
            begins.append(place == 0)
            hops.append((source, target))
            wanted.append(number)
    source, target = (np.array([hop[n] for hop in hops], np.int64) for n in range(2))
    assert cut_chains(np.array(begins, np.bool_), source, target, nodes).tolist() == wanted


def is_served(
    i: int, begin: int, paid: list[tuple[int, int]], services: dict[int, list[int]], window: int
) -> bool:
    """Whether payment i, the first of its payer from `begin` on, is served in that window."""
    first: dict[int, int] = {}
    for at, payer in paid:
        if begin <= at <= begin + window:
            first.setdefault(payer, at)
    at, payer = paid[i]
    return any(
        at < other <= service
        for service in services.get(payer, [])
        if service <= begin + window
        for other in first.values()
    )


@pytest.mark.parametrize("seed", range(80))
def test_served_from(seed: int) -> None:
    """By every begin at which a payment is its payer's first."""
    chance = random.Random(seed)
    window = chance.randint(0, 8)
    paid = sorted((chance.randint(0, 12), chance.randrange(4)) for _ in range(chance.randint(1, 9)))
    services = {payer: sorted(chance.sample(range(20), 3)) for payer in (0, 1, 2)}
    before = [max((at for at, p in paid[:i] if p == paid[i][1]), default=-NEVER)
              for i in range(len(paid))]  # fmt: skip
    served, serves = [], []
    for at, payer in paid:
        low = len(served)
        served += [time for time in services.get(payer, []) if at < time <= at + window]
        serves.append((low, len(served)))
    begin = served_from(
        np.full(len(paid), len(paid)), np.array([at for at, _ in paid]), np.array(before),
        np.array(serves).T.copy(), np.array(served, np.int64), window,
    )  # fmt: skip
    for i, (at, _) in enumerate(paid):
        for time in range(max(before[i] + 1, at - window), at + 1):
            assert (time >= begin[i]) == is_served(i, time, paid, services, window)

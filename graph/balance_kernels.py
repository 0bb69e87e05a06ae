"""Strongly connected components, and how long trades inside one stay or become balanced."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel

Longs = NDArray[np.int64]

BASE_BITS = 31
"""Sums of prices may exceed 64 bits: they are kept as high * 2^31 + low."""

MASK = 2**BASE_BITS - 1
LARGEST = 2**60
"""Stands for every difference of prices too large to be within a margin of one mean price."""


@kernel
def components(start: Longs, target: Longs) -> Longs:
    """Strongly connected component of each node, numbers from 0 (Tarjan 1972, without recursion).

    start (nodes + 1), target: arcs by their source. Linear.

    >>> components(np.array([0, 1, 2, 3]), np.array([1, 0, 0])).tolist()
    [0, 0, 1]
    """
    nodes = len(start) - 1
    order = np.full(nodes, -1, np.int64)
    low = np.empty(nodes, np.int64)
    found = np.full(nodes, -1, np.int64)
    at = start[:-1].copy()
    path = np.empty(nodes, np.int64)
    open_nodes = np.empty(nodes, np.int64)
    seen = opened = number = 0
    for root in range(nodes):
        if order[root] >= 0:
            continue
        depth = 1
        path[0] = root
        while depth:
            node = path[depth - 1]
            if order[node] < 0:
                order[node] = low[node] = seen
                seen += 1
                open_nodes[opened] = node
                opened += 1
            if at[node] < start[node + 1]:
                other = target[at[node]]
                at[node] += 1
                if order[other] < 0:
                    path[depth] = other
                    depth += 1
                elif found[other] < 0:
                    low[node] = min(low[node], order[other])
                continue
            depth -= 1
            if depth:
                low[path[depth - 1]] = min(low[path[depth - 1]], low[node])
            if low[node] == order[node]:
                while found[node] < 0:
                    opened -= 1
                    found[open_nodes[opened]] = number
                number += 1
    return found


@kernel
def _magnitude(high: int, low: int) -> int:
    """|high * 2^31 + low|, or LARGEST."""
    high += low >> BASE_BITS
    low &= MASK
    if high < -(2**28) or high >= 2**28:
        return LARGEST
    return abs((high << BASE_BITS) + low)


@kernel
def _allowed(high: int, low: int, number: int, margin_bp: int) -> int:
    """Largest whole d with 10000 * d * number <= margin_bp * (high * 2^31 + low).

    The mean of prices below 2^50 is below 2^50, so that nothing here leaves 64 bits.
    """
    high += low >> BASE_BITS
    low &= MASK
    rest = ((high % number) << BASE_BITS) + low
    mean = ((high // number) << BASE_BITS) + rest // number
    return (margin_bp * mean + margin_bp * (rest % number) // number) // 10_000


@kernel
def longest_balanced(
    start: Longs, ends: Any, size: Longs, price: Longs, currency: Longs, margin_bp: int, least: int
) -> Longs:
    """Of the trades of each component, how many there are in the longest balanced prefix (or 0).

    start (components + 1): trades of each, in their order. ends (2, trades): giver and taker,
    numbered from 0 inside the component. size: entities of each. price: 0 if there is none, below
    2^50. A prefix has at least `least` trades; it is balanced if every entity gave and took equally
    often and, of the prices in it, all are in one currency and no entity paid more or less than it
    got by more than margin_bp / 10000 of their mean. Cost: n log n, for the largest difference is
    at the root of a tree over the entities.

    >>> turns = np.array([[0, 1, 0, 1], [1, 0, 1, 0]])
    >>> prices, money = np.array([100, 90, 100, 80]), np.zeros(4, np.int64)
    >>> longest_balanced(np.array([0, 4]), turns, np.array([2]), prices, money, 1200, 2)
    array([2])
    """
    longest = np.zeros(len(size), np.int64)
    for c in range(len(size)):
        items = np.zeros(size[c], np.int64)
        high = np.zeros(size[c], np.int64)
        low = np.zeros(size[c], np.int64)
        tree = np.zeros(2 * size[c], np.int64)
        uneven = priced = sum_high = sum_low = 0
        money = -1
        for i in range(start[c], start[c + 1]):
            if price[i] > 0:
                if money >= 0 and money != currency[i]:
                    break
                money = currency[i]
                priced += 1
                sum_high += price[i] >> BASE_BITS
                sum_low += price[i] & MASK
            for side in range(2):
                entity = ends[side, i]
                sign = 2 * side - 1
                uneven -= items[entity] != 0
                items[entity] += sign
                uneven += items[entity] != 0
                if price[i] > 0:
                    high[entity] += sign * (price[i] >> BASE_BITS)
                    low[entity] += sign * (price[i] & MASK)
                    node = size[c] + entity
                    tree[node] = _magnitude(high[entity], low[entity])
                    while node > 1:
                        node >>= 1
                        tree[node] = max(tree[2 * node], tree[2 * node + 1])
            trades = i - start[c] + 1
            if uneven != 0 or trades < least:
                continue
            if priced == 0 or tree[1] <= _allowed(sum_high, sum_low, priced, margin_bp):
                longest[c] = trades
    return longest

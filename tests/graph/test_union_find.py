"""Guarded joins: by hand, and against a plain restatement on random cases."""

import random

import numpy as np

from regift.graph.union_find import APART, JOINED, TOGETHER, TOO_LARGE, join_guarded

Pairs = list[tuple[int, int]]


def joined(nodes: int, joins: Pairs, limit: int, apart: Pairs) -> tuple[list[int], list[int]]:
    left, right, far_left, far_right = (
        np.array([pair[end] for pair in pairs], np.int64)
        for pairs in (joins, apart)
        for end in (0, 1)
    )
    label, became = join_guarded(nodes, left, right, limit, far_left, far_right)
    return label.tolist(), became.tolist()


def plainly(nodes: int, joins: Pairs, limit: int, apart: Pairs) -> tuple[list[int], list[int]]:
    part = [{node} for node in range(nodes)]
    became = []
    for a, b in joins:
        both = part[a] | part[b]
        if part[a] is part[b]:
            became.append(TOGETHER)
        elif any(x in both and y in both for x, y in apart):
            became.append(APART)
        elif len(both) > limit:
            became.append(TOO_LARGE)
        else:
            became.append(JOINED)
            for node in both:
                part[node] = both
    return [min(part[node]) for node in range(nodes)], became


def test_the_limit() -> None:
    chain = [(0, 1), (2, 3), (1, 2), (3, 2), (3, 4)]
    assert joined(5, chain, 3, []) == (
        [0, 0, 2, 2, 2],
        [JOINED, JOINED, TOO_LARGE, TOGETHER, JOINED],
    )


def test_apart_is_said_before_too_large() -> None:
    assert joined(3, [(0, 1), (1, 2)], 2, [(2, 0)]) == ([0, 0, 2], [JOINED, APART])


def test_a_pair_apart_is_carried_by_the_whole_component() -> None:
    joins = [(4, 3), (3, 2), (0, 1), (1, 2), (5, 4)]
    assert joined(6, joins, 9, [(0, 4), (5, 1)]) == (
        [0, 0, 2, 2, 2, 2],
        [JOINED, JOINED, JOINED, APART, JOINED],
    )


def test_nothing() -> None:
    assert joined(0, [], 30, []) == ([], [])
    assert joined(2, [], 30, []) == ([0, 1], [])


def test_random_cases() -> None:
    chance = random.Random(7)
    for _ in range(500):
        nodes = chance.randint(2, 9)
        pairs = [(a, b) for a in range(nodes) for b in range(nodes) if a != b]
        joins = chance.choices(pairs, k=chance.randint(0, 15))
        apart = chance.choices(pairs, k=chance.randint(0, 4))
        limit = chance.randint(1, nodes)
        assert joined(nodes, joins, limit, apart) == plainly(nodes, joins, limit, apart)

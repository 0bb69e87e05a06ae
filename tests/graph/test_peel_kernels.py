"""Remainders, peels and chains against exact values."""

from typing import Any

import pytest
from build import world
from temporal_graphs import graph_of

from regift.graph.index_kernels import horizons
from regift.graph.peel_kernels import chains, remainders
from regift.graph.temporal import TemporalGraph
from regift.queries.peel_chain import Params, find

A, B, C, D, E, P, Q = range(7)
LARGEST = 9 * 10**14


def steps(graph: TemporalGraph, **given: Any) -> tuple[Any, Any, Any]:
    how = {"gap_us": 4, "in_order": False, "max_peels": 2, "peel_bp": 2000} | given
    _, after, until = horizons(graph.at_us, how["gap_us"], how["in_order"])
    return remainders(graph.edges, after, until, how["max_peels"], how["peel_bp"])


def remainder(graph: TemporalGraph, **given: Any) -> list[int]:
    found: list[int] = steps(graph, **given)[0].tolist()
    return found


def test_remainder_and_where_its_outs_are() -> None:
    graph = graph_of([A, B, B, C, C], [B, P, C, D, Q], [0, 1, 2, 3, 4], [100, 5, 95, 90, 5])
    follows, begin, end = steps(graph)
    assert follows.tolist() == [2, -1, 3, -1, -1]
    outs = graph.edges.out_edge
    assert outs[begin[0] : end[0]].tolist() == [1, 2]
    assert outs[begin[2] : end[2]].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("peels", "most", "found"),
    [([1], 1, 1), ([1, 1], 1, -1), ([1, 1], 2, 1), ([1, 1, 1], 2, -1), ([], 3, -1)],
)
def test_number_of_peels(peels: list[int], most: int, found: int) -> None:
    size = len(peels)
    graph = graph_of([A, B, *[B] * size], [B, C, *[P] * size], range(size + 2), [100, 90, *peels])
    assert remainder(graph, max_peels=most)[0] == found


@pytest.mark.parametrize(
    ("amount", "peel", "follows"), [(80, 20, 2), (79, 20, -1), (80, 21, -1), (99, 1, 2)]
)
def test_amounts(amount: int, peel: int, follows: int) -> None:
    graph = graph_of([A, B, B], [B, P, C], [0, 1, 2], [100, peel, amount])
    assert remainder(graph)[0] == follows


def test_a_remainder_is_less_than_what_came_in() -> None:
    graph = graph_of([A, B, B], [B, P, C], [0, 1, 2], [100, 0, 100])
    assert remainder(graph)[0] == -1


def test_the_largest_amounts_are_compared_exactly() -> None:
    def of(amount: int, peel: int) -> int:
        graph = graph_of([A, B, B], [B, P, C], [0, 1, 2], [LARGEST, peel, amount])
        return remainder(graph, peel_bp=1)[0]

    least = LARGEST // 10_000 * 9_999
    assert [of(least, 1), of(least - 1, 1)] == [2, -1]
    assert [of(LARGEST - 1, 1), of(LARGEST - 1, 2)] == [2, -1]


@pytest.mark.parametrize(("at", "alone"), [(0, False), (4, False), (5, True)])
def test_nothing_else_comes_in(at: int, alone: bool) -> None:
    """At the time of the in itself, at the end of the gap, after it."""
    graph = graph_of([A, B, B, Q], [B, P, C, B], [0, 1, 2, at], [100, 5, 95, 1])
    (first,) = [e for e in range(4) if graph.amount_minor[e] == 100]
    assert (remainder(graph)[first] >= 0) == alone


def test_of_equal_outs_the_earliest() -> None:
    graph = graph_of([A, B, B, B], [B, P, C, D], [0, 1, 2, 3], [100, 10, 45, 45])
    assert remainder(graph, peel_bp=6000)[0] == 2


def test_equal_times_in_order_only() -> None:
    graph = graph_of([A, B, B], [B, P, C], [0, 0, 0], [100, 5, 95])
    assert remainder(graph)[0] == -1
    assert remainder(graph, in_order=True)[0] == 2


def test_neither_back_nor_where_a_peel_goes() -> None:
    assert remainder(graph_of([A, B, B], [B, P, A], [0, 1, 2], [100, 5, 95]))[0] == -1
    assert remainder(graph_of([A, B, B], [B, C, C], [0, 1, 2], [100, 5, 95]))[0] == -1
    assert remainder(graph_of([A, B, B], [B, A, C], [0, 1, 2], [100, 5, 95]))[0] == 2


def test_a_chain_ends_before_an_account_it_has() -> None:
    """a > b > c > d > b > e; the step from d has a peel of neither chain: 6."""
    graph = graph_of(
        [A, B, B, C, C, D, D, B, B], [B, P, C, P, D, B, Q, P, E], range(9),
        [100, 1, 99, 1, 98, 97, 1, 1, 96],
    )  # fmt: skip
    found = steps(graph, gap_us=3)
    assert found[0].tolist() == [2, -1, 4, -1, 5, 8, -1, -1, -1]
    lists = [part.tolist() for part in chains(graph.edges, *found, 2)]
    assert lists == [[0, 3, 5], [0, 2, 4, 5, 8], [0, 2, 3], [1, 3, 7]]
    lists = [part.tolist() for part in chains(graph.edges, *found, 3)]
    assert lists == [[0, 3], [0, 2, 4], [0, 2], [1, 3]]
    assert [len(part) for part in chains(graph.edges, *found, 4)] == [1, 0, 1, 0]


def test_no_records() -> None:
    with world({}) as graph:
        assert len(find(graph, Params())) == 0

"""Chains, sets and witnesses of records against exact values and a look at all pairs."""

from typing import Any

import networkx as nx
import numpy as np
import pytest
from build import world
from found import as_dicts
from temporal_graphs import graph_of

from regift.graph import layering
from regift.graph.bounds import Bounds
from regift.graph.hub_kernels import Hubs, hub_spans
from regift.graph.layering import LayeringParams, layers
from regift.graph.layering_kernels import longest_chains, passed
from regift.graph.temporal import TemporalGraph
from regift.queries.layering_path import Params, find

A, B, C, D, E, F = range(6)
LARGEST = 9 * 10**14

#                      0       1       2       3       4       5
ROW = graph_of([A, B, B, C, D, E], [B, C, D, D, E, F], [0, 1, 1, 2, 3, 9], 100)
"""a > b, b > c, b > d, c > d, d > e and, too late for a gap of 2, e > f."""

TRIANGLE = graph_of([A, B, C, C, D, A, B], [B, C, D, A, E, B, C], [0, 1, 2, 2, 3, 3, 4], 100)
"""a > b > c > a > b > c, and from its first c a way out: > d > e."""


def chains(graph: TemporalGraph, joined: Any = (), **given: Any) -> list[int]:
    """Records of the longest chain that ends with each edge."""
    m = len(graph)
    how = {"gap_us": 2, "in_order": False, "keep_bp": 8000} | given
    every = np.ones(m, np.bool_)
    flow = layering._flow(
        graph.source.copy(), graph.target.copy(), graph.at_us.copy(), graph.amount_minor.copy(),
        len(graph.accounts), np.argsort(graph.amount_minor).astype(np.int32), every, every,
    )  # fmt: skip
    sets = np.array(joined, np.int32)
    length = longest_chains(flow, how["gap_us"], how["in_order"], how["keep_bp"], sets)
    if len(sets):
        joined[:] = sets.tolist()
    found: list[int] = length.tolist()
    return found


@pytest.fixture(params=[0, 3_000], ids=["trees", "looks"])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layering, "SCANNED", request.param)


@pytest.mark.usefixtures("both")
def test_longest_chain_that_ends_with_each_record() -> None:
    joined = list(range(6))
    assert chains(ROW, joined) == [1, 2, 2, 3, 4, 1]
    assert joined == [0, 0, 0, 0, 0, 5]


@pytest.mark.usefixtures("both")
def test_gap_is_inclusive() -> None:
    assert chains(ROW, gap_us=6) == [1, 2, 2, 3, 4, 5]
    assert chains(ROW, gap_us=5) == [1, 2, 2, 3, 4, 1]


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("second", "follows"), [(8_000, 2), (7_999, 1), (12_500, 2), (12_501, 1), (10_000, 2)]
)
def test_keep_is_inclusive_both_ways(second: int, follows: int) -> None:
    assert chains(graph_of([A, B], [B, C], [0, 1], [10_000, second])) == [1, follows]


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("first", "second", "follows"),
    [(LARGEST, LARGEST - 1, 1), (LARGEST, LARGEST, 2), (LARGEST - 1, LARGEST, 1)],
)
def test_the_largest_amounts_are_compared_exactly(first: int, second: int, follows: int) -> None:
    assert chains(graph_of([A, B], [B, C], [0, 1], [first, second]), keep_bp=10_000)[1] == follows
    assert chains(graph_of([A, B], [B, C], [0, 1], [LARGEST, 1]), keep_bp=0) == [1, 2]


@pytest.mark.usefixtures("both")
def test_equal_times_follow_in_order_only() -> None:
    graph = graph_of([A, B, C], [B, C, D], [5, 5, 5])
    assert chains(graph) == [1, 1, 1]
    assert chains(graph, in_order=True) == [1, 2, 3]


@pytest.mark.usefixtures("both")
def test_the_longest_that_does_not_come_from_where_it_would_go() -> None:
    """b's best predecessor is the chain through c; to c only the other one may go on."""
    graph = graph_of([D, C, A, B, B], [C, B, B, C, E], range(5))
    assert chains(graph, gap_us=9) == [1, 2, 1, 2, 3]


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("in_order", [False, True])
def test_against_all_pairs(in_order: bool) -> None:
    """600 records between 7 accounts: chains by a table, sets as components."""
    rng = np.random.default_rng(7)
    graph = graph_of(
        rng.integers(0, 7, 600), rng.integers(0, 7, 600), rng.integers(0, 900, 600),
        rng.integers(50, 400, 600),
    )  # fmt: skip
    for gap_us, keep_bp in ((20, 8000), (9, 9000), (60, 9900)):
        m, at, amount = len(graph), graph.at_us, graph.amount_minor
        low, high = np.minimum.outer(amount, amount), np.maximum.outer(amount, amount)
        later = np.triu(np.ones((m, m), np.bool_), 1)
        later &= in_order | (at[None, :] > at[:, None])
        follows = later & (at[None, :] - at[:, None] <= gap_us) & (10_000 * low >= keep_bp * high)
        follows &= graph.target[:, None] == graph.source[None, :]
        follows &= graph.source[:, None] != graph.target[None, :]
        length = np.ones(m, np.int64)
        for f in range(m):
            length[f] += max(length[follows[:, f]], default=0)
        net = nx.Graph(np.argwhere(follows).tolist())
        sets = np.arange(m)
        for together in nx.connected_components(net):
            sets[list(together)] = min(together)
        joined = list(range(m))
        given = {"gap_us": gap_us, "keep_bp": keep_bp, "in_order": in_order}
        assert chains(graph, joined, **given) == length.tolist()
        assert joined == sets.tolist()
        assert 1 < len(set(joined)) < m


def test_hub_degree_counts_both_ways_and_both_ends_of_the_gap() -> None:
    """b: in at 0; out at 0, 1, 2, 3. From 0 to 2: four others, who paid it among them."""
    graph = graph_of([A, B, B, B, B], [B, C, D, E, F], [0, 0, 1, 2, 3])

    def open_after(gap_us: int, degree: int) -> list[bool]:
        hubs = Hubs(*hub_spans(graph.edges, gap_us, degree))
        return list(passed(graph.edges, hubs, gap_us).tolist())

    assert open_after(2, 4) == [True] * 5
    assert open_after(2, 3) == [False, True, True, True, True]
    assert open_after(1, 3) == [True] * 5


def test_hubs_do_not_carry_a_chain_and_are_told() -> None:
    hops = enumerate(["ab", "bc", "cd", "de", "ef"])
    lines = [f"t{i} payment {a}>{b} 1.00 @{i}h" for i, (a, b) in hops]
    lines.append("n1 payment b>x 9.00 @5h")
    with world({"transfers": lines}) as graph:
        graph.bounds = Bounds(hub_degree=3)
        whole = find(graph, Params())
        graph.bounds = Bounds(hub_degree=2)
        cut = find(graph, Params())
    (row,) = as_dicts(whole)
    assert (row["records"], row["complete"]) == (["t0", "t1", "t2", "t3", "t4"], True)
    assert whole.truncated == {}
    (row,) = as_dicts(cut)
    assert (row["records"], row["complete"]) == (["t1", "t2", "t3", "t4"], False)
    assert cut.truncated == {"hub_degree": {"roots": 1, "accounts": ["b"]}}


def test_findings_that_no_hub_touches_are_complete() -> None:
    lines = [
        f"t{i} payment {a}>{b} 1.00 @{i}h" for i, (a, b) in enumerate(["ab", "bc", "cd", "de"])
    ]
    lines += [f"h{i} payment {a}>hub 1.00 @{i}h" for i, a in enumerate("uvwxyz")]
    lines += [f"o{i} payment {a}>shop 1.00 @{i}h" for i, a in enumerate("uvwxyz")]
    lines.append("h9 payment hub>z 9.00 @5h")
    with world({"transfers": lines}) as graph:
        graph.bounds = Bounds(hub_degree=5)
        found = find(graph, Params())
    assert [row["complete"] for row in as_dicts(found)] == [True]
    assert found.truncated == {"hub_degree": {"roots": 2, "accounts": ["hub"]}}


def test_a_witness_of_different_accounts_is_searched() -> None:
    """The longest chain has runs of two; of four records over different accounts there is one."""
    how = LayeringParams(2, 8000, 4, False)
    found = layers(TRIANGLE, how, Bounds())
    assert found.witness.tolist() == [0, 1, 2, 4]
    assert (found.first.tolist(), found.size.tolist(), found.accounts.tolist()) == ([0], [7], [5])
    assert (found.longest.tolist(), found.cut) == ([5], 0)
    cut = layers(TRIANGLE, how, Bounds(expansions=1))
    assert (len(cut.first), cut.cut, cut.cut_edges.tolist()) == (0, 1, [0, 1, 3, 5, 6])


def test_a_search_that_takes_too_many_steps_is_cut_and_told() -> None:
    lines = [f"t{i} payment {a}>{b} 1.00 @{i}h" for i, (a, b) in enumerate(["ab", "bc", "ca"] * 3)]
    with world({"transfers": lines}) as graph:
        dropped = find(graph, Params())
        graph.bounds = Bounds(expansions=5)
        cut = find(graph, Params())
    assert (len(dropped), dropped.truncated) == (0, {})
    assert len(cut) == 0
    assert cut.truncated == {"expansions": {"roots": 1, "accounts": ["a", "b", "c"]}}


def test_no_records() -> None:
    with world({}) as graph:
        found = find(graph, Params())
    assert (len(found), found.truncated) == (0, {})

"""Slices, threads and budgets: any parts find what one part finds, and what was cut is said."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any
from unittest import mock

from build import EPOCH_US
from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from pattern_worlds import relays
from strategies import World

from regift.graph.bounds import Bounds
from regift.graph.snapshot import snapshot_from_rows
from regift.graph.temporal import EVER
from regift.queries import scatter_gather, slices
from regift.queries.cuts import NOT_BEGUN
from regift.queries.findings import Findings
from regift.queries.money_cycle import SEARCH, Params, count_cycles, find

PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((0, 1, 2, 4, 9)).map(lambda h: h * HOUR_US),
    max_length=st.sampled_from((0, 2, 3, 6)),
    min_amount=st.sampled_from((Decimal(0), Decimal("0.60"))),
    keep_bp=st.sampled_from((0, 5000, 9000)),
    ties=st.sampled_from(("strict", "order")),
    group=st.sampled_from(("ring", "ring", "instance")),
)
WORLDS = st.one_of(flows(), flows(most=50, kinds=("payment",)))
CUTS = st.lists(st.integers(-1, 20), max_size=8, unique=True).map(sorted)
"""Half hours at which slices begin: at most nine slices, empty ones among them."""

LIMITS = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"expansions": st.integers(1, 40)}),
    st.fixed_dictionaries({"hub_degree": st.integers(1, 12)}),
)


@contextmanager
def cut_at(half_hours: list[int]) -> Iterator[None]:
    """Slices at these times, and parts of a single root."""
    times = [EVER[0], *(EPOCH_US + cut * HOUR_US // 2 for cut in half_hours), EVER[1]]
    spans = list(pairwise(times))
    with (
        mock.patch.object(slices, "plan", return_value=spans),
        mock.patch.object(slices, "LEAST_ROOTS", 1),
    ):
        yield


def tables(found: Findings) -> list[Any]:
    return [found.findings, found.subjects, found.evidence, found.truncated]


@settings(max_examples=examples(40), deadline=None)
@given(WORLDS, PARAMS, CUTS, st.integers(1, 3), LIMITS)
def test_any_slices_and_jobs_find_the_same(
    world: World, params: Params, cuts: list[int], jobs: int, limits: dict[str, int]
) -> None:
    with world.snapshot() as graph:
        graph.bounds = Bounds(jobs=1, slices=1, **limits)
        wanted = tables(find(graph, params)), count_cycles(graph, params)
        graph.bounds = Bounds(jobs=jobs, **limits)
        with cut_at(cuts):
            got = tables(find(graph, params)), count_cycles(graph, params)
    assert got == wanted


RELAYED = st.builds(
    scatter_gather.Params,
    window_us=st.integers(0, 4).map(lambda h: h * HOUR_US),
    min_accounts=st.sampled_from((1, 2, 2, 3)),
    flow_bp=st.sampled_from((0, 5000, 9000)),
    ties=st.sampled_from(("strict", "order")),
)


RELAY_LIMITS = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"expansions": st.sampled_from((1, 3))}),
    st.fixed_dictionaries({"hub_degree": st.integers(1, 6)}),
)


@settings(max_examples=examples(40), deadline=None)
@given(relays(), RELAYED, CUTS, st.integers(1, 3), RELAY_LIMITS)
def test_scatter_gather_is_the_same_in_any_parts(
    world: World,
    params: scatter_gather.Params,
    cuts: list[int],
    jobs: int,
    limits: dict[str, int],
) -> None:
    with world.snapshot() as graph:
        graph.bounds = Bounds(jobs=1, slices=1, **limits)
        wanted = tables(scatter_gather.find(graph, params))
        graph.bounds = Bounds(jobs=jobs, **limits)
        with cut_at(cuts):
            assert tables(scatter_gather.find(graph, params)) == wanted


@settings(max_examples=examples(20), deadline=None)
@given(flows(most=40, kinds=("payment",)), PARAMS, st.integers(2, 9), st.integers(1, 3))
def test_planned_slices_find_the_same(world: World, params: Params, number: int, jobs: int) -> None:
    with world.snapshot() as graph:
        graph.bounds = Bounds(jobs=1, slices=1)
        wanted = tables(find(graph, params))
        graph.bounds = Bounds(jobs=jobs, slices=number)
        assert tables(find(graph, params)) == wanted


@settings(max_examples=examples(25), deadline=None)
@given(flows(most=30, kinds=("payment",)), PARAMS, CUTS, st.integers(1, 3), st.integers(0, 30))
def test_the_instances_listed_are_those_of_the_first_roots(
    world: World, params: Params, cuts: list[int], jobs: int, most: int
) -> None:
    listed = Params(**{**vars(params), "group": "instance"})
    with world.snapshot() as graph, mock.patch.object(slices, "FINDINGS", most):
        graph.bounds = Bounds(jobs=1, slices=1)
        total = count_cycles(graph, listed)["count"]
        wanted = find(graph, listed)
        graph.bounds = Bounds(jobs=jobs)
        with cut_at(cuts):
            got = find(graph, listed)
    assert tables(got) == tables(wanted)
    if len(wanted) < total:
        assert wanted.truncated["instances"] == {
            "listed": len(wanted), "left_out": total - len(wanted)
        }  # fmt: skip
    else:
        assert "instances" not in wanted.truncated


def rows_of(found: Findings) -> dict[str, Any]:
    return {row["finding"]: row for row in found.findings.to_pylist()}


@settings(max_examples=examples(40), deadline=None)
@given(flows(most=40, kinds=("payment",)), PARAMS, CUTS, st.integers(0, 12))
def test_what_is_complete_in_spite_of_time_is_as_it_is_with_time(
    world: World, params: Params, cuts: list[int], looks: int
) -> None:
    """The time is over after some looks at the clock; what is marked complete does not notice."""
    with world.snapshot() as graph:
        whole = find(graph, params)
        graph.bounds = Bounds(jobs=1, deadline_s=1e18)
        clock = mock.PropertyMock(side_effect=[False] * looks + [True] * 200)
        with cut_at(cuts), mock.patch.object(Bounds, "late", clock):
            got = find(graph, params)
    wanted, found = rows_of(whole), rows_of(got)
    assert all(wanted[name] == row for name, row in found.items() if row["complete"])
    if got.truncated:
        assert set(got.truncated) == {"time"}
    else:
        assert found == wanted


LOOP = [
    {
        "record_id": f"t{n}",
        "at_us": EPOCH_US + n * HOUR_US,
        "source": "ab"[n % 2],
        "target": "ba"[n % 2],
        "amount_minor": 100,
        "currency": "CNY",
        "kind": "payment",
    }
    for n in range(40)
]


def test_a_budget_that_is_over_cuts_everything_and_says_so() -> None:
    with snapshot_from_rows({"transfers": LOOP}) as graph:
        graph.bounds = Bounds(deadline_s=0.0)
        found = find(graph, Params())
        counted = count_cycles(graph, Params())
    assert len(found) == 0
    assert found.truncated == NOT_BEGUN
    assert counted == {
        "count": 0, "rings": 0, "by_length": {}, "complete": False, "truncated": NOT_BEGUN
    }  # fmt: skip


def test_what_time_cut_is_told_as_spans_that_meet() -> None:
    """Four slices of ten hours, of which time allows the first two looks: one part searched."""
    with snapshot_from_rows({"transfers": LOOP}) as graph:
        graph.bounds = Bounds(jobs=1, deadline_s=1e18)
        clock = mock.PropertyMock(side_effect=[False, False] + [True] * 9)
        with cut_at([20, 40, 60]), mock.patch.object(slices, "LEAST_ROOTS", 100):
            graph.bounds = Bounds(jobs=1, deadline_s=1e18)
            with mock.patch.object(Bounds, "late", clock):
                found = find(graph, Params(window_us=HOUR_US))
    assert found.truncated == {
        "time": {"slices": [{"from": "2026-01-01T10:00:00Z", "until": None}], "cut": 3, "of": 4}
    }
    (row,) = found.findings.to_pylist()
    assert (row["instances"], row["complete"]) == (10, False)


def test_planned_slices_hold_about_equally_many() -> None:
    with snapshot_from_rows({"transfers": LOOP}) as graph:
        graph.bounds = Bounds(slices=4)
        spans = slices.plan(graph, ("payment",), HOUR_US)
    ends = [until for _, until in spans]
    assert [sum(row["at_us"] < end for row in LOOP) for end in ends] == [10, 20, 30, 40]


def test_memory_decides_how_many_slices_there_are() -> None:
    """Slices of at most twenty moves, three hours of halo among them."""
    with snapshot_from_rows({"transfers": LOOP}) as graph, mock.patch.object(slices, "EDGES", 20):
        spans = slices.plan(graph, ("payment",), 3 * HOUR_US)
        held = [
            sum(since <= row["at_us"] < until + 3 * HOUR_US for row in LOOP)
            for since, until in spans
        ]
    assert max(held) <= 20
    assert [len(spans), held[0]] == [3, 20]


def test_a_part_can_travel() -> None:
    """What goes into a part and what comes out of it can be sent to another process."""
    with snapshot_from_rows({"transfers": LOOP}) as graph:
        (task,) = slices._tasks(graph, Params(), SEARCH, EVER, EVER[1], False, 9)
    part = SEARCH.part(task)
    sent = pickle.loads(pickle.dumps(part))
    assert sent.rows.equals(part.rows)
    assert part.rows["instances"].to_pylist() == ["400"]

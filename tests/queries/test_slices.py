"""Slices, threads and budgets: any parts find what one part finds, and what was cut is said."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any
from unittest import mock

from build import EPOCH_US
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import World

from regift.graph.bounds import Bounds
from regift.graph.temporal import EVER
from regift.queries import slices
from regift.queries.findings import Findings
from regift.queries.money_cycle import Params, count_cycles, find

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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=20, deadline=None)
@given(flows(most=40, kinds=("payment",)), PARAMS, st.integers(2, 9), st.integers(1, 3))
def test_planned_slices_find_the_same(world: World, params: Params, number: int, jobs: int) -> None:
    with world.snapshot() as graph:
        graph.bounds = Bounds(jobs=1, slices=1)
        wanted = tables(find(graph, params))
        graph.bounds = Bounds(jobs=jobs, slices=number)
        assert tables(find(graph, params)) == wanted


@settings(max_examples=25, deadline=None)
@given(flows(most=30, kinds=("payment",)), PARAMS, CUTS, st.integers(1, 3), st.integers(0, 30))
def test_the_instances_listed_are_those_of_the_first_roots(
    world: World, params: Params, cuts: list[int], jobs: int, most: int
) -> None:
    listed = Params(**{**vars(params), "group": "instance"})
    with world.snapshot() as graph, mock.patch.object(slices, "INSTANCES", most):
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

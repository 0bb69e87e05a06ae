"""money_cycle against the definition tried by brute force, and where brute force cannot go."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from examples import examples
from flows import HOUR_US, flows
from found import as_dicts
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.money_cycle import instances, money_cycle
from strategies import World, odd_names

from regift.queries.money_cycle import Params, count_cycles, find

PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((2 * HOUR_US, 4 * HOUR_US, 9 * HOUR_US)),
    max_length=st.sampled_from((0, 2, 3, 6)),
    min_amount=st.sampled_from((Decimal(0), Decimal("0.60"))),
    keep_bp=st.sampled_from((0, 5000, 5000, 9000, 10_000)),
    ties=st.sampled_from(("strict", "order")),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment",))),
)


def rings(world: World, params: Params) -> set[Any]:
    with world.snapshot() as graph:
        found = find(graph, params)
        assert found.truncated == {}
        rows = as_dicts(found)
        counted = count_cycles(graph, params)
    assert counted["rings"] == len(rows)
    assert counted["count"] == sum(row["instances"] for row in rows)
    anchors = [(*row["anchor"], row["instances"], tuple(row["records"])) for row in rows]
    return {(a[:-4], *a[-4:]) for a in anchors}


@settings(max_examples=examples(100), deadline=None)
@given(flows(), PARAMS)
def test_rings_are_those_of_the_definition(world: World, params: Params) -> None:
    assert rings(world, params) == money_cycle(world.rows, world.settings, params)


@settings(max_examples=examples(50), deadline=None)
@given(flows(most=14), PARAMS, st.integers(0, 9))
def test_instances_are_those_of_the_definition(world: World, params: Params, seed: int) -> None:
    listed = Params(**{**vars(params), "group": "instance"})
    wanted = instances(world.rows, world.settings, params)
    with world.shuffled(seed).snapshot() as graph:
        rows = as_dicts(find(graph, listed))
        counted = count_cycles(graph, listed)
    assert Counter(tuple(row["records"]) for row in rows) == Counter(
        tuple(r["record_id"] for r in cycle) for cycle in wanted
    )
    assert counted["count"] == len(wanted)
    assert counted["by_length"] == {str(k): n for k, n in sorted(Counter(map(len, wanted)).items())}
    for row in rows:
        assert row["accounts"][0] == next(
            t["source"] for t in world.rows["transfers"] if t["record_id"] == row["records"][0]
        )


@settings(max_examples=examples(25), deadline=None)
@given(flows(), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names = odd_names(world.names(), seed)
    renamed = world.shuffled(seed).renamed(names)
    assert rings(renamed, params) == {
        (tuple(names[a] for a in ring), *rest) for ring, *rest in rings(world, params)
    }


def test_max_length_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Params(max_length=1)

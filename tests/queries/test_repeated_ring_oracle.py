"""repeated_ring against the definition, cycle by cycle (D-18)."""

from typing import Any

import pytest
from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.repeated_ring import repeated_ring
from shapes_found import agree, names_and_rows_say_nothing
from statistic_worlds import rounds
from strategies import World

from regift import queries
from regift.queries.repeated_ring import Params

SEARCH = queries.ALL["repeated_ring"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((9 * HOUR_US, 4 * HOUR_US, 3 * HOUR_US, 480 * HOUR_US)),
    max_length=st.sampled_from((8, 8, 0, 3)),
    min_runs=st.sampled_from((2, 2, 2, 3)),
    pair_payments=st.sampled_from((8, 8, 3, 2)),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment",))),
)


def said(row: dict[str, Any]) -> object:
    detail = row["detail"]
    assert detail["runs"] == row["instances"]
    assert detail["stratum"] == f"{min(detail['runs'], 4)}|{min(row['length'], 6)}"
    return row["amount_minor"]


@settings(max_examples=examples(50), deadline=None)
@given(rounds(), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, repeated_ring, said)


@settings(max_examples=examples(15), deadline=None)
@given(flows(most=14), PARAMS)
def test_findings_of_any_moves_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, repeated_ring, said)


@settings(max_examples=examples(15), deadline=None)
@given(rounds(), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)


@pytest.mark.parametrize("given", [{"max_length": 2}, {"max_length": 1}, {"min_runs": 1}])
def test_what_is_money_cycles_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        Params(**given)

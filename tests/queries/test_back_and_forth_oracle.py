"""back_and_forth against the definition, pair of sides by pair of sides (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US
from hypothesis import given, settings
from hypothesis import strategies as st
from item_worlds import shuttles
from oracles.back_and_forth import back_and_forth
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.back_and_forth import Params

SEARCH = queries.ALL["back_and_forth"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((2 * HOUR_US, 5 * HOUR_US, HOUR_US, 0, 40 * HOUR_US)),
    min_alternations=st.sampled_from((2, 3, 1, 0)),
    balance_bp=st.sampled_from((7000, 5000, 10000, 0)),
    linked=st.sampled_from((True, False)),
)
WORLDS = shuttles()


def said(row: dict[str, Any]) -> object:
    return row["detail"]["form"]


@settings(max_examples=examples(40), deadline=None)
@given(WORLDS, PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, back_and_forth, said)


@settings(max_examples=examples(20), deadline=None)
@given(record_sets(), PARAMS)
def test_findings_of_any_records_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, back_and_forth, said)


@settings(max_examples=examples(15), deadline=None)
@given(WORLDS, PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)

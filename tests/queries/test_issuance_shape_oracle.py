"""issuance_shape against the definition, root by root (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US
from hypothesis import given, settings
from hypothesis import strategies as st
from item_worlds import prepaid
from oracles.issuance_shape import issuance_shape
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.issuance_shape import Params

SEARCH = queries.ALL["issuance_shape"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((4 * HOUR_US, 6 * HOUR_US, 3 * HOUR_US, 0)),
    min_payers=st.sampled_from((2, 2, 3, 4, 0)),
    share_bp=st.sampled_from((2500, 5000, 10000, 0)),
)
WORLDS = prepaid()


def said(row: dict[str, Any]) -> object:
    return row["detail"]["payers"]


@settings(max_examples=examples(40), deadline=None)
@given(WORLDS, PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, issuance_shape, said)


@settings(max_examples=examples(20), deadline=None)
@given(record_sets(paid=True), PARAMS)
def test_findings_of_any_records_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, issuance_shape, said)


@settings(max_examples=examples(15), deadline=None)
@given(WORLDS, PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)

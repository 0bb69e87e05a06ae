"""repeated_acquisition against the definition, root by root (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US
from hypothesis import given, settings
from hypothesis import strategies as st
from item_worlds import rounds, shuttles
from oracles.repeated_acquisition import repeated_acquisition
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.repeated_acquisition import Params

SEARCH = queries.ALL["repeated_acquisition"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((5 * HOUR_US, 3 * HOUR_US, HOUR_US, 9 * HOUR_US, 40 * HOUR_US)),
    min_times=st.sampled_from((2, 2, 3, 0)),
)
WORLDS = st.one_of(shuttles(), rounds())


def said(row: dict[str, Any]) -> object:
    return row["detail"]["acquisitions"]


@settings(max_examples=examples(40), deadline=None)
@given(WORLDS, PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, repeated_acquisition, said)


@settings(max_examples=examples(20), deadline=None)
@given(record_sets(), PARAMS)
def test_findings_of_any_records_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, repeated_acquisition, said)


@settings(max_examples=examples(15), deadline=None)
@given(WORLDS, PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)

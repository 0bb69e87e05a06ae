"""evasion against the definition: pairs of records, and accounts that succeed others (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US
from hypothesis import given, settings
from hypothesis import strategies as st
from item_worlds import elsewhere, evasive, succeeding
from oracles.evasion import evasion
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.evasion import Params

SEARCH = queries.ALL["evasion"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((6 * HOUR_US, 35 * HOUR_US, 2 * HOUR_US, HOUR_US, 0)),
)
WORLDS = st.one_of(evasive(), elsewhere(), succeeding(), succeeding())


def said(row: dict[str, Any]) -> object:
    detail = row["detail"]
    if detail["form"] == "successor":
        return "successor", (detail["linked"], detail["since_us"])
    return detail["form"], row["level"]


@settings(max_examples=examples(40), deadline=None)
@given(WORLDS, PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, evasion, said)


@settings(max_examples=examples(20), deadline=None)
@given(record_sets(), PARAMS)
def test_findings_of_any_records_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, evasion, said)


@settings(max_examples=examples(15), deadline=None)
@given(WORLDS, PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)

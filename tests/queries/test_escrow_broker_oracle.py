"""escrow_broker against the definition, root by root (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US
from hypothesis import given, settings
from hypothesis import strategies as st
from item_worlds import brokered
from oracles.escrow_broker import escrow_broker
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.escrow_broker import Params

SEARCH = queries.ALL["escrow_broker"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((4 * HOUR_US, 8 * HOUR_US, 24 * HOUR_US, HOUR_US)),
    min_givers=st.sampled_from((1, 1, 2, 2, 3, 0)),
    min_receivers=st.sampled_from((1, 1, 2, 2, 3)),
)
WORLDS = brokered()


def said(row: dict[str, Any]) -> object:
    return row["detail"]["chains"]


@settings(max_examples=examples(40), deadline=None)
@given(WORLDS, PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, escrow_broker, said)


@settings(max_examples=examples(20), deadline=None)
@given(record_sets(paid=True), PARAMS)
def test_findings_of_any_records_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, escrow_broker, said)


@settings(max_examples=examples(15), deadline=None)
@given(WORLDS, PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)

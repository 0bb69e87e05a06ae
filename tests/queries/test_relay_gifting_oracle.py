"""relay_gifting against the definition, chain by chain (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US
from hypothesis import given, settings
from hypothesis import strategies as st
from item_worlds import relayed
from oracles.relay_gifting import relay_gifting
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.relay_gifting import Params

SEARCH = queries.ALL["relay_gifting"]
PARAMS = st.builds(
    Params,
    dwell_us=st.sampled_from((HOUR_US, 2 * HOUR_US, 0, HOUR_US, 7 * HOUR_US)),
    min_hops=st.sampled_from((2, 3, 3, 4)),
    retain_bp=st.sampled_from((2000, 5000, 0, 3334)),
    window_us=st.sampled_from((3 * HOUR_US, 10 * HOUR_US, 0)),
)
WORLDS = relayed()


def said(row: dict[str, Any]) -> object:
    return None


@settings(max_examples=examples(40), deadline=None)
@given(WORLDS, PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, relay_gifting, said)


@settings(max_examples=examples(20), deadline=None)
@given(record_sets(), PARAMS)
def test_findings_of_any_records_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, relay_gifting, said)


@settings(max_examples=examples(15), deadline=None)
@given(WORLDS, PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)

"""lockstep against the definition, pair by pair (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_worlds import steps
from oracles.lockstep import lockstep
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.lockstep import Params

SEARCH = queries.ALL["lockstep"]
PARAMS = st.builds(
    Params,
    bucket_us=st.sampled_from((HOUR_US, HOUR_US, 2 * HOUR_US, 7 * HOUR_US)),
    crowd=st.sampled_from((50, 50, 4, 2)),
    min_matches=st.sampled_from((1, 2, 2, 3, 0)),
    jaccard_bp=st.sampled_from((5000, 6667, 6666, 10_000, 0)),
    min_accounts=st.sampled_from((2, 2, 3, 4)),
)


def said(row: dict[str, Any]) -> object:
    return None


@settings(max_examples=examples(40), deadline=None)
@given(steps(), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, lockstep, said)


@settings(max_examples=examples(15), deadline=None)
@given(record_sets(paid=True), PARAMS)
def test_findings_of_any_records_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, lockstep, said)


@settings(max_examples=examples(20), deadline=None)
@given(steps(), PARAMS, st.integers(0, 99))
def test_names_and_order_of_rows_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)

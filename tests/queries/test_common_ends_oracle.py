"""common_exit and common_funder against the definition, account by account (D-18)."""

from typing import Any

from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_worlds import drains, funds
from oracles.common_ends import common_exit, common_funder
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World, record_sets

from regift import queries
from regift.queries.common_exit import Params as ExitParams
from regift.queries.common_funder import Params as FunderParams

EXIT, FUNDER = queries.ALL["common_exit"], queries.ALL["common_funder"]
EXITS = st.builds(
    ExitParams,
    share_bp=st.sampled_from((7000, 7000, 5000, 10_000, 2334, 0)),
    min_outs=st.sampled_from((2, 1, 3, 0)),
    min_accounts=st.sampled_from((2, 3, 2, 1)),
    hub=st.sampled_from((20, 20, 3, 2)),
)
FUNDERS = st.builds(
    FunderParams,
    window_us=st.sampled_from((3 * HOUR_US, 5 * HOUR_US, HOUR_US, 0)),
    min_accounts=st.sampled_from((2, 3, 2, 1)),
    hub=st.sampled_from((20, 20, 3, 2)),
)


def said(row: dict[str, Any]) -> object:
    return row["amount_minor"], row["currency"]


@settings(max_examples=examples(50), deadline=None)
@given(drains(), EXITS)
def test_common_exits_are_those_of_the_definition(world: World, params: ExitParams) -> None:
    agree(world, EXIT, params, common_exit, said)


@settings(max_examples=examples(50), deadline=None)
@given(funds(), FUNDERS)
def test_common_funders_are_those_of_the_definition(world: World, params: FunderParams) -> None:
    agree(world, FUNDER, params, common_funder, said)


@settings(max_examples=examples(15), deadline=None)
@given(st.one_of(flows(), record_sets(paid=True)), EXITS, FUNDERS)
def test_those_of_any_records_too(world: World, exits: ExitParams, funders: FunderParams) -> None:
    agree(world, EXIT, exits, common_exit, said)
    agree(world, FUNDER, funders, common_funder, said)


@settings(max_examples=examples(15), deadline=None)
@given(st.one_of(drains(), funds()), EXITS, FUNDERS, st.integers(0, 99))
def test_names_and_order_of_rows_say_nothing(
    world: World, exits: ExitParams, funders: FunderParams, seed: int
) -> None:
    names_and_rows_say_nothing(world, EXIT, exits, said, seed)
    names_and_rows_say_nothing(world, FUNDER, funders, said, seed)

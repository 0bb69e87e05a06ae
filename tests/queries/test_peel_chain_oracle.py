"""peel_chain against the definition, step by step (D-8)."""

from decimal import Decimal

from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.peel_chain import peel_chain
from pattern_found import agree, names_and_rows_say_nothing
from pattern_worlds import peelings
from strategies import World

from regift.queries.peel_chain import Params, find

PARAMS = st.builds(
    Params,
    gap_us=st.sampled_from((HOUR_US, HOUR_US, 2 * HOUR_US, 2 * HOUR_US, 3 * HOUR_US, 0)),
    peel_bp=st.sampled_from((1000, 1000, 1001, 999, 500, 5000)),
    min_hops=st.sampled_from((2, 2, 3, 4)),
    max_peels=st.sampled_from((3, 2, 1)),
    min_amount=st.sampled_from((Decimal(0), Decimal(0), Decimal("0.60"))),
    ties=st.sampled_from(("strict", "order")),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment", "red_packet"), ("payment",))),
)


@settings(max_examples=examples(40), deadline=None)
@given(peelings(), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, find, params, peel_chain(world.rows, world.settings, params))


@settings(max_examples=examples(30), deadline=None)
@given(flows(), PARAMS)
def test_findings_of_any_moves_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, find, params, peel_chain(world.rows, world.settings, params))


@settings(max_examples=examples(15), deadline=None)
@given(peelings(), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, find, params, seed)

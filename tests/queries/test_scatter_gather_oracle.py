"""scatter_gather against the definition, root by root (D-8)."""

from decimal import Decimal

from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.scatter_gather import scatter_gather
from pattern_found import agree, names_and_rows_say_nothing
from pattern_worlds import relays
from strategies import World

from regift.queries.scatter_gather import Params, find

PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((0, HOUR_US, 2 * HOUR_US, 2 * HOUR_US, 3 * HOUR_US, 4 * HOUR_US)),
    min_accounts=st.sampled_from((1, 2, 2, 3)),
    flow_bp=st.sampled_from((0, 5000, 8000, 9000, 9000, 10000)),
    min_amount=st.sampled_from((Decimal(0), Decimal(0), Decimal("0.60"))),
    ties=st.sampled_from(("strict", "order")),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment", "red_packet"), ("payment",))),
)


@settings(max_examples=examples(40), deadline=None)
@given(relays(), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, find, params, scatter_gather(world.rows, world.settings, params), "flow")


@settings(max_examples=examples(30), deadline=None)
@given(flows(), PARAMS)
def test_findings_of_any_moves_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, find, params, scatter_gather(world.rows, world.settings, params), "flow")


@settings(max_examples=examples(15), deadline=None)
@given(relays(), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, find, params, seed, "flow")

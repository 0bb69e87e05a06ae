"""structuring against the definition, record by record (D-8)."""

from decimal import Decimal

from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.structuring import structuring
from pattern_found import agree, names_and_rows_say_nothing
from pattern_worlds import showers, slices
from strategies import World

from regift.queries.structuring import Params, find

UNDER = st.builds(
    Params,
    threshold=st.sampled_from((Decimal("2"), Decimal("2"), Decimal("1.995"), Decimal("2.01"))),
    near_bp=st.sampled_from((9000, 9000, 8950, 9950, 0, 10000)),
    window_us=st.sampled_from((0, HOUR_US, 2 * HOUR_US, 3 * HOUR_US, 5 * HOUR_US)),
    min_events=st.sampled_from((2, 2, 3, 3, 1)),
    burst_us=st.sampled_from((0, HOUR_US)),
    packets=st.sampled_from((2, 3)),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment", "red_packet"), ("payment",))),
)
PACKETS = st.builds(
    Params,
    threshold=st.sampled_from((Decimal("2"), Decimal("1.99"), Decimal("2.5"))),
    near_bp=st.sampled_from((9000, 5000)),
    window_us=st.sampled_from((2 * HOUR_US, 3 * HOUR_US, HOUR_US, 0)),
    min_events=st.sampled_from((3, 4)),
    burst_us=st.sampled_from((HOUR_US, HOUR_US, 0)),
    packets=st.sampled_from((2, 3)),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment", "red_packet"), ("payment",))),
)


@settings(max_examples=examples(50), deadline=None)
@given(slices(), UNDER)
def test_amounts_under_the_threshold(world: World, params: Params) -> None:
    agree(world, find, params, structuring(world.rows, world.settings, params), "total")


@settings(max_examples=examples(40), deadline=None)
@given(showers(), PACKETS)
def test_bursts_of_red_packets(world: World, params: Params) -> None:
    agree(world, find, params, structuring(world.rows, world.settings, params), "total")


@settings(max_examples=examples(30), deadline=None)
@given(flows(), st.one_of(UNDER, PACKETS))
def test_findings_of_any_moves_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, find, params, structuring(world.rows, world.settings, params), "total")


@settings(max_examples=examples(15), deadline=None)
@given(st.one_of(slices(), showers()), st.one_of(UNDER, PACKETS), st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, find, params, seed, "total")

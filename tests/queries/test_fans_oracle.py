"""fan_in and fan_out against the definition, record by record (D-8)."""

from typing import Any

import pytest
from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import fans as oracle
from pattern_found import agree, names_and_rows_say_nothing
from pattern_worlds import crowds
from strategies import World

from regift import queries
from regift.queries.typology import Typology

BOTH = ("payment", "red_packet")
PARAMS = st.fixed_dictionaries(
    {
        "window_us": st.sampled_from((HOUR_US, HOUR_US, 2 * HOUR_US, 3 * HOUR_US)),
        "min_accounts": st.sampled_from((2, 3, 4)),
        "deviations": st.sampled_from((0, 1, 2, 3)),
        "history_us": st.sampled_from(
            (HOUR_US, 3 * HOUR_US, 5 * HOUR_US, 8 * HOUR_US, 9 * HOUR_US)
        ),
        "min_history": st.sampled_from((0, 1, 2, 3)),
        "kinds": st.sampled_from(
            (("payment", "red_packet"), ("payment", "red_packet"), ("payment",))
        ),
    }
)
FANS = (queries.ALL["fan_in"], queries.ALL["fan_out"])
ORACLES = {"fan_in": oracle.fan_in, "fan_out": oracle.fan_out}


@pytest.mark.parametrize("fan", FANS, ids=ORACLES)
@settings(max_examples=examples(50), deadline=None)
@given(crowds(), PARAMS)
def test_findings_are_those_of_the_definition(
    fan: Typology, world: World, given: dict[str, Any]
) -> None:
    params = fan.params(**given)
    agree(
        world,
        fan.find,
        params,
        ORACLES[fan.name](world.rows, world.settings, params),
        "counterparties",
    )


@pytest.mark.parametrize("fan", FANS, ids=ORACLES)
@settings(max_examples=examples(30), deadline=None)
@given(flows(), PARAMS)
def test_findings_of_any_moves_are_those_of_the_definition(
    fan: Typology, world: World, given: dict[str, Any]
) -> None:
    params = fan.params(**given)
    agree(
        world,
        fan.find,
        params,
        ORACLES[fan.name](world.rows, world.settings, params),
        "counterparties",
    )


@pytest.mark.parametrize("fan", FANS, ids=ORACLES)
@settings(max_examples=examples(10), deadline=None)
@given(crowds(), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(
    fan: Typology, world: World, given: dict[str, Any], seed: int
) -> None:
    names_and_rows_say_nothing(world, fan.find, fan.params(**given), seed, "counterparties")

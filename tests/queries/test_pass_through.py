"""pass_through against the definition, record by record."""

from typing import Any

from examples import examples
from flows import HOUR_US, flows
from found import as_dicts
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.pass_through import pass_through
from strategies import World, odd_names

from regift.queries.pass_through import Params, find

KINDS = ("payment",) * 6 + ("red_packet", "topup", "payout", "payout", "refund")
PARAMS = st.builds(
    Params,
    dwell_us=st.sampled_from((HOUR_US, 3 * HOUR_US, 9 * HOUR_US)),
    keep_bp=st.sampled_from((0, 5000, 9000, 10_000)),
    min_events=st.sampled_from((1, 2, 3)),
    window_us=st.sampled_from((HOUR_US, 4 * HOUR_US)),
    ties=st.sampled_from(("strict", "order")),
)


def found(world: World, params: Params) -> set[Any]:
    with world.snapshot() as graph:
        result = find(graph, params)
        rows = as_dicts(result)
    roles = {(e["finding"], e["record"]): e["role"] for e in result.evidence.to_pylist()}
    return {
        (
            row["anchor"][0],
            row["currency"],
            row["amount_minor"],
            tuple(zip(row["accounts"], row["roles"], strict=True)),
            tuple((record, roles[row["finding"], record]) for record in row["records"]),
        )
        for row in rows
    }


@settings(max_examples=examples(100), deadline=None)
@given(flows(kinds=KINDS), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    assert found(world, params) == pass_through(world.rows, world.settings, params)


@settings(max_examples=examples(25), deadline=None)
@given(flows(kinds=KINDS), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names = odd_names(world.names(), seed)
    renamed = world.shuffled(seed).renamed(names)
    assert found(renamed, params) == {
        (names[x], currency, amount, tuple((names[a], role) for a, role in accounts), records)
        for x, currency, amount, accounts, records in found(world, params)
    }

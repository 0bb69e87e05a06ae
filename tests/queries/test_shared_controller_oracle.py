"""shared_controller against the definition, entity by entity (D-18)."""

from typing import Any

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.shared_controller import shared_controller
from shapes_found import agree
from strategies import World, record_sets

from regift import queries
from regift.queries.shared_controller import Params

SEARCH = queries.ALL["shared_controller"]
PARAMS = st.builds(Params, min_accounts=st.sampled_from((2, 2, 1, 3, 0)))


def said(row: dict[str, Any]) -> object:
    return None


@settings(max_examples=examples(40), deadline=None)
@given(st.one_of(record_sets(), record_sets(paid=True)), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, shared_controller, said)


@settings(max_examples=examples(15), deadline=None)
@given(record_sets(), PARAMS, st.integers(0, 99))
def test_order_of_rows_says_nothing(world: World, params: Params, seed: int) -> None:
    """Names stand in the evidence, so they are not changed here."""
    with world.snapshot() as one, world.shuffled(seed).snapshot() as other:
        found = [SEARCH.find(graph, params) for graph in (one, other)]
    for table in ("findings", "subjects", "evidence"):
        assert getattr(found[0], table) == getattr(found[1], table)

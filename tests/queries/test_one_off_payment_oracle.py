"""one_off_payment against the definition, pair by pair (D-18); what its chance tells."""

from typing import Any

import pytest
from examples import examples
from flows import flows
from found import as_dicts
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.rare_payments import one_off_payment
from rare_payments import COMMON, habits, payment
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World

from regift import queries
from regift.graph.snapshot import DAY_US, snapshot_from_rows
from regift.queries.one_off_payment import Params, chance
from regift.queries.typology import Chance

TYPOLOGY = queries.ALL["one_off_payment"]
PARAMS = st.builds(
    Params, common_bp=COMMON, settle_us=st.sampled_from((20 * DAY_US, 20 * DAY_US, 0, DAY_US))
)


def said(row: dict[str, Any]) -> object:
    return row["amount_minor"], row["currency"], row["detail"]["provisional"]


@settings(max_examples=examples(40), deadline=None)
@given(st.one_of(habits(senders=7, most=10), flows()), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, TYPOLOGY, params, one_off_payment, said)


@settings(max_examples=examples(15), deadline=None)
@given(habits(senders=7, most=10), PARAMS, st.integers(0, 99))
def test_names_and_order_of_rows_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, TYPOLOGY, params, said, seed)


def ledger(one_off: int, others: int) -> dict[str, list[dict[str, Any]]]:
    """So many pairs that pay once, and payments of one pair."""
    rows = [payment(i, "x", f"once{i}", 100) for i in range(one_off)]
    return {"transfers": rows + [payment(1000 + i, "x", "y", 100) for i in range(others)]}


@pytest.mark.parametrize(
    ("one_off", "others", "lfdr_bp"),
    [
        (1, 49, 0), (2, 98, 0), (1, 48, 126), (5, 95, 5694), (1, 19, 5694), (5, 94, 10_000),
        (50, 50, 10_000), (0, 100, 0), (0, 19, 5694 + 318),
    ],
)  # fmt: skip
def test_chance_is_that_of_a_rare_kind(one_off: int, others: int, lfdr_bp: int) -> None:
    """ln(0.1 / share) / ln 5; nothing is left where more than a twentieth is one-off."""
    with snapshot_from_rows(ledger(one_off, others)) as graph:
        told = {"one_off": one_off, "payments": one_off + others, "common_bp": 500}
        assert chance(graph, Params(), 0) == {"all": Chance(lfdr_bp, told)}
        assert chance(graph, Params(), 7) == chance(graph, Params(), 0)
        rows = as_dicts(TYPOLOGY.find(graph, Params()))
    assert len(rows) == (one_off if lfdr_bp < 10_000 else 0)


def test_chance_of_nothing() -> None:
    with snapshot_from_rows({}) as graph:
        told = {"one_off": 0, "payments": 0, "common_bp": 500}
        assert chance(graph, Params(), 0) == {"all": Chance(10_000, told)}
        assert len(TYPOLOGY.find(graph, Params())) == 0


def test_to_the_last_column() -> None:
    with snapshot_from_rows(ledger(1, 20)) as graph:
        (row,) = as_dicts(TYPOLOGY.find(graph, Params()))
    at_us = payment(0, "", "", 0)["at_us"]
    assert row.pop("finding").startswith("oo-")
    assert len(row.pop("content")) == 64
    assert row == {
        "typology": "one_off_payment", "anchor": ["transfers:t00000"], "unit": "x",
        "first_us": at_us, "last_us": at_us, "amount_minor": 100, "currency": "CNY", "length": 1,
        "instances": 1, "level": None, "complete": True, "items": [], "provisional": "both",
        "accounts": ["x", "once0"], "roles": ["payer", "payee"], "records": ["t00000"],
        "tables": ["transfers"],
    }  # fmt: skip

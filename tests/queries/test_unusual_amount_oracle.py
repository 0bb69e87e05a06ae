"""unusual_amount against the definition in fractions (D-18); logarithms; what its chance tells."""

from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any

import pytest
from examples import examples
from flows import flows
from found import as_dicts
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.rare_payments import size, unusual_amount
from rare_payments import COMMON, habits, payment
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World

from regift import queries
from regift.graph.snapshot import Snapshot, snapshot_from_rows
from regift.loaders.tables import MAX_MINOR
from regift.queries.log_amounts import cut_points, log_amounts, powers
from regift.queries.typology import Chance
from regift.queries.unusual_amount import Params, chance

TYPOLOGY = queries.ALL["unusual_amount"]
PARAMS = st.builds(
    Params,
    deviations=st.sampled_from((5, 5, 10, 9, 3, 1, 0)),
    min_payments=st.sampled_from((5, 3, 3, 2, 1, 0)),
    common_bp=COMMON,
)


def said(row: dict[str, Any]) -> object:
    detail = row["detail"]
    keys = ("side", "deviations", "typical_minor", "payments")
    return row["amount_minor"], row["currency"], *(detail[key] for key in keys)


@settings(max_examples=examples(40), deadline=None)
@given(st.one_of(habits(), habits(senders=1), flows()), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, TYPOLOGY, params, unusual_amount, said)


@settings(max_examples=examples(15), deadline=None)
@given(habits(), PARAMS, st.integers(0, 99))
def test_names_and_order_of_rows_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, TYPOLOGY, params, said, seed)


def logs(graph: Snapshot, amounts: list[int]) -> list[int]:
    values = ", ".join(f"({amount})" for amount in amounts)
    with log_amounts(graph.con):
        rows = graph.con.sql(
            f"SELECT thousandths FROM (VALUES {values}) a(amount_minor) "
            "ASOF JOIN _log_amounts ON amount_minor >= at_least ORDER BY amount_minor"
        ).fetchall()
    return [thousandths for (thousandths,) in rows]


def test_logarithms_are_exact_at_every_step() -> None:
    """Each cut point is the first amount with its logarithm: the one below it has another."""
    cuts = [cut for cut in cut_points() if 1 < cut <= MAX_MINOR]
    amounts = sorted({1, MAX_MINOR, 2**63 - 1, *cuts[::97], *(cut - 1 for cut in cuts[::97])})
    with snapshot_from_rows({}) as graph:
        assert logs(graph, amounts) == [size(amount) for amount in amounts]


def test_no_power_lies_where_sixty_digits_could_err() -> None:
    """Rounding 44,000 times moves a power of 2^63 by less than 1e-35."""
    exact = Context(prec=80)
    apart = Decimal(1)
    for power in list(powers())[1:]:
        below = exact.subtract(power, power.to_integral_value(ROUND_FLOOR, exact))
        apart = min(apart, below, 1 - below)
    assert apart > Decimal("1e-15")


def ledger(amounts: list[int], others: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Payments of x, and of others who each pay once."""
    rows = [payment(i, "x", "y", amount) for i, amount in enumerate(amounts)]
    return {"transfers": rows + [payment(1000 + i, f"o{i}", "y", 5) for i in range(others)]}


HABIT = [100] * 19
NEAR, FAR = 119, 129
"""173 and 254 thousandths above a constant of 100: 3 and 5 deviations are 150 and 250."""


@pytest.mark.parametrize(
    ("more", "others", "far", "near", "lfdr_bp"),
    [
        ([FAR], 30, 1, 0, 0),  # 1 of 50 is rare
        ([FAR], 0, 1, 0, 5694),  # 1 of 20
        ([FAR, FAR, NEAR], 100, 2, 1, 5000),  # half as many in the tail
        ([FAR, NEAR, NEAR], 100, 1, 2, 10_000),
        ([FAR, NEAR, 116], 100, 1, 1, 10_000),  # 148 is not more than 150
        ([FAR, FAR], 0, 2, 0, 10_000),  # 2 of 21 are common
        ([NEAR], 10, 0, 1, 10_000),
        ([], 40, 0, 0, 10_000),
    ],
)
def test_chance_is_what_the_tail_explains(
    more: list[int], others: int, far: int, near: int, lfdr_bp: int
) -> None:
    payments = len(HABIT) + len(more) + others
    with snapshot_from_rows(ledger(HABIT + more, others)) as graph:
        told = {"far": far, "near": near, "payments": payments, "common_bp": 500}
        assert chance(graph, Params(), 0) == {"all": Chance(lfdr_bp, told)}
        assert chance(graph, Params(), 7) == chance(graph, Params(), 0)
        found = as_dicts(TYPOLOGY.find(graph, Params()))
    assert len(found) == (far if 20 * far <= payments else 0)


def test_nothing_in_nothing_out() -> None:
    with snapshot_from_rows({}) as graph:
        told = {"far": 0, "near": 0, "payments": 0, "common_bp": 500}
        assert chance(graph, Params(), 0) == {"all": Chance(10_000, told)}
        assert len(TYPOLOGY.find(graph, Params())) == 0


def test_to_the_last_column_with_the_largest_amount_and_parameters() -> None:
    with snapshot_from_rows(ledger([*HABIT, MAX_MINOR])) as graph:
        (row,) = as_dicts(TYPOLOGY.find(graph, Params()))
        most = 10**18 - 1
        assert as_dicts(TYPOLOGY.find(graph, Params(most, most))) == []
        assert as_dicts(TYPOLOGY.find(graph, Params(deviations=most))) == []
    at_us = payment(0, "", "", 0)["at_us"]
    assert row.pop("finding").startswith("ua-")
    assert len(row.pop("content")) == 64
    assert row == {
        "typology": "unusual_amount", "anchor": ["transfers:t00019"], "unit": "x",
        "first_us": at_us, "last_us": at_us, "amount_minor": MAX_MINOR, "currency": "CNY",
        "length": 1, "instances": 1, "level": None, "complete": True, "items": [],
        "side": "above", "deviations": (size(MAX_MINOR) - 4605) // 50, "typical_minor": 100,
        "payments": 20, "accounts": ["x", "y"], "roles": ["payer", "counterparty"],
        "records": ["t00019"], "tables": ["transfers"],
    }  # fmt: skip

"""same_amount against the definition, group by group (D-18); its null models against slow ones."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from examples import examples
from flows import flows
from found import as_dicts
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.rare_payments import same, same_amount
from rare_payments import COMMON, habits, payment
from shapes_found import agree, names_and_rows_say_nothing
from strategies import World

from regift import queries
from regift.graph.snapshot import snapshot_from_rows
from regift.queries.same_amount import Params, chance
from regift.queries.same_amount_null import WORLDS, Side, groups, permuted
from regift.queries.typology import Chance

TYPOLOGY = queries.ALL["same_amount"]
PARAMS = st.builds(Params, min_accounts=st.sampled_from((3, 2, 2, 2, 1, 0)), common_bp=COMMON)


def said(row: dict[str, Any]) -> object:
    detail = row["detail"]
    keys = ("direction", "counterparties", "stratum")
    return row["amount_minor"], row["currency"], *(detail[key] for key in keys)


@settings(max_examples=examples(40), deadline=None)
@given(st.one_of(habits(), habits(senders=1), flows()), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, TYPOLOGY, params, same_amount, said)


@settings(max_examples=examples(15), deadline=None)
@given(habits(), PARAMS, st.integers(0, 99))
def test_names_and_order_of_rows_say_nothing(world: World, params: Params, seed: int) -> None:
    """Nor do they to chance, though it deals out amounts by lot."""
    names_and_rows_say_nothing(world, TYPOLOGY, params, said, seed)
    names = {name: f"{i:02}赠'" for i, name in enumerate(sorted(world.names(), reverse=True))}
    with world.snapshot() as graph, world.shuffled(seed).renamed(names).snapshot() as other:
        assert chance(graph, params, seed) == chance(other, params, seed)


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_groups_are_those_of_the_definition(seed: int, least: int) -> None:
    chance_of = random.Random(seed)
    rows = [
        payment(i, *chance_of.choices("abcd", k=2), chance_of.randrange(3))
        for i in range(chance_of.randrange(1, 30))
    ]
    account, other = (
        np.array([ord(row[end]) for row in rows], np.int64) for end in ("target", "source")
    )
    amount = np.array([row["amount_minor"] for row in rows], np.int64)
    own, others, payments = groups(Side(account, other), amount, least)
    wanted = same(rows, Params(min_accounts=least), "in").values()
    assert Counter(zip(own.tolist(), others.tolist(), payments.tolist(), strict=True)) == Counter(
        (group[0]["amount_minor"], len({row["source"] for row in group}), len(group))
        for group in wanted
    )


def test_amounts_are_dealt_out_within_their_group_alone() -> None:
    group = np.array([5, 0, 5, 5, 0, 7])
    amount = np.array([1, 20, 2, 3, 30, 400])
    seen = {tuple(world.tolist()) for world in permuted(amount, group, 400, (3,))}
    # Each of the 3! * 2! orders.
    assert len(seen) == 12
    assert all(
        sorted((a, c, d)) == [1, 2, 3] and sorted((b, e)) == [20, 30] and f == 400
        for a, b, c, d, e, f in seen
    )


def plain(size: int) -> list[dict[str, Any]]:
    """Payments of 40 accounts to 100 others, each of another sum."""
    some = random.Random(3)
    return [
        payment(i, f"a{some.randrange(40)}", f"b{some.randrange(100)}", 10_000 + i)
        for i in range(size)
    ]


def equal(first: int, number: int, amount: int) -> list[dict[str, Any]]:
    """One sum that x gets from so many accounts."""
    return [payment(first + i, f"a{i}", f"x{first}", amount) for i in range(number)]


def chances(rows: list[dict[str, Any]], **given: int) -> dict[str, Chance]:
    with snapshot_from_rows({"transfers": rows}) as graph:
        answer = chance(graph, Params(**given), 6)
        strata = {row["stratum"] for row in as_dicts(TYPOLOGY.find(graph, Params(**given)))}
    # Of a direction that is common nothing is found, but its strata are told.
    assert strata == {name for name, each in answer.items() if "found" in each.told}
    return answer


def test_sums_that_chance_never_brings_together() -> None:
    """A rate of (0 + 1) / (found * 10 + 1) each."""
    rows = plain(2000) + equal(1000, 3, 777) + equal(2000, 3, 888) + equal(3000, 9, 999)
    told = {"worlds": WORLDS, "anybody": 0, "sender": 0, "payments": 2015, "named": 15}
    told["common_bp"] = 500
    assert chances(rows) == {
        "in|3|1": Chance(10_000 // 21, {"found": 2, **told}),
        "in|6|1": Chance(10_000 // 11, {"found": 1, **told}),
    }


def test_senders_that_pay_one_sum_to_everybody() -> None:
    """Their payments stay as they are where amounts are dealt out within a sender: all chance."""
    rows = plain(600)
    rows += [payment(5000 + i, f"s{i}", to, 777) for i in range(3) for to in ("x", "y")]
    answer = chances(rows)
    assert list(answer) == ["in|3|1"]
    assert answer["in|3|1"].lfdr_bp == 10_000
    assert answer["in|3|1"].told["sender"] == 2 * WORLDS
    assert answer["in|3|1"].told["anybody"] < WORLDS


def test_round_sums_that_everybody_pays() -> None:
    """Each tenth payment is of 50.00: about as many meet at one account wherever they are paid."""
    some = random.Random(9)
    rows = plain(6000)
    for row in rows:
        if some.random() < 0.1:
            row["amount_minor"] = 5000
    answer = chances(rows, common_bp=10_000)
    for direction in ("in", "out"):
        told = [each.told for name, each in answer.items() if name.startswith(direction)]
        found = sum(each["found"] for each in told)
        by_chance = sum(each["anybody"] for each in told)
        assert found > 30
        assert 9 * found < by_chance < 11 * found


def test_a_common_direction_is_told_and_notpermuted() -> None:
    rows = [payment(i, "x", f"a{i}", 500) for i in range(6)]
    rows += [payment(10 + i, f"a{i}", "x", 777) for i in range(3)]
    told = {"payments": 9, "named": 6, "common_bp": 5000}
    answer = chances(rows, common_bp=5000)
    assert answer["out|6|1"] == Chance(10_000, told)
    assert answer["in|3|1"].told["named"] == 3
    assert set(answer) == {"out|6|1", "in|3|1"}


@pytest.mark.parametrize("rows", [[], [payment(0, "a", "b", 1)]], ids=["nothing", "one"])
def test_nothing_in_nothing_out(rows: list[dict[str, Any]]) -> None:
    assert chances(rows) == {}


def test_each_seed_deals_anew() -> None:
    rows = plain(600)
    for row in rows:
        row["amount_minor"] //= 100
    with snapshot_from_rows({"transfers": rows}) as graph:
        told = {str(chance(graph, Params(common_bp=10_000), seed)) for seed in range(3)}
    assert len(told) == 3


def test_to_the_last_column() -> None:
    rows = [payment(i, f"a{i % 3}", "x", 777) for i in range(4)]
    with snapshot_from_rows({"transfers": rows}) as graph:
        (row,) = as_dicts(TYPOLOGY.find(graph, Params(common_bp=10_000)))
    at_us = payment(0, "", "", 0)["at_us"]
    assert row.pop("finding").startswith("sa-")
    assert len(row.pop("content")) == 64
    assert row == {
        "typology": "same_amount", "anchor": ["x", "CNY", "in", "777"], "unit": "x",
        "first_us": at_us, "last_us": at_us, "amount_minor": 777, "currency": "CNY", "length": 1,
        "instances": 4, "level": None, "complete": True, "items": [], "direction": "in",
        "counterparties": 3, "stratum": "in|3|1", "accounts": ["x", "a0", "a1", "a2"],
        "roles": ["sink", "source", "source", "source"], "tables": ["transfers"] * 4,
        "records": ["t00000", "t00001", "t00002", "t00003"],
    }  # fmt: skip

"""Gifts matched with payments, worked out by hand; tests/worlds/paid_gift.toml has more."""

from typing import Any

import pytest
from build import time_us, world
from found import as_dicts, run

from regift.queries.paid_gift import TYPOLOGY


def found(
    gifts: list[str], transfers: list[str], params: dict[str, str] | None = None, **more: Any
) -> dict[str, dict[str, Any]]:
    """Findings by the record of their gift."""
    with world({"gifts": gifts, "transfers": transfers} | more) as graph:
        rows = as_dicts(run(TYPOLOGY, graph, params or {}))
        tables = {name for (name,) in graph.con.sql("SHOW TABLES").fetchall()}
        assert not [name for name in tables if name.startswith("_")]
    return {row["records"][0]: row for row in rows}


def tiers(rows: dict[str, dict[str, Any]]) -> dict[str, tuple[str, list[str]]]:
    return {gift: (row["tier"], row["records"][1:]) for gift, row in rows.items()}


def test_everything_that_a_finding_says() -> None:
    rows = found(["g1 gift k>l x @1h price=500"], ["t1 payment l>k 480 @50m"])
    row = rows["g1"]
    assert row.pop("finding").startswith("pg-")
    assert len(row.pop("content")) == 64
    assert row == {
        "typology": "paid_gift",
        "anchor": ["gifts:g1"],
        "unit": "x",
        "items": ["x"],
        "first_us": time_us("@50m"),
        "last_us": time_us("@1h"),
        "amount_minor": 48000,
        "currency": "CNY",
        "length": 2,
        "instances": 1,
        "level": 1,
        "complete": True,
        "tier": "price",
        "pair_rate": "0.0000",
        "lag_us": 600_000_000,
        "reference_minor": 50000,
        "reference_currency": "CNY",
        "linked": None,
        "accounts": ["k", "l"],
        "roles": ["giver", "receiver"],
        "records": ["g1", "t1"],
        "tables": ["gifts", "transfers"],
    }


def test_no_price() -> None:
    assert tiers(found(["g1 gift k>l x @0h"], ["t1 payment l>k 500 @10m"])) == {
        "g1": ("plain", ["t1"])
    }


def test_five_parts_make_the_price() -> None:
    parts = [f"t{i} payment l>k 100 @{20 * i}m" for i in range(1, 7)]
    rows = found(["g1 gift k>l x @0h price=500"], parts)
    assert tiers(rows) == {"g1": ("sum", ["t1", "t2", "t3", "t4", "t5"])}
    assert rows["g1"]["amount_minor"] == 50000


@pytest.mark.parametrize(
    ("cents", "count", "taken"), [("24.99", 10, None), ("25", 10, 10), ("25", 12, 10)]
)
def test_ten_parts_at_most(cents: str, count: int, taken: int | None) -> None:
    parts = [f"t{i:02} payment l>k {cents} @{i}m" for i in range(count)]
    rows = found(["g1 gift k>l x @0h price=500"], parts)
    assert {gift: len(paid) for gift, (_, paid) in tiers(rows).items()} == (
        {"g1": taken} if taken else {}
    )


def test_a_large_payment_between_the_parts_is_left_out() -> None:
    transfers = [
        "t1 payment l>k 200 @1m",
        "t2 payment l>k 5000 @2m",
        "t3 payment l>k 200 @3m",
        "t4 payment l>k 200 @4m",
    ]
    rows = found(["g1 gift k>l x @0h price=500"], transfers)
    assert tiers(rows) == {"g1": ("sum", ["t1", "t3", "t4"])}


def test_the_nearest_gift_takes_the_payment() -> None:
    rows = found(["g1 gift k>l x @0h", "g2 gift k>l y @1h"], ["t1 payment l>k 500 @50m"])
    assert tiers(rows) == {"g2": ("plain", ["t1"])}


def test_spouses() -> None:
    gifts = ["g1 gift k>l x @90d"]
    before = [f"r{i:02} red_packet l>k 12 @{2 * i}d" for i in range(40)]
    rows = found(gifts, [*before, "t1 red_packet l>k 20 @91d"])
    assert tiers(rows) == {"g1": ("plain", ["t1"])}
    assert rows["g1"]["pair_rate"] == "2.6667"


def test_pair_rate_counts_ninety_days_before_the_gift_and_only_free_payments() -> None:
    gifts = ["g1 gift k>l x @100d", "g2 gift k>l y @50d"]
    transfers = [
        "p1 payment l>k 20 @9d23h59m59s",  # too old
        "p2 payment l>k 20 @10d",
        "p3 payment l>k 20 @50d",  # taken by g2
        "p4 payment k>l 20 @60d",  # the other way
        "p5 payment m>k 20 @60d",  # somebody else
        "p6 payment l>k 0.01 @100d",  # not before
        "p7 payment l>k 20 @100d1h",
    ]
    rows = found(gifts, transfers)
    assert tiers(rows) == {"g1": ("plain", ["p7"]), "g2": ("plain", ["p3"])}
    assert rows["g1"]["pair_rate"] == "0.0667"  # 1 / 90 d * 6 d
    assert rows["g2"]["pair_rate"] == "0.1333"  # p1, p2: 2 / 90 d * 6 d


def test_a_route() -> None:
    rows = found(["g1 gift a>b x @0h price=9"], ["t1 payment b>m 100 @1h", "t2 payment m>a 95 @2h"])
    row = rows["g1"]
    assert tiers(rows) == {"g1": ("route", ["t1", "t2"])}
    assert (row["amount_minor"], row["pair_rate"], row["length"]) == (9500, "0.0000", 3)
    assert row["accounts"] == ["a", "b", "m"]
    assert row["roles"] == ["giver", "receiver", "router"]


@pytest.mark.parametrize(("others", "routes"), [(98, 1), (99, 0)])
def test_a_hub_is_no_middle(others: int, routes: int) -> None:
    """100 counterparties are allowed, 101 are not."""
    crowd = [f"c{i} payment u{i}>m 1 @40d" for i in range(others)]
    route = ["t1 payment b>m 100 @1h", "t2 payment m>a 95 @2h", "t3 payment m>b 1 @40d"]
    assert len(found(["g1 gift a>b x @0h"], route + crowd)) == routes


def test_two_gifts_share_no_leg_of_a_route() -> None:
    gifts = ["g1 gift a>b x @0h", "g2 gift a>b y @0h"]
    route = ["t1 payment b>m 100 @1h", "t2 payment m>a 95 @2h", "t3 payment m>a 95 @3h"]
    assert tiers(found(gifts, route)) == {"g1": ("route", ["t1", "t2"])}


def test_zero_is_no_price_and_the_item_is_asked() -> None:
    gifts = ["g1 gift k>l x @0h price=0"]
    paid = ["t1 payment l>k 500 @1h"]
    assert tiers(found(gifts, paid)) == {"g1": ("plain", ["t1"])}
    assert tiers(found(gifts, paid, items=["x price=400"])) == {"g1": ("price", ["t1"])}
    assert tiers(found(gifts, paid, items=["x price=0"])) == {"g1": ("plain", ["t1"])}


def test_the_median_is_the_lower_one_and_of_one_currency() -> None:
    items = [f"{name} collection=c" for name in ("x", "y1", "y2", "y3", "y4")]
    sales = [f"s{i} sale p>q y{i} @{i}d price={i}00" for i in range(1, 5)]
    gifts = [*sales, "g1 gift k>l x @5d"]
    paid = ["t1 payment l>k 400 @5d"]
    row = found(gifts, paid, items=items)["g1"]
    assert (row["tier"], row["reference_minor"]) == ("price", 20000)
    gifts[3] += " currency=USD"
    row = found(gifts, paid, items=items)["g1"]
    assert (row["tier"], row["reference_minor"]) == ("plain", None)
    sales[3] = "s4 sale p>q y4 @5d price=9"  # at the moment of the gift: not before it
    row = found([*sales, "g1 gift k>l x @5d"], paid, items=items)["g1"]
    assert row["reference_minor"] == 20000
    row = found([*sales[:3], "g1 gift k>l x @31d1us"], paid, items=items)
    assert row == {}


def test_small_payments_add_up_in_one_currency() -> None:
    transfers = [
        "t1 red_packet l>k 6 @1h",
        "t2 red_packet l>k 6 @2h currency=USD",
        "t3 red_packet l>k 3 @3h",
        "t4 red_packet l>k 4 @4h currency=USD",
        "t5 red_packet l>k 5 @5h",
    ]
    row = found(["g1 gift k>l x @0h"], transfers)["g1"]
    assert (row["records"], row["currency"]) == (["g1", "t2", "t4"], "USD")
    assert found(["g1 gift k>l x @0h"], transfers[:3]) == {}


def test_give_aways_of_the_issuer_count() -> None:
    rows = found(
        ["g1 gift brand>l x @0h"], ["t1 payment l>brand 50 @1h"], items=["x issuer=brand price=50"]
    )
    assert (rows["g1"]["tier"], rows["g1"]["level"]) == ("price", 0)


def test_linked_payers_are_named_with_how() -> None:
    gifts = ["g1 gift k>l x @0h"]
    two = ["l phone 1", "l2 phone 1", "l device 2", "l2 device 2"]
    row = found(gifts, ["t1 payment l2>k 50 @1h"], identifiers=two)["g1"]
    assert row["accounts"] == ["k", "l", "l2"]
    assert row["roles"] == ["giver", "receiver", "payer"]
    assert row["linked"] == "controller"
    row = found(gifts, ["t1 payment l2>k2 50 @1h"], identifiers=[*two, "k payee 3", "k2 payee 3"])
    assert row["g1"]["accounts"] == ["k", "l", "l2", "k2"]
    assert row["g1"]["roles"] == ["giver", "receiver", "payer", "payee"]
    assert row["g1"]["linked"] == "associated"
    assert found(gifts, ["t1 payment l2>k 50 @1h"], {"linked": "false"}, identifiers=two) == {}


def test_when_giver_and_receiver_are_associated_the_giver_does_not_pay_himself() -> None:
    shared = ["k device 1", "l device 1"]
    gifts = ["g1 gift k>l x @0h"]
    assert found(gifts, ["t1 payment k>l 50 @1h"], identifiers=shared) == {}
    assert tiers(found(gifts, ["t1 payment l>k 50 @1h"], identifiers=shared)) == {
        "g1": ("plain", ["t1"])
    }


def test_a_window_of_nothing() -> None:
    gifts = ["g1 gift k>l x @0h", "g2 gift m>n y @0h"]
    transfers = ["t1 payment l>k 50 @0h", "t2 payment n>m 50 @1us"]
    assert tiers(found(gifts, transfers, {"window": "0"})) == {"g1": ("plain", ["t1"])}


def test_times_before_1970() -> None:
    """Integer division rounds towards zero there; the buckets still meet."""
    params = {"window": "1h"}
    table = {"gifts": ["g1 gift k>l x @0h"], "transfers": ["t1 payment l>k 50 @1h"]}
    with world(table) as graph:
        for shift in (1_767_225_600_000_000, 1_767_225_600_000_000 + 1_800_000_000):
            graph.con.execute("UPDATE transfers SET at_us = at_us - ?", [shift])
            graph.con.execute("UPDATE payments SET at_us = at_us - ?", [shift])
            graph.con.execute("UPDATE custody SET at_us = at_us - ?", [shift])
            assert len(as_dicts(run(TYPOLOGY, graph, params))) == 1


def test_ids_may_hold_any_text() -> None:
    rows = found(["g'\"1 gift 安>b'🎁 赠;-- @0h"], ["t\\1 payment b'🎁>安 50 @1h"])
    assert tiers(rows) == {"g'\"1": ("plain", ["t\\1"])}
    assert rows["g'\"1"]["items"] == ["赠;--"]

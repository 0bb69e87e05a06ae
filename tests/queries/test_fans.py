"""fan_in and fan_out: exact findings, and what their parameters refuse."""

import dataclasses
from typing import Any

import pytest
from build import EPOCH_US, world
from found import as_dicts, run

from regift import queries
from regift.graph.snapshot import Snapshot
from regift.loaders.errors import UsageError
from regift.queries.fans import Params

QUIET = ["h payment z>x 1.00 @0h"]
BURST = [f"t{i} payment p{i}>x {i}.00 @9d{i}h" for i in range(1, 10)]
FEW = {"min_accounts": "3", "deviations": "2"}
FIVE = [f"t{i} payment p{i}>x 1.00 @20d{i}h" for i in range(5)]


def found(graph: Snapshot, name: str, given: dict[str, str]) -> list[dict[str, Any]]:
    return as_dicts(run(queries.ALL[name], graph, given))


def mirrored(lines: list[str]) -> list[str]:
    words = [line.split() for line in lines]
    return [
        " ".join([*w[:2], ">".join(reversed(w[2].split(">"))), *w[3:]]) for w in words
    ]  # fmt: skip


def test_a_fan_in_to_the_last_column() -> None:
    with world({"transfers": QUIET + BURST}) as graph:
        found_in = run(queries.ALL["fan_in"], graph, {})
        (row,) = as_dicts(found_in)
        assert found(graph, "fan_out", {}) == []
    assert row.pop("finding").startswith("fi-")
    assert len(row.pop("content")) == 64
    assert row == {
        "typology": "fan_in", "anchor": ["x", "CNY", "t1"], "unit": "x",
        "first_us": EPOCH_US + 217 * 3_600_000_000, "last_us": EPOCH_US + 225 * 3_600_000_000,
        "amount_minor": None, "currency": "CNY", "length": 1, "instances": 2, "level": None,
        "complete": True, "items": [], "counterparties": 9, "stratum": "<12", "history": 8,
        "mean": "0.0000",
        "pair_rate": "0.0000", "accounts": ["x", *(f"p{i}" for i in range(1, 10))],
        "roles": ["sink", *["source"] * 9], "records": [f"t{i}" for i in range(1, 10)],
        "tables": ["transfers"] * 9,
    }  # fmt: skip
    assert set(found_in.evidence["role"].to_pylist()) == {"in"}
    assert found_in.truncated == {}


def test_a_fan_out_is_the_mirror() -> None:
    with world({"transfers": mirrored(QUIET + BURST)}) as graph:
        found_out = run(queries.ALL["fan_out"], graph, {})
        (row,) = as_dicts(found_out)
        assert found(graph, "fan_in", {}) == []
    assert row["finding"].startswith("fo-")
    assert row["roles"] == ["payer", *["receiver"] * 9]
    assert row["records"] == [f"t{i}" for i in range(1, 10)]
    assert (row["counterparties"], row["history"], row["instances"]) == (9, 8, 2)
    assert set(found_out.evidence["role"].to_pylist()) == {"out"}


def test_mean_is_of_the_whole_history_and_rounded_down() -> None:
    """Two payers and none and none: two thirds."""
    more = ["a payment a>x 1.00 @17d", "b payment b>x 1.00 @17d"]
    with world({"transfers": QUIET + more + FIVE}) as graph:
        (row,) = found(graph, "fan_in", FEW | {"history": "3d", "min_history": "3"})
    assert (row["history"], row["mean"]) == (3, "0.6666")


def test_habit_is_told_beside_it() -> None:
    """p0 pays x ten times in the month before: 10 of its 60 days, over five pairs."""
    habit = [f"h{i} payment p0>x 1.00 @{i}d" for i in range(1, 11)]
    with world({"transfers": QUIET + habit + FIVE}) as graph:
        (row,) = found(graph, "fan_in", FEW)
    assert row["pair_rate"] == "0.0333"


@pytest.mark.parametrize(
    ("opened", "history"),
    [
        ("opened_at=@0h", 19),  # not later than the first record: the same bucket
        ("opened_at=@19d23h", 19),  # later than the first record, which says more
        ("", 19),
    ],
)
def test_where_history_begins(opened: str, history: int) -> None:
    table = {"transfers": QUIET + FIVE, "accounts": [f"x {opened}".strip(), "p1 opened_at=@3d"]}
    with world(table) as graph:
        (row,) = found(graph, "fan_in", FEW)
    assert row["history"] == history


def test_known_opening_needs_no_minimum_even_where_records_are_older() -> None:
    late = ["h payment z>x 1.00 @19d"]
    for accounts, findings in (["x opened_at=@19d5h"], 1), (["x"], 0):
        with world({"transfers": late + FIVE, "accounts": accounts}) as graph:
            assert len(found(graph, "fan_in", FEW)) == findings


def test_times_before_1970_have_buckets_too() -> None:
    day = 86_400_000_000
    with world({"transfers": QUIET + FIVE}) as graph:
        graph.con.execute("UPDATE payments SET at_us = at_us - 30000 * ?", [day])
        (row,) = found(graph, "fan_in", FEW)
    assert row["history"] == 19
    assert row["first_us"] == EPOCH_US - 29_980 * day


def test_nothing_and_windows_beyond_all_time() -> None:
    with world({}) as graph:
        assert found(graph, "fan_in", {}) == found(graph, "fan_out", {}) == []
    with world({"transfers": QUIET + FIVE, "accounts": ["x opened_at=@0h"]}) as graph:
        (row,) = found(graph, "fan_in", FEW | {"window": "999999999w", "history": "999999999w"})
        assert (row["counterparties"], row["history"]) == (6, 0)
        (row,) = found(graph, "fan_in", FEW | {"window": "5h", "history": "999999999w"})
        assert (row["counterparties"], row["history"]) == (5, 95)


def test_a_window_of_nothing_is_refused() -> None:
    with world({}) as graph, pytest.raises(UsageError, match="window is more than 0"):
        run(queries.ALL["fan_in"], graph, {"window": "0"})


def test_both_have_the_same_parameters() -> None:
    assert queries.ALL["fan_in"].params is queries.ALL["fan_out"].params is Params
    assert [field.name for field in dataclasses.fields(Params)] == [
        "window_us", "min_accounts", "deviations", "history_us", "min_history", "kinds",
    ]  # fmt: skip

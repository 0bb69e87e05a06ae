"""Each null model keeps what it says it keeps, knows no names, and moves the rest."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regift.graph.nulls import NULLS, Records, generator
from regift.graph.snapshot import DAY_US

FEW = settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
HOUR_US = DAY_US // 24
NAMES = [f"a{n}" for n in range(7)]
Row = dict[str, Any]


def table(rows: list[Row], columns: str) -> pa.Table:
    numbers = ("at_us", "seq", "amount_minor")
    return pa.table(
        {
            c: pa.array([r.get(c) for r in rows], pa.int64() if c in numbers else pa.string())
            for c in columns.split()
        }
    )


def records(transfers: list[Row], gifts: list[Row], papers: list[Row], clock: int) -> Records:
    return Records(
        table(transfers, "record_id at_us seq source target amount_minor currency kind"),
        table(gifts, "record_id at_us seq source target item kind collection"),
        table(papers, "account kind value"),
        clock,
    )


@st.composite
def worlds(draw: Any) -> Records:
    """Forty days of few accounts, by the hour or by the day."""
    clock = draw(st.sampled_from((HOUR_US, DAY_US)))
    pick = lambda values: draw(st.sampled_from(values))  # noqa: E731

    def row(name: str, n: int) -> Row:
        at_us = pick(range(40 * DAY_US // clock)) * clock
        return {"record_id": f"{name}{n}", "at_us": at_us, "seq": n, "source": pick(NAMES),
                "target": pick(NAMES)}  # fmt: skip

    money = [
        row("t", n) | {"amount_minor": pick(range(9)), "currency": pick(("CNY", "USD")),
                       "kind": pick(("payment", "red_packet", "topup"))}
        for n in range(draw(st.integers(0, 40)))
    ]  # fmt: skip
    gifts = [
        row("g", n) | {"item": pick("xyz"), "kind": pick(("gift", "gift", "sale", "issue")),
                       "collection": pick((None, "c"))}
        for n in range(draw(st.integers(0, 25)))
    ]  # fmt: skip
    papers = [
        {"account": pick(NAMES), "kind": pick(("phone", "device")), "value": pick("123")}
        for _ in range(draw(st.integers(0, 12)))
    ]
    by_time = lambda r: (r["at_us"], r["seq"])  # noqa: E731
    return records(sorted(money, key=by_time), sorted(gifts, key=by_time), papers, clock)


def permuted(name: str, world: Records, seed: int = 0) -> dict[str, list[Row]]:
    """The tables that a model changes, as rows; ids stay in their places."""
    made = NULLS[name].permute(world, generator(seed, name, 0))
    assert set(made) == set(NULLS[name].tables)
    for table_name, changed in made.items():
        before: pa.Table = getattr(world, table_name)
        assert changed.schema == before.schema
        if "record_id" in changed.schema.names:
            assert changed["record_id"].equals(before["record_id"])
    return {table_name: changed.to_pylist() for table_name, changed in made.items()}


def same_but(before: list[Row], after: list[Row], *changed: str) -> None:
    """Rows are as they were but for some columns."""
    left_out = [{c: v for c, v in r.items() if c not in changed} for r in before]
    assert left_out == [{c: v for c, v in r.items() if c not in changed} for r in after]


def counted(rows: list[Row], key: Any) -> Counter[Any]:
    return Counter(key(r) for r in rows)


def stratum(world: Records, at_us: int) -> int:
    return at_us // DAY_US % 7 if world.clock_unit_us == DAY_US else at_us // HOUR_US % 168


@FEW
@given(worlds(), st.integers(0, 9))
def test_time_keeps_who_paid_whom_and_the_times_of_each_stratum(world: Records, seed: int) -> None:
    made = permuted("time", world, seed)
    for name, kind in (("transfers", True), ("gifts", False)):
        before = getattr(world, name).to_pylist()
        same_but(before, made[name], "at_us", "seq")

        def of(r: Row, kind: bool = kind) -> Any:
            when = (stratum(world, r["at_us"]), r["at_us"], r["seq"])
            return (r["kind"], *when) if kind else when

        assert counted(before, of) == counted(made[name], of)
    for item in "xyz":
        own = [(r["at_us"], r["seq"]) for r in made["gifts"] if r["item"] == item]
        assert own == sorted(own)


@FEW
@given(worlds(), st.integers(0, 9))
def test_shift_keeps_the_gaps_of_a_pair_around_the_circle(world: Records, seed: int) -> None:
    before, after = world.transfers.to_pylist(), permuted("shift", world, seed)["transfers"]
    same_but(before, after, "at_us")
    if not before:
        return
    times = [r["at_us"] for r in before]
    span = max(times) - min(times)
    step = DAY_US if span >= 7 * DAY_US else world.clock_unit_us
    around = (span // step + 1) * step
    moved: dict[Any, set[int]] = {}
    for old, new in zip(before, after, strict=True):
        assert 0 <= new["at_us"] - min(times) < around
        by_us = (new["at_us"] - old["at_us"]) % around
        assert by_us % step == 0
        moved.setdefault(frozenset((old["source"], old["target"])), set()).add(by_us)
    assert all(len(by) == 1 for by in moved.values())


@FEW
@given(worlds(), st.integers(0, 9))
def test_targets_moves_one_off_payments_alone_and_keeps_degrees(world: Records, seed: int) -> None:
    before, after = world.transfers.to_pylist(), permuted("targets", world, seed)["transfers"]
    same_but(before, after, "target")
    paid = [r for r in before if r["kind"] != "topup" and r["source"] != r["target"]]
    pairs = counted(paid, lambda r: frozenset((r["source"], r["target"])))
    alone = {r["record_id"] for r in paid if pairs[frozenset((r["source"], r["target"]))] == 1}
    for old, new in zip(before, after, strict=True):
        assert old["record_id"] in alone or old == new

    def arrives(r: Row) -> Any:
        return r["record_id"] in alone, r["at_us"] // (10 * DAY_US), r["target"]

    assert counted(before, arrives) == counted(after, arrives)


@FEW
@given(worlds(), st.integers(0, 9))
def test_amounts_keep_those_of_each_source_and_currency(world: Records, seed: int) -> None:
    before, after = world.transfers.to_pylist(), permuted("amounts", world, seed)["transfers"]
    same_but(before, after, "amount_minor")
    key = lambda r: (r["source"], r["currency"], r["amount_minor"])  # noqa: E731
    assert counted(before, key) == counted(after, key)


@FEW
@given(worlds(), st.integers(0, 9))
def test_rewiring_keeps_degrees_per_day(world: Records, seed: int) -> None:
    before, after = world.transfers.to_pylist(), permuted("rewire", world, seed)["transfers"]
    same_but(before, after, "target")
    key = lambda r: (r["kind"], r["at_us"] // DAY_US, r["target"])  # noqa: E731
    assert counted(before, key) == counted(after, key)


@FEW
@given(worlds(), st.integers(0, 9))
def test_recipients_are_those_of_the_day_and_collection(world: Records, seed: int) -> None:
    before, after = world.gifts.to_pylist(), permuted("recipients", world, seed)["gifts"]
    same_but(before, after, "target")
    of_day = counted(before, lambda r: (r["kind"], r["collection"], r["at_us"] // DAY_US))

    def arrives(r: Row) -> Any:
        if r["kind"] == "issue":
            return r["record_id"], r["target"]
        day = r["at_us"] // DAY_US
        alone = of_day[r["kind"], r["collection"], day] == 1
        when = day // 7 if alone else day
        return r["kind"], r["collection"], alone, when, r["target"]

    assert counted(before, arrives) == counted(after, arrives)


@FEW
@given(worlds(), st.integers(0, 9))
def test_identifiers_keep_the_degrees_of_both_sides(world: Records, seed: int) -> None:
    before, after = world.identifiers.to_pylist(), permuted("identity", world, seed)["identifiers"]
    same_but(before, after, "account")
    key = lambda r: (r["kind"], r["account"])  # noqa: E731
    assert counted(before, key) == counted(after, key)


@FEW
@given(worlds(), st.permutations(NAMES), st.integers(0, 9))
def test_names_do_not_matter(world: Records, order: list[str], seed: int) -> None:
    names = dict(zip(NAMES, order, strict=True))

    def renamed(rows: list[Row]) -> list[Row]:
        ends = ("source", "target", "account")
        return [{c: names[v] if c in ends else v for c, v in r.items()} for r in rows]

    other = records(
        *(renamed(t.to_pylist()) for t in (world.transfers, world.gifts, world.identifiers)),
        world.clock_unit_us,
    )
    for name in NULLS:
        there = permuted(name, other, seed)
        assert there == {t: renamed(rows) for t, rows in permuted(name, world, seed).items()}


@pytest.mark.parametrize("name", NULLS)
def test_something_moves_and_other_seeds_move_it_elsewhere(name: str) -> None:
    """Payments of strangers, gifts of one collection and phones, forty on a day."""
    rows = [
        {"record_id": f"r{n:02}", "at_us": n * HOUR_US // 2, "seq": n, "source": f"s{n}",
         "target": f"t{n}", "amount_minor": n, "currency": "CNY", "kind": "payment"}
        for n in range(40)
    ]  # fmt: skip
    if name == "amounts":
        rows = [r | {"source": "s"} for r in rows]
    gifts = [r | {"kind": "gift", "item": f"i{r['seq']}"} for r in rows]
    papers = [{"account": f"a{n}", "kind": "phone", "value": str(n)} for n in range(40)]
    world = records(rows, gifts, papers, HOUR_US)
    before = {t: getattr(world, t).to_pylist() for t in NULLS[name].tables}
    one, other = permuted(name, world, 1), permuted(name, world, 2)
    assert before != one != other
    assert one == permuted(name, world, 1)


def test_worlds_of_a_model_differ() -> None:
    draws = {tuple(generator(0, "time", world).integers(0, 99, 9)) for world in range(5)}
    draws.add(tuple(generator(0, "shift", 0).integers(0, 99, 9)))
    assert len(draws) == 6
    assert np.array_equal(generator(3, "time", 1).integers(0, 99, 9),
                          generator(3, "time", 1).integers(0, 99, 9))  # fmt: skip

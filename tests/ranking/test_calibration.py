"""Calibrations: rates, their file, what they learn from worlds, and worlds where all is chance."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger import calibration

from regift.graph.nulls import NULLS
from regift.graph.snapshot import DAY_US, Snapshot, snapshot_from_rows
from regift.graph.workspace import Workspace
from regift.loaders.errors import RegiftError
from regift.queries import ALL
from regift.queries.params import build
from regift.queries.typology import Chance, Typology
from regift.ranking import derive as ranking
from regift.ranking.calibrate import calibrate
from regift.ranking.calibration import (
    Calibration,
    current,
    gate_bp,
    lfdr_bp,
    listed,
    read,
    shown,
    write,
)

HOUR_US = DAY_US // 24
SMALL = st.integers(0, 400)
VALUE = ("fan_in", "layering_path", "money_cycle", "pass_through", "scatter_gather")
Rows = dict[str, list[dict[str, Any]]]


def test_every_typology_that_is_no_fact_has_one_way_to_learn_what_chance_makes() -> None:
    for typology in ALL.values():
        ways = bool(typology.nulls) + (typology.chance is not None)
        # Of paid gifts only those with a matching price are facts.
        assert ways == (not typology.fact or typology.name == "paid_gift"), typology.name
        assert set(typology.nulls) <= set(NULLS), typology.name


@given(SMALL, SMALL, SMALL, st.integers(1, 20))
def test_more_by_chance_never_lowers_a_rate(n: int, c: int, more: int, worlds: int) -> None:
    rate = lfdr_bp(n, c, worlds)
    assert 0 <= rate <= lfdr_bp(n, c + more, worlds) <= 10_000
    assert lfdr_bp(n + more, c, worlds) <= rate


@given(SMALL, SMALL)
def test_the_more_ordinary_novelty_is_the_less_it_tells(one_off: int, more: int) -> None:
    payments = one_off + more + 1
    assert 500 <= gate_bp(one_off + 1, payments) <= gate_bp(one_off, payments) <= 10_000


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path) -> None:
    place = Workspace.create(tmp_path / "w")
    assert current(place) is None
    first = calibration({"fan_in": {"all": 6000, "new": 10}}, one_off=3, payments=4)
    second = calibration({"fan_in": {"all": 99}})
    path = write(place, first)
    assert current(place) == first
    assert path.name == f"{first.id}.json"
    assert json.loads(path.read_text())["novelty"]["gate_bp"] == 4150
    write(place, second)
    assert current(place) == second != first
    assert [row["current"] for row in listed(place)].count(True) == 1
    assert [row["calibration"] for row in listed(place)] == sorted((first.id, second.id))
    assert shown(first)[0] == {
        "typology": "fan_in", "findings": 20, "by_chance": "1.0", "lfdr_bp": 6000,
        "demoted": True, "kept": 10, "cut": 0,
        "strata": {
            "all": {"observed": 10, "lfdr_bp": 6000}, "new": {"observed": 10, "lfdr_bp": 10},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_text(path.read_text().replace("6000", "600")),
        lambda path: path.write_text(path.read_text().replace('"format": 1', '"format": 2')),
        lambda path: path.write_text(path.read_text().replace('"worlds"', '"world"')),
        lambda path: path.write_text("{"),
        lambda path: path.write_text("[]"),
        lambda path: path.unlink(),
        lambda path: (path.parent / "current").unlink(),
    ],
)
def test_what_is_damaged_or_lost_is_named(tmp_path: Path, damage: Any) -> None:
    place = Workspace.create(tmp_path / "w")
    path = write(place, calibration({"fan_in": {"all": 6000}}))
    damage(path)
    with pytest.raises(RegiftError, match="calibrations"):
        current(place)


def test_other_parameters_make_a_typology_uncalibrated() -> None:
    known = calibration({"fan_in": {"all": 6000}, "fan_out": {"all": 1}})
    known = replace(known, made_of=known.made_of | {"parameters": {"fan_in": {"window": "7d"}}})
    fitting = known.fitting({"fan_in": {"window": "8d"}})
    assert set(fitting.typologies) == {"fan_out"}
    assert set(known.fitting({"fan_in": {"window": "7d"}}).typologies) == {"fan_in", "fan_out"}


def everyday(seed: int, accounts: int = 60, days: int = 60, size: int = 900) -> Rows:
    """Payments between habitual partners and strangers, by day, at no time for any reason."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, accounts, size)
    near = rng.random(size) < 0.6
    target = np.where(near, source + rng.integers(1, 4, size), rng.integers(0, accounts, size))
    times = rng.integers(0, days * 24, size) * HOUR_US
    return {
        "transfers": [
            {"record_id": f"t{n}", "at_us": int(at_us), "source": f"a{s}", "target": f"a{t}",
             "amount_minor": int(amount), "currency": "CNY", "kind": "payment"}
            for n, (s, t, at_us, amount) in enumerate(
                zip(source, target % accounts, times, rng.integers(90, 110, size), strict=True))
        ]
    }  # fmt: skip


def ring(n: int, day: int) -> list[dict[str, Any]]:
    """Four strangers and a round of money within six hours."""
    return [
        {"record_id": f"r{n}-{k}", "at_us": day * DAY_US + k * HOUR_US, "source": f"r{n}-{k}",
         "target": f"r{n}-{(k + 1) % 4}", "amount_minor": 100, "currency": "CNY",
         "kind": "payment"}
        for k in range(4)
    ]  # fmt: skip


def learned(rows: Rows, names: tuple[str, ...] = ("money_cycle",), **given: Any) -> Calibration:
    """The calibration of a world, of some typologies."""
    with snapshot_from_rows(rows) as graph:
        return learn(graph, {name: ALL[name] for name in names}, **given)


def learn(graph: Snapshot, typologies: Mapping[str, Typology], **given: Any) -> Calibration:
    params = {n: build(t.params, {}, clock_unit_us=1, name=n) for n, t in typologies.items()}
    return calibrate(graph, typologies, params, generation=1, **{"worlds": 5, **given})


def test_what_is_planted_stands_out_and_what_is_not_does_not() -> None:
    rows = everyday(3)
    rows["transfers"] += [each for n in range(6) for each in ring(n, 5 + 7 * n)]
    of = learned(rows).typologies["money_cycle"]
    assert of.strata["<3d|one_off|4"].lfdr_bp < 500
    friends = [s for key, s in of.strata.items() if "repeated" in key and s.observed]
    assert friends
    assert min(s.lfdr_bp for s in friends) > 3000


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not() -> None:
    rows = everyday(4, size=300)
    one = learned(rows, seed=7)
    again = learned(rows, seed=7)
    assert (one, one.id) == (again, again.id)
    assert one.typologies != learned(rows, seed=8).typologies


def test_neither_the_order_of_records_nor_names_of_accounts_matter() -> None:
    rows = everyday(5, size=400)
    rows["identifiers"] = [
        {"account": f"a{n}", "kind": kind, "value": str(n // 2)}
        for n in range(40)
        for kind in ("device", "phone")
    ]
    names = {f"a{n}": f"账户'{(n * 37) % 60}" for n in range(60)}
    other = {
        table: [
            {c: names.get(v, v) if c in ("source", "target", "account") else v
             for c, v in r.items()}
            for r in reversed(each)
        ]
        for table, each in rows.items()
    }  # fmt: skip
    searched = ("money_cycle", "pass_through", "shared_controller", "lockstep")
    one, two = learned(rows, searched), learned(other, searched)
    assert one.typologies["shared_controller"].observed == 20
    assert one.id == two.id


def test_a_sample_is_a_span_of_time_and_says_so() -> None:
    rows = everyday(6, size=500)
    made = [learned(rows, sample=120, seed=n, worlds=1).made_of["sample"] for n in range(4)]
    times = sorted(r["at_us"] for r in rows["transfers"])
    for told in made:
        assert told["transfers_of"] == 500
        assert 0 < told["transfers"] <= 120
        inside = [t for t in times if told["from_us"] <= t <= told["to_us"]]
        assert told["transfers"] == len(inside)
    assert len({told["from_us"] for told in made}) > 1
    whole = learned(rows, worlds=1).made_of["sample"]
    assert (whole["transfers"], whole["from_us"], whole["to_us"]) == (500, times[0], times[-1])


def test_refunds_and_what_they_undo_are_in_no_world() -> None:
    paid = everyday(7, size=50)["transfers"]
    back = {"record_id": "b", "at_us": paid[0]["at_us"] + 1, "source": paid[0]["target"],
            "target": paid[0]["source"], "refers_to": "t0", "kind": "refund"}  # fmt: skip
    told = learned({"transfers": [*paid, paid[0] | back]}, worlds=1).made_of["sample"]
    assert (told["transfers"], told["transfers_of"]) == (49, 49)


def test_a_typology_with_a_background_of_its_own_is_asked() -> None:
    """Its total is the rate of its findings in the generation, on average."""

    def chance(graph: Snapshot, params: Any, seed: int) -> Mapping[str, Chance]:
        return {"<3d|one_off|4": Chance(1000, {"seed": seed}), "x": Chance(9000)}

    typology = replace(ALL["money_cycle"], nulls=(), chance=chance)
    with snapshot_from_rows({"transfers": ring(0, 1) + ring(1, 2)}) as graph:
        params = build(typology.params, {}, clock_unit_us=1, name="money_cycle")
        graph.con.register("found", typology.find(graph, params).findings)
        graph.con.execute("CREATE TABLE findings AS FROM found")
        of = learn(graph, {"money_cycle": typology}, seed=5).typologies["money_cycle"]
    assert (of.observed, of.by_chance, of.lfdr_bp, of.demoted) == (2, "0.2", 1000, False)
    assert of.strata["<3d|one_off|4"].told == {"seed": 5}


def alerts(graph: Snapshot, made: Calibration) -> int:
    """Findings of statistical typologies that count, at most a twentieth of them by chance."""
    con = graph.con
    found = [ALL[n].find(graph, build(ALL[n].params, {}, clock_unit_us=1, name=n)) for n in VALUE]
    for table in ("findings", "subjects", "evidence"):
        for number, each in enumerate(found):
            con.register("_found", getattr(each, table))
            verb = f"INSERT INTO {table}" if number else f"CREATE OR REPLACE TABLE {table} AS"
            con.execute(f"{verb} SELECT * FROM _found")
            con.unregister("_found")
    ranking.derive(con, graph.settings, ALL, made)
    sql = "SELECT count(*) FROM weighed WHERE NOT fact AND lfdr_bp <= 500"
    ((count,),) = con.execute(sql).fetchall()
    return int(count)


def test_where_all_is_chance_almost_nothing_is_an_alert() -> None:
    """At most 5 % of the alerts of the same world with its reasons (definition D-11)."""
    planted = everyday(8)
    planted["transfers"] += [each for n in range(40) for each in ring(n, n)]
    by_chance = by_null(planted, 8)
    normal, pure = 0, 0
    with snapshot_from_rows(planted) as graph:
        normal = alerts(graph, learn(graph, {n: ALL[n] for n in VALUE}))
    with snapshot_from_rows(by_chance) as graph:
        pure = alerts(graph, learn(graph, {n: ALL[n] for n in VALUE}))
    assert normal >= 40
    assert 100 * pure <= 5 * normal


def by_null(rows: Rows, seed: int) -> Rows:
    """The world with the times of its payments in another order."""
    times = [r["at_us"] for r in rows["transfers"]]
    order = np.random.default_rng(seed).permutation(len(times))
    return {"transfers": [r | {"at_us": times[n]} for r, n in zip(rows["transfers"], order,
                                                                 strict=True)]}  # fmt: skip


def test_reading_takes_the_file_as_it_is_named(tmp_path: Path) -> None:
    place = Workspace.create(tmp_path / "w")
    path = write(place, calibration({"fan_in": {"all": 6000}}))
    other = path.with_name("K-0000000000000000.json")
    path.rename(other)
    with pytest.raises(RegiftError, match="damaged"):
        read(other)

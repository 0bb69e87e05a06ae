"""`regift policy whatif` says what a workspace with that policy says, and writes nothing."""

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import WORLD, loaded, run

from regift.refresh.whatif import work


def world(place: Path) -> Path:
    for table, text in WORLD.items():
        assert loaded(place, table, text).code == 0
    return place


def files(place: Path) -> dict[str, bytes]:
    kept = [p for p in place.rglob("*") if p.is_file() and "locks" not in p.parts]
    return {str(p.relative_to(place)): p.read_bytes() for p in kept}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = world(tmp_path_factory.mktemp("whatif") / "ws")
    assert run("refresh", "-q", "-w", place).code == 0
    return place


def whatif(place: Path, *args: str | Path) -> dict[str, Any]:
    ran = run("policy", "whatif", "--set", "first_level_gift=strict", *args, "--json", "-w", place)
    assert ran.code == 0, ran.stderr
    last: dict[str, Any] = ran.rows[-1]
    return last


def measures(place: Path) -> dict[str, int]:
    counted: dict[str, int] = {}
    for row in run("rank", "--json", "-q", "-w", place).rows:
        if row["measure"]:
            counted[row["measure"]] = counted.get(row["measure"], 0) + 1
    return counted


def test_who_is_measured_changes_measures_alone(place: Path) -> None:
    before = files(place)
    *rows, last = run(
        "policy", "whatif", "--set", "who_is_measured=both", "--json", "-w", place
    ).rows
    assert {row["change"] for row in rows} == {"measure"}
    assert all(row["score"] == row["score_before"] for row in rows)
    sums = last["summary"]
    assert sums["before"]["measures"] == measures(place)
    assert sum(sums["after"]["measures"].values()) == len(rows) + sum(measures(place).values())
    assert files(place) == before


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ("multi_level_gift.allowed=0", '[typology.multi_level_gift]\nallowed = "0"\n'),
        ("first_level_gift=strict", '[typology.multi_level_gift]\nreading = "strict"\n'),
        ("returned_gift=level", '[typology.multi_level_gift]\nreturn_window = "0"\n'),
    ],
)
def test_it_is_what_a_refresh_would_say(
    place: Path, tmp_path: Path, given: str, settings: str
) -> None:
    other = world(tmp_path / "ws")
    with (other / "regift.toml").open("a") as file:
        file.write(settings)
    assert run("refresh", "-q", "-w", other).code == 0
    *rows, last = run("policy", "whatif", "--set", given, "--json", "-w", place).rows
    scores = {row["id"]: row["score"] for row in run("rank", "--json", "-q", "-w", other).rows}
    old = {row["id"]: row["score"] for row in run("rank", "--json", "-q", "-w", place).rows}
    above = {a for a, score in scores.items() if score >= 60}
    assert {r["account"] for r in rows if r["change"] == "enters"} == above - {
        a for a, score in old.items() if score >= 60
    }
    assert last["summary"]["after"]["accounts"] == len(above)
    sql = "SELECT count(*) AS n FROM findings"
    (found,) = run("query", "--sql", sql, "--json", "-w", other).rows
    assert last["summary"]["after"]["findings"] == found["n"]
    assert last["summary"]["after"]["findings"] > last["summary"]["before"]["findings"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("colour=red", "colour is no switch, no STEP.from_points and no parameter of a typology"),
        ("who_is_measured=all", "who_is_measured: 'all' is unknown: there are operators, users"),
        ("rectify.from_points=1", "rectify from_points: 1 is not above 1, that of notice"),
        ("rectify.from_facts=1", "rectify.from_facts: of a step only from_points can be set"),
        ("frown.from_points=1", "there is no step 'frown': the ladder has notice, rectify"),
        ("pack=none", "there is no policy pack 'none'"),
        ("money_circle.window=1d", "there is no typology 'money_circle'"),
    ],
)
def test_errors_name_the_key(place: Path, given: str, error: str) -> None:
    ran = run("policy", "whatif", "--set", given, "-w", place)
    assert ran.code == 2
    assert error in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_without_labels_nothing_is_said_of_precision(place: Path) -> None:
    assert whatif(place)["precision"] is None
    ran = run("policy", "whatif", "--set", "first_level_gift=strict", "-w", place)
    assert "no labels: nothing said of precision" in ran.stdout


def test_precision_by_a_truth(place: Path, tmp_path: Path) -> None:
    """Under the strict reading each first gift by a user is a fact, so more accounts are listed."""
    truth = tmp_path / "labels.csv"
    truth.write_text("account,label\nann,1\nbob,1\n礼物🎁,1\n")
    before = files(place)
    told = whatif(place, "--truth", truth, "--capacity", "3")
    right = told["precision"]
    assert right["labels"] == "truth"
    rows = run("rank", "--json", "-q", "-w", place).rows
    above = [row["id"] for row in rows if row["score"] >= 60]
    labelled = {"ann", "bob", "礼物🎁"}
    was = right["before"]["above_line"]
    assert (was["of"], was["hits"]) == (len(above), len(labelled & set(above)))
    first = right["before"]["first"]
    assert first["hits"] == len(labelled & {row["id"] for row in rows[:3]})
    assert right["after"]["above_line"]["of"] == told["summary"]["after"]["accounts"] > was["of"]
    assert 0 <= was["low"] <= was["precision"] <= was["high"] <= 1
    assert files(place) == before
    told_people = run(
        "policy", "whatif", "--set", "first_level_gift=strict", "--truth", truth, "-w", place
    ).stdout
    assert f"before, above the line, by the truth: {was['hits']} of {was['of']} labelled" in (
        told_people
    )


def test_precision_by_decisions_and_work(place: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(place, tmp_path / "ws", symlinks=True))
    cases = [row["case"] for row in run("rank", "--unit", "case", "--json", "-w", copied).rows]
    said = ("--reason", "looked at")
    wrong = ("--measure", "notice", "--clause", "R4", "--account", "bob")
    assert run("case", "decide", cases[0], *wrong, *said, "-w", copied).code == 0
    cleared = run("case", "decide", cases[1], "--measure", "no_violation", *said, "-w", copied)
    assert cleared.code == 0
    before = files(copied)
    told = whatif(copied, "--capacity", "1")
    assert files(copied) == before
    right = told["precision"]
    assert right["labels"] == "decisions"
    was = right["before"]["above_line"]
    assert (was["unit"], was["labelled"], was["hits"], was["precision"]) == ("case", 2, 1, 0.5)
    first = right["before"]["first"]
    assert (first["of"], first["labelled"], first["hits"], first["low"]) == (1, 1, 1, 0.025)
    work = told["work"]
    assert work["before"] == told["summary"]["before"]["cases"] == was["of"]
    assert work["after"] == told["summary"]["after"]["cases"]
    assert work["after"] - work["new"] <= work["before"]


def listed(cases: dict[str, tuple[int, str]]) -> duckdb.DuckDBPyConnection:
    """A connection with cases: id -> score and the letters of its findings."""
    con = duckdb.connect()
    con.execute("CREATE TABLE cases (case_id VARCHAR, score DECIMAL(5, 1))")
    con.execute("CREATE TABLE case_members (case_id VARCHAR, finding VARCHAR)")
    for case, (score, findings) in cases.items():
        con.execute("INSERT INTO cases VALUES (?, ?)", [case, score])
        con.executemany("INSERT INTO case_members VALUES (?, ?)", [(case, f) for f in findings])
    return con


def test_what_is_new_to_read_and_what_is_gone() -> None:
    """C1 gets another id and a finding more, C2 falls below the line, C3 rises, C4 splits."""
    before = listed({"C1": (90, "ab"), "C2": (70, "c"), "C3": (40, "d"), "C4": (60, "ef")})
    now = {"C0": (90, "xab"), "C2": (59, "c"), "C3": (80, "d"), "C4": (70, "e"), "C5": (65, "f")}
    with before, listed(now) as after:
        assert work(before, after, Decimal(60)) == {"before": 3, "after": 4, "new": 1, "gone": 1}
        assert work(before, before, Decimal(60)) == {"before": 3, "after": 3, "new": 0, "gone": 0}
        assert work(after, before, Decimal(0))["new"] == 0
        assert work(before, after, Decimal(99)) == {"before": 0, "after": 0, "new": 0, "gone": 0}

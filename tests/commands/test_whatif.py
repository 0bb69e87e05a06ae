"""`regift policy whatif` says what a workspace with that policy says, and writes nothing."""

from pathlib import Path

import pytest
from command_line import WORLD, loaded, run


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

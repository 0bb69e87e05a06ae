"""A refresh reads the current calibration whole: by its id, with nothing staged, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from ledger import calibration
from workspaces import GIFTS, TRANSFERS, everything, manifest, put, select

from regift.graph.workspace import Workspace
from regift.loaders.errors import RegiftError, UsageError
from regift.queries.params import show
from regift.ranking.calibration import Calibration, current, write
from regift.refresh.calibrate import calibrate
from regift.refresh.run import refresh
from regift.refresh.settings import params_of, read_settings
from regift.refresh.status import status

RATED = "SELECT typology, stratum, lfdr_bp, uncalibrated FROM weighed WHERE NOT fact"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One ring of three strangers, found once."""
    place = Workspace.create(tmp_path / "w")
    put(place, "gifts", GIFTS, "i,2026-01-01T00:00:00Z,brand,ann,x,issue")
    put(
        place, "transfers", TRANSFERS,
        "t1,2026-01-01T00:00:00Z,a,b,100,CNY,payment",
        "t2,2026-01-01T01:00:00Z,b,c,99,CNY,payment",
        "t3,2026-01-01T02:00:00Z,c,a,98,CNY,payment",
    )  # fmt: skip
    refresh(place)
    return place


def given(rates: dict[str, dict[str, int]], **parameters: Any) -> Calibration:
    made = calibration(rates)
    made.made_of["parameters"].update(parameters)  # type: ignore[attr-defined]
    return made


def fitting(place: Workspace, rate: int, stratum: str = "<3d|one_off|3") -> Calibration:
    """A rate for money cycles, made with the parameters that the workspace has."""
    shown = show(params_of(read_settings(place), "money_cycle"))
    return given({"money_cycle": {stratum: rate}}, money_cycle=shown)


def test_a_new_calibration_scores_anew_with_nothing_staged(workspace: Workspace) -> None:
    assert select(workspace, RATED) == [("money_cycle", "<3d|one_off|3", 5000, True)]
    assert status(workspace)["calibration"] is None
    (before,) = select(workspace, "SELECT max(score) FROM account_scores")
    made = fitting(workspace, 99)
    write(workspace, made)
    outcome = refresh(workspace)
    assert outcome.fresh
    assert {r["mode"] for r in outcome.manifest.run["typologies"]} == {"carried"}
    assert select(workspace, RATED) == [("money_cycle", "<3d|one_off|3", 99, False)]
    assert select(workspace, "SELECT max(score) FROM account_scores") > [before]
    assert status(workspace)["calibration"] == made.id
    assert manifest(workspace).digests["calibration"] == made.id
    assert not refresh(workspace).fresh
    found = everything(workspace)
    refresh(workspace, full=True)
    assert everything(workspace) == found


def test_a_stratum_that_chance_explains_opens_no_case_and_the_run_says_so(
    workspace: Workspace,
) -> None:
    said: list[str] = []
    write(workspace, fitting(workspace, 5001))
    run_ = refresh(workspace, say=said.append).manifest.run
    assert select(workspace, "SELECT count(*) FROM cases") == [(0,)]
    assert select(workspace, "SELECT count(*) FROM pieces") == [(0,)]
    assert len(select(workspace, RATED)) == 1
    (line,) = run_["switched_off"]
    assert line.startswith("money_cycle is demoted: chance makes 1.0 where 10 are found")
    assert line in said
    assert status(workspace)["switched_off"] == [line]


def test_a_stratum_that_is_unknown_is_uncalibrated(workspace: Workspace) -> None:
    write(workspace, fitting(workspace, 99, "<3d|one_off|4"))
    refresh(workspace)
    assert select(workspace, RATED) == [("money_cycle", "<3d|one_off|3", 5000, True)]


def test_other_parameters_than_those_of_the_calibration_leave_it_out(workspace: Workspace) -> None:
    write(workspace, fitting(workspace, 99))
    workspace.settings_file.write_text('[typology.money_cycle]\nwindow = "4d"\n')
    refresh(workspace)
    assert select(workspace, RATED) == [("money_cycle", "<3d|one_off|3", 5000, True)]


def test_a_damaged_calibration_stops_the_refresh(workspace: Workspace) -> None:
    path = write(workspace, fitting(workspace, 99))
    path.write_text(path.read_text().replace("99", "98"))
    with pytest.raises(RegiftError, match="damaged"):
        refresh(workspace)
    answer = run("-w", str(workspace.root), "refresh")
    assert answer.code == 1
    assert str(path) in answer.stderr
    assert "regift calibrate" in answer.stderr
    path.unlink()
    answer = run("-w", str(workspace.root), "calibrate", "--show")
    assert (answer.code, "is missing" in answer.stderr) == (1, True)


def test_before_the_first_refresh_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    place = Workspace.create(tmp_path / "w")
    with pytest.raises(UsageError, match="no generation yet"):
        calibrate(place)
    answer = run("-w", str(place.root), "calibrate", "--show")
    assert (answer.code, "has no calibration" in answer.stderr) == (2, True)


def test_the_command_makes_shows_and_lists(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regift.ranking.calibrate.WORLDS", 1)
    place = str(workspace.root)
    answer = run("-w", place, "calibrate", "--seed", "3", "--sample", "2", "--json")
    assert answer.code == 0
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    made = current(workspace)
    assert made is not None
    assert {row["calibration"] for row in rows} == {made.id}
    assert {"typology", "findings", "by_chance", "lfdr_bp", "demoted", "strata"} <= set(rows[0])
    assert made.made_of["sample"]["transfers"] == 2
    assert "2 of 3 transfers and 0 of 1 gifts, 2026-01-01T01:00:00Z to " in answer.stderr
    shown = run("-w", place, "calibrate", "--show", "--json")
    assert shown.stdout == answer.stdout
    table = run("-w", place, "calibrate", "--show").stdout
    assert table.splitlines()[0].split() == [
        "typology", "findings", "by_chance", "lfdr", "demoted", "kept",
    ]  # fmt: skip
    again = run("-w", place, "calibrate", "--seed", "3", "--sample", "2", "-q", "--json")
    assert (again.stdout, again.stderr) == (answer.stdout, "")
    (only,) = run("-w", place, "calibrate", "--list", "--json").stdout.splitlines()
    assert json.loads(only)["calibration"] == made.id
    broken = Path(place) / "calibrations" / "K-0000000000000000.json"
    broken.write_text("{", encoding="utf-8")
    whole, damaged = map(json.loads, run(
        "-w", place, "calibrate", "--list", "--json").stdout.splitlines())  # fmt: skip
    assert (whole["calibration"], whole["damaged"]) == (made.id, None)
    assert (damaged["calibration"], damaged["current"]) == ("K-0000000000000000", False)
    assert str(broken) in damaged["damaged"]
    broken.unlink()


def test_a_record_before_all_others_makes_first_payments_of_early_ones(tmp_path: Path) -> None:
    """Nothing touches the account, but its pairs are no more of the first 20 days."""
    place = Workspace.create(tmp_path / "w")
    put(
        place, "transfers", TRANSFERS,
        *(f"i{n},2026-01-0{n}T00:00:00Z,s{n},x,100,CNY,payment" for n in (1, 2, 3)),
        *(f"o{n},2026-01-0{n}T01:00:00Z,x,w{n},95,CNY,payment" for n in (1, 2, 3)),
        "again,2026-03-01T00:00:00Z,s1,x,7,CNY,payment",
    )  # fmt: skip
    refresh(place)
    pairs = "SELECT detail ->> '$.pairs' FROM findings WHERE typology = 'pass_through'"
    assert select(place, pairs) == [("[5,0,1]",)]
    put(place, "transfers", TRANSFERS, "old,2025-11-01T00:00:00Z,y,z,5,CNY,payment")
    outcome = refresh(place)
    assert not outcome.manifest.run["full"]
    assert select(place, pairs) == [("[5,1,0]",)]
    found = everything(place)
    refresh(place, full=True)
    assert everything(place) == found

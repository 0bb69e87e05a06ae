"""Budgets and bounds from outside: what they cut is said everywhere, and the exit code is 4."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import loaded, run

ALL_OF_IT = {"time": {"slices": [{"from": None, "until": None}], "cut": 1, "of": 1}}
SAID = "cut short: time: 1 of 1 parts not searched: all\n"


def test_a_budget_of_nothing_finds_nothing_and_says_so(world: Path) -> None:
    ran = run("find", "money_cycle", "--set", "window=4h", "--budget", "0", "--json", "-w", world)
    assert (ran.code, ran.rows) == (4, [{"truncated": ALL_OF_IT}])
    assert ran.stderr == "0 of 0 findings of money_cycle\n" + SAID
    counted = run("find", "money_cycle", "--count", "--budget", "0", "-w", world)
    assert (counted.code, counted.stderr) == (4, SAID)
    assert counted.rows[0]["truncated"] == ALL_OF_IT


@pytest.mark.parametrize(
    "more", [("--slices", "3"), ("--jobs", "1"), ("--slices", "2", "--jobs", "3", "--budget", "1h")]
)
def test_slices_and_jobs_change_nothing(world: Path, more: tuple[str, ...]) -> None:
    asked = ("find", "money_cycle", "--set", "window=4h", "--json", "-w", world)
    assert run(*asked, *more).stdout == run(*asked).stdout


def test_values_that_cannot_be_read_are_named(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for option, value in (
        ("--jobs", "0"), ("--slices", "-1"), ("--expansions", "many"), ("--hub-degree", "9" * 30)
    ):  # fmt: skip
        ran = run("find", "money_cycle", option, value, "-w", copied)
        assert ran.code == 2
        assert f"{option}: '{value}' is not a whole number from" in ran.line
    ran = run("refresh", "--budget", "soon", "-w", copied)
    assert "--budget: 'soon' is not a duration" in ran.line
    (copied / "regift.toml").write_text("[bounds]\njobs = 0\n")
    ran = run("refresh", "-w", copied)
    assert (ran.code, "regift.toml, [bounds] jobs: '0'" in ran.line) == (2, True)
    monkeypatch.setenv("REGIFT_JOBS", "2")
    assert run("refresh", "-w", copied).code == 0


def test_config_shows_where_each_bound_came_from(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied / "regift.toml").write_text('[bounds]\nbudget = "120m"\nslices = 7\n')
    monkeypatch.setenv("REGIFT_SLICES", "8")
    rows = {row["setting"]: row for row in run("config", "show", "--json", "-w", copied).rows}
    assert (rows["bounds.budget"]["value"], rows["bounds.budget"]["origin"]) == (
        "2h", "regift.toml"
    )  # fmt: skip
    assert (rows["bounds.slices"]["value"], rows["bounds.slices"]["origin"]) == (
        "8", "REGIFT_SLICES"
    )  # fmt: skip
    assert rows["bounds.expansions"]["origin"] == "default"


def test_a_run_that_time_cut_says_so_everywhere_and_runs_again(
    copied: Path, tmp_path: Path
) -> None:
    ran = run("refresh", "--full", "--budget", "0", "-w", copied)
    assert ran.code == 4
    assert "money_cycle was " + SAID in ran.stderr
    (told,) = run("status", "--json", "-w", copied).rows
    assert told["truncated"]["money_cycle"] == told["truncated"]["paid_gift"] == ALL_OF_IT
    assert told["findings"]["money_cycle"] == 0
    ran = run("rank", "-w", copied)
    assert (ran.code, "money_cycle was " + SAID in ran.stderr) == (4, True)
    listed = tmp_path / "findings.jsonl"
    ran = run("export", "suspects", "-o", listed, "-w", copied)
    assert (ran.code, "money_cycle was " + SAID in ran.stderr) == (4, True)
    ran = run("find", "money_cycle", "--json", "-w", copied)
    assert (ran.code, ran.rows) == (4, [{"truncated": ALL_OF_IT}])
    ran = run("find", "money_cycle", "--budget", "1h", "--json", "-w", copied)
    assert (ran.code, [row["records"] for row in ran.rows]) == (0, [["t1", "t2", "t3"]])
    ran = run("refresh", "-q", "-w", copied)
    assert (ran.code, ran.stderr) == (0, "")
    assert run("find", "money_cycle", "--json", "-w", copied).code == 0


TIED = """\
record_id,at,source,target,amount,currency,kind
t5,2026-02-01T00:00:00Z,x,y,10.00,CNY,payment
t6,2026-02-01T00:00:00Z,y,x,10.00,CNY,payment
"""


def test_compare_says_what_other_parameters_find(copied: Path) -> None:
    assert loaded(copied, "transfers", TIED, name="tied.csv").code == 0
    assert run("refresh", "-q", "-w", copied).code == 0
    asked = ("find", "money_cycle", "--compare", "ties=order", "-w", copied)
    ran = run(*asked, "--json")
    (found, compared) = ran.rows
    assert (ran.code, found["records"]) == (0, ["t1", "t2", "t3"])
    (there,) = compared.pop("only_there")
    assert compared == {
        "compared": {"ties": "order"}, "findings": 1, "other": 2, "only_here": []
    }  # fmt: skip
    both = run("find", "money_cycle", "--set", "ties=order", "--json", "-w", copied).rows
    assert {row["finding"] for row in both} == {found["finding"], there}
    said = "1 findings, 2 with ties=order: 1 only there, 0 only here\n"
    assert run(*asked).stderr.endswith(said)
    ran = run(*asked, "--compare", "window=1h", "--until", "2026-01-15", "--json")
    assert ran.rows[-1] == {
        "compared": {"ties": "order", "window": "1h"}, "findings": 1, "other": 0,
        "only_here": [found["finding"]], "only_there": [],
    }  # fmt: skip
    ran = run(*asked, "--compare", "colour=red")
    assert (ran.code, "colour" in ran.line) == (2, True)


DENSE = "record_id,at,source,target,amount,currency,kind\n" + "".join(
    f"d{i}{j}{k},2026-03-01T0{k}:0{i}:0{j}Z,n{i},n{j},10.00,CNY,payment\n"
    for k in range(4)
    for i in range(5)
    for j in range(5)
    if i != j
)


def test_what_expansions_cut_is_carried_over_with_the_findings(copied: Path) -> None:
    assert loaded(copied, "transfers", DENSE, name="dense.csv").code == 0
    (copied / "regift.toml").write_text("[bounds]\nexpansions = 20\n")
    assert run("refresh", "-q", "-w", copied).code == 4
    cut = told(copied)["truncated"]["money_cycle"]
    assert cut["expansions"]["accounts"] == ["n0", "n1", "n2", "n3", "n4"]
    gift = "record_id,at,source,target,item,kind\ng99,2026-03-01T00:00:00Z,eve,ann,007,gift\n"
    assert loaded(copied, "gifts", gift, name="late.csv").code == 0
    ran = run("refresh", "-w", copied)
    assert ran.code == 4
    (line,) = [each for each in ran.stderr.splitlines() if each.startswith("money_cycle: ")]
    assert "(carried" in line
    assert told(copied)["truncated"]["money_cycle"] == cut
    rows = run("find", "money_cycle", "--json", "-w", copied).rows
    assert {row["complete"] for row in rows[:-1] if "n0" in row["accounts"]} == {False}
    assert rows[-1] == {"truncated": cut}
    whole = run("find", "money_cycle", "--expansions", "1000000", "--json", "-w", copied)
    assert (whole.code, {row["complete"] for row in whole.rows}) == (0, {True})
    (copied / "regift.toml").write_text("")
    assert run("refresh", "-q", "-w", copied).code == 0


def told(workspace: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("status", "--json", "-w", workspace).stdout)
    return found

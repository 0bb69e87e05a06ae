"""`regift evaluate` from outside: keys of its JSON, what people read, and errors of one line."""

import json
from pathlib import Path

import pytest
from command_line import run
from judged import planted

TRUTH = {
    "planted": [
        planted("P-1", "money_cycle", "a b c", "t1 t2 t3"),
        planted("P-2", "lockstep", "ann dan", "t4"),
        planted("P-3", "money_cycle", "bob cat", "t4", missing=["t9"]),
    ],
    "innocent": [{"kind": "swap", "accounts": [{"account": "eve"}]}],
}


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(TRUTH))
    return path


def test_one_object_with_everything(world: Path, truth: Path) -> None:
    ran = run("evaluate", "-w", world, "--truth", truth, "--at", "3", "--json")
    assert ran.code == 0, ran.stderr
    (got,) = ran.rows
    assert list(got) == [
        "first", "accounts", "labelled", "unknown", "lists", "at", "transactions", "acting",
        "recall", "rings", "evidence", "look_alikes", "misses", "false_alarms", "not_run",
    ]  # fmt: skip
    assert (got["first"], got["labelled"], got["unknown"]) == (3, 7, 0)
    cycle = next(row for row in got["recall"] if row["typology"] == "money_cycle")
    assert (cycle["planted"], cycle["found"], cycle["missing_planted"]) == (1, 1, 1)
    assert {row["list"] for row in got["lists"]} == {"regift"}
    assert {row["at"] for row in got["at"]} == {3, 20, 50, 100}
    assert [miss["id"] for miss in got["misses"]] == ["P-2", "P-3"]


def test_baselines_stand_beside(world: Path, truth: Path) -> None:
    (got,) = run("evaluate", "-w", world, "--truth", truth, "--baselines", "--json").rows
    names = [row["list"] for row in got["lists"]]
    assert names[:4] == ["regift", "counterparties", "amount", "count"]
    assert len(got["at"]) == 4 * len(names)
    assert {row["list"] for row in got["transactions"]} == {
        "regift", "one_off", "amount", "degree_sum"
    }  # fmt: skip


def test_what_people_read(world: Path, truth: Path) -> None:
    ran = run("evaluate", "-w", world, "--truth", truth, "--at", "2", "--names", "1")
    assert ran.code == 0
    for line in (
        "found 1 of 2 planted instances of the typologies searched",
        "and found 0 of 1 of which the data lacks records",
        "records that the first 2 accounts rest on are planted",
        "innocent look-alikes among the first 2:",
        "missed: 2",
    ):
        assert line in ran.stdout
    assert "1 of 2 shown: --names 2 shows all" in ran.stderr


def test_same_seed_same_words(world: Path, truth: Path) -> None:
    args = ("evaluate", "-w", world, "--truth", truth, "--json", "--resamples", "50")
    assert run(*args).raw == run(*args).raw
    (without,) = run(*args[:-1], "0").rows
    assert "low" not in without["lists"][0]


def test_labels_of_ones_own(world: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("account,label\na,1\n00123,yes\nstranger,1\nb,0\n", encoding="utf-8")
    ran = run("evaluate", "-w", world, "--truth", labels)
    assert ran.code == 0, ran.stderr
    assert "3 of " in ran.stdout
    assert "planted instances" not in ran.stdout
    assert "1 labelled account is on no record: no list can tell it" in ran.stderr
    labels.write_text("account,label\na,perhaps\n")
    assert (
        "label 'perhaps' of account 'a' says nothing"
        in run("evaluate", "-w", world, "--truth", labels).line
    )

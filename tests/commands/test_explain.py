"""`explain` from outside: without a thing, why not, the line, both languages; `case show`."""

import json
import re
from pathlib import Path

from command_line import run

ENGLISH = re.compile(r"[A-Za-z]{4,}")
CODES = re.compile(
    r"`[^`]*`|--json|\b(gifts|transfers|finding|record):\S+|\b[a-z]{2,3}-[0-9a-f]{16}\b|C-[0-9a-f]+"
    r"|\b[a-z]+(_[a-z]+)+\b|\b(brand|custody|circulation|payment|device|phone)\b"
)
"""What is the same in every language: ids, names of typologies, families and kinds, commands."""


def told(*args: str | Path) -> dict[str, object]:
    ran = run(*args, "--json")
    assert ran.code in (0, 4), ran.stderr
    (row,) = ran.rows
    return row


def test_without_a_record_the_score_is_another(world: Path) -> None:
    row = told("explain", "bob", "--without", "record:g02", "--without", "device:d2", "-w", world)
    now = row["score"]
    record, device = row["counterfactuals"]  # type: ignore[misc]
    assert (record["without"], record["before"]) == ("record:g02", now)
    assert record["score"] < now
    assert record["above_line"] == (record["score"] >= 60)
    side = "above" if record["above_line"] else "below"
    assert record["text"] == (
        f"without record:g02: {record['score']} (now {now}), {side} the line of 60"
    )
    assert device["without"] == "device:d2"


def test_one_thing_may_clear_it(world: Path) -> None:
    """With the line at 80 the record alone carries cat over it."""
    row = told("explain", "cat", "--line", "80", "--without", "record:g02", "-w", world)
    ((only,), score) = (row["clears"]["things"], row["counterfactuals"][0]["score"])  # type: ignore[index]
    assert only == {
        "without": "record:g02",
        "text": f"without record:g02 it has {score}, below the line of 80",
    }
    less = told("explain", "cat", "--line", "10", "--without", "record:g02", "-w", world)
    assert less["clears"]["things"] == []  # type: ignore[index]


def test_without_what_is_not_there(world: Path) -> None:
    ran = run("explain", "bob", "--without", "device:none", "-w", world)
    assert (ran.code, ran.stderr) == (
        2, "regift: --without device:none: nothing of the generation is that\n",
    )  # fmt: skip


def test_identifiers_that_hold_an_entity_are_tried_unasked(world: Path) -> None:
    """ann and dan share a phone and a device: without either they are two."""
    row = told("explain", "dan", "-w", world)
    shown = [each["without"] for each in row["counterfactuals"]]  # type: ignore[attr-defined]
    assert shown == ["device:**", "phone:*******"]
    assert "+86 100" not in json.dumps(row)
    assert told("explain", "eve", "-w", world)["counterfactuals"] == []


def test_a_finding_has_the_counterfactuals_of_its_case(world: Path) -> None:
    finding = told("explain", "cat", "-w", world)["findings"][0]["finding"]  # type: ignore[index]
    row = told("explain", finding, "--without", f"finding:{finding}", "-w", world)
    (only,) = row["counterfactuals"]  # type: ignore[misc]
    assert only["before"] == row["case_score"]
    assert only["score"] < row["case_score"]


def test_what_is_left_without_a_finding_is_that_of_its_case(world: Path) -> None:
    finding = told("explain", "cat", "-w", world)["findings"][0]["finding"]  # type: ignore[index]
    assert "\n  case score without\n" in run("explain", finding, "-w", world).stdout
    assert "\n  score without\n" in run("explain", "cat", "-w", world).stdout


def test_of_an_account_without_findings_it_says_why(world: Path) -> None:
    ran = run("explain", "brand", "-w", world)
    assert ran.code == 0
    assert ran.stdout.splitlines()[0] == "account brand: not listed, below the line of 60"
    assert "looked at: 3 gifts and 0 transfers that name it, with 2 other accounts" in ran.stdout
    assert "no calibration" in ran.stdout


def test_the_line_is_where_one_says(world: Path) -> None:
    assert told("explain", "cat", "--line", "1", "-w", world)["above_line"] is True
    assert told("explain", "cat", "--line", "100", "-w", world)["above_line"] is False
    for wrong in ("x", "101", "60.55", "-1", "nan", "inf"):
        ran = run("explain", "cat", "--line", wrong, "-w", world)
        assert ran.code == 2
        assert ran.stderr.startswith(f"regift: --line {wrong}") or wrong == "x"
    for wrong in ("x", "nan", "inf", ""):
        ran = run("rank", "--min-score", wrong, "-w", world)
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr == f"regift: --min-score {wrong!r} is not a number\n"
    above = run("rank", "--line", "1", "-w", world).stderr
    assert re.search(r"(\d+) of \1 account rows, \1 of them above the line of 1\n", above)


def test_chinese_has_no_english_and_the_same_keys(world: Path) -> None:
    cat = run("rank", "--unit", "case", "--json", "-q", "-w", world).rows[0]["case"]
    for args in (
        ("explain", cat), ("explain", "cat"), ("explain", "brand"), ("case", "show", cat),
        ("rank",), ("rank", "--unit", "case"), ("explain", "cat", "--without", "record:g02"),
    ):  # fmt: skip
        ran = run(*args, "--lang", "zh", "-w", world)
        assert ran.code == 0, ran.stderr
        for line in (ran.stdout + ran.stderr).splitlines():
            assert not ENGLISH.search(CODES.sub("", line)), line
        rows = [run(*args, "--json", "--lang", lang, "-w", world).rows for lang in ("en", "zh")]
        assert [sorted(row) for row in rows[0]] == [sorted(row) for row in rows[1]]
        assert [row.get("score") for row in rows[0]] == [row.get("score") for row in rows[1]]


def test_the_language_may_stand_in_the_environment(world: Path, monkeypatch: object) -> None:
    monkeypatch.setenv("REGIFT_LANG", "zh")  # type: ignore[attr-defined]
    assert run("explain", "brand", "-w", world).stdout.startswith("账号 brand：未列入名单")

"""Action files: what stands in them, spread in time, and an export that is killed at any moment."""

import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from casebooks import FAR_US, book, case, decided, tables
from command_line import run

from regift.enforcement import action_file, dossiers, handover, measures, policy
from regift.enforcement.action_file import ActionFile, spread_us
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.measures import Handed, Planned
from regift.graph.store import Manifest
from regift.graph.workspace import Workspace, write_json

REASON = ("--reason", "r")
DAY_US = 86_400_000_000


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A workspace with a generation without records, and approved, extended and ended measures."""
    place = Workspace.create(tmp_path / "ws")
    manifest = {"generation": 1, "loads": [], "segments": {}, "as_of_us": 5, "digests": {}}
    write_json(place.generations / "000001.json", {**manifest, "run": {}})
    place.current.symlink_to("generations/000001.json")
    with book(place.casebook, "ann") as log:
        dossiers.decide(log, case("a"), decided("restrict", "=1+1", "礼物🎁"), EXAMPLE_RULES)
        measures.plan(
            log, [Planned("bob", "notice", "R4", "g"), Planned("cat", "notice", "R4", "g")],
            EXAMPLE_RULES,
        )  # fmt: skip
        measures.approve(log, [3, 4], "yes", EXAMPLE_RULES)
        measures.export(log, [Handed(3, 1, 2, 3), Handed(4, 1, 2, FAR_US)], "actions-old")
        measures.close(log, 3, "over")
        measures.recheck(log, 4, "continues", "more")
        measures.extend(log, 4, "longer", due_us=9, until_us=FAR_US + 1)
    return place


def exported(place: Workspace, output: Path, *args: str) -> Any:
    return run("enforce", "export", "-o", output, *args, "-w", place.root)


def names(place: Workspace) -> list[str]:
    with book(place.casebook, "ann") as log:
        log.verify()
        return handover.names(log)


def test_what_a_file_says(place: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    assert exported(place, file).code == 0
    header, *actions = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    told = [(row["measure"], row["action"], row["account"], row["reason"]) for row in actions]
    assert told == [
        (1, "apply", "=1+1", "they sold it on"),
        (2, "apply", "礼物🎁", "they sold it on"),
        (3, "lift", "bob", "over"),
        (4, "extend", "cat", "longer"),
    ]
    assert [row["functions"] for row in actions[1:3]] == [["gifting", "payment", "traffic"], []]
    assert [row["dossier"] for row in actions] == ["D-1", "D-1", None, None]
    assert actions[3]["until_at"] == "2096-10-02T07:06:40.000001Z"
    assert header["policy"] == policy.in_use(place).id
    assert (header["generation"], header["actions"]) == (1, 4)
    assert action_file.name_of(file.read_bytes()) == header["action_file"] == names(place)[1]
    assert len({row["key"] for row in actions}) == 4
    again = exported(place, tmp_path / "none.jsonl")
    assert (again.code, "nothing to hand over" in again.stderr) == (0, True)
    assert not (tmp_path / "none.jsonl").exists()


def test_csv_is_the_same_and_safe_in_a_spreadsheet(place: Workspace, tmp_path: Path) -> None:
    assert exported(place, tmp_path / "a.csv").code == 0
    name = names(place)[1]
    assert exported(place, tmp_path / "a.jsonl", "--again", name).code == 0
    assert exported(place, tmp_path / "b.csv", "--again", name).code == 0
    text = (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "b.csv").read_bytes() == text
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    lines = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()[1:]
    assert [row["account"] for row in rows] == ["'=1+1", "礼物🎁", "bob", "cat"]
    for row, line in zip(rows, lines, strict=True):
        for key, value in json.loads(line).items():
            if key not in ("account", "functions"):
                assert row[key] == ("" if value is None else str(value)), key
    assert {row["action_file"] for row in rows} == {name}
    assert names(place)[1:] == [name], "writing it again hands nothing over"


def test_a_file_that_was_changed_is_not_written_again(place: Workspace, tmp_path: Path) -> None:
    assert exported(place, tmp_path / "a.jsonl").code == 0
    path = place.root / "actions" / f"{names(place)[1]}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"cat"', b'"dan"'))
    ran = exported(place, tmp_path / "b.jsonl", "--again", path.stem)
    assert (ran.code, "was changed past regift" in ran.line) == (1, True)
    assert not (tmp_path / "b.jsonl").exists()


def test_the_spread_is_even_and_each_measure_has_its_own() -> None:
    spread = [spread_us(number, 3 * DAY_US, "seed") for number in range(1, 6001)]
    assert min(spread) >= 0
    assert max(spread) < 3 * DAY_US
    for quarter in range(4):
        least = quarter * 3 * DAY_US // 4
        among = sum(least <= each < least + 3 * DAY_US // 4 for each in spread)
        assert abs(among - 1500) < 135, "four deviations"
    assert spread_us(7, 3 * DAY_US, "seed") == spread[6]
    assert spread_us(7, 3 * DAY_US, "other") != spread[6]
    assert {spread_us(number, 1, "seed") for number in range(9)} == {0}


def test_dates_move_along_with_the_spread(place: Workspace, tmp_path: Path) -> None:
    with book(place.casebook, "ann") as log:
        before = {each.number: each for each in measures.listed(log)}
    assert exported(place, tmp_path / "a.jsonl", "--jitter", "3d", "--seed", "x").code == 0
    with book(place.casebook, "ann") as log:
        after = {each.number: each for each in measures.listed(log)}
    begun = {n: after[n].effective_us - spread_us(n, 3 * DAY_US, "x") for n in (1, 2)}
    assert begun[1] == begun[2]
    assert begun[1] >= before[1].approved_us
    assert [after[n].told_until_us for n in (1, 2, 4)] == [None, None, FAR_US + 1]
    assert after[3].lifted_us is not None


def killed(place: Workspace, output: Path, at: int) -> bool:
    """Export in another process that is killed before its write number `at`; whether it was."""
    child = os.fork()
    if child == 0:
        seen: list[object] = []

        def count(*_: object) -> None:
            seen.append(None)
            if len(seen) == at:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("replace", "fsync", "unlink"):
            setattr(os, name, _counted(getattr(os, name), count))
        connect = sqlite3.connect

        def traced(*args: Any, **more: Any) -> sqlite3.Connection:
            con = connect(*args, **more)
            con.set_trace_callback(count)
            return con

        sqlite3.connect = traced  # type: ignore[assignment]
        os._exit(exported(place, output, "--jitter", "3d", "--seed", "x").code)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _counted(function: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def counted(*args: Any, **more: Any) -> Any:
        count()
        return function(*args, **more)

    return counted


def test_killed_between_each_two_writes(place: Workspace, tmp_path: Path) -> None:
    """A second run hands over the same bytes, and the casebook says so once."""
    at, handed_first = 0, 0
    was_killed = True
    while was_killed:
        at += 1
        here = Workspace(Path(shutil.copytree(place.root, tmp_path / f"{at}", symlinks=True)))
        output = tmp_path / f"{at}.jsonl"
        was_killed = killed(here, output, at)
        first = output.read_bytes() if output.exists() else None
        second = exported(here, output, "--jitter", "9d", "--seed", "other")
        assert second.code == 0, second.stderr
        found = [*(here.root / "actions").glob("actions-*")]
        assert [path.suffix for path in found] == [".jsonl"], at
        assert names(here)[1:] == [found[0].stem]
        assert output.read_bytes() == found[0].read_bytes()
        if first is not None:
            handed_first += 1
            assert output.read_bytes() == first, at
        shutil.rmtree(here.root)
    assert at > 15
    assert handed_first > 3


def test_what_was_begun_and_then_reversed_is_withdrawn(place: Workspace, tmp_path: Path) -> None:
    file, actions = begun(place)
    with book(place.casebook, "bob") as log:
        measures.reverse(log, 1, "wrong account")
    before = tables(place.casebook)
    ran = exported(place, tmp_path / "a.jsonl")
    assert ran.code == 1
    assert f"{file.name} was begun and not finished, and a measure of it has changed" in ran.stderr
    assert tables(place.casebook) == before
    assert not (tmp_path / "a.jsonl").exists()
    assert list((place.root / "actions").iterdir()) == []
    assert exported(place, tmp_path / "a.jsonl").code == 0
    assert [row["measure"] for row in handover.read(place, names(place)[1]).actions] == [2, 3, 4]
    assert len(actions) == 4


def begun(place: Workspace) -> tuple[ActionFile, list[action_file.Action]]:
    with book(place.casebook, "ann") as log:
        actions = action_file.waiting(log, 10)
        file = action_file.made(log, actions, policy.in_use(place), Manifest(1), 10, {})
        handover.begin(place, file, actions)
    return file, actions


def test_a_place_that_cannot_be_written_leaves_it_to_be_finished(
    place: Workspace, tmp_path: Path
) -> None:
    ran = exported(place, tmp_path / "no" / "a.jsonl")
    assert (ran.code, "make the folder" in ran.line) == (1, True)
    assert names(place) == ["actions-old"]
    (there,) = (place.root / "actions").glob("*.jsonl")
    assert exported(place, tmp_path / "a.jsonl").code == 0
    assert (tmp_path / "a.jsonl").read_bytes() == there.read_bytes()
    assert names(place)[1:] == [there.stem]


EXPORTER = """
import sys
sys.path.insert(0, sys.argv[2])
from command_line import run
ran = run("enforce", "export", "-w", sys.argv[1])
sys.stdout.write(ran.stdout)
sys.exit(ran.code)
"""


def test_two_exports_at_once_hand_over_once(place: Workspace) -> None:
    args = [sys.executable, "-c", EXPORTER, str(place.root), str(Path(__file__).parents[1])]
    both = [subprocess.Popen(args, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = sorted(each.communicate(timeout=300)[0] for each in both)
    assert [each.returncode for each in both] == [0, 0]
    assert told[0] == ""
    assert len(told[1].splitlines()) == 1 + 4
    assert len(names(place)) == 2

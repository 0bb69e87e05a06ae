"""A writer that is killed at any moment, and many at once: nothing half-written, nothing lost."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from casebooks import book, case, decided, tables

from regift.enforcement import allow_list, certificates, dossier_measures, dossiers, measures
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.measures import Planned
from regift.enforcement.replay import erase
from regift.loaders.errors import Locked

ACTS: dict[str, Callable[[Casebook], object]] = {
    "open and decide": lambda log: dossiers.decide(
        log, case("b", "m1"), decided("notice", "eve", "fay"), EXAMPLE_RULES
    ),
    "reverse": lambda log: dossiers.reverse(log, case("a"), "wrong"),
    "plan": lambda log: measures.plan(
        log, [Planned("x", "ban", "R4", "r"), Planned("y", "ban", "R4", "r")], EXAMPLE_RULES
    ),
    "plan of two cases": lambda log: dossier_measures.plan(
        log,
        [
            (case("b"), [Planned("x", "ban", "R4", "r"), Planned("y", "notice", "R4", "r")]),
            (case("a", number=1), [Planned("ann", "take_down", "R4", "r", follows=1)]),
        ],
        EXAMPLE_RULES,
    ),
    "approve planned": lambda log: dossier_measures.approve(
        log, [3, 4], "seen", EXAMPLE_RULES, "R5"
    ),
    "decline planned": lambda log: dossier_measures.decline(log, [4, 3], "not these"),
    "allow": lambda log: allow_list.add(log, "ann", 4 * 10**15, "press"),
    "certificate": lambda log: certificates.review(log, "brand", "F1", "refused", "not filed"),
    "remind": lambda log: certificates.remind(log, "brand", "by mail"),
    "erase": lambda log: erase(log, 2, "asked for"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "casebook.sqlite"
    with book(path, "ann") as casebook:
        dossiers.decide(casebook, case("a"), decided("restrict", "ann", "dan"), EXAMPLE_RULES)
        planned = [Planned("ida", "ban", "R4", "40"), Planned("jan", "notice", "R4", "1")]
        dossier_measures.plan(casebook, [(case("d"), planned)], EXAMPLE_RULES)
    return path


def killed_at(path: Path, act: Callable[[Casebook], object], place: int) -> bool:
    """Do the act in another process that is killed before its statement `place`; whether it was."""
    child = os.fork()
    if child == 0:
        casebook = Casebook.open(path, "bob")
        seen: list[str] = []

        def count(statement: str) -> None:
            seen.append(statement)
            if len(seen) == place:
                os.kill(os.getpid(), signal.SIGKILL)

        casebook.con.set_trace_callback(count)
        act(casebook)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("name", ACTS)
def test_killed_before_each_statement(made: Path, tmp_path: Path, name: str) -> None:
    before, place, states = tables(made), 0, []
    killed = True
    while killed:
        place += 1
        path = Path(shutil.copy(made, tmp_path / f"{place}.sqlite"))
        killed = killed_at(path, ACTS[name], place)
        with book(path, "ann") as casebook:
            casebook.verify()
        states.append(tables(path) == before)
        if states[-1] and place > 4:
            with book(path, "bob") as casebook:
                assert ACTS[name](casebook) is not None, "it can be done after all"
    assert place >= 6
    assert states == sorted(states, reverse=True), "what was there, until all of it is there"
    assert (states[0], states[-1]) == (True, False)


def test_a_writer_that_another_one_keeps_waiting(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(made, tmp_path / "casebook.sqlite"))
    monkeypatch.setattr("regift.enforcement.audit_log.WAIT_S", 0.1)
    with book(path, "ann") as ann, book(path, "bob") as bob:
        rows = len(list(ann.rows()))
        with ann.transaction(), pytest.raises(Locked, match="written by another process"):
            bob.note("export", {})
        assert bob.note("export", {}) == rows + 1
        bob.verify()


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from casebooks import case
from regift.enforcement import dossiers
from regift.enforcement.casebook import Casebook

path, name = Path(sys.argv[1]), sys.argv[2]
print("begun", flush=True)
for number in range(10_000):
    with Casebook.open(path, name) as casebook:
        if number % 5 == 0:
            dossiers.note(casebook, case("0123456789abcdef"[number // 5 % 16]), f"{name} {number}")
        else:
            casebook.judge(name, str(number), "same", "r")
    print(number, flush=True)
"""


def writer(path: Path, name: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(Path(__file__).parents[1])],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_several_writers_lose_nothing_even_killed(tmp_path: Path) -> None:
    """What a writer was told is written is there, and each case was opened once."""
    path, draw, told = tmp_path / "casebook.sqlite", random.Random(7), 0
    for turn in range(3):
        writers = [writer(path, f"w{turn}-{n}") for n in range(3)]
        for each in writers:
            assert each.stdout is not None
            assert each.stdout.readline() == "begun\n"
        time.sleep(draw.uniform(0.2, 1.0))
        for each in writers:
            each.send_signal(signal.SIGKILL)
        outputs = [each.communicate()[0].splitlines() for each in writers]
        told += sum(len(lines) for lines in outputs)
        with Casebook.open(path) as casebook:
            casebook.verify()
            rows = casebook.rows()
        for n, lines in enumerate(outputs):
            mine = [
                row for row in rows if row.actor == f"w{turn}-{n}" and row.action != "case open"
            ]
            assert len(lines) <= len(mine) <= len(lines) + 1
    assert told > 9, "the writers were killed before they wrote"
    opened = [row.payload["case"] for row in rows if row.action == "case open"]
    assert len(opened) == len(set(opened)) >= 1

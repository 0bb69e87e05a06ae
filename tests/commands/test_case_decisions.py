"""Cases decided from the command line: what is written, what the next refresh reads, who may."""

import multiprocessing
import shutil
from pathlib import Path

import pytest
from command_line import WORLD, asked, run

from regift.enforcement.casebook import Casebook
from regift.enforcement.replay import TABLES

EXPORTS = ("suspects.csv", "suspects.jsonl", "suspects.parquet", "suspects.xlsx", "findings.csv")


@pytest.fixture
def who(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Changes the login: `who.setattr(*login("ann"))`."""
    return monkeypatch


def acts_as(patch: pytest.MonkeyPatch, login: str) -> None:
    patch.setattr("regift.graph.workspace.actor", lambda: login)


def cases(place: Path) -> dict[str, str]:
    """case -> state, as listed."""
    return {row["case"]: row["state"] for row in run("case", "list", "--json", "-w", place).rows}


def measured(place: Path) -> list[tuple[object, ...]]:
    return asked(place, "SELECT account, clause, step FROM measured ORDER BY ALL")


def test_from_a_case_to_its_reversal(copied: Path, who: pytest.MonkeyPatch) -> None:
    acts_as(who, "ann")
    case = next(iter(cases(copied)))
    account = asked(copied, f"SELECT min(account) FROM case_accounts WHERE case_id = '{case}'")[0][
        0
    ]
    decision = ("--measure", "ban", "--clause", "R4", "--reason", "sold on")
    named = ("--account", str(account))
    said = run("case", "decide", case[:10], *decision, *named, "--json", "-w", copied)
    assert (said.code, said.rows[0]["dossier"], said.rows[0]["state"]) == (
        *(0, "D-1"),
        "awaiting approval",
    )
    assert f"D-1 of {case} is awaiting approval: ban by R4 against {account}" in said.stderr
    assert cases(copied)[case] == "awaiting approval"
    refused = run("case", "approve", "D-1", "--reason", "seen", "-w", copied)
    assert refused.code == 1
    assert refused.line == "regift: D-1 (ban) needs a second person: ann decided it"
    acts_as(who, "bob")
    assert run("case", "approve", case, "--reason", "seen", "-w", copied).code == 0
    again = run("case", "decide", case, *decision, *named, "-w", copied)
    assert again.code == 1
    assert "D-1 is decided, decided by ann (ban): decide needs one that is open" in again.line
    assert run("refresh", "-q", "-w", copied).code == 0
    assert measured(copied) == [(account, "R4", "ban")]
    assert run("case", "reverse", "D-1", "--reason", "wrong", "-w", copied).code == 0
    assert cases(copied)[case] == "reversed"
    assert run("refresh", "-q", "-w", copied).code == 0
    assert measured(copied) == []
    assert run("audit", "verify", "-w", copied).code == 0
    log = run("audit", "list", "--json", "-w", copied).rows
    taken = [(load["table"], load["action"]) for load in log[0]["payload"]["loads"]]
    assert taken == [(table, "load") for table in WORLD]
    assert [(row["actor"], row["action"]) for row in log[1:]] == [
        ("ann", "case open"),
        ("ann", "case decide"),
        ("bob", "case approve"),
        ("bob", "refresh"),
        ("bob", "case reverse"),
        ("bob", "refresh"),
    ]


def test_errors_are_one_line_and_change_nothing(copied: Path) -> None:
    case = next(iter(cases(copied)))
    reason = ("--reason", "r")
    wrong = {
        ("decide", case, "--measure", "jail", "--clause", "R4", *reason): "no measure 'jail'",
        ("decide", case, "--measure", "ban", "--clause", "R9", *reason): "no clause 'R9'",
        ("decide", case, "--measure", "ban", *reason): "ban needs the clause",
        ("decide", case, "--measure", "ban", "--clause", "R4"): "Missing option '--reason'",
        ("decide", case, "--measure", "ban", "--clause", "R4", *reason, "--account", "zoe"): (
            "'zoe' is no account of"
        ),
        ("note", "D-9", "text"): "there is no dossier D-9",
        ("note", "C-000000000", "text"): "there is no case C-000000000",
    }
    for given, said in wrong.items():
        ran = run("case", *given, "-w", copied)
        assert ran.code == 2, given
        assert said in ran.line
    ran = run("case", "reverse", case, *reason, "-w", copied)
    assert (ran.code, "has no dossier" in ran.line) == (1, True)
    assert len(run("audit", "list", "--json", "-w", copied).rows) == 1


def test_a_dossier_outlives_its_evidence(copied: Path) -> None:
    case = next(iter(cases(copied)))
    assert run("case", "note", case, "礼物🎁 'a' \"b\"", "-w", copied).code == 0
    decision = ("--measure", "notice", "--clause", "R4", "--reason", "r")
    assert run("case", "decide", case, *decision, "-w", copied).code == 0
    (row,) = run("case", "dossiers", "--json", "-w", copied).rows
    assert (row["dossier"], row["case"], row["state"], row["evidence"], row["cases"]) == (
        *("D-1", case, "decided", "whole", [case]),
    )
    (shown,) = run("case", "show", case, "--json", "-w", copied).rows
    assert [(d["dossier"], d["measure"], d["since"]) for d in shown["dossiers"]] == [
        ("D-1", "notice", 0)
    ]
    with Casebook.open(copied / "casebook.sqlite") as casebook:
        casebook.con.execute("UPDATE dossier_findings SET finding = finding || 'x'")
    ran = run("case", "dossiers", "--json", "-w", copied)
    assert (ran.rows[0]["evidence"], ran.rows[0]["cases"]) == ("gone", [])
    for listing in (ran, run("case", "list", "-w", copied)):
        assert "D-1: evidence gone: `regift case reverse D-1 --reason TEXT`" in listing.stderr
    assert run("audit", "verify", "-w", copied).code == 1


def test_the_allow_list(copied: Path) -> None:
    until = ("--until", "2099-01-01T00:00:00Z", "--reason", "press")
    assert run("allow", "add", "礼物🎁", *until, "-w", copied).code == 0
    assert run("allow", "add", "nobody", *until, "-w", copied).code == 2
    ran = run("allow", "add", "ann", "--until", "2020-01-01", "--reason", "r", "-w", copied)
    assert (ran.code, "is over" in ran.line) == (2, True)
    (row,) = run("allow", "list", "--json", "-w", copied).rows
    assert (row["account"], row["until"], row["over"]) == ("礼物🎁", "2099-01-01T00:00:00Z", False)
    assert run("refresh", "-q", "-w", copied).code == 0
    assert asked(copied, "SELECT account, reason FROM allowed") == [("礼物🎁", "press")]
    assert run("allow", "remove", "礼物🎁", "--reason", "over", "-w", copied).code == 0
    assert run("allow", "list", "--json", "-w", copied).rows == []


def test_every_export_names_a_head_that_the_log_has(copied: Path) -> None:
    case = next(iter(cases(copied)))
    assert run("case", "note", case, "looked at", "-w", copied).code == 0
    files = [copied.parent / name for name in (*EXPORTS, "case.graphml", "graph.graphml")]
    for file in files:
        given = [file.stem, case] if file.stem == "case" else [file.stem]
        assert run("export", *given, "-o", file, "-w", copied).code == 0
    first = files[0].read_bytes()
    assert run("export", "suspects", "-o", files[0], "-w", copied).code == 0
    assert files[0].read_bytes() == first, "nobody decided anything meanwhile"
    manifest = copied / "generations" / "000001.json"
    older = Path(shutil.copy(copied / "casebook.sqlite", copied.parent / "older.sqlite"))
    for file in (*files, manifest, older):
        assert run("audit", "verify", "--against", file, "-w", copied).code == 0, file
    with Casebook.open(copied / "casebook.sqlite") as casebook:
        for table in reversed(TABLES):
            casebook.con.execute(f"DELETE FROM {table}")
        casebook.con.execute("DELETE FROM audit WHERE seq > 1")
    assert run("audit", "verify", "-w", copied).code == 0
    for file in files:
        ran = run("audit", "verify", "--against", file, "-w", copied)
        assert (ran.code, "rows are gone" in ran.line) == (1, True), file
    with Casebook.open(copied / "casebook.sqlite") as casebook:
        casebook.con.execute("DELETE FROM audit")
    assert run("audit", "verify", "--against", manifest, "-w", copied).code == 0
    assert run("audit", "verify", "--against", older, "-w", copied).code == 1


def write_notes(place: str, case: str, name: str) -> None:
    for number in range(4):
        assert run("case", "note", case, f"{name} {number}", "-w", place).code == 0


def test_commands_of_several_processes_lose_nothing(copied: Path) -> None:
    found = list(cases(copied))
    spawn = multiprocessing.get_context("spawn")
    writers = [
        spawn.Process(target=write_notes, args=(str(copied), found[n % len(found)], f"w{n}"))
        for n in range(3)
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join(300)
        assert each.exitcode == 0
    with Casebook.open(copied / "casebook.sqlite") as casebook:
        casebook.verify()
        rows = casebook.rows()
    texts = sorted(row.payload["text"] for row in rows if row.action == "case note")
    assert texts == sorted(f"w{n} {number}" for n in range(3) for number in range(4))
    assert sum(row.action == "case open" for row in rows) == min(3, len(found))

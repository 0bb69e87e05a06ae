"""`refresh`, `status`, `gc`, `link`, `audit`: what a workspace is, and how it is kept."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import GIFTS, asked, loaded, run

from regift.graph.workspace import Workspace


def status(place: Path) -> dict[str, object]:
    (row,) = run("status", "--json", "-w", place).rows
    return dict(row)


def test_status_of_the_small_world(world: Path) -> None:
    row = status(world)
    assert list(row)[:2] == ["generation", "as_of"]
    assert (row["generation"], row["as_of"]) == (1, "2026-01-07T00:00:00Z")
    assert row["records"] == {
        "gifts": 12, "transfers": 4, "accounts": 3, "items": 0, "identifiers": 6,
        "certificates": 1, "labels": 0,
    }  # fmt: skip
    assert (row["items_total"], row["items_run"], row["slices_total"], row["slices_run"]) == (
        *(3, 3, 1, 1),
    )
    assert (row["rejects"], row["staged_loads"], row["truncated"]) == (0, [], {})
    lines = run("status", "-w", world).stdout.splitlines()
    assert lines[0] == "generation     1"
    records = lines.index("records        gifts 12")
    assert lines[records + 1 : records + 3] == [" " * 15 + "transfers 4", " " * 15 + "accounts 3"]
    assert "truncated" in lines


def test_refresh_is_up_to_date_or_runs_what_is_touched(copied: Path) -> None:
    ran = run("refresh", "-w", copied)
    assert tuple(ran) == (0, "", "generation 1 is up to date: nothing staged\n")
    late = GIFTS.splitlines()[0] + "\ng13,2026-01-08T00:00:00Z,cat,fay,x1,gift,,\n"
    assert loaded(copied, "gifts", late).code == 0
    assert status(copied)["staged_rows"] == 1
    ran = run("refresh", "--json", "-w", copied)
    assert (ran.code, ran.rows[0]["generation"], ran.rows[0]["items_run"]) == (0, 2, 1)
    found = run("find", "multi_level_gift", "--account", "fay", "--json", "-w", copied).rows
    assert [(row["records"], row["level"]) for row in found] == [(["g13"], 3)]
    before = run("find", "multi_level_gift", "--json", "-w", copied).stdout
    assert run("refresh", "--full", "-q", "-w", copied).code == 0
    assert status(copied)["items_run"] == 3
    assert run("find", "multi_level_gift", "--json", "-w", copied).stdout == before


def test_a_second_refresh_names_who_holds_the_lock(copied: Path) -> None:
    with Workspace.open(copied).lock("refresh"):
        for command in ("refresh", "gc"):
            ran = run(command, "-w", copied)
            assert ran.code == 5
            assert f"the refresh lock of {copied} is held by process {os.getpid()} of " in ran.line
        assert run("find", "money_cycle", "-q", "-w", copied).code == 0
    assert run("refresh", "-q", "-w", copied).code == 0


def test_gc_keeps_what_is_needed(copied: Path) -> None:
    assert run("refresh", "--full", "-q", "-w", copied).code == 0
    found = run("find", "multi_level_gift", "--json", "-w", copied).stdout
    (dry,) = run("gc", "--keep", "1", "--dry-run", "--json", "-w", copied).rows
    assert dry["dry_run"]
    assert (copied / "generations" / "000001.json").exists()
    (row,) = run("gc", "--keep", "1", "--json", "-w", copied).rows
    assert (row["removed"], row["bytes"], row["dry_run"]) == (dry["removed"], dry["bytes"], False)
    assert {"generations/000001.json", "generations/000001.duckdb"} <= set(row["removed"])
    assert run("find", "multi_level_gift", "--json", "-w", copied).stdout == found
    assert loaded(copied, "gifts", GIFTS, "--json").rows[0]["duplicates"] == 12
    assert run("gc", "--keep", "1", "--json", "-w", copied).rows[0]["removed"] == []


MEND = (
    "restore it from a backup; `regift refresh --full` cannot bring its records back, "
    "loads that are still staged are not touched by this"
)


@pytest.mark.parametrize("table", ["gifts", "transfers"])
@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_a_lost_segment_is_named_with_what_to_do(copied: Path, table: str, damage: str) -> None:
    file = min((copied / "segments").glob(f"{table}-*"))
    content = bytearray(file.read_bytes())
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[:100])
    else:
        content[20:400] = bytes(380)
        file.write_bytes(content)
    said = f"regift: {file} is {'missing' if damage == 'missing' else 'damaged'}: {MEND}"
    count = f"SELECT count(DISTINCT md5(record_id || source)) FROM {table}"
    for command in (("refresh", "--full"), ("query", "--sql", count)):
        ran = run(*command, "-w", copied)
        assert (ran.code, ran.line) == (1, said), command
    assert run("status", "-w", copied).code == 0


def test_links_are_listed_and_explained(world: Path) -> None:
    rows = run("link", "list", "--json", "-w", world).rows
    assert [(row["a"], row["b"], row["grade"], row["entity"]) for row in rows] == [
        ("ann", "dan", "controller", "ann"),
        ("bob", "cat", "associated", "bob"),
    ]
    assert len(run("link", "list", "--grade", "associated", "--json", "-w", world).rows) == 1
    (row,) = run("link", "explain", "dan", "ann", "--json", "-w", world).rows
    assert (row["same_entity"], row["grade"]) == (True, "controller")
    assert {each["kind"] for each in row["identifiers"]} == {"phone", "device"}


def logged(place: Path) -> int:
    """Rows of the audit log: other tests may have left some in the world that is copied."""
    ran = run("audit", "verify", "-w", place)
    assert ran.code == 0
    return int(ran.stderr.split()[0])


def test_a_judgement_takes_effect_at_the_next_refresh(copied: Path) -> None:
    row = logged(copied) + 1
    ran = run("link", "judge", "dan", "ann", "different", "--reason", "twins", "-w", copied)
    assert ran.code == 0
    assert ran.stderr == f"audit row {row}: dan and ann are different; next: `regift refresh`\n"

    def levels() -> list[int]:
        return [row["level"] for row in run("trace", "item", "x2", "--json", "-w", copied).rows]

    assert levels() == [0, 1, 0, 0, 1]
    assert run("refresh", "-q", "-w", copied).code == 0
    assert levels() == [0, 1, 0, 1, 2]
    (found,) = run("link", "explain", "ann", "dan", "--json", "-w", copied).rows
    assert not found["same_entity"]
    assert found["judgements"] == [{"verdict": "different", "seq": row}]


def test_caps_of_the_workspace_are_those_that_explain(copied: Path) -> None:
    (copied / "regift.toml").write_text("[entities]\nphone = 1\n")
    assert run("refresh", "-q", "-w", copied).code == 0
    ran = run("link", "list", "-w", copied)
    assert ran.stderr == "ignored: phone +86 100, 2 accounts\n"
    (row,) = run("link", "explain", "ann", "dan", "--json", "-w", copied).rows
    counts = {each["kind"]: (each["cap"], each["counts"]) for each in row["identifiers"]}
    assert counts == {"device": (10, True), "phone": (1, False)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE audit SET payload = replace(payload, 'twins', 'friends')", "audit row {first}"),
        ("UPDATE audit SET actor = 'somebody' WHERE seq = 1", "audit row 1"),
        ("DELETE FROM judgements; DELETE FROM audit WHERE seq = 1", "audit row 2"),
        ("DELETE FROM judgements; DELETE FROM audit WHERE seq > 2", "rows are gone"),
        ("DELETE FROM judgements; DELETE FROM audit", "rows are gone"),
    ],
)
def test_a_casebook_that_was_changed_is_found(copied: Path, change: str, said: str) -> None:
    before = logged(copied)
    for pair in (("ann", "dan"), ("bob", "cat")):
        assert run("link", "judge", *pair, "different", "--reason", "twins", "-w", copied).code == 0
    assert run("refresh", "-q", "-w", copied).code == 0
    assert logged(copied) == before + 3
    con = sqlite3.connect(copied / "casebook.sqlite")
    con.executescript(change)
    con.close()
    ran = run("audit", "verify", "-w", copied)
    assert ran.code == 1
    assert said.format(first=before + 1) in ran.line


def test_a_judgement_that_the_log_does_not_have_is_found(copied: Path) -> None:
    row = logged(copied) + 1
    assert run("link", "judge", "ann", "dan", "same", "--reason", "x", "-w", copied).code == 0
    con = sqlite3.connect(copied / "casebook.sqlite")
    con.executescript("UPDATE judgements SET verdict = 'different'")
    con.close()
    ran = run("audit", "verify", "-w", copied)
    assert ran.code == 1
    assert f"row {row} of judgements is not what the log says" in ran.line


def test_the_program_as_a_process(world: Path) -> None:
    """One real process: standard streams, exit codes, an output that nobody reads to its end."""
    program = [sys.executable, "-m", "regift.cli"]
    found = subprocess.run(
        [*program, "find", "money_cycle", "--json", "-w", str(world)],
        capture_output=True,
        check=True,
    )
    assert json.loads(found.stdout)["records"] == ["t1", "t2", "t3"]
    wrong = subprocess.run(
        [*program, "find", "nothing", "-w", str(world)], capture_output=True, check=False
    )
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count(b"\n")) == (2, b"", 1)
    many = f"{' '.join(program)} query --sql 'SELECT range FROM range(200000)' -w {world}"
    piped = subprocess.run(
        ["bash", "-c", f"{many} | head -1; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        check=True,
    )
    assert piped.stdout.split()[-1] == b"0"
    assert b"Traceback" not in piped.stderr


def test_the_whole_world_is_in_the_views(world: Path) -> None:
    assert asked(world, "SELECT name FROM accounts WHERE account = 'dan'") == [('Dan "d" Doe',)]
    assert asked(world, "SELECT filing_number FROM certificates") == [("000123",)]

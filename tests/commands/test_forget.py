"""`regift forget`: asked for, shown, taken back, done by a full refresh."""

from pathlib import Path

from command_line import asked, loaded, run


def test_asked_for_and_done(copied: Path) -> None:
    shown = run("forget", "ann", "--dry-run", "--json", "-w", copied)
    assert {row["place"]: row["rows"] for row in shown.rows} == {
        "gifts": 6, "transfers": 0, "accounts": 1, "items": 0, "identifiers": 2,
        "certificates": 0, "labels": 0, "history": 0, "withdrawn": 0, "staged rows": 0,
        "rejects": 0, "older generations": 0, "action files": 0, "audit log": 0,
    }  # fmt: skip
    assert run("forget", "list", "--json", "-w", copied).rows == []
    ran = run("forget", "ann", "--reason", "asked by mail", "-w", copied)
    assert (ran.code, ": ann waits to be forgotten" in ran.stderr) == (0, True)
    assert run("status", "--json", "-w", copied).rows[0]["to_forget"] == 1
    said = run("refresh", "-w", copied).stderr
    assert "1 accounts wait to be forgotten: `regift refresh --full` does it" in said
    assert run("refresh", "--full", "-q", "-w", copied).code == 0
    (row,) = run("forget", "list", "--json", "-w", copied).rows
    assert (row["state"], row["reason"], row["generation"]) == ("done", "asked by mail", 2)
    tomb = row["account"]
    assert tomb.startswith("forgotten-")
    assert asked(copied, "SELECT count(*) FROM gifts WHERE 'ann' IN (source, target)") == [(0,)]
    assert asked(copied, f"SELECT count(*) FROM gifts WHERE '{tomb}' IN (source, target)") == [(6,)]
    assert run("explain", "ann", "-w", copied).code == 2
    assert run("explain", tomb, "-w", copied).code == 0
    assert run("audit", "verify", "-w", copied).code == 0
    assert run("refresh", "--verify", "all", "-q", "-w", copied).code == 0


def test_taken_back(copied: Path) -> None:
    assert run("forget", "ann", "--reason", "asked", "-w", copied).code == 0
    ran = run("forget", "ann", "--reason", "asked", "-w", copied)
    assert (ran.code, "waits to be forgotten already" in ran.stderr) == (2, True)
    assert run("forget", "cancel", "ann", "--reason", "took it back", "-w", copied).code == 0
    (row,) = run("forget", "list", "--json", "-w", copied).rows
    assert (row["account"], row["state"]) == ("ann", "cancelled")
    assert "wait to be" not in run("refresh", "--full", "-w", copied).stderr
    assert asked(copied, "SELECT count(*) FROM gifts WHERE source = 'ann'") != [(0,)]


def test_what_is_refused(copied: Path) -> None:
    assert "--reason is missing" in run("forget", "ann", "-w", copied).line
    ran = run("forget", "nobody", "--reason", "x", "-w", copied)
    assert (ran.code, "nothing in" in ran.line) == (2, True)
    assert not (copied / "key").exists()
    assert run("forget", "cancel", "ann", "--reason", "x", "-w", copied).code == 2


def test_an_account_that_is_called_like_a_command(copied: Path) -> None:
    assert loaded(copied, "accounts", "account,kind\nlist,personal\n").code == 0
    ran = run("forget", "account", "list", "--reason", "x", "--json", "-w", copied)
    assert ran.code == 0, ran.stderr
    (row,) = run("forget", "list", "--json", "-w", copied).rows
    assert (row["account"], row["state"]) == ("list", "waiting")

"""Earlier states: what keeps one, what takes it, and that exports of it are the same bytes."""

import json
from datetime import timedelta
from pathlib import Path

from command_line import GIFTS, loaded, run

from regift.commands.options import opened
from regift.graph.workspace import Workspace

HEAD = GIFTS.splitlines()[0]


def more(place: Path, number: int) -> None:
    """One more record, taken in."""
    late = f"{HEAD}\nh{number:02d},2026-02-{number:02d}T00:00:00Z,cat,fay{number},x1,gift,,\n"
    assert loaded(place, "gifts", late).code == 0
    assert run("refresh", "-q", "-w", place).code == 0


def kept(place: Path) -> dict[int, list[str]]:
    rows = run("generations", "list", "--json", "-w", place).rows
    return {row["generation"]: row["kept_by"] for row in rows}


LISTS = [
    ("export", "suspects", "-o", "s.csv"),
    ("export", "suspects", "-o", "s.xlsx"),
    ("export", "findings", "-o", "f.parquet"),
    ("export", "findings", "--account", "cat", "-o", "f.jsonl"),
    ("export", "graph", "-o", "g.graphml"),
    ("export", "case", "CASE", "-o", "c.graphml"),
]


def test_an_export_of_an_old_generation_is_the_same_bytes(copied: Path, tmp_path: Path) -> None:
    case = run("rank", "--unit", "case", "--top", "1", "--json", "-w", copied).rows[0]["id"]

    def written(folder: str, *which: str) -> dict[str, bytes]:
        (tmp_path / folder).mkdir()
        files = {}
        for *args, name in LISTS:
            path = tmp_path / folder / name
            ran = run(*(case if arg == "CASE" else arg for arg in args), path, *which, "-w", copied)
            assert ran.code == 0, ran.stderr
            files[name] = path.read_bytes()
        return files

    before = written("before")
    row = run("link", "judge", "ann", "dan", "different", "--reason", "twins", "-w", copied)
    assert row.code == 0
    for number in range(1, 6):
        more(copied, number)
    now = run("export", "suspects", "-o", tmp_path / "now.csv", "-w", copied)
    assert now.code == 0
    assert (tmp_path / "now.csv").read_bytes() != before["s.csv"]
    assert written("again", "--generation", "1") == before
    for name in before:
        file = tmp_path / "again" / name
        assert run("audit", "verify", "--against", file, "-w", copied).code == 0
    ran = run("export", "suspects", "--generation", "9", "-o", "-", "-w", copied)
    assert (ran.code, "generation 9 is not kept" in ran.line) == (2, True)


def test_keep_and_release(copied: Path) -> None:
    for number in (1, 2):
        more(copied, number)
    with Workspace.open(copied).lock("refresh"):  # a long refresh is no reason to wait
        ran = run("generations", "keep", "1", "--reason", "in \x1b[31mcourt", "-w", copied)
    assert ran.code == 0
    (copied / "regift.toml").write_text("[generations]\nkeep = 1\n")
    rows = kept(copied)
    assert {number: len(why) for number, why in rows.items()} == {1: 1, 2: 0, 3: 2}
    assert rows[3] == ["current", "one of the newest 1"]
    assert rows[1][0].endswith(": in \x1b[31mcourt")
    assert "\x1b" not in run("generations", "list", "-w", copied).stdout
    again = run("generations", "keep", "1", "--reason", "x", "-w", copied)
    assert (again.code, "generation 1 is kept already" in again.line) == (1, True)
    removed = run("gc", "--json", "-w", copied).rows[0]["removed"]
    assert "generations/000002.json" in removed
    assert set(kept(copied)) == {1, 3}
    of_first = ("export", "graph", "--generation", "1", "-o", "-", "-w", copied)
    assert run(*of_first).code == 0
    assert run("generations", "release", "1", "-w", copied).code == 0
    ran = run("generations", "release", "1", "-w", copied)
    assert (ran.code, "is not kept by hand" in ran.line) == (2, True)
    run("gc", "-w", copied)
    assert set(kept(copied)) == {3}
    assert not list((copied / "generations").glob("000001*"))
    ran = run("generations", "keep", "1", "--reason", "late", "-w", copied)
    assert (ran.code, "there are 3" in ran.line) == (2, True)


def made_before(place: Path, number: int, age: timedelta) -> None:
    """Let a generation be so much older than it is."""
    path = place / "generations" / f"{number:06d}.json"
    manifest = json.loads(path.read_text())
    manifest["run"]["finished_at"] -= age // timedelta(microseconds=1)
    path.write_text(json.dumps(manifest))


def test_age_takes_what_count_would_keep_but_never_the_current_one(copied: Path) -> None:
    for number in (1, 2):
        more(copied, number)
    (copied / "regift.toml").write_text('[generations]\nkeep = 5\nkeep_for = "90d"\n')
    for number, days in ((1, 91), (2, 89), (3, 200)):
        made_before(copied, number, timedelta(days=days))
    assert kept(copied) == {1: [], 2: ["one of the newest 5"], 3: ["current"]}
    run("gc", "-w", copied)
    assert set(kept(copied)) == {2, 3}


def test_a_reader_keeps_it(copied: Path) -> None:
    more(copied, 1)
    (copied / "regift.toml").write_text("[generations]\nkeep = 1\n")
    with opened(copied, 1)[3]:
        assert kept(copied)[1] == ["open in a reader"]
        run("gc", "-w", copied)
    assert kept(copied)[1] == []
    run("gc", "-w", copied)
    assert set(kept(copied)) == {2}


def test_what_an_open_decision_rests_on_stays(enforced: Path) -> None:
    (enforced / "regift.toml").write_text("[generations]\nkeep = 1\n")
    cases = run("case", "list", "--json", "-w", enforced).rows
    first, second = cases[0]["case"], cases[1]["case"]
    noted = run("case", "note", first, "look at it", "-w", enforced)
    assert noted.code == 0, noted.stderr
    clear = ("--measure", "no_violation", "--reason", "a family")
    assert run("case", "decide", second, *clear, "-w", enforced).code == 0
    assert run("refresh", "--full", "-q", "-w", enforced).code == 0
    assert kept(enforced)[1] == ["open: D-1"]
    run("gc", "-w", enforced)
    assert set(kept(enforced)) == {1, 2}
    assert run("case", "decide", "D-1", *clear, "-w", enforced).code == 0
    assert kept(enforced)[1] == []
    run("gc", "-w", enforced)
    assert set(kept(enforced)) == {2}

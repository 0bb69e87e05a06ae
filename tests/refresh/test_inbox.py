"""Inboxes: each file is loaded once and ends in `done` or `rejected`, whenever a run is killed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from workspaces import GIFTS, put, select

from regift.graph.loads import all_loads
from regift.graph.rejects import open_rejects
from regift.graph.workspace import Workspace
from regift.loaders.errors import Locked, UsageError
from regift.refresh import inbox as inboxes
from regift.refresh.inbox import Taken, collect, look
from regift.refresh.inbox_settings import Inbox, inbox_of, read_inboxes
from regift.refresh.run import refresh


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "in").mkdir()
    return Workspace.create(tmp_path / "w")


def inbox(workspace: Workspace, **given: str) -> Inbox:
    folder = str(workspace.root.parent / "in")
    return inbox_of("day", {"folder": folder, "table": "gifts", "wait": "0", **given})


def appear(workspace: Workspace, name: str, *rows: str) -> Path:
    path = workspace.root.parent / "in" / name
    path.write_text("\n".join([GIFTS, *rows]) + "\n", encoding="utf-8")
    return path


def gift(number: int, at: str = "2026-01-01T00:00:00Z") -> str:
    return f"g{number},{at},brand,ann,x{number},issue"


def run(workspace: Workspace, **given: str) -> dict[str, Taken]:
    return {each.file: each for each in collect(workspace, [inbox(workspace, **given)])}


def files(workspace: Workspace) -> set[str]:
    """Names below the inbox, without reports."""
    folder = workspace.root.parent / "in"
    paths = {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}
    reports = {path for path in paths if path.endswith(".report.json")}
    moved = {path for path in paths - reports if "/" in path}
    assert reports == {f"{path}.report.json" for path in moved}
    return paths - reports


def report(workspace: Workspace, name: str) -> dict[str, Any]:
    path = workspace.root.parent / "in" / f"{name}.report.json"
    return dict(json.loads(path.read_text()))


def test_good_bad_and_unreadable_files(workspace: Workspace) -> None:
    appear(workspace, "a.csv", gift(1), gift(2))
    appear(workspace, "b.csv", gift(3), gift(4, at="soon"))
    appear(workspace, "c.csv", gift(3), gift(1)).chmod(0o640)
    (workspace.root.parent / "in" / "d.csv").write_text("x,y\n1,2\n")
    (workspace.root.parent / "in" / "e.doc").write_text("x")
    taken = run(workspace)
    told = {name: (each.did, each.load, each.accepted, each.rejected, each.duplicates,
                   each.exit_code) for name, each in taken.items()}  # fmt: skip
    assert told == {
        "a.csv": ("done", "L000001", 2, 0, 0, 0),
        "b.csv": ("rejected", "L000002", 0, 1, 0, 3),
        "c.csv": ("done", "L000003", 1, 0, 1, 0),
        "d.csv": ("rejected", None, 0, 0, 0, 1),
        "e.doc": ("rejected", None, 0, 0, 0, 1),
    }
    assert files(workspace) == {
        "done/a.csv", "rejected/b.csv", "done/c.csv", "rejected/d.csv", "rejected/e.doc"
    }  # fmt: skip
    found = report(workspace, "rejected/b.csv")
    assert (found["did"], found["load"], found["rejected"]) == ("rejected", "L000002", 1)
    assert "time_malformed" in found["why"]
    assert "no column 'record_id'" in report(workspace, "rejected/d.csv")["why"]
    assert report(workspace, "done/c.csv")["duplicates"] == 1
    mode = (workspace.root.parent / "in" / "done" / "c.csv.report.json").stat().st_mode
    assert mode & 0o777 == 0o640
    (reject,) = open_rejects(workspace, "L000002")
    assert (reject["line"], reject["rule"]) == (3, "time_malformed")
    assert run(workspace) == {}
    refresh(workspace)
    assert select(workspace, "SELECT record_id FROM gifts ORDER BY 1") == [
        ("g1",), ("g2",), ("g3",)
    ]  # fmt: skip


def test_some_bad_rows_may_be_put_up_with(workspace: Workspace) -> None:
    appear(workspace, "b.csv", gift(3), gift(4, at="soon"))
    taken = run(workspace, max_bad="50%")["b.csv"]
    assert (taken.did, taken.accepted, taken.rejected) == ("done", 1, 1)
    assert report(workspace, "done/b.csv")["rules"] == {"time_malformed": 1}


def test_what_is_half_written_waits_and_what_is_no_file_is_left(workspace: Workspace) -> None:
    folder = workspace.root.parent / "in"
    for name in (".hidden.csv", "a.csv.part", "a.csv.TMP", "a.csv~"):
        appear(workspace, name, gift(1))
    (folder / "more").mkdir()
    (folder / "link.csv").symlink_to(appear(workspace, "../real.csv", gift(1)))
    os.mkfifo(folder / "pipe.csv")
    appear(workspace, "x.report.json")
    (folder / os.fsdecode(b"\xff.csv")).write_text("x")
    taken = run(workspace)
    assert {name: each.did for name, each in taken.items()} == {
        ".hidden.csv": "waiting", "a.csv.part": "waiting", "a.csv.TMP": "waiting",
        "a.csv~": "waiting", "more": "left", "link.csv": "left", "pipe.csv": "left",
        "x.report.json": "left", "\ufffd.csv": "left",
    }  # fmt: skip
    assert all(each.exit_code == 0 and each.why for each in taken.values())
    assert all_loads(workspace) == []


def test_a_file_waits_until_it_is_quiet_whatever_its_copied_time(workspace: Workspace) -> None:
    path = appear(workspace, "a.csv", gift(1))
    os.utime(path, (0, 0))  # as `rsync -t` does: written now, and dated 1970
    (found,) = look(inbox(workspace, wait="60s"))
    assert (found.did, found.why[:10] if found.why else None) == ("waiting", "changed at")
    time.sleep(0.3)
    (found,) = look(inbox(workspace, wait="300ms"))
    assert found.did == "done"


@pytest.mark.parametrize("name", ["礼物 'a\" $b.csv", "a*b.csv", "a?b.csv", "[ab].csv", "%20.csv"])
def test_odd_names(workspace: Workspace, name: str) -> None:
    appear(workspace, name, gift(1))
    appear(workspace, "ab.csv", gift(2))
    taken = run(workspace)
    assert {each: (taken[each].did, taken[each].accepted) for each in taken} == {
        name: ("done", 1), "ab.csv": ("done", 1)
    }  # fmt: skip


def test_the_same_file_again_is_not_loaded_again_but_another_of_its_name_is(
    workspace: Workspace,
) -> None:
    appear(workspace, "a.csv", gift(1))
    run(workspace)
    put(workspace, "gifts", "record_id", "g1", action="withdraw", reason="wrong")
    appear(workspace, "a.csv", gift(1))
    taken = run(workspace)["a.csv"]
    assert (taken.did, taken.load, taken.why) == (
        "done", "L000001", "it was loaded before, as L000001"
    )  # fmt: skip
    appear(workspace, "a.csv", gift(2))
    assert run(workspace)["a.csv"].load == "L000003"
    assert files(workspace) == {"done/a.csv", "done/2-a.csv", "done/3-a.csv"}
    refresh(workspace)
    assert select(workspace, "SELECT record_id FROM gifts") == [("g2",)]


def test_a_rejected_file_that_is_put_back_is_tried_again(workspace: Workspace) -> None:
    folder = workspace.root.parent / "in"
    appear(workspace, "b.csv", gift(3), gift(4, at="soon"))
    run(workspace)
    os.rename(folder / "rejected" / "b.csv", folder / "b.csv")
    taken = run(workspace, max_bad="1")["b.csv"]
    assert (taken.did, taken.accepted) == ("done", 1)


def test_corrections_come_with_their_reason(workspace: Workspace) -> None:
    appear(workspace, "a.csv", gift(1))
    run(workspace)
    appear(workspace, "b.csv", gift(1, at="2026-01-02T00:00:00Z"))
    taken = run(workspace, action="replace", reason="clock of the shop")["b.csv"]
    assert (taken.did, all_loads(workspace)[-1]["reason"]) == ("done", "clock of the shop")


def test_a_file_that_changes_while_it_is_read_stays(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = appear(workspace, "a.csv", gift(1))
    real = inboxes.stage

    def then_more(*given: Any) -> Any:
        came = real(*given)
        with path.open("a") as file:
            file.write(gift(2) + "\n")
        return came

    with monkeypatch.context() as patch:
        patch.setattr(inboxes, "stage", then_more)
        assert run(workspace)["a.csv"].did == "waiting"
    assert files(workspace) == {"a.csv"}
    taken = run(workspace)["a.csv"]
    assert (taken.did, taken.accepted, taken.duplicates) == ("done", 1, 1)


KILLED = """
import os, sys
from pathlib import Path
from regift.graph.workspace import Workspace
from regift.refresh import inbox
from regift.refresh.inbox_settings import inbox_of

name, before = sys.argv[2].split(":")
module = os if name == "rename" else inbox
real = getattr(module, name)
def hook(*given, **named):
    if before == "before":
        os._exit(9)
    real(*given, **named)
    os._exit(9)
setattr(module, name, hook)
workspace = Workspace.open(Path(sys.argv[1]))
folder = str(workspace.root.parent / "in")
list(inbox.collect(workspace, [inbox_of("day", {"folder": folder, "table": "gifts", "wait": "0"})]))
"""


@pytest.mark.parametrize(
    "point",
    ["stage:before", "stage:after", "write_json:before", "write_json:after", "rename:after"],
)
def test_killed_between_load_and_move(workspace: Workspace, point: str) -> None:
    appear(workspace, "a.csv", gift(1))
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(workspace.root), point],
        check=False,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 9, process.stderr
    loads = len(all_loads(workspace))
    assert loads == (point != "stage:before")
    taken = run(workspace)
    assert set(taken) == (set() if point == "rename:after" else {"a.csv"})
    assert files(workspace) == {"done/a.csv"}
    assert report(workspace, "done/a.csv")["load"] == "L000001"
    assert len(all_loads(workspace)) == 1


def test_an_absent_folder_fails_and_the_others_go_on(workspace: Workspace) -> None:
    appear(workspace, "a.csv", gift(1))
    workspace.settings_file.write_text(
        '[inbox.a]\nfolder = "absent"\ntable = "gifts"\n'
        '[inbox.b]\nfolder = "../in"\ntable = "gifts"\nwait = "0"\n'
    )
    taken = list(collect(workspace, read_inboxes(workspace)))
    assert [(each.inbox, each.did, each.exit_code) for each in taken] == [
        ("a", "left", 1), ("b", "done", 0)
    ]  # fmt: skip


def test_what_is_not_the_files_fault_leaves_it(workspace: Workspace) -> None:
    appear(workspace, "a.csv", gift(1))
    with pytest.raises(UsageError):
        run(workspace, map=str(workspace.root / "absent.toml"))
    with workspace.lock("inbox"), pytest.raises(Locked):
        run(workspace)
    assert files(workspace) == {"a.csv"}
    assert run(workspace)["a.csv"].did == "done"

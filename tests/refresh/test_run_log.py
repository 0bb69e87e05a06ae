"""The run log: a line for every run however it ends; a torn line is told and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from regift.graph.workspace import Workspace
from regift.loaders.errors import Locked, RegiftError
from regift.refresh.run_log import KILLED, NAME, STOPPED, logged, read_runs


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def nothing(line: str) -> None:
    raise AssertionError(line)


def run(workspace: Workspace, error: BaseException | None = None, **facts: object) -> None:
    with logged(workspace, "refresh", nothing) as line:
        line |= facts
        if error is not None:
            raise error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (None, 0, None),
        (SystemExit(4), 4, None),
        (SystemExit(None), 0, None),
        (Locked("the refresh lock\nis held"), 5, "the refresh lock is held"),
        (OSError(28, "No space left on device"), 1, "[Errno 28] No space left on device"),
        (KeyboardInterrupt(), 130, STOPPED),
        (ZeroDivisionError(), 1, "ZeroDivisionError"),
    ],
)
def test_each_end_has_its_line(
    workspace: Workspace, error: BaseException | None, code: int, words: str | None
) -> None:
    if error is None:
        run(workspace, generation=7)
    else:
        with pytest.raises(type(error)):
            run(workspace, error, generation=7)
    (line,) = map(json.loads, (workspace.root / NAME).read_text().splitlines())
    assert (line["exit_code"], line["error"], line["generation"]) == (code, words, 7)
    assert (line["command"], line["pid"]) == ("refresh", os.getpid())
    assert line["begun_at"] <= line["ended_at"]
    assert line["peak_memory_bytes"] > 1 << 20
    assert list((workspace.root / "locks").iterdir()) == []
    assert (workspace.root / NAME).stat().st_mode & 0o777 == 0o600


def test_a_torn_line_is_told_and_the_next_one_is_whole(workspace: Workspace) -> None:
    run(workspace, generation=1)
    path = workspace.root / NAME
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert (len(read_runs(workspace).lines), read_runs(workspace).damaged) == (1, (2,))
    run(workspace, generation=2)
    runs = read_runs(workspace)
    assert ([line["generation"] for line in runs.lines], runs.damaged) == ([1, 2], (2,))
    path.write_bytes(path.read_bytes() + b"[1]\n\xff\n")
    assert read_runs(workspace).damaged == (2, 4, 5)


def test_the_last_run_that_did_its_work(workspace: Workspace) -> None:
    run(workspace, generation=1)
    with pytest.raises(SystemExit):
        run(workspace, SystemExit(4), generation=2)
    with pytest.raises(Locked):
        run(workspace, Locked("held"))
    runs = read_runs(workspace)
    last, done = runs.last("refresh"), runs.last("refresh", done=True)
    assert last is not None
    assert done is not None
    assert (last["exit_code"], done["generation"]) == (5, 2)
    assert runs.last("verify") is None


SLEEPER = """
import sys, time
from pathlib import Path
from regift.graph.workspace import Workspace
from regift.refresh.run_log import logged
with logged(Workspace(Path(sys.argv[1])), "refresh", print):
    with Workspace(Path(sys.argv[1])).lock("refresh"):
        print("begun", flush=True)
        time.sleep(60)
"""


def sleeper(workspace: Workspace) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(workspace.root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def test_a_killed_run_leaves_no_lock_and_its_line_is_written_by_the_next(
    workspace: Workspace,
) -> None:
    process = sleeper(workspace)
    (going_on,) = read_runs(workspace).running
    assert going_on["pid"] == process.pid
    held = pytest.raises(Locked, match=f"held by process {process.pid} of ")
    with held, workspace.lock("refresh"):
        pass
    process.kill()
    process.communicate()
    for _ in range(2):  # before the next run and after it
        runs = read_runs(workspace)
        assert runs.running == ()
        line = runs.lines[0]
        assert (line["pid"], line["exit_code"], line["error"]) == (process.pid, None, KILLED)
        with workspace.lock("refresh"):
            run(workspace, generation=1)
    assert [line["exit_code"] for line in read_runs(workspace).lines] == [None, 0, 0]


def test_a_run_that_was_killed_after_its_line_has_one_line(workspace: Workspace) -> None:
    process = sleeper(workspace)
    (marker,) = (workspace.root / "locks").glob("run-*")
    (workspace.root / NAME).write_text(
        json.dumps({**json.loads(marker.read_text()), "exit_code": 0}) + "\n"
    )
    process.kill()
    process.communicate()
    assert [line["exit_code"] for line in read_runs(workspace).lines] == [0]
    run(workspace, generation=1)
    assert [line["exit_code"] for line in read_runs(workspace).lines] == [0, 0]
    assert not marker.exists()


def test_sigterm_ends_a_run_with_a_line(workspace: Workspace) -> None:
    process = sleeper(workspace)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    process.communicate(timeout=30)
    assert time.monotonic() - began < 30
    assert process.returncode == 143
    (line,) = read_runs(workspace).lines
    assert (line["exit_code"], line["error"]) == (143, STOPPED)


def test_a_log_that_cannot_be_written_is_an_error_only_of_a_run_that_succeeded(
    workspace: Workspace,
) -> None:
    (workspace.root / NAME).mkdir()
    with pytest.raises(RegiftError, match="generation 3 is there; the run log says nothing"):
        run(workspace, generation=3)
    said: list[str] = []
    with pytest.raises(ZeroDivisionError), logged(workspace, "refresh", said.append):
        raise ZeroDivisionError
    assert len(said) == 1
    assert "Is a directory" in said[0]


def test_a_full_disk_leaves_the_log_as_it_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workspace, generation=1)
    before = (workspace.root / NAME).read_bytes()
    real, torn = os.write, []

    def full(handle: int, content: bytes) -> int:
        if torn:
            raise OSError(28, "No space left on device")
        if b"ended_at" not in content:
            return real(handle, content)
        torn.append(content)
        return real(handle, content[:200])

    monkeypatch.setattr("regift.refresh.run_log.os.write", full)
    with pytest.raises(RegiftError, match="No space left"):
        run(workspace, generation=2)
    assert (workspace.root / NAME).read_bytes() == before


LONG = "SELECT max(md5(range::VARCHAR)) FROM range(100000000000)"

QUERYING = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has none
from pathlib import Path
import duckdb
from regift.graph.workspace import Workspace
from regift.refresh.run_log import logged
with logged(Workspace(Path(sys.argv[1])), "refresh", print):
    print("begun", flush=True)
    # Of several threads DuckDB may let the others finish before it looks at signals.
    duckdb.connect(config={{"threads": 1}}).execute({LONG!r})
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_during_a_query_is_no_failure_of_the_query(
    workspace: Workspace, number: int, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", QUERYING, str(workspace.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.5)
    process.send_signal(number)
    try:
        process.communicate(timeout=60)
    finally:
        process.kill()  # else one that hangs takes a processor from all later tests
    (line,) = read_runs(workspace).lines
    assert (line["exit_code"], line["error"]) == (code, STOPPED)

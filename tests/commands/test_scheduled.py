"""What a scheduler sees: the run log, status, metrics and exit codes of whole commands."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_line import GIFTS, loaded, run
from prometheus_client.parser import text_string_to_metric_families

from regift.graph.workspace import Workspace

PROGRAM = (sys.executable, "-m", "regift.cli")


def log(place: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place / "runs.jsonl").read_text().splitlines()]


def status(place: Path) -> dict[str, Any]:
    return dict(run("status", "--json", "-w", place).rows[0])


def metrics(path: Path) -> dict[tuple[str, ...], float]:
    """Metric and its last label, if it has one beside the workspace -> value."""
    return {
        (sample.name.removeprefix("regift_"), *[v for k, v in sample.labels.items()
                                                if k != "workspace"]): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }  # fmt: skip


def test_each_refresh_has_a_line_however_it_ends(copied: Path, tmp_path: Path) -> None:
    before = len(log(copied))
    file = tmp_path / "regift.prom"
    scheduled = ("refresh", "--metrics", file, "-w", copied)
    late = f"{GIFTS.splitlines()[0]}\ng13,2026-01-08T00:00:00Z,cat,fay,x1,gift,,\n"
    assert loaded(copied, "gifts", late).code == 0
    assert run(*scheduled).code == 0
    assert metrics(file)["generation",] == 2
    assert run(*scheduled).code == 0
    assert run(*scheduled, "--full", "--budget", "0").code == 4
    found = metrics(file)
    assert (found["run_exit_code", "refresh"], found["cut", "money_cycle"]) == (4, 1)
    good = found["success_timestamp_seconds", "refresh"]
    with Workspace.open(copied).lock("refresh"):
        assert run(*scheduled).code == 5
    found = metrics(file)
    assert (found["run_exit_code", "refresh"], found["records", "gifts"]) == (5, 13)
    assert found["success_timestamp_seconds", "refresh"] == good
    assert run(*scheduled, "--budget", "soon").code == 2
    lines = log(copied)[before:]
    assert [line["exit_code"] for line in lines] == [0, 0, 4, 5, 2]
    assert [line.get("generation") for line in lines] == [2, 2, 3, None, None]
    assert [line.get("fresh") for line in lines] == [True, False, True, None, None]
    assert lines[0]["records"]["gifts"] == 13
    assert lines[0]["items_run"] == 1
    assert set(lines[2]["truncated"]) > {"money_cycle", "paid_gift"}
    assert lines[3]["error"].startswith(f"the refresh lock of {copied} is held by process ")
    assert "--budget: 'soon'" in lines[4]["error"]
    told = status(copied)["last_run"]
    assert (told["exit_code"], told["error"]) == (2, lines[4]["error"])


def test_a_budget_from_end_to_end(copied: Path) -> None:
    """What time cut is told, is searched by the next run, and then nothing is told any more."""
    assert run("refresh", "--full", "--budget", "0", "-q", "-w", copied).code == 4
    assert status(copied)["truncated"]["money_cycle"]["time"]["cut"] == 1
    assert run("status", "--check", "-w", copied).code == 0
    assert run("refresh", "-q", "-w", copied).code == 0
    assert status(copied)["truncated"] == {}
    assert run("find", "money_cycle", "--json", "-w", copied).rows[0]["records"] == [
        "t1", "t2", "t3"
    ]  # fmt: skip


def test_verify_has_a_line_of_its_own(copied: Path) -> None:
    assert run("refresh", "--verify", "all", "-q", "-w", copied).code == 0
    line = log(copied)[-1]
    assert (line["command"], line["verify"], line["same"]) == ("verify", "all", True)
    assert status(copied)["last_run"]["exit_code"] == 0


def test_status_says_what_is_due_late_and_failed(copied: Path) -> None:
    assert (status(copied)["next_due"], status(copied)["late"]) == (None, False)
    (copied / "regift.toml").write_text('[schedule]\nevery = "1h"\nmetrics = "m.prom"\n')
    found = status(copied)
    assert (found["late"], found["last_run"]["exit_code"]) == (False, 0)
    assert found["age"].endswith("s")
    assert run("status", "--check", "-w", copied).code == 0
    lines = log(copied)
    lines[-1]["begun_at"] = "2026-01-01T00:00:00Z"
    (copied / "runs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = run("status", "--check", "-w", copied)
    assert (ran.code, ran.stderr) == (1, "a refresh was due at 2026-01-01T01:00:00Z\n")
    assert run("status", "-w", copied).code == 0
    (copied / "runs.jsonl").write_text('{"command": "refr')
    ran = run("status", "--check", "-w", copied)
    assert (ran.code, "runs.jsonl cannot be read in line 1\n" in ran.stderr) == (1, True)
    (min((copied / "segments").glob("gifts-*"))).unlink()
    assert run("refresh", "--full", "-q", "-w", copied).code == 1
    ran = run("status", "--check", "-w", copied)
    assert ran.code == 1
    assert " ended with exit code 1: " in ran.stderr
    assert metrics(copied / "m.prom")["run_exit_code", "refresh"] == 1


def test_an_inbox_then_a_refresh(copied: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(
        f"{GIFTS.splitlines()[0]}\ng13,2026-01-08T00:00:00Z,cat,fay,x1,gift,,\n"
    )
    toml = f'[schedule]\nmetrics = "m.prom"\n[inbox.day]\nfolder = "{folder}"\ntable = "gifts"\n'
    (copied / "regift.toml").write_text(toml)
    ran = run("inbox", "list", "-w", copied)
    assert "waiting" in ran.stdout
    assert ran.stderr == "0 of 1 files are ready\n"
    ran = run("inbox", "run", "--wait", "0", "-w", copied)
    assert (ran.code, "--wait goes with a FOLDER" in ran.line) == (2, True)
    (copied / "regift.toml").write_text(toml + 'wait = "0"\n')
    assert run("inbox", "list", "--json", "-w", copied).rows == [
        {"inbox": "day", "file": "a.csv", "state": "ready", "why": None}
    ]
    ran = run("inbox", "run", "--json", "-w", copied)
    assert (ran.code, ran.rows[0]["did"], ran.rows[0]["accepted"]) == (0, "done", 1)
    assert run("refresh", "-q", "-w", copied).code == 0
    assert status(copied)["records"]["gifts"] == 13
    (folder / "b.csv").write_text("x\n1\n")
    (folder / "c.csv").write_text(f"{GIFTS.splitlines()[0]}\ng13,soon,a,b,x1,gift,,\n")
    ran = run("inbox", "run", "-q", "-w", copied)
    assert (ran.code, ran.stdout, len(ran.stderr.splitlines())) == (1, "", 2)
    found = metrics(copied / "m.prom")
    assert [found["inbox_files", did] for did in ("done", "rejected", "waiting", "left")] == [
        0, 2, 0, 0
    ]  # fmt: skip
    assert (found["run_exit_code", "inbox"], found["run_exit_code", "refresh"]) == (1, 0)


def test_a_bar_on_a_terminal_and_plain_lines_in_a_log(copied: Path, tmp_path: Path) -> None:
    logged = subprocess.run(
        [*PROGRAM, "refresh", "--full", "-w", copied], capture_output=True, check=True
    )
    assert logged.stdout == b""
    assert b"\r" not in logged.stderr
    assert b"\x1b" not in logged.stderr
    lines = logged.stderr.decode().splitlines()
    assert lines[-1].startswith("generation 2: ")
    assert all(": " in line for line in lines)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "refresh", "--full", "-w", copied], stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how Linux says that the other side has gone
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0
    assert b"searching" in shown
    assert b"100%" in shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_refresh_leaves_the_generation_and_a_line(
    copied: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "refresh", "--full", "-w", copied], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline()  # the first typology was searched
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    line = log(copied)[-1]
    assert (line["exit_code"], line["error"]) == (128 + number, "stopped by a signal")
    assert status(copied)["generation"] == 1
    assert list((copied / "scratch").iterdir()) == []
    began = time.monotonic()
    assert run("refresh", "--full", "-q", "-w", copied).code == 0
    assert time.monotonic() - began < 60

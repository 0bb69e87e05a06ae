"""docs/scheduling.md: systemd, cron and Prometheus can read its files, and its commands run.

What the page says is taken from it, with only the paths put where the test may write.
"""

import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import GIFTS, TRANSFERS
from tree import ROOT

from regift.graph.workspace import Workspace
from regift.refresh.inbox import DID
from regift.refresh.inbox_settings import inboxes_of
from regift.refresh.metrics import ABOUT, COMMANDS
from regift.refresh.schedule import schedule_of
from regift.refresh.settings import settings_of

PAGE = (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")
PROGRAM = "/opt/regift/bin/regift"
WORKSPACE = "/var/lib/regift/workspace"
METRICS = "/var/lib/node_exporter/textfile"
INBOXES = "/srv/regift"


def block(name: str) -> str:
    """The fenced block between the markers of that name."""
    found = re.findall(rf"<!-- {name} -->\n```\w+\n(.*?)```\n<!-- end {name} -->", PAGE, re.S)
    (text,) = found
    return str(text)


class Repeated(dict[str, str]):
    """Keys of a unit file may stand there more than once: values are joined by lines."""

    def __setitem__(self, key: str, value: object) -> None:
        if key in self and isinstance(value, list):
            self[key].extend(value)  # type: ignore[attr-defined]
        else:
            super().__setitem__(key, value)  # type: ignore[assignment]


def unit(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, dict_type=Repeated)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(block(name))
    return parser


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """Where the paths of the page are, on the machine of the test; files lie in the inboxes."""
    paths = {
        PROGRAM: str(tmp_path / "bin" / "regift"),
        WORKSPACE: str(tmp_path / "workspace"),
        METRICS: str(tmp_path / "textfile"),
        INBOXES: str(tmp_path / "srv"),
    }
    program = Path(paths[PROGRAM])
    for folder in (program.parent, Path(paths[METRICS])):
        folder.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m regift.cli "$@"\n')
    program.chmod(0o755)
    workspace = Workspace(Path(paths[WORKSPACE]))
    workspace.root.mkdir()
    # The inbox of gifts says how long it waits, that of transfers leaves it at a minute.
    workspace.settings_file.write_text(put(block("settings"), paths).replace('"60s"', '"0"'))
    for table, content in (("gifts", GIFTS), ("transfers", TRANSFERS), ("corrections", None)):
        folder = Path(paths[INBOXES]) / table
        folder.mkdir(parents=True)
        if content:
            file = folder / "day.csv"
            file.write_text(content)
    return paths


def put(text: str, paths: dict[str, str]) -> str:
    for old, new in paths.items():
        text = text.replace(old, new)
    return text


def run(command: str, machine: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("REGIFT_")}
    return subprocess.run(
        ["sh", "-c", put(command, machine)],
        env=environment | {"REGIFT_WORKSPACE": machine[WORKSPACE]} | more,
        capture_output=True,
        text=True,
        check=False,
    )


def did_its_work(machine: dict[str, str]) -> None:
    """What was quiet was loaded and searched, what has just come waits, and the metrics say so."""
    metrics = (Path(machine[METRICS]) / "regift.prom").read_text()
    assert re.search(r'^regift_records\{.*table="gifts"\} 12$', metrics, re.M)
    assert re.search(r"^regift_generation\{.*\} 1$", metrics, re.M)
    done = {str(p.relative_to(machine[INBOXES])) for p in Path(machine[INBOXES]).rglob("*.csv")}
    assert done == {"gifts/done/day.csv", "transfers/day.csv"}


def test_settings_are_ones_that_regift_reads() -> None:
    table = tomllib.loads(block("settings"))
    settings_of(table)
    found = schedule_of(table)
    assert (found.every_us, found.keep) == (3_600_000_000, 5)
    assert [each.action for each in inboxes_of(table)] == ["replace", "load", "load"]


def test_the_service_does_what_it_says(machine: dict[str, str]) -> None:
    parsed = unit("service")
    assert set(parsed.sections()) == {"Unit", "Service"}
    service = parsed["Service"]
    assert service["Type"] == "oneshot"
    given = [line.partition("=") for line in service["Environment"].splitlines()]
    assert ("REGIFT_WORKSPACE", "=", WORKSPACE) in given
    assert {int(code) for code in service["SuccessExitStatus"].split()} == {4, 5}
    for path in (WORKSPACE, METRICS, INBOXES):
        assert any(path.startswith(open_) for open_ in service["ReadWritePaths"].split()), path
    commands = [service[key] for key in ("ExecStartPre", "ExecStart", "ExecStartPost")]
    assert [command.lstrip("-").split()[0] for command in commands] == [PROGRAM] * 3
    for command in commands:
        ran = run(command.lstrip("-"), machine)
        assert ran.returncode == 0, ran.stderr
    did_its_work(machine)


def test_the_timer_is_one() -> None:
    parsed = unit("timer")
    assert set(parsed.sections()) == {"Unit", "Timer", "Install"}
    assert parsed["Timer"]["OnCalendar"] == "hourly"
    assert parsed["Timer"]["Persistent"] == "true"
    assert parsed["Install"]["WantedBy"] == "timers.target"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_finds_nothing_wrong(machine: dict[str, str], tmp_path: Path) -> None:
    for kind in ("service", "timer"):
        (tmp_path / f"regift.{kind}").write_text(put(block(kind), machine))
    ran = run(f"systemd-analyze verify {tmp_path}/regift.timer {tmp_path}/regift.service", machine)
    told = ran.stdout + ran.stderr
    if "Failed to" in told and "regift" not in told:
        pytest.skip(f"systemd-analyze does not run here: {told.strip()}")
    assert [line for line in told.splitlines() if "regift" in line] == []


FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Smallest and largest value of minute, hour, day, month and day of the week."""


def fits(field: str, least: int, most: int) -> bool:
    """Whether cron takes a field: `*`, numbers, ranges, lists and steps."""
    part = r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?"
    if not re.fullmatch(rf"{part}(?:,{part})*", field):
        return False
    numbers = re.findall(r"(?<!/)\b\d+", field)
    return all(least <= int(number) <= most for number in numbers)


def test_the_check_of_crontab_lines_can_fail() -> None:
    assert all(fits(field, 0, 59) for field in ("*", "7", "*/5", "1-5,30", "0-59/2"))
    assert not any(fits(field, 0, 59) for field in ("60", "", "x", "1-", "*/", "1,,2", "5-99"))


def test_the_crontab_line_runs_as_cron_runs_it(machine: dict[str, str]) -> None:
    settings, line = block("crontab").splitlines()
    assert settings == f"REGIFT_WORKSPACE={WORKSPACE}"
    *when, command = line.split(" ", 5)
    assert all(fits(field, *span) for field, span in zip(when, FIELDS, strict=True))
    assert "%" not in command  # cron would make a new line of it
    ran = run(command, machine, PATH="/usr/bin:/bin")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")  # nothing to be mailed
    did_its_work(machine)
    (Path(machine[INBOXES]) / "gifts" / "bad.csv").write_text("x\n1\n")
    ran = run(command, machine, PATH="/usr/bin:/bin")
    assert "bad.csv: rejected" in ran.stderr


def test_metrics_of_the_page_are_those_that_are_written() -> None:
    rows = re.findall(r"^\| `(regift_\w+)` \| (\w*) ?\|", PAGE, re.M)
    assert dict(rows).keys() == ABOUT.keys()
    assert set(re.findall(r"regift_[a-z_]+", block("alerts"))) <= ABOUT.keys()
    assert all(f"`{command}`" in PAGE for command in COMMANDS)
    assert all(did in PAGE for did in DID)

"""Metrics of the last runs as Prometheus reads them from a file (node exporter, textfile).

Every run of a command rewrites the file whole, also one that fails; what only a run that did its
work can tell stays that of the last such run. Each value names its workspace, so that the files of
several workspaces can lie in one folder.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from regift.graph.workspace import Workspace, now_us, sync_folder
from regift.loaders.errors import RegiftError
from regift.refresh.run_log import Runs, read_runs
from regift.refresh.schedule import due, read_schedule, us_of

Value = tuple[Mapping[str, str], float]

COMMANDS = ("inbox", "refresh", "verify")

ABOUT = {
    "regift_run_timestamp_seconds": "When the last run of the command ended.",
    "regift_run_exit_code": "Its exit code; -1: it was killed.",
    "regift_run_duration_seconds": "How long it took.",
    "regift_success_timestamp_seconds": "When the last run that did its work ended.",
    "regift_peak_memory_bytes": "Most memory that run had in use.",
    "regift_due_timestamp_seconds": "When the next refresh is due.",
    "regift_generation": "Number of the current generation after the last good refresh.",
    "regift_records": "Accepted records.",
    "regift_findings": "Findings.",
    "regift_cut": "Whether a bound cut the search.",
    "regift_stage_seconds": "How long a stage of the last new generation took.",
    "regift_open_rejects": "Rejected rows that nobody has mended.",
    "regift_waiting_rows": "Staged rows that no generation contains.",
    "regift_inbox_files": "Files by what the last run of the inbox did with them.",
}
"""Metric -> what it says. All are gauges."""


def write_metrics(workspace: Workspace, path: Path) -> None:
    """Write the file by one rename, readable by everybody; RegiftError when that is not possible.

    It says nothing of accounts. Cost: the run log, read once.
    """
    content = metrics_text(workspace, read_runs(workspace), now_us())
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with aside.open("w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            os.replace(aside, path)
            sync_folder(path.parent)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise RegiftError(f"cannot write {path}: {error.strerror or error}") from None


def metrics_text(workspace: Workspace, runs: Runs, now: int) -> str:
    """All metrics in the text format of Prometheus, in a fixed order."""
    of_all = {"workspace": str(workspace.root.resolve())}
    next_due = due(read_schedule(workspace), runs, now)["next_due"]
    found: dict[str, list[Value]] = {name: [] for name in ABOUT}
    for name, labels, value in _values(runs):
        found[name].append((labels, value))
    if next_due is not None:
        found["regift_due_timestamp_seconds"].append(({}, us_of(next_due) / 1_000_000))
    return "".join(
        f"# HELP {name} {ABOUT[name]}\n# TYPE {name} gauge\n"
        + "".join(f"{name}{_labels({**of_all, **labels})} {+value!r}\n" for labels, value in values)
        for name, values in found.items()
        if values
    )


def _values(runs: Runs) -> Iterator[tuple[str, Mapping[str, str], float]]:
    for command in COMMANDS:
        last, done = runs.last(command), runs.last(command, done=True)
        if last is not None:
            yield from _of_run(command, last)
        if done is not None:
            labels = {"command": command}
            yield "regift_success_timestamp_seconds", labels, us_of(done["ended_at"]) / 1_000_000
            yield "regift_peak_memory_bytes", labels, done["peak_memory_bytes"]
    refreshed = runs.last("refresh", done=True)
    if refreshed is not None:
        yield from _of_refresh(refreshed)
    collected = runs.last("inbox")
    for did, count in (collected or {}).get("files", {}).items():
        yield "regift_inbox_files", {"did": did}, count


def _of_run(
    command: str, line: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, str], float]]:
    labels = {"command": command}
    ended, code = line["ended_at"], line["exit_code"]
    yield "regift_run_timestamp_seconds", labels, us_of(ended or line["begun_at"]) / 1_000_000
    yield "regift_run_exit_code", labels, -1 if code is None else code
    if ended is not None:
        yield "regift_run_duration_seconds", labels, line["seconds"]


def _of_refresh(line: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str], float]]:
    yield "regift_generation", {}, line["generation"]
    yield "regift_open_rejects", {}, line["rejects"]
    yield "regift_waiting_rows", {}, line["staged_rows"]
    for table, rows in line["records"].items():
        yield "regift_records", {"table": table}, rows
    for typology, findings in line["findings"].items():
        yield "regift_findings", {"typology": typology}, findings
        yield "regift_cut", {"typology": typology}, typology in line["truncated"]
    for stage, seconds in line["stages"].items():
        yield "regift_stage_seconds", {"stage": stage}, seconds


def _labels(labels: Mapping[str, str]) -> str:
    r"""Labels as the format wants them.

    >>> _labels({"a": 'x"y\\'})
    '{a="x\\"y\\\\"}'
    """
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"

"""What a workspace holds, what its last runs did, cut and left waiting, and when one is due."""

from collections.abc import Mapping
from typing import Any

from regift.enforcement import forgetting, measures
from regift.enforcement.casebook import Casebook
from regift.graph.loads import all_loads, pending_loads
from regift.graph.rejects import open_rejects
from regift.graph.store import current_manifest
from regift.graph.workspace import Workspace, now_us, utc_text
from regift.loaders.tables import TABLES
from regift.refresh.run import truncated_of
from regift.refresh.run_log import DONE, NAME, Runs, read_runs
from regift.refresh.schedule import due, read_schedule, us_of


def status(workspace: Workspace) -> dict[str, Any]:
    """One object; `generation` is None before the first refresh.

    age_s: since the current generation was made, or a later run found that nothing had changed.
    It, what is due and what is late are what the clock decides here.
    """
    manifest = current_manifest(workspace)
    pending = pending_loads(workspace, manifest)
    waiting = {
        "staged_loads": [load["load"] for load in pending],
        "staged_rows": sum(load["accepted"] for load in pending),
        "refused_loads": sum(load["state"] == "refused" for load in all_loads(workspace)),
        "rejects": len(open_rejects(workspace)),
        "measures": _measures(workspace),
        "to_forget": _to_forget(workspace),
    }
    runs = read_runs(workspace)
    waiting["open_to_others"] = workspace.open_to_others()
    waiting |= _runs(runs) | due(read_schedule(workspace), runs, now_us())
    if manifest is None:
        return {"generation": None, "records": {}, **waiting}
    run = manifest.run
    last = runs.last("refresh", done=True)
    age_us = now_us() - max(run["finished_at"], us_of(last["ended_at"]) if last else 0)
    return {
        "generation": manifest.number,
        "as_of": None if manifest.as_of_us is None else utc_text(manifest.as_of_us),
        "finished_at": utc_text(run["finished_at"]),
        "age": span_text(max(0, age_us)),
        "age_s": max(0, age_us // 1_000_000),
        "seconds": run["seconds"],
        "full": run["full"],
        "records": {table: manifest.rows(table) for table in TABLES},
        "history": manifest.rows("history"),
        **waiting,
        "items_total": run["items_total"],
        "items_run": run["items_run"],
        "slices_total": run["slices_total"],
        "slices_run": run["slices_run"],
        "findings": {ran["typology"]: ran["findings"] for ran in run["typologies"]},
        "switched_off": run["switched_off"],
        "calibration": run.get("calibration"),
        "policy": (run.get("policy") or {}).get("id"),
        "bounds": run.get("bounds", {}),
        "truncated": truncated_of(manifest),
        "digests": dict(manifest.digests),
    }


def _runs(runs: Runs) -> dict[str, Any]:
    """What the run log says of the last refresh, and of runs that go on now."""
    last = runs.last("refresh")
    told = ("begun_at", "ended_at", "seconds", "actor", "host", "exit_code", "error", "generation")
    return {
        "last_run": None if last is None else {key: last.get(key) for key in told},
        "running": [
            {key: each.get(key) for key in ("command", "begun_at", "actor", "host", "pid")}
            for each in runs.running
        ],
        "damaged_log_lines": list(runs.damaged),
    }


def problems(found: Mapping[str, Any]) -> list[str]:
    """What somebody ought to look at, a line each: for monitoring. Nothing when all is well."""
    lines = []
    last = found["last_run"]
    if last is not None and last["exit_code"] not in DONE:
        code = last["exit_code"]
        ended = "" if code is None else f"ended with exit code {code}: "
        lines.append(f"the refresh of {last['begun_at']} {ended}{last['error']}")
    if found["late"]:
        lines.append(f"a refresh was due at {found['next_due']}")
    if found["damaged_log_lines"]:
        numbers = ", ".join(map(str, found["damaged_log_lines"]))
        lines.append(f"{NAME} cannot be read in line {numbers}")
    if found["open_to_others"]:
        lines.append(found["open_to_others"])
    return lines


def span_text(us: int) -> str:
    """A span of time as people say it, in its two largest units.

    >>> span_text(3_725_000_000), span_text(90_000_000_000_000), span_text(999)
    ('1h 2m', '1041d 16h', '0s')
    """
    seconds = us // 1_000_000
    parts = [
        f"{seconds // size % of}{unit}"
        for unit, size, of in (("d", 86_400, 10**9), ("h", 3600, 24), ("m", 60, 60), ("s", 1, 60))
    ]
    first = next((i for i, part in enumerate(parts) if part[:-1] != "0"), 3)
    return " ".join(parts[first : first + 2])


def _measures(workspace: Workspace) -> dict[str, int]:
    """How many measures wait for a decision, are to be handed over, or looked at again by now."""
    with Casebook.read(workspace.casebook) as casebook:
        found = measures.listed(casebook)
        return {
            "planned": sum(each.state == measures.PLANNED for each in found),
            "approved": sum(each.state == measures.APPROVED for each in found),
            "due": len(measures.due(casebook, now_us())),
        }


def _to_forget(workspace: Workspace) -> int:
    """How many accounts wait for a full refresh to forget them."""
    with Casebook.read(workspace.casebook) as casebook:
        return len(forgetting.waiting(casebook.con))

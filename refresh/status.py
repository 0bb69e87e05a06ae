"""What a workspace holds, and what its last run searched, cut and left waiting."""

from typing import Any

from regift.enforcement import measures
from regift.enforcement.casebook import Casebook
from regift.graph.loads import all_loads, pending_loads
from regift.graph.rejects import open_rejects
from regift.graph.store import current_manifest
from regift.graph.workspace import Workspace, now_us, utc_text
from regift.loaders.tables import TABLES
from regift.refresh.run import truncated_of


def status(workspace: Workspace) -> dict[str, Any]:
    """One object; `generation` is None before the first refresh.

    `age_s` and the measures that are due are what the clock decides here.
    """
    manifest = current_manifest(workspace)
    pending = pending_loads(workspace, manifest)
    waiting = {
        "staged_loads": [load["load"] for load in pending],
        "staged_rows": sum(load["accepted"] for load in pending),
        "refused_loads": sum(load["state"] == "refused" for load in all_loads(workspace)),
        "rejects": len(open_rejects(workspace)),
        "measures": _measures(workspace),
    }
    if manifest is None:
        return {"generation": None, "records": {}, **waiting}
    run = manifest.run
    return {
        "generation": manifest.number,
        "as_of": None if manifest.as_of_us is None else utc_text(manifest.as_of_us),
        "finished_at": utc_text(run["finished_at"]),
        "age_s": max(0, (now_us() - run["finished_at"]) // 1_000_000),
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


def _measures(workspace: Workspace) -> dict[str, int]:
    """How many measures wait for a decision, are to be handed over, or looked at again by now."""
    with Casebook.read(workspace.casebook) as casebook:
        found = measures.listed(casebook)
        return {
            "planned": sum(each.state == measures.PLANNED for each in found),
            "approved": sum(each.state == measures.APPROVED for each in found),
            "due": len(measures.due(casebook, now_us())),
        }

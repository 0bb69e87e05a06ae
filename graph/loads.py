"""Which loads there were, and which a generation does not contain yet."""

from typing import Any

from regift.graph.store import Manifest
from regift.graph.workspace import Workspace, load_number, read_json


def pending_loads(workspace: Workspace, manifest: Manifest | None) -> list[dict[str, Any]]:
    """Manifests of staged loads that a generation does not contain yet, in their order."""
    taken = set(manifest.loads) if manifest else set()
    return [
        load
        for load in all_loads(workspace)
        if load["state"] == "staged" and load["load"] not in taken
    ]


def all_loads(workspace: Workspace) -> list[dict[str, Any]]:
    """Manifests of every load there was, in their order."""
    names = [path.name for path in workspace.staged.iterdir() if load_number(path.name)]
    return [
        read_json(workspace.staged / name / "manifest.json")
        for name in sorted(names, key=lambda name: load_number(name) or 0)
    ]

"""Everything that the current generation of a workspace says, for tests that compare two."""

from typing import Any

from regift.graph.store import current_manifest, open_snapshot
from regift.graph.workspace import Workspace
from regift.loaders.tables import TABLES
from regift.ranking import derive as ranking
from regift.refresh.run import DERIVED
from regift.refresh.settings import read_settings


def tables_of(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of all tables, sorted."""
    manifest = current_manifest(workspace)
    assert manifest is not None
    with open_snapshot(workspace, read_settings(workspace), manifest, threads=1) as graph:
        return {
            table: graph.con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in (*TABLES, "custody", *DERIVED, *ranking.TABLES)
        }

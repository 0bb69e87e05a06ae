"""Small workspaces for tests of the refresh: stage a text, take it in, read everything back."""

from typing import Any

from regift.graph.staging import LoadReport, LoadRequest, stage
from regift.graph.store import Manifest, current_manifest, open_snapshot
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.loaders.tables import TABLES
from regift.ranking import derive as ranking
from regift.refresh.run import DERIVED
from regift.refresh.settings import read_settings

GIFTS = "record_id,at,source,target,item,kind"
TRANSFERS = "record_id,at,source,target,amount,currency,kind"


def put(workspace: Workspace, table: str, header: str, *rows: str, **request: Any) -> LoadReport:
    """Stage rows of a CSV file that lies beside the workspace."""
    path = workspace.root.parent / "rows.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    given = {"options": ReadOptions(), **request}
    return stage(workspace, LoadRequest(sources=(str(path),), table=table, **given))


def manifest(workspace: Workspace) -> Manifest:
    """The current generation, which is there."""
    found = current_manifest(workspace)
    assert found is not None
    return found


def select(workspace: Workspace, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the current generation."""
    settings = read_settings(workspace)
    with open_snapshot(workspace, settings, manifest(workspace), threads=1) as graph:
        return graph.con.execute(sql).fetchall()


def everything(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """All that the current generation says, as sorted rows."""
    settings = read_settings(workspace)
    with open_snapshot(workspace, settings, manifest(workspace), threads=1) as graph:
        return {
            table: graph.con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in (*TABLES, "custody", *DERIVED, *ranking.TABLES)
        }

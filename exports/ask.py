"""Free questions in SQL over one generation, with every door to the outside shut."""

from typing import Any

import duckdb
import pyarrow as pa

from regift.graph.connect import quote
from regift.graph.snapshot import Snapshot
from regift.graph.store import Manifest
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError


def ask(graph: Snapshot, workspace: Workspace, manifest: Manifest, sql: str) -> pa.Table:
    """The rows of one SELECT over the views of a generation.

    Only the Parquet segments that the generation names can be read; nothing can be written,
    attached, installed or set. UsageError for anything that is not one query, or that fails.
    """
    try:
        statements = graph.con.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(f"the query cannot be read: {_line(error)}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError("the query must be one SELECT: a generation can only be read")
    _shut(graph, workspace, manifest)
    try:
        return graph.con.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise UsageError(f"the query failed: {_line(error)}") from None


def views(graph: Snapshot) -> list[dict[str, Any]]:
    """Every view with its columns."""
    rows = graph.con.execute(
        "SELECT table_name, list(column_name || ' ' || data_type ORDER BY column_index) "
        "FROM duckdb_columns() WHERE database_name = 'temp' AND NOT internal "
        "AND table_name NOT LIKE '\\_%' ESCAPE '\\' GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    return [{"view": name, "columns": columns} for name, columns in rows]


def _shut(graph: Snapshot, workspace: Workspace, manifest: Manifest) -> None:
    """From here on this connection reads the generation's own segments and nothing else."""
    files = [
        str(workspace.segments / segment.file)
        for segments in manifest.segments.values()
        for segment in segments
    ]
    listed = ", ".join(quote(file) for file in files)
    graph.con.execute(f"SET allowed_paths = [{listed}]")
    graph.con.execute("SET enable_external_access = false")
    graph.con.execute("SET lock_configuration = true")


def _line(error: Exception) -> str:
    return " ".join(str(error).split("\n\n")[0].split())

"""Free questions in SQL over one generation, with every door to the outside shut."""

import json
from collections import Counter
from typing import Any

import duckdb
import pyarrow as pa

from regift.graph.connect import LARGE_TEXTS, quote, row
from regift.graph.snapshot import Snapshot
from regift.graph.store import Manifest, check_segments
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
    if writes := sorted(_nodes(graph.con, sql) - READING):
        raise UsageError(
            f"the query must be one SELECT: a generation can only be read, and {writes[0]} changes"
        )
    _shut(graph, workspace, manifest)
    try:
        rows = graph.con.sql(sql)
        _named_once(rows.columns)
        return rows.to_arrow_table()
    except duckdb.Error as error:
        if not isinstance(error, _MISTAKES):
            check_segments(workspace, manifest)
        raise UsageError(f"the query failed: {_line(error)}") from None


_MISTAKES = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""What only the words of a query can cause, whatever state the files are in."""

READING = {"SELECT", "SET_OPERATION", "CTE", "RECURSIVE_CTE"}
"""What a query may be made of. A WITH can hold INSERT, DELETE, UPDATE and COPY TO as well."""


def _nodes(con: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """Kinds of query in a SELECT, those in its WITH among them.

    Only the WITH at the top can change anything: DuckDB refuses the others when it binds.
    """
    ((text,),) = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        raise UsageError(f"the query cannot be read: {_line(tree['error_message'])}")
    found: set[str] = set()
    waiting: list[Any] = [tree["statements"]]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            kind = part.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE"):
                found.add(kind.removesuffix("_NODE").removesuffix("_QUERY"))
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _named_once(columns: list[str]) -> None:
    """Rows are told by the names of their columns: two of one name would leave one out."""
    twice = [name for name, times in Counter(columns).items() if times > 1]
    if twice:
        raise UsageError(f"the query gives two columns {twice[0]!r}: name each once with AS")


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
    if row(graph.con, "SELECT current_setting('lock_configuration')")[0]:
        return  # by an earlier question: a shut connection stays shut and takes no more settings
    files = [
        str(workspace.segments / segment.file)
        for segments in manifest.segments.values()
        for segment in segments
    ]
    listed = ", ".join(quote(file) for file in files)
    graph.con.execute(f"SET allowed_paths = [{listed}]")
    graph.con.execute("SET enable_external_access = false")
    graph.con.execute(LARGE_TEXTS)
    graph.con.execute("SET lock_configuration = true")


def _line(error: Exception | str) -> str:
    return " ".join(str(error).split("\n\n")[0].split())

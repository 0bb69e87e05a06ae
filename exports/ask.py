"""Free questions in SQL over one generation, with every door to the outside shut.

A question runs for a limited time in limited memory and writes nothing aside. What DuckDB itself
does not count (one huge text or list) the command line bounds for the process as a whole.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from regift.exports.ask_watch import watched
from regift.exports.ask_words import check_words, one_line
from regift.graph.connect import LARGE_TEXTS, quote, row
from regift.graph.snapshot import Snapshot
from regift.graph.store import Manifest, check_segments
from regift.graph.workspace import Workspace
from regift.loaders.errors import RegiftError, UsageError
from regift.loaders.limits import size_text
from regift.queries.params import duration_text
from regift.refresh.input_limits import AskLimits

ANSWER_PART = 4
"""The answer may take this part of the memory: columns of Arrow, before they become rows."""
BATCH_ROWS = 65_536

_MISTAKES = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""What only the words of a query can cause, whatever state the files are in."""


def ask(
    graph: Snapshot,
    workspace: Workspace,
    manifest: Manifest,
    sql: str,
    limits: AskLimits | None = None,
    hard: Callable[[], None] | None = None,
) -> pa.Table:
    """The rows of one SELECT over the views of a generation.

    graph: a snapshot for questions alone: its settings are locked from here on. Only the Parquet
    segments that the generation names can be read; nothing can be written, attached, installed or
    set. hard: called from a thread when the query does not end though its time is over.

    UsageError for anything that is not one query, or that fails; RegiftError where a limit ends it.
    """
    limits = limits or AskLimits()
    with watched(graph.con, limits.time_us, hard) as watch:
        try:
            check_words(graph.con, sql)
            _shut(graph, workspace, manifest, limits)
            return _rows(graph.con, sql, limits)
        except (duckdb.OutOfMemoryException, MemoryError):
            raise RegiftError(
                f"the query needs more memory than {size_text(limits.memory)}: ask for less, or "
                "raise --memory or [limits] query_memory"
            ) from None
        except (duckdb.Error, OSError) as error:
            # While Arrow reads the answer, what DuckDB says comes as an OSError.
            if watch.late:
                raise RegiftError(late_text(limits)) from None
            if not isinstance(error, _MISTAKES):
                check_segments(workspace, manifest)
            raise UsageError(f"the query failed: {one_line(error)}") from None


def late_text(limits: AskLimits) -> str:
    """What to say of a query that took too long."""
    return (
        f"the query was stopped after {duration_text(limits.time_us)}: ask for less, or raise "
        "--timeout or [limits] query_time"
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, limits: AskLimits) -> pa.Table:
    """All rows; RegiftError as soon as they are more than the answer may hold."""
    rows = con.sql(sql)
    _named_once(rows.columns)
    reader = rows.to_arrow_reader(BATCH_ROWS)
    batches = []
    size = 0
    for batch in reader:
        size += batch.nbytes
        if size > limits.memory // ANSWER_PART:
            raise RegiftError(
                f"the answer is larger than {size_text(limits.memory // ANSWER_PART)}: ask for "
                "less, add LIMIT, or raise --memory or [limits] query_memory"
            )
        batches.append(batch)
    return pa.Table.from_batches(batches, reader.schema)


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


def _shut(graph: Snapshot, workspace: Workspace, manifest: Manifest, limits: AskLimits) -> None:
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
    graph.con.execute("SET python_enable_replacements = false")
    graph.con.execute("SET max_temp_directory_size = '0 bytes'")
    graph.con.execute(f"SET memory_limit = '{limits.memory} bytes'")
    graph.con.execute(LARGE_TEXTS)
    graph.con.execute("SET lock_configuration = true")

"""Staged loads: accepted rows and rejects that wait for a refresh, all of a load or nothing.

A correction comes with `--replace`, a withdrawal by `withdraw`; both keep the old row in the
history. What becomes of each row says `graph/verdicts.py`.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from regift.graph import hashed_identifiers
from regift.graph.connect import connect, quote, row
from regift.graph.forgotten import at_load, empty_rejects
from regift.graph.keyed import key_of
from regift.graph.store import current_manifest
from regift.graph.verdicts import decide
from regift.graph.workspace import (
    Workspace,
    actor,
    load_number,
    now_us,
    private_folder,
    sync_file,
    sync_folder,
    write_json,
)
from regift.loaders.errors import TooManyBadRows, UsageError
from regift.loaders.read import Reading, ReadOptions, read
from regift.loaders.tables import TABLES, Table

LOCK_WAIT_S = 600.0
"""Loads queue behind each other: each has to see the keys of the one before."""


@dataclass(frozen=True, kw_only=True)
class LoadRequest:
    """What a user asked to be loaded.

    action: `load`, `replace` or `withdraw`; max_bad: rows, or `N%` of the rows read.
    origin: name and hash of a file that is to be loaded once, kept with the load (inboxes).
    """

    sources: tuple[str, ...]
    table: str
    options: ReadOptions
    action: str = "load"
    reason: str | None = None
    max_bad: str = "0"
    dry_run: bool = False
    resolves: tuple[str, ...] = ()
    origin: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What came of it; `load` is None when nothing was staged."""

    load: str | None
    accepted: int
    duplicates: int
    older: int
    rejected: int
    rules: dict[str, int]
    notes: tuple[str, ...]


def stage(workspace: Workspace, request: LoadRequest) -> LoadReport:
    """Read, check and stage one load.

    Raises TooManyBadRows (exit 3) when more rows are rejected than allowed: then nothing is
    staged, and the rejects are kept. Durable when it returns.
    """
    table = _wanted_columns(TABLES[request.table], request.action)
    _allowed(request.max_bad, 0)
    with workspace.lock("load", LOCK_WAIT_S), workspace.scratch("load") as scratch:
        con = connect(scratch)
        try:
            reading = read(con, request.sources, table, request.options, scratch=scratch)
            counts = _decided(con, workspace, table, request.action, reading)
            return _finish(con, workspace, request, reading, counts)
        finally:
            con.close()


def _decided(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    table: Table,
    action: str,
    reading: Reading,
) -> dict[str, int]:
    """What becomes of each row, as it may be stored: nobody forgotten comes back."""
    manifest = current_manifest(workspace)
    tombstones = manifest.forgotten if manifest else ()
    key = key_of(workspace) if tombstones else ""
    hashed = table.name == hashed_identifiers.TABLE and hashed_identifiers.is_hashed(workspace)
    if tombstones:
        reading.notes += at_load(con, table, key, tombstones)
    if hashed:
        hashed_identifiers.hash_accepted(con, workspace)
    counts = decide(con, workspace, table, action, reading)
    if tombstones:
        empty_rejects(con, key, tombstones)
    if hashed:
        hashed_identifiers.empty_rejects(con)
    return counts


def _wanted_columns(table: Table, action: str) -> Table:
    """A withdrawal names its rows by their key; whatever else its file says is not read."""
    if action != "withdraw":
        return table
    return replace(table, columns=tuple(c for c in table.columns if c.name in table.key))


def _finish(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    request: LoadRequest,
    reading: Reading,
    counts: dict[str, int],
) -> LoadReport:
    refused = counts["rejected"] > _allowed(request.max_bad, counts["read"])
    rules = dict(con.execute("SELECT rule, count(*) FROM rejects GROUP BY 1 ORDER BY 1").fetchall())
    load = None
    # A retry that is refused leaves the rejects it was to resolve as they are: they are its own.
    tried = refused and request.resolves
    if not (request.dry_run or tried) and (counts["accepted"] or counts["rejected"]):
        load = _write(con, workspace, request, counts, "refused" if refused else "staged")
    if refused:
        first = row(
            con, "SELECT file, line, rule, message FROM rejects ORDER BY file, line, rule LIMIT 1"
        )
        more = "" if counts["rejected"] == 1 else f" (and {counts['rejected'] - 1} more)"
        see = "" if request.dry_run else "see `regift rejects list`, or "
        raise TooManyBadRows(
            f"nothing loaded: {first[0]} line {first[1]}: {first[2]}: {first[3]}{more}; "
            f"{see}allow some with --max-bad"
        )
    return LoadReport(
        load=load,
        accepted=counts["accepted"],
        duplicates=counts["duplicates"],
        older=counts["older"],
        rejected=counts["rejected"],
        rules=rules,
        notes=tuple(reading.notes),
    )


def _allowed(max_bad: str, rows: int) -> int:
    """Rows that may be bad; UsageError when the text is neither a number nor a percentage."""
    number = max_bad.removesuffix("%")
    if not (number.isascii() and number.isdigit()) or (max_bad.endswith("%") and int(number) > 100):
        raise UsageError(
            f"--max-bad {max_bad!r}: write a number of rows or a percentage such as 2%"
        )
    return rows * int(number) // 100 if max_bad.endswith("%") else int(number)


def _write(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    request: LoadRequest,
    counts: dict[str, int],
    state: str,
) -> str:
    """Write the load's folder aside, make it durable, and give it its name by one rename."""
    taken = [load_number(path.name) or 0 for path in workspace.staged.iterdir()]
    load = f"L{max(taken, default=0) + 1:06d}"
    folder = workspace.staged / f".{load}.{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    files = []
    if state == "staged" and counts["accepted"]:
        _copy(con, _full_rows(request), folder / "rows.parquet")
        files.append("rows.parquet")
    if counts["rejected"]:
        _copy(con, _reject_rows(request, load), folder / "rejects.parquet")
        files.append("rejects.parquet")
    write_json(
        folder / "manifest.json",
        {
            "load": load,
            "state": state,
            "table": request.table,
            "action": request.action,
            "reason": request.reason,
            "actor": actor(),
            "at": now_us(),
            "sources": [request.options.called] if request.options.called else request.sources,
            "format": request.options.format,
            "map": str(request.options.map) if request.options.map else None,
            "encoding": request.options.encoding,
            "store": _store(workspace, request.table),
            "resolves": list(request.resolves) if state == "staged" else [],
            "origin": None if request.origin is None else dict(request.origin),
            **counts,
        },
    )
    for name in files:
        sync_file(folder / name)
    sync_folder(folder)
    os.replace(folder, workspace.staged / load)
    sync_folder(workspace.staged)
    return load


def _store(workspace: Workspace, table: str) -> str:
    """How its values are stored: as they are, or identifiers as hashes."""
    if table != hashed_identifiers.TABLE:
        return hashed_identifiers.PLAIN
    return hashed_identifiers.store_of(workspace.settings_table())


def _full_rows(request: LoadRequest) -> str:
    """The decided rows with all columns of the table; a withdrawal has only its key."""
    table = TABLES[request.table]
    if request.action != "withdraw":
        return "SELECT * FROM decided"
    columns = ", ".join(
        c.stored if c.name in table.key else f"CAST(NULL AS {c.stored_type}) AS {c.stored}"
        for c in table.columns
    )
    return f"SELECT {columns}, _op FROM decided"


def _reject_rows(request: LoadRequest, load: str) -> str:
    """Rejects with an id that depends on what was wrong where, not on when it was tried."""
    table = quote(request.table)
    name = f'concat_ws(chr(31), {table}, file, line::VARCHAR, rule, "row")'
    return (
        f"SELECT 'R-' || substr(sha256({name}), 1, 16) AS reject, {table} AS tbl, "
        f"{quote(load)} AS load, * FROM rejects ORDER BY file, line, rule"
    )


def _copy(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    con.execute(f"COPY ({sql}) TO {quote(str(path))} (FORMAT parquet, COMPRESSION snappy)")

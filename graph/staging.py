"""Staged loads: accepted rows and rejects that wait for a refresh, all of a load or nothing.

Of rows with one key and different content the first accepted stays, across loads and inside one
(D-1); the others are rejects named `conflict`. The same row again is a duplicate and changes
nothing. A correction comes with `--replace`, a withdrawal by `withdraw`; both keep the old row in
the history. Rows of tables with `updated_at` follow the newest `updated_at` (D-16).
"""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from regift.graph.connect import connect, count, parquet, quote, row
from regift.graph.store import Manifest, current_manifest, define_records
from regift.graph.workspace import (
    Workspace,
    actor,
    load_number,
    now_us,
    read_json,
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
    """

    sources: tuple[str, ...]
    table: str
    options: ReadOptions
    action: str = "load"
    reason: str | None = None
    max_bad: str = "0"
    dry_run: bool = False
    resolves: tuple[str, ...] = ()


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
            counts = _decide(con, workspace, table, request, reading)
            return _finish(con, workspace, request, reading, counts)
        finally:
            con.close()


def _wanted_columns(table: Table, action: str) -> Table:
    """A withdrawal names its rows by their key; whatever else its file says is not read."""
    if action != "withdraw":
        return table
    return replace(table, columns=tuple(c for c in table.columns if c.name in table.key))


def _same(table: Table, left: str, right: str) -> str:
    return " AND ".join(
        f"{left}.{c.stored} IS NOT DISTINCT FROM {right}.{c.stored}" for c in table.columns
    )


def _decide(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    table: Table,
    request: LoadRequest,
    reading: Reading,
) -> dict[str, int]:
    """Make `decided`: accepted rows with `_op`; move the others to `rejects` or count them."""
    read_rows = count(con, "accepted")
    _existing(con, workspace, table)
    _settle_inside(con, table, reading)
    settled = count(con, "accepted")
    before = count(con, "rejects")
    columns = ", ".join(f"a.{c.stored}" for c in table.columns)
    using = ", ".join(table.stored_key)
    if count(con, "existing") == 0 and count(con, "gone") == 0:
        rule = "'not_found'" if request.action == "withdraw" else "'insert'"
        con.execute(
            f"CREATE TEMP VIEW judged AS SELECT {columns}, _file, _row, _line, {rule} AS _op "
            "FROM accepted a"
        )
    else:
        con.execute(
            f"CREATE TEMP TABLE judged AS SELECT {columns}, a._file, a._row, a._line, "
            f"{_verdict(table, request.action)} AS _op "
            f"FROM accepted a LEFT JOIN existing e USING ({using}) LEFT JOIN gone g USING ({using})"
        )
    _reject(con, table, reading, "judged", _MESSAGES)
    con.execute(
        f"CREATE TEMP VIEW decided AS SELECT {columns}, _op FROM judged a "
        "WHERE _op IN ('insert', 'replace', 'withdraw')"
    )
    counted = dict(con.execute("SELECT _op, count(*) FROM judged GROUP BY _op").fetchall())
    accepted = sum(counted.get(op, 0) for op in ("insert", "replace", "withdraw"))
    rejected = count(con, "rejects")
    inside = read_rows - settled - (before - (reading.rejected))
    return {
        "accepted": accepted,
        "duplicates": counted.get("duplicate", 0) + inside,
        "older": counted.get("older", 0),
        "rejected": rejected,
        "read": read_rows + reading.rejected,
    }


_MESSAGES = {
    "conflict": "the key {key} is there with other content: `load --replace --reason` corrects it",
    "withdrawn": "the key {key} was withdrawn: `load --replace --reason` brings it back",
    "not_found": "no accepted record has the key {key}",
}


def _verdict(table: Table, action: str) -> str:
    """SQL that says what becomes of a row, beside the stored row `e` and a withdrawn key `g`."""
    key = table.stored_key[0]
    if action == "withdraw":
        return f"CASE WHEN e.{key} IS NOT NULL THEN 'withdraw' ELSE 'not_found' END"
    newer = "false"
    older = "false"
    if any(c.name == "updated_at" for c in table.columns):
        newer = "coalesce(a.updated_at_us > e.updated_at_us, false)"
        older = "coalesce(a.updated_at_us < e.updated_at_us, false)"
    returning = "'insert'" if action == "replace" else "'withdrawn'"
    other = "'replace'" if action == "replace" else "'conflict'"
    return f"""CASE
        WHEN e.{key} IS NULL AND g.{key} IS NOT NULL THEN {returning}
        WHEN e.{key} IS NULL THEN 'insert'
        WHEN {_same(table, "a", "e")} THEN 'duplicate'
        WHEN {newer} THEN 'replace'
        WHEN {older} THEN 'older'
        ELSE {other} END"""


def _settle_inside(con: duckdb.DuckDBPyConnection, table: Table, reading: Reading) -> None:
    """Leave one row per key in `accepted`: the newest where rows have `updated_at`, else the first.

    Equal rows are duplicates; other rows of equal or absent `updated_at` are conflicts. A row
    without `updated_at` that is the very first of its key stays: nothing is newer than it, as it is
    when the rows come in loads of their own.
    """
    key = ", ".join(table.stored_key)
    hashed = f"hash({key})"
    total, distinct = row(con, f"SELECT count(*), count(DISTINCT {hashed}) FROM accepted")
    if total == distinct:
        return
    newest = opens = ""
    if any(c.name == "updated_at" for c in table.columns):
        newest = "(_opens AND updated_at_us IS NULL) DESC, updated_at_us DESC NULLS LAST, "
        opens = f"""
            , arg_min(updated_at_us IS NULL, (_file, _row)) OVER (PARTITION BY {key}) AND NOT EXISTS
              (SELECT 1 FROM existing e WHERE {_joined("e", "a", table)}) AS _opens"""
    con.execute(
        f"""
        CREATE TEMP TABLE repeated AS
        SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {newest}_file, _row) AS _place
        FROM (SELECT *{opens} FROM accepted a WHERE {hashed} IN (
            SELECT {hashed} FROM accepted GROUP BY 1 HAVING count(*) > 1))
        """
    )
    older = "coalesce(r.updated_at_us < f.updated_at_us, false)" if newest else "false"
    columns = ", ".join(f"r.{c.stored}" for c in table.columns)
    con.execute(
        f"""
        CREATE TEMP TABLE inside AS
        SELECT {columns}, r._file, r._row, r._line, CASE WHEN {_same(table, "r", "f")} THEN 'same'
            WHEN {older} THEN 'older' ELSE 'conflict' END AS _op
        FROM repeated r JOIN repeated f USING ({key}) WHERE r._place > 1 AND f._place = 1
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM accepted a WHERE NOT EXISTS "
        "(SELECT 1 FROM inside i WHERE i._file = a._file AND i._row = a._row)"
    )
    _reject(con, table, reading, "inside", _MESSAGES)
    con.execute("DROP TABLE accepted; ALTER TABLE kept RENAME TO accepted")


def _existing(con: duckdb.DuckDBPyConnection, workspace: Workspace, table: Table) -> None:
    """Make `existing`, the stored rows with the keys of `accepted`, and `gone`, withdrawn keys."""
    manifest = current_manifest(workspace)
    columns = ", ".join(c.stored for c in TABLES[table.name].columns)
    key = ", ".join(table.stored_key)
    define_records(con, workspace, manifest or Manifest(number=0), "stored_")
    parts = [f"SELECT {columns}, 0 AS _load, 'insert' AS _op FROM stored_{table.name}"]
    for load in pending_loads(workspace, manifest):
        if load["table"] == table.name and load["accepted"]:
            rows = parquet(workspace.staged / load["load"] / "rows.parquet")
            number = load_number(load["load"])
            parts.append(f"SELECT {columns}, {number} AS _load, _op FROM {rows}")
    union = " UNION ALL ".join(parts)
    con.execute(
        f"""
        CREATE TEMP TABLE known AS SELECT * FROM ({union}) k
        WHERE EXISTS (SELECT 1 FROM accepted a WHERE ({_joined("a", "k", table)}))
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _load DESC) = 1
        """
    )
    con.execute("CREATE TEMP TABLE existing AS SELECT * FROM known WHERE _op <> 'withdraw'")
    con.execute(
        f"""
        CREATE TEMP TABLE gone AS SELECT DISTINCT {key} FROM accepted a
        WHERE EXISTS (SELECT 1 FROM stored_withdrawn w
                      WHERE w.tbl = '{table.name}' AND w.key = {key_text(table, "a")})
           OR EXISTS (SELECT 1 FROM known k WHERE k._op = 'withdraw' AND {_joined("a", "k", table)})
        """
    )


def _joined(left: str, right: str, table: Table) -> str:
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in table.stored_key)


def key_text(table: Table, alias: str) -> str:
    """SQL of a row's key as one text: a JSON list of its columns."""
    parts = ", ".join(f"{alias}.{name}::VARCHAR" for name in table.stored_key)
    return f"to_json([{parts}])::VARCHAR"


def _reject(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    reading: Reading,
    source: str,
    messages: dict[str, str],
) -> None:
    """Copy rows of `source` whose `_op` is a rule of `messages` to `rejects`, as they were."""
    rules = ", ".join(quote(rule) for rule in messages)
    bad = con.sql(
        f"SELECT _file, _row, _line, _op AS rule, {key_text(table, 's')} AS key "
        f"FROM {source} s WHERE _op IN ({rules}) ORDER BY _file, _row"
    ).to_arrow_table()
    if bad.num_rows == 0:
        return
    con.register("_bad", _with_raw(bad, reading))
    message = " ".join(
        f"WHEN {quote(rule)} THEN replace({quote(text)}, '{{key}}', key)"
        for rule, text in messages.items()
    )
    con.register("_sources", _sources(reading))
    origin = ", ".join(reading.origin("base"))
    con.execute(
        f"""
        INSERT INTO rejects
        SELECT file, _line, rule, CASE rule {message} END, raw, header, format, {origin}
        FROM _bad JOIN _sources USING (_file)
        """
    )
    con.unregister("_bad")
    con.unregister("_sources")


def _with_raw(bad: pa.Table, reading: Reading) -> pa.Table:
    """Rows of accepted records, sorted by file, with the text each had in its file."""
    raw: list[str] = []
    for place in range(len(reading.files)):
        raw += reading.raw(place, bad.filter(pc.equal(bad["_file"], place))["_row"].to_pylist())
    return bad.append_column("raw", pa.array(raw, pa.string()))


def _sources(reading: Reading) -> pa.Table:
    """The files of a reading, by the number that rows name them by."""
    return pa.table(
        {
            "_file": pa.array(range(len(reading.files)), pa.int32()),
            "file": reading.files,
            "header": pa.array(reading.headers, pa.string()),
            "format": [count.format for count in reading.counts],
            "base": reading.bases,
        }
    )


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
    folder.mkdir()
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
            "resolves": list(request.resolves) if state == "staged" else [],
            **counts,
        },
    )
    for name in files:
        sync_file(folder / name)
    sync_folder(folder)
    os.replace(folder, workspace.staged / load)
    sync_folder(workspace.staged)
    return load


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

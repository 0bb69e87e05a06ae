"""Staged loads folded into record segments: only the slices that a changed row touches are written.

Leaves in the connection, for each table, `removed_<table>` and `added_<table>`: the rows that left
and the rows that came. A corrected row is in both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from regift.graph.connect import parquet, row
from regift.graph.store import (
    SLICE_US,
    Manifest,
    Segment,
    segment_sql,
    write_segment,
)
from regift.graph.verdicts import key_text
from regift.graph.workspace import Workspace, load_number
from regift.loaders.tables import TABLES, Table

SLICED = ("gifts", "transfers")


def fold(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    old: Manifest,
    loads: Sequence[Mapping[str, Any]],
) -> dict[str, tuple[Segment, ...]]:
    """Segments of all record tables after the pending loads.

    Cost: linear in the changed rows and the slices that hold them.
    """
    segments = {table: tuple(files) for table, files in old.segments.items()}
    for table in TABLES.values():
        mine = [load for load in loads if load["table"] == table.name and load["accepted"]]
        _changes(con, workspace, table, old, mine)
        if mine:
            segments[table.name] = _rewritten(con, workspace, table, old)
    segments.update(_remembered(con, workspace, old, loads))
    return segments


def _changes(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    table: Table,
    old: Manifest,
    loads: Sequence[Mapping[str, Any]],
) -> None:
    """Make `removed_` and `added_`, and `superseded_` with every row that a later one replaced.

    `superseded_` says in `_next` which load that was: the first one after the row's own, so that
    the history is the same whether or not a refresh came between them.
    """
    name = table.name
    columns = ", ".join(c.stored for c in table.columns)
    stored = segment_sql(workspace, name, old.segments.get(name, ()))
    if not loads:
        for part in ("removed", "added", "superseded"):
            con.execute(f"CREATE TEMP TABLE {part}_{name} AS SELECT * FROM ({stored}) WHERE false")
        return
    parts = [
        f"SELECT *, {load_number(load['load'])} AS _load FROM "
        f"{parquet(workspace.staged / load['load'] / 'rows.parquet')}"
        for load in loads
    ]
    key = ", ".join(table.stored_key)
    inserts_only = all(load["action"] == "load" for load in loads) and not any(
        c.name == "updated_at" for c in table.columns
    )
    if inserts_only:
        # Staging has made sure that these keys are new, so nothing has to be looked up.
        con.execute(
            f"CREATE TEMP TABLE added_{name} AS SELECT {columns} FROM ({' UNION ALL '.join(parts)})"
        )
        for part in ("removed", "superseded"):
            con.execute(f"CREATE TEMP TABLE {part}_{name} AS SELECT * FROM ({stored}) WHERE false")
        return
    con.execute(
        f"CREATE TEMP TABLE staged_{name} AS SELECT *, "
        f"row_number() OVER (PARTITION BY {key} ORDER BY _load DESC) AS _place, "
        f"lead(_load) OVER (PARTITION BY {key} ORDER BY _load) AS _next "
        f"FROM ({' UNION ALL '.join(parts)})"
    )
    con.execute(
        f"CREATE TEMP TABLE added_{name} AS SELECT {columns} FROM staged_{name} "
        "WHERE _place = 1 AND _op <> 'withdraw'"
    )
    con.execute(
        f"CREATE TEMP TABLE removed_{name} AS SELECT * FROM ({stored}) "
        f"SEMI JOIN staged_{name} USING ({key})"
    )
    con.execute(
        f"CREATE TEMP TABLE superseded_{name} AS SELECT {columns}, _next FROM removed_{name} JOIN "
        f"(SELECT {key}, min(_load) AS _next FROM staged_{name} GROUP BY ALL) USING ({key}) "
        f"UNION ALL SELECT {columns}, _next FROM staged_{name} "
        "WHERE _next IS NOT NULL AND _op <> 'withdraw'"
    )


def _part(table: Table) -> str:
    return f"(at_us // {SLICE_US})" if table.name in SLICED else "0"


def _rewritten(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, table: Table, old: Manifest
) -> tuple[Segment, ...]:
    """The table's segments, those with a changed row written anew."""
    name = table.name
    parts = [
        int(row[0])
        for row in con.execute(
            f"SELECT {_part(table)} AS part FROM removed_{name} UNION "
            f"SELECT {_part(table)} FROM added_{name} ORDER BY part"
        ).fetchall()
    ]
    key = ", ".join(table.stored_key)
    order = key if name not in SLICED else "at_us, coalesce(seq, 0), record_id"
    kept = {segment.part: segment for segment in old.segments.get(name, ())}
    for part in parts:
        before = segment_sql(workspace, name, [kept.pop(part)] if part in kept else [])
        written = write_segment(
            con,
            workspace,
            name,
            part,
            f"SELECT * FROM ((SELECT * FROM ({before}) ANTI JOIN removed_{name} USING ({key})) "
            f"UNION ALL SELECT * FROM added_{name} WHERE {_part(table)} = {part}) ORDER BY {order}",
        )
        if written:
            kept[part] = written
    return tuple(kept[part] for part in sorted(kept))


def _remembered(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    old: Manifest,
    loads: Sequence[Mapping[str, Any]],
) -> dict[str, tuple[Segment, ...]]:
    """Segments of `history` (rows that were replaced or withdrawn) and of `withdrawn` keys."""
    changing = [load for load in loads if load["accepted"]]
    if not changing:
        return {}
    history = [segment_sql(workspace, "history", old.segments.get("history", ()))]
    withdrawn = [segment_sql(workspace, "withdrawn", old.segments.get("withdrawn", ()))]
    con.execute(
        "CREATE TEMP TABLE load_notes (load VARCHAR, number BIGINT, tbl VARCHAR, action VARCHAR, "
        "reason VARCHAR, actor VARCHAR, at_us BIGINT)"
    )
    for load in changing:
        con.execute(
            "INSERT INTO load_notes VALUES (?, ?, ?, ?, ?, ?, ?)",
            [load["load"], load_number(load["load"])]
            + [load[key] for key in ("table", "action", "reason", "actor", "at")],
        )
    for table in TABLES.values():
        if not _has_table(con, f"staged_{table.name}"):
            continue
        history.append(
            f"SELECT '{table.name}', {key_text(table, 's')}, n.action, n.load, n.reason, n.actor, "
            f"n.at_us, to_json({_struct(table)})::VARCHAR FROM superseded_{table.name} s "
            "JOIN load_notes n ON n.number = s._next"
        )
        withdrawn.append(
            f"SELECT '{table.name}', {key_text(table, 's')}, n.load FROM staged_{table.name} s "
            "JOIN load_notes n ON n.number = s._load WHERE _place = 1 AND _op = 'withdraw'"
        )
        withdrawn[0] = (
            f"SELECT * FROM ({withdrawn[0]}) w WHERE NOT EXISTS (SELECT 1 FROM staged_{table.name} "
            f"s WHERE w.tbl = '{table.name}' AND w.key = {key_text(table, 's')})"
        )
    remembered: dict[str, tuple[Segment, ...]] = {}
    for name, parts in (("history", history), ("withdrawn", withdrawn)):
        sql = f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY ALL"
        written = write_segment(con, workspace, name, 0, sql)
        remembered[name] = (written,) if written else ()
    return remembered


def _struct(table: Table) -> str:
    """SQL of a row `s` of a table as one value."""
    return "{" + ", ".join(f"'{c.stored}': s.{c.stored}" for c in table.columns) + "}"


def _has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(row(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [name])[0])

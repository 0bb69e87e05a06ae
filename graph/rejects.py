"""Rejected rows of all loads: listed, exported as they were, fixed and tried again."""

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regift.graph.connect import connect, dicts, parquet
from regift.graph.loads import all_loads
from regift.graph.workspace import Workspace
from regift.loaders.column_map import load_format, load_map
from regift.loaders.errors import UsageError
from regift.loaders.formula import marked
from regift.loaders.tables import TABLES

csv.field_size_limit(1 << 30)
"""A kept row has at most a MiB; Python refuses fields over 128 KiB unless told otherwise."""

OWN_COLUMNS = ("regift_reject", "regift_rule")
"""Columns that an export puts before those of the rejected rows, and a retry reads."""


def open_rejects(workspace: Workspace, load: str | None = None) -> list[dict[str, Any]]:
    """Rejects that no retry has resolved, oldest load first, one each however often it was tried.

    A retry resolves what was rejected before it: the same row at the same place of a later file,
    or of the mended file itself, is open again.

    Keys: reject, load, table, file, line, rule, message, row, header, format.
    """
    loads = all_loads(workspace)
    resolved = {reject: each["load"] for each in loads for reject in each["resolves"]}
    files = [
        workspace.staged / each["load"] / "rejects.parquet"
        for each in loads
        if each["rejected"] and load in (None, each["load"])
    ]
    if not files:
        return []
    con = connect()
    try:
        return dicts(
            con,
            'SELECT reject, load, tbl AS "table", file, line, rule, message, row, header, format '
            f"FROM {parquet(*files)} LEFT JOIN "
            "(SELECT unnest($ids) AS reject, unnest($by) AS resolving) USING (reject) "
            "WHERE load >= coalesce(resolving, '') "
            "QUALIFY row_number() OVER (PARTITION BY reject ORDER BY load) = 1 "
            "ORDER BY load, file, line, rule",
            {"ids": list(resolved), "by": list(resolved.values())},
        )
    finally:
        con.close()


def origins_of(
    workspace: Workspace, rejects: list[str]
) -> tuple[tuple[str | None, int | None], ...]:
    """Base name of the file and number in it, from 0, that each reject had when it was first read.

    Also of rejects that are resolved: a row may come a second time. (None, None) for no reject.
    """
    files = [
        workspace.staged / each["load"] / "rejects.parquet"
        for each in all_loads(workspace)
        if each["rejected"]
    ]
    if not files:
        return tuple((None, None) for _ in rejects)
    con = connect()
    try:
        rows = con.execute(
            f"SELECT DISTINCT reject, base, place FROM {parquet(*files)} "
            "WHERE reject IN (SELECT unnest($1))",
            [rejects],
        ).fetchall()
    finally:
        con.close()
    known = {reject: (base, place) for reject, base, place in rows}
    return tuple(known.get(reject, (None, None)) for reject in rejects)


def reject_of(workspace: Workspace, reject: str) -> dict[str, Any]:
    """One reject by its id or a prefix of it that no other has; UsageError otherwise."""
    found = [row for row in open_rejects(workspace) if row["reject"].startswith(reject)]
    if not found:
        raise UsageError(f"no open reject begins with {reject!r}: see `regift rejects list`")
    if len(found) > 1:
        raise UsageError(
            f"{len(found):,} open rejects begin with {reject!r}: write more of it, "
            "as `regift rejects list` shows it"
        )
    return found[0]


def map_delimiter(load: Mapping[str, Any]) -> str | None:
    """What parts the fields by the format or map of a load; None when the file's suffix says."""
    table = TABLES[load["table"]]
    if load["format"]:
        return load_format(load["format"], table).delimiter
    return load_map(Path(load["map"]), table).delimiter if load["map"] else None


def _fields(text: str, delimiter: str) -> list[str]:
    """The fields of one kept row."""
    text = text.replace("\0", "\ufffd")
    if delimiter == "whitespace":
        return text.split()
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])


def export_text(workspace: Workspace, rows: list[dict[str, Any]]) -> str:
    """Rejects as a file to mend: their own columns, after the reject's id and rule.

    Rows of JSON lines and Parquet come out as JSON lines, of CSV as CSV. A CSV row with a wrong
    number of fields is padded or keeps its surplus: mending it is the point of the file. What a
    spreadsheet would run is marked with an apostrophe (loaders/formula.py), which a retry drops.
    UsageError when the rows do not have one header, so that no field can slip into another column.
    """
    shapes = {(row["table"], row["format"], row["header"]) for row in rows}
    if len(shapes) > 1:
        names = ", ".join(sorted({row["load"] for row in rows}))
        raise UsageError(
            f"the rejects have {len(shapes)} different headers: choose one of --load {names}"
        )
    if not rows:
        return ""
    if rows[0]["format"] != "csv":
        return "".join(
            json.dumps(
                {
                    **dict(zip(OWN_COLUMNS, (row["reject"], row["rule"]), strict=True)),
                    "row": row["row"],
                },
                ensure_ascii=False,
            )
            + "\n"
            for row in rows
        )
    out = io.StringIO()
    loads = {each["load"]: each for each in all_loads(workspace)}
    given = map_delimiter(loads[rows[0]["load"]])
    delimiter = given or ("\t" if _is_tsv(rows[0]["file"]) else ",")
    header = _fields(rows[0]["header"], delimiter) if rows[0]["header"] else []
    writer = csv.writer(out)
    writer.writerow([*OWN_COLUMNS, *map(marked, header)])
    for row in rows:
        fields = _fields(row["row"], delimiter)
        writer.writerow([row["reject"], row["rule"], *map(marked, fields)])
    return out.getvalue()


def _is_tsv(file: str) -> bool:
    return re.search(r"\.tsv(\.gz|\.zst)?$", file, re.IGNORECASE) is not None

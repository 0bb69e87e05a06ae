"""A mended export of rejects is loaded the way its rows were loaded first."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from regift.graph.loads import all_loads
from regift.graph.rejects import OWN_COLUMNS, map_delimiter, open_rejects, origins_of
from regift.graph.staging import LoadReport, LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.errors import BadFile, UsageError
from regift.loaders.formula import unmarked
from regift.loaders.read import ReadOptions


def retry(
    workspace: Workspace, file: Path, *, time_zone: str, max_bad: str
) -> tuple[LoadReport, str]:
    """Load a file of `rejects export`; gives what came of it and the table.

    Its rejects are resolved when the load is staged: a row that is still bad becomes a new reject.
    Ids that a map makes from file and row are those of the file that a row first stood in, so the
    corrected original, loaded later, counts nothing twice.
    UsageError when the file names no open reject, or rejects of different ways of loading; BadFile
    when it cannot be read.
    """
    with workspace.scratch("retry") as scratch:
        ids, records = _mended(file)
        known = {row["reject"]: row for row in open_rejects(workspace)}
        rows = [known[reject] for reject in ids if reject in known]
        if not rows:
            raise UsageError(f"{file} names no open reject: export anew with `rejects export`")
        loads = {each["load"]: each for each in all_loads(workspace)}
        ways = {_way(loads[row["load"]]) for row in rows}
        if len(ways) > 1:
            raise UsageError(
                f"{file} has rejects of loads with different tables or maps: "
                "export each with --load"
            )
        delimiter = map_delimiter(loads[rows[0]["load"]]) or ","
        mended = _written(records, scratch, delimiter)
        table, action, reason, format_name, map_file = ways.pop()
        request = LoadRequest(
            sources=(str(mended),),
            table=table,
            options=ReadOptions(
                time_zone=time_zone,
                format=format_name,
                map=Path(map_file) if map_file else None,
                called=str(file),
                origins=origins_of(workspace, ids),
            ),
            action=action,
            reason=reason,
            max_bad=max_bad,
            resolves=tuple(row["reject"] for row in rows),
        )
        return stage(workspace, request), table


def _way(load: dict[str, Any]) -> tuple[str, str, str | None, str | None, str | None]:
    return (load["table"], load["action"], load["reason"], load["format"], load["map"])


def _mended(file: Path) -> tuple[list[str], list[str] | list[list[str]]]:
    """Ids of the rejects in a mended file, and its records without our own columns.

    Records are lines of JSON, or the fields of CSV with those of the header, if any, first.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(
            f"{file} is not UTF-8: save it as UTF-8, as `regift rejects export` wrote it"
        ) from None
    reject, rule = OWN_COLUMNS
    if text.startswith("{"):
        objects = [_object(file, place, line) for place, line in enumerate(text.split("\n"), 1)]
        objects = [each for each in objects if each]
        return [each[reject] for each in objects], [each["row"] for each in objects]
    # Lines end at CR and LF only: text may hold other characters that Python calls line ends.
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or rows[0][:2] != [reject, rule]:
        raise UsageError(
            f"{file} does not begin with the columns {reject},{rule}: "
            "mend a file of `regift rejects export`"
        )
    head, *mended = (row for row in rows if row)
    header = [list(map(unmarked, head[2:]))] if head[2:] else []
    # A row of nothing but our columns stays a row: written as a blank line it would be none.
    records = [list(map(unmarked, row[2:])) or [""] for row in mended]
    return [row[0] for row in mended], header + records


def _written(records: list[str] | list[list[str]], scratch: Path, delimiter: str) -> Path:
    """The file to load, its fields parted as the first load expects it."""
    kind = "jsonl" if isinstance(records[0], str) else "csv"
    target = scratch / f"mended.{kind}"
    with open(target, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter="," if delimiter == "whitespace" else delimiter)
        for record in records:
            if isinstance(record, str):
                out.write(record + "\n")
            elif delimiter == "whitespace":
                out.write((" ".join(record) or '""') + "\n")
            else:
                writer.writerow(record)
    return target


def _object(file: Path, place: int, line: str) -> dict[str, str]:
    """A line of a mended export of JSON lines; empty for a blank line."""
    if not line.strip():
        return {}
    try:
        value = json.loads(line)
    except ValueError as error:
        raise BadFile(f"{file}: line {place} is no JSON: {error}") from None
    wanted = (OWN_COLUMNS[0], "row")
    if not isinstance(value, dict) or not all(isinstance(value.get(w), str) for w in wanted):
        raise BadFile(
            f"{file}: line {place} has not both {wanted[0]} and {wanted[1]} as text: "
            "mend only what stands in row"
        )
    return value

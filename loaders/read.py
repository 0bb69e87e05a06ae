"""Outside files -> the tables `accepted` and `rejects` of a DuckDB connection.

First all records of a file are checked in one stream; the good ones go to `accepted`. Only the
stretches of the file in which a record was refused are read again, to say which rule it broke.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from regift.loaders.column_map import Mapping, load_format, load_map
from regift.loaders.csv_file import CsvFile, Dialect
from regift.loaders.errors import BadFile, UsageError
from regift.loaders.jsonl_file import JsonlFile
from regift.loaders.limits import Limits, Room
from regift.loaders.parquet_file import ParquetFile
from regift.loaders.relation import InputFile, Relation, quoted
from regift.loaders.sheet_file import SheetFile
from regift.loaders.sources import Source, find_sources
from regift.loaders.tables import Table
from regift.loaders.validate import Check, broken, checks, decimals, named

NAMED = 30
"""Columns that a message names; a file may have thousands."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How to read. encoding of text files; time_zone of times without offset; format: name of a
    declared public format; map: a column map of the user's own (not both); called: the name to show
    for the one source, where that is a copy of what the user named; origins: of each record of the
    one source, the base name of the file it first stood in and its number there, from 0 (null:
    unknown), where ids made from them must not change; limits: how much may be unpacked;
    sheet: name of the sheet to read of a workbook that has several."""

    encoding: str = "utf-8"
    time_zone: str = "Asia/Shanghai"
    format: str | None = None
    map: Path | None = None
    called: str | None = None
    origins: tuple[tuple[str | None, int | None], ...] | None = None
    limits: Limits = field(default_factory=Limits)
    sheet: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileCount:
    """What became of one file: records = accepted + rejected + skipped."""

    name: str
    format: str
    records: int
    accepted: int
    rejected: int
    skipped: int


@dataclass
class Reading:
    """What `read` did. files: names as shown, in order; notes: one line each, for stderr."""

    files: list[str] = field(default_factory=list)
    counts: list[FileCount] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    headers: list[str | None] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)
    origins: bool = False
    ignored: dict[str, int] = field(default_factory=dict)
    _open: list[InputFile] = field(default_factory=list)
    _con: duckdb.DuckDBPyConnection | None = None

    @property
    def accepted(self) -> int:
        """Records accepted, over all files."""
        return sum(count.accepted for count in self.counts)

    @property
    def rejected(self) -> int:
        """Records refused, over all files."""
        return sum(count.rejected for count in self.counts)

    @property
    def skipped(self) -> int:
        """Records the map leaves out, over all files."""
        return sum(count.skipped for count in self.counts)

    def origin(self, base: str) -> tuple[str, str]:
        """SQL over _row: a record's file (`base`: SQL of this one's name) and number at first."""
        if not self.origins:
            return base, "_row"
        return "getvariable('regift_bases')[_row + 1]", "getvariable('regift_rows')[_row + 1]"

    def raw(self, file_index: int, rows: Sequence[int]) -> list[str]:
        """The raw text of records (`_row` of `accepted`), in the order asked for.

        Cost: one pass over the stretches of the file that hold them. The scratch folder of `read`
        and the files themselves must still be there.
        """
        assert self._con is not None
        return self._open[file_index].raw(self._con, rows) if len(rows) else []


def read(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[str],
    table: Table,
    options: ReadOptions,
    *,
    scratch: Path,
) -> Reading:
    """Fill `accepted` and `rejects` of `con` from `sources`; both are made anew.

    accepted: the stored columns of `table` in order, then _file INTEGER (index into
    `Reading.files`), _row BIGINT (record in its file, from 0), _line BIGINT (physical line, from
    1). rejects: file, line, rule, message, row, header, format, base, place (the base name of the
    file and the record's number in it, from 0, or those of `ReadOptions.origins`).

    The rows of `accepted` lie in no order: sort by (_file, _row) where order counts.

    Raises UsageError (unknown name, map or format) and BadFile (a file as a whole cannot be read);
    then nothing of the load is to be used. Linear: one pass, and a second over the stretches that
    hold refused rows. Memory: some tens of MiB beside the two tables.

    >>> import tempfile
    >>> from regift.loaders.tables import TABLES
    >>> with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
    ...     file = Path(folder, "accounts.csv")
    ...     size = file.write_text("account,kind\\na1,personal\\na2,person\\n")
    ...     reading = read(
    ...         con, [str(file)], TABLES["accounts"], ReadOptions(), scratch=Path(folder)
    ...     )
    ...     con.sql("SELECT account, _line FROM accepted").fetchall()
    ...     con.sql('SELECT line, rule, "row" FROM rejects').fetchall()
    [('a1', 2)]
    [(3, 'kind_unknown', 'a2,person')]
    """
    mapping = _mapping(table, options)
    found = checks(table, mapping.manner(options.time_zone))
    # Standard output is for data; DuckDB would draw its bar there after two seconds.
    con.execute("SET enable_progress_bar = false")
    stored = ", ".join(f"{c.stored} {c.stored_type}" for c in table.columns)
    con.execute(
        f"CREATE OR REPLACE TABLE accepted ({stored}, _file INTEGER, _row BIGINT, _line BIGINT)"
    )
    con.execute(
        "CREATE OR REPLACE TABLE rejects (file VARCHAR, line BIGINT, rule VARCHAR, "
        'message VARCHAR, "row" VARCHAR, header VARCHAR, format VARCHAR, base VARCHAR, '
        "place BIGINT)"
    )
    reading = Reading(_con=con, origins=options.origins is not None)
    if options.origins is not None:
        bases, rows = map(list, zip(*options.origins, strict=True))
        con.execute("SET VARIABLE regift_bases = $1::VARCHAR[]", [bases])
        con.execute("SET VARIABLE regift_rows = $1::BIGINT[]", [rows])
    room = Room(options.limits)
    for source in find_sources(sources, options.encoding, scratch, room):
        if options.called is not None:
            source = replace(source, name=options.called)
        file = _open(source, mapping, con, options.sheet, room, scratch)
        try:
            _read_file(con, file, source, mapping, found, reading)
        except duckdb.Error:
            if isinstance(file, ParquetFile) and file.damage:
                raise BadFile(file.damage) from None
            raise
        records = reading.counts[-1]
        if options.origins is not None and records.records != len(options.origins):
            raise BadFile(
                f"{source.name}: {len(options.origins)} rows are read as {records.records} "
                "records: keep each on a line of its own"
            )
    for view in ("regift_csv", "regift_json", "regift_parquet"):
        con.unregister(view)
    reading.notes += [
        said if many == 1 else f"{said} ({many} files)" for said, many in reading.ignored.items()
    ]
    return reading


def _mapping(table: Table, options: ReadOptions) -> Mapping:
    """The map asked for, or columns by their own names."""
    if options.format is not None and options.map is not None:
        raise UsageError("give --format or --map, not both: a format is a map that has a name")
    if options.format is not None:
        return load_format(options.format, table)
    if options.map is not None:
        return load_map(options.map, table)
    return Mapping(table=table, name="")


def _open(
    source: Source,
    mapping: Mapping,
    con: duckdb.DuckDBPyConnection,
    sheet: str | None,
    room: Room,
    scratch: Path,
) -> InputFile:
    """The file by its format."""
    if source.format == "jsonl":
        return JsonlFile(source.path, source.name, con)
    if source.format == "parquet":
        return ParquetFile(source.path, source.name, room)
    if source.format == "xlsx":
        rows = scratch / f"{source.place:06d}.rows"
        return SheetFile(
            source.path, source.name, sheet=sheet, wanted=mapping.wanted, room=room, scratch=rows
        )
    delimiter = mapping.delimiter or ("\t" if source.tabs else ",")
    return CsvFile(source.path, source.name, Dialect(delimiter=delimiter, header=mapping.header))


def _read_file(
    con: duckdb.DuckDBPyConnection,
    file: InputFile,
    source: Source,
    mapping: Mapping,
    found: list[Check],
    reading: Reading,
) -> None:
    """Accept, then explain what was not accepted."""
    place = len(reading.files)
    fields = _fields(file, source, mapping, reading)
    origin = reading.origin(quoted(source.base))
    texts = mapping.texts(fields, *origin)
    checked = _checked(found, texts, mapping.skip(fields))
    relation = file.whole(con, fields)
    con.execute(_accept(checked, relation, found, place))
    taken = f"SELECT _row FROM accepted WHERE _file = {place}"
    accepted = _count(con, f"SELECT count(*) FROM accepted WHERE _file = {place}")
    skipped = rejected = 0
    if accepted < file.records:
        skipped = _refuse(con, file, source, origin, checked, found, fields, taken)
        rejected = file.records - accepted - skipped
    reading.files.append(source.name)
    reading.headers.append(file.header)
    reading.bases.append(source.base)
    reading._open.append(file)
    reading.counts.append(
        FileCount(
            name=source.name,
            format=file.format,
            records=file.records,
            accepted=accepted,
            rejected=rejected,
            skipped=skipped,
        )
    )
    if not file.records:
        what = "header only: 0 rows" if file.format == "csv" else "0 rows"
        reading.notes.append(f"{source.name}: {what}")
    if skipped:
        reading.notes.append(f"{source.name}: {skipped} rows left out by the map ({mapping.name})")
    reading.notes += [f"{source.name}: {note}" for note in file.notes]


def _fields(file: InputFile, source: Source, mapping: Mapping, reading: Reading) -> list[str]:
    """The file's columns that are read; BadFile if one that is needed is not there."""
    wanted = mapping.wanted
    if file.fields is None:
        return wanted
    absent = [group for group in mapping.needed if not set(group) & set(file.fields)]
    if absent:
        raise BadFile(
            f"{source.name}: no column {', '.join(' or '.join(map(repr, g)) for g in absent)}; the "
            f"file has {_listed([repr(name) for name in file.fields])}; name the columns so, or "
            "give a column map with --map"
        )
    if isinstance(file, ParquetFile) and (inexact := mapping.ids_from(file.floats)):
        raise BadFile(
            f"{source.name}: column {inexact[0]!r} holds floating point numbers, which do not keep "
            "ids exactly; write it as text or integers"
        )
    ignored = [name or "(no name)" for name in file.fields if name not in wanted]
    if ignored:
        said = f"ignored columns: {_listed(ignored)}"
        reading.ignored[said] = reading.ignored.get(said, 0) + 1
    return [name for name in wanted if name in file.fields]


def _listed(names: list[str]) -> str:
    """Names of columns, as many as a person reads."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(name[:100] for name in names[:NAMED]) + more


@dataclass(frozen=True)
class _Checked:
    """Inner SQL lists: texts of the columns, their values, and what the map leaves out."""

    texts: str
    values: str
    skip: str


def _checked(found: list[Check], texts: dict[str, str], skip: str) -> _Checked:
    """SQL of texts (null = absent) and values."""
    lists = [f"nullif({texts[c.column.name]}, '') AS t_{c.column.name}" for c in found]
    values = [f"{c.value} AS v_{c.column.name}" for c in found]
    return _Checked(", ".join(lists), ", ".join(values), skip)


def _select(checked: _Checked, relation: Relation, found: list[Check], more: str) -> str:
    """Relation with t_*, d_currency and v_* of the sound, not skipped records."""
    money = any(check.column.type == "money" for check in found)
    places = f", {decimals('t_currency')} AS d_currency" if money else ""
    return (
        f"(SELECT *, {checked.values} FROM (SELECT *{places} FROM (SELECT {checked.texts}, {more} "
        f"FROM {relation.sql} r WHERE {relation.sound} AND NOT ({checked.skip})) m) d) v"
    )


def _accept(checked: _Checked, relation: Relation, found: list[Check], place: int) -> str:
    """INSERT of the good records."""
    values = ", ".join(f"v_{check.column.name}" for check in found)
    passes = " AND ".join(check.passes for check in found)
    inner = _select(checked, relation, found, "_row, _line, _look")
    return f"INSERT INTO accepted SELECT {values}, {place}, _row, _line FROM {inner} WHERE {passes}"


def _refuse(
    con: duckdb.DuckDBPyConnection,
    file: InputFile,
    source: Source,
    origin: tuple[str, str],
    checked: _Checked,
    found: list[Check],
    fields: list[str],
    taken: str,
) -> int:
    """INSERT of the bad records with their rules; returns how many the map left out."""
    rule, about = named(found, "_broken")
    passes = " AND ".join(check.passes for check in found)
    shown = (source.name, file.header, file.format)
    into = (
        "INSERT INTO rejects SELECT $1::VARCHAR, _line, rule, message, raw, $2::VARCHAR, $3, "
        f"{', '.join(origin)}"
    )
    skipped = 0
    for relation in file.parts(con, fields, taken):
        inner = _select(checked, relation, found, f"_row, _line, _look, {relation.raw} AS raw")
        con.execute(
            f"{into} FROM (SELECT _row, _line, {relation.fault} AS rule, {relation.about} AS "
            f"message, {relation.raw} AS raw FROM {relation.sql} r WHERE NOT ({relation.sound}) "
            f"UNION ALL SELECT _row, _line, {rule} AS rule, {about} AS message, raw "
            f"FROM (SELECT *, {broken(found)} AS _broken FROM {inner} WHERE NOT ({passes})) b) "
            "ORDER BY _row",
            shown,
        )
        skipped += _count(
            con,
            f"SELECT count(*) FROM {relation.sql} r WHERE {relation.sound} AND ({checked.skip})",
        )
    return skipped


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The one number a query gives."""
    ((number,),) = con.execute(sql).fetchall()
    return int(number)

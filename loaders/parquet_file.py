"""A Parquet file as relations: typed columns become exact texts and go the same way as CSV."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regift.loaders.errors import BadFile
from regift.loaders.limits import Room
from regift.loaders.relation import Relation, quoted, unfinished

BATCH_RECORDS = 1 << 16
_LEAST_ROW = 16
"""Bytes that a row becomes at least; a file of a few kilobytes may claim billions of rows."""
_DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError, KeyError)
"""What Arrow raises on a file that is none, or was changed."""
_PER_SECOND = {"s": 1_000_000, "ms": 1_000, "us": 1}


class ParquetFile:
    """An open Parquet file. `floats` names its columns of floating point numbers.

    Raises BadFile when it is damaged, or claims more rows than its size can hold. What is found to
    be damaged only while it is read stands in `damage`: DuckDB, which reads, raises its own error.
    """

    format = "parquet"
    header: str | None = None

    def __init__(self, path: Path, name: str, room: Room) -> None:
        self.name = name
        self.notes: list[str] = []
        self.damage: str | None = None
        try:
            self._file = pq.ParquetFile(path)
        except _DAMAGED as problem:
            raise BadFile(f"{name}: cannot be read as Parquet: {problem}") from None
        self._schema = self._file.schema_arrow
        self.fields: tuple[str, ...] | None = tuple(self._schema.names)
        if len(set(self._schema.names)) < len(self._schema.names):
            raise BadFile(f"{name}: two columns have one name; name each column once")
        self.records = int(self._file.metadata.num_rows)
        self.floats = {f.name for f in self._schema if pa.types.is_floating(f.type)}
        sizes = [
            self._file.metadata.row_group(group).num_rows
            for group in range(self._file.metadata.num_row_groups)
        ]
        if self.records < 0 or min(sizes, default=0) < 0 or sum(sizes) != self.records:
            raise BadFile(f"{name}: cannot be read as Parquet: its numbers of rows do not add up")
        unpacked = max(self.records * _LEAST_ROW, _stated_bytes(self._file.metadata))
        room.check_growth(name, path.stat().st_size, unpacked)
        self._firsts = [0, *np.cumsum(sizes).tolist()][: len(sizes)]

    def whole(self, con: duckdb.DuckDBPyConnection, fields: Sequence[str]) -> Relation:
        """All records as one stream; it can be read once."""
        groups = list(range(len(self._firsts)))
        con.register("regift_parquet", self._reader(groups, list(fields)))
        return self._relation(fields, list(fields))

    def parts(
        self, con: duckdb.DuckDBPyConnection, fields: Sequence[str], taken: str
    ) -> Iterator[Relation]:
        """The row groups some of whose records are not in `taken`."""
        names = list(self._schema.names)
        for group in unfinished(con, self._firsts, self.records, taken):
            con.register("regift_parquet", self._table(group, names))
            yield self._relation(fields, names)

    def raw(self, con: duckdb.DuckDBPyConnection, rows: Sequence[int]) -> list[str]:
        """The records as JSON objects, each value as its text."""
        names = list(self._schema.names)
        wanted = np.asarray(rows, np.int64)
        places = np.searchsorted(self._firsts, wanted, side="right") - 1
        texts: dict[int, str] = {}
        for group in np.unique(places).tolist():
            con.register("regift_parquet", self._table(group, names))
            found = con.execute(
                f"SELECT _row, {self._raw(names)} FROM regift_parquet "
                "WHERE _row IN (SELECT unnest($1::BIGINT[]))",
                [wanted[places == group].tolist()],
            ).fetchall()
            texts |= dict(found)
        return [texts[row] for row in wanted.tolist()]

    def _table(self, group: int, names: list[str]) -> pa.Table:
        """All of one row group; a column that nobody read before may be damaged."""
        try:
            return self._reader([group], names).read_all()
        except _DAMAGED as problem:
            raise BadFile(f"{self.name}: cannot be read as Parquet: {problem}") from None

    def _reader(self, groups: list[int], names: list[str]) -> pa.RecordBatchReader:
        """Columns `names` of row groups as p0, p1, ... and _row; times as their integers."""
        types = [_plain_type(self._schema.field(name).type) for name in names]
        schema = pa.schema(
            [(f"p{place}", kind) for place, kind in enumerate(types)] + [("_row", pa.int64())]
        )
        return pa.RecordBatchReader.from_batches(schema, self._stream(groups, names, schema))

    def _stream(
        self, groups: list[int], names: list[str], schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """Batches of the row groups."""
        try:
            for group in groups:
                yield from self._batches(group, names, schema)
        except _DAMAGED as problem:
            self.damage = f"{self.name}: cannot be read as Parquet: {problem}"
            raise

    def _batches(self, group: int, names: list[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Batches of one row group. ArrowInvalid where they are not what the file says."""
        row = self._firsts[group]
        end = row + self._file.metadata.row_group(group).num_rows
        batches = self._file.iter_batches(BATCH_RECORDS, row_groups=[group], columns=names)
        for batch in batches:
            batch.validate(full=True)
            columns = [
                batch.column(name).cast(schema.field(place).type)
                for place, name in enumerate(names)
            ]
            columns.append(pa.array(np.arange(row, row + len(batch), dtype=np.int64)))
            row += len(batch)
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
        if names and row != end:
            raise pa.ArrowInvalid(f"a row group has {end - row:,} rows less than it says")

    def _relation(self, fields: Sequence[str], names: list[str]) -> Relation:
        """The registered columns as texts."""
        texts = "".join(
            f"{self._text(name, names.index(name))} AS c{place}, "
            for place, name in enumerate(fields)
        )
        return Relation(
            sql=f"(SELECT {texts} *, _row + 1 AS _line, true AS _look FROM regift_parquet)",
            fault="NULL::VARCHAR",
            about="NULL::VARCHAR",
            sound="true",
            raw=self._raw(names),
        )

    def _text(self, name: str, place: int) -> str:
        """SQL of a column's exact text. BadFile for a type that has none."""
        kind = self._schema.field(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        column = f"p{place}"
        if pa.types.is_timestamp(kind):
            return _time_text(column, kind)
        if pa.types.is_floating(kind):
            shortest = f"regexp_replace({column}::VARCHAR, '\\.0$', '')"
            return f"CASE WHEN NOT isnan({column}) THEN {shortest} END"
        exact = (
            pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
            or pa.types.is_string_view(kind)
            or pa.types.is_integer(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_date(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_null(kind)
        )
        if not exact:
            raise BadFile(
                f"{self.name}: column {name!r} has the type {kind}, which is no text, number or "
                "time; write it as text"
            )
        return f"{column}::VARCHAR"

    def _raw(self, names: list[str]) -> str:
        """SQL of a record as a JSON object of texts."""
        pairs = ", ".join(f"{quoted(name)}: p{place}::VARCHAR" for place, name in enumerate(names))
        return f"to_json({{{pairs}}})::VARCHAR"


def _stated_bytes(metadata: pq.FileMetaData) -> int:
    """Bytes of all columns once unpacked, as the file says: one page of them is held whole."""
    groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
    return sum(
        max(0, group.column(place).total_uncompressed_size)
        for group in groups
        for place in range(group.num_columns)
    )


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Arrow type that DuckDB takes without change: integers for timestamps, plain dictionaries."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def _time_text(column: str, kind: pa.TimestampType) -> str:
    """SQL of the ISO 8601 text of a timestamp that stands as its integer."""
    zone = "Z" if kind.tz is not None else ""
    if kind.unit == "ns":
        rest = f"((({column} % 1000) + 1000) % 1000)"
        us, tail = f"(({column} - {rest}) // 1000)", f" || lpad({rest}::VARCHAR, 3, '0')"
    else:
        us, tail = f"({column}::HUGEINT * {_PER_SECOND[kind.unit]})::BIGINT", ""
    iso = f"TRY(strftime(make_timestamp({us}), '%Y-%m-%dT%H:%M:%S.%f')){tail} || '{zone}'"
    # Out of range it stays the integer it is, and the row is refused for it.
    return f"coalesce({iso}, {column}::VARCHAR)"

"""A worksheet as relations: its rows, once read, lie as texts in a Parquet file in scratch."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from regift.loaders.errors import BadFile
from regift.loaders.limits import Room
from regift.loaders.relation import Relation, quoted
from regift.loaders.sheet_cells import Row, letters, read_cells
from regift.loaders.workbook import Workbook, open_workbook

BATCH_CELLS = 1 << 18
BATCH_CHARACTERS = 32 << 20
"""Rows are written when they hold so much: memory is this, whatever the sheet repeats."""


class SheetFile:
    """The rows of one sheet; `fields` are the texts of its first row that holds anything.

    wanted: columns that are read; an error in another one is no fault of the row. Lines are rows
    of the sheet. Raises BadFile as `open_workbook` and `read_cells` do.
    """

    format = "xlsx"
    header: str | None = None

    def __init__(
        self, path: Path, name: str, *, sheet: str | None, wanted: Sequence[str], room: Room,
        scratch: Path,
    ) -> None:  # fmt: skip
        self.name = name
        self.notes: list[str] = []
        self.fields: tuple[str, ...] | None = ()
        self._target = scratch
        with open_workbook(path, name, sheet, room) as book:
            rows = _Rows(book, frozenset(wanted), scratch)
            try:
                empty = read_cells(book, room, rows.name, rows.add, rows.matters)
            finally:
                rows.close()
        if not rows.names:
            raise BadFile(f"{name}: sheet {book.sheet!r} is empty; it needs at least a header row")
        self.fields = tuple(rows.names.values())
        self.records = rows.records
        if empty:
            self.notes.append(f"{empty} blank rows")

    def whole(self, con: duckdb.DuckDBPyConnection, fields: Sequence[str]) -> Relation:
        """All records."""
        return self._relation(fields, "true")

    def parts(
        self, con: duckdb.DuckDBPyConnection, fields: Sequence[str], taken: str
    ) -> Iterator[Relation]:
        """The records that are not in `taken`, as one relation."""
        yield self._relation(fields, f"_row NOT IN ({taken})")

    def raw(self, con: duckdb.DuckDBPyConnection, rows: Sequence[int]) -> list[str]:
        """The records as JSON objects of texts."""
        found = con.execute(
            f"SELECT _row, {self._raw()} FROM {self._file()} "
            "WHERE _row IN (SELECT unnest($1::BIGINT[]))",
            [list(rows)],
        ).fetchall()
        texts = dict(found)
        return [texts[row] for row in rows]

    def _file(self) -> str:
        return f"read_parquet({quoted(str(self._target))}, hive_partitioning = false)"

    def _relation(self, fields: Sequence[str], which: str) -> Relation:
        assert self.fields is not None
        places = {name: place for place, name in enumerate(self.fields)}
        columns = "".join(f"n{places[name]} AS c{place}, " for place, name in enumerate(fields))
        return Relation(
            sql=f"(SELECT {columns} *, true AS _look FROM {self._file()} WHERE {which})",
            fault="_rule",
            about="_about",
            sound="_rule IS NULL",
            raw=self._raw(),
        )

    def _raw(self) -> str:
        assert self.fields is not None
        pairs = ", ".join(f"{quoted(name)}: n{place}" for place, name in enumerate(self.fields))
        return f"to_json({{{pairs}}})::VARCHAR"


class _Rows:
    """Takes rows as they come and writes them in batches."""

    def __init__(self, book: Workbook, wanted: frozenset[str], target: Path) -> None:
        self.names: dict[int, str] = {}
        self.records = 0
        self._book = book
        self._wanted = wanted
        self._target = target
        self._writer: pq.ParquetWriter | None = None
        self._rows: list[Row] = []
        self._characters = 0

    def name(self, line: int, cells: dict[int, str]) -> None:
        """The header."""
        names = {column: text.strip() for column, text in sorted(cells.items())}
        self.names = {column: text for column, text in names.items() if text}
        twice = sorted(text for text, many in Counter(self.names.values()).items() if many > 1)
        if twice:
            raise BadFile(
                f"{self._book.name}: row {line}: the header names {', '.join(map(repr, twice))} "
                "more than once; name each column once"
            )
        columns = [(f"n{place}", pa.string()) for place in range(len(self.names))]
        columns += [("_row", pa.int64()), ("_line", pa.int64())]
        columns += [("_rule", pa.string()), ("_about", pa.string())]
        self._writer = pq.ParquetWriter(self._target, pa.schema(columns))

    def matters(self, column: int) -> bool:
        """Whether what stands in a column is read, or is under no name."""
        return column not in self.names or self.names[column] in self._wanted

    def add(self, row: Row) -> None:
        """One row."""
        beyond = next((column for column in row.cells if column not in self.names), None)
        if beyond is not None and row.rule is None:
            row.rule = "too_many_fields"
            row.about = f"cell {letters(beyond)}{row.line} stands under no name of the header"
        self._rows.append(row)
        self._characters += sum(map(len, row.cells.values()))
        full = len(self._rows) * len(self.names) >= BATCH_CELLS
        if full or self._characters >= BATCH_CHARACTERS:
            self._write()

    def close(self) -> None:
        """Write what is left and end the file."""
        if self._writer is not None:
            self._write()
            self._writer.close()

    def _write(self) -> None:
        assert self._writer is not None
        rows = self._rows
        first = self.records
        columns = [
            pa.array([row.cells.get(column) for row in rows], pa.string()) for column in self.names
        ]
        columns.append(pa.array(range(first, first + len(rows)), pa.int64()))
        columns.append(pa.array([row.line for row in rows], pa.int64()))
        columns.append(pa.array([row.rule for row in rows], pa.string()))
        columns.append(pa.array([row.about for row in rows], pa.string()))
        self._writer.write_batch(pa.record_batch(columns, schema=self._writer.schema))
        self.records += len(rows)
        self._rows = []
        self._characters = 0

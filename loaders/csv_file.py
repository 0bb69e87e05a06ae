"""A CSV file as relations: batches of Arrow string views into the mapped file, 8 MiB each.

Nothing is sniffed: delimiter and header are given. Memory is a few batches, whatever the size.
"""

import mmap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regift.loaders import csv_scan
from regift.loaders.errors import BadFile
from regift.loaders.relation import Relation, unfinished

BATCH_BYTES = 8 << 20
BATCH_RECORDS = 1 << 17
QUOTE = ord('"')
MOST_COLUMNS = 16_384
"""As many as a sheet of a workbook has."""

_FAULTS = (
    (csv_scan.NUL, "nul_byte", "'the row holds a NUL byte'"),
    (
        csv_scan.UNCLOSED,
        "unclosed_quote",
        "'a quote opens in this row and no quote closes it up to the end of the file'",
    ),
    (
        csv_scan.TOO_LONG,
        "row_too_long",
        "'the row from line ' || _line || ' on is ' || _bytes || ' bytes long, more than 1048576; "
        "only its beginning is kept'",
    ),
    (csv_scan.AFTER_QUOTE, "text_after_quote", "'there is text behind a closing quote'"),
    (csv_scan.STRAY_CR, "stray_cr", "'a carriage return stands alone outside quotes'"),
    (csv_scan.FEW, "too_few_fields", "_count || ' fields where the header has {fields}'"),
    (csv_scan.MANY, "too_many_fields", "_count || ' fields where the header has {fields}'"),
)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How the file is written. delimiter: one byte, or "whitespace" for runs of blanks and tabs."""

    delimiter: str = ","
    header: tuple[str, ...] | None = None

    @property
    def blanks(self) -> bool:
        """Whether runs of blanks part the fields."""
        return self.delimiter == "whitespace"


@dataclass(frozen=True)
class _Mark:
    """Where a batch begins: first record, byte and line."""

    record: int
    position: int
    line: int


@dataclass(frozen=True)
class _Scanned:
    """One scanned batch: Arrow buffers and the structure of its records."""

    records: int
    position: int
    line: int
    blank: int
    views: pa.Buffer
    spare: pa.Buffer
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]


class CsvFile:
    """An open CSV file; `fields` come from its header or from the dialect.

    Raises BadFile if it is empty or its header is damaged or names a column twice.
    """

    format = "csv"

    def __init__(self, path: Path, name: str, dialect: Dialect) -> None:
        self.name = name
        self.notes: list[str] = []
        self.records = 0
        self.header: str | None = None
        self._blanks = dialect.blanks
        self._kinds = csv_scan.classes(
            ord(" " if self._blanks else dialect.delimiter),
            -1 if self._blanks else QUOTE,
            self._blanks,
        )
        if path.stat().st_size == 0:
            raise BadFile(f"{name}: the file is empty; it needs at least a header line")
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._data = np.frombuffer(self._map, np.uint8)
        start = 3 if self._map[:3] == b"\xef\xbb\xbf" else 0
        self._marks = [_Mark(0, start, 1)]
        if dialect.header is None:
            self.fields = self._read_header(start)
        else:
            self.fields = dialect.header

    def _read_header(self, start: int) -> tuple[str, ...]:
        """Column names of the first record; the marks then begin behind it."""
        found = self._scan(_Mark(0, start, 1), np.arange(MOST_COLUMNS), MOST_COLUMNS, 1)
        if not found.records:
            raise BadFile(f"{self.name}: the file is empty; it needs at least a header line")
        self.header = self._text(found.starts[0], found.ends[0])
        if found.counts[0] > MOST_COLUMNS:
            raise BadFile(
                f"{self.name}: line {found.lines[0]}: the header has {found.counts[0]:,} columns; "
                f"a file may have {MOST_COLUMNS:,}"
            )
        if found.flags[0] & csv_scan.TOO_LONG:
            raise BadFile(
                f"{self.name}: line {found.lines[0]}: the header is longer than "
                f"{csv_scan.MAX_RECORD} bytes"
            )
        if found.flags[0] & (csv_scan.FAULTS & ~csv_scan.FEW):
            raise BadFile(
                f"{self.name}: line {found.lines[0]}: the header is damaged "
                "(an open quote, a NUL byte or a stray carriage return)"
            )
        count = int(found.counts[0])
        # Once more with the right number of fields: a record of too few has no views.
        found = self._scan(_Mark(0, start, 1), np.arange(count, dtype=np.int64), count, 1)
        names = tuple(
            str(self._column(found, start, place)[0].as_py()).strip() for place in range(count)
        )
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        if twice:
            raise BadFile(
                f"{self.name}: line {found.lines[0]}: the header names "
                f"{', '.join(repr(name) for name in twice)} more than once; name each column once"
            )
        self._marks = [_Mark(0, found.position, found.line)]
        return names

    def whole(self, con: duckdb.DuckDBPyConnection, fields: Sequence[str]) -> Relation:
        """All records as one stream; it can be read once."""
        slots = self._slots(fields)
        schema = self._schema(len(fields), raw=False)
        con.register("regift_csv", pa.RecordBatchReader.from_batches(schema, self._stream(slots)))
        return self._relation(len(fields))

    def parts(
        self, con: duckdb.DuckDBPyConnection, fields: Sequence[str], taken: str
    ) -> Iterator[Relation]:
        """The batches some of whose records are not in `taken`."""
        slots = self._slots(fields)
        firsts = [mark.record for mark in self._marks]
        for place in unfinished(con, firsts, self.records, taken):
            mark = self._marks[place]
            found = self._scan(mark, slots, len(fields), BATCH_RECORDS)
            con.register("regift_csv", self._batch(found, mark, len(fields), raw=True))
            yield self._relation(len(fields))

    def raw(self, con: duckdb.DuckDBPyConnection, rows: Sequence[int]) -> list[str]:
        """The records as they stand in the file; scans the batches they lie in again."""
        wanted = np.asarray(rows, np.int64)
        firsts = np.array([mark.record for mark in self._marks], np.int64)
        places = np.searchsorted(firsts, wanted, side="right") - 1
        texts: dict[int, str] = {}
        for place in np.unique(places):
            mark = self._marks[place]
            found = self._scan(mark, np.empty(0, np.int64), 0, BATCH_RECORDS)
            for row in wanted[places == place].tolist():
                inside = row - mark.record
                texts[row] = self._text(found.starts[inside], found.ends[inside])
        return [texts[row] for row in wanted.tolist()]

    def _text(self, start: int, end: int) -> str:
        """A record as text, cut at the longest record kept."""
        return bytes(self._data[start : min(end, start + csv_scan.MAX_RECORD)]).decode(
            "utf-8", errors="ignore"
        )

    def _slots(self, fields: Sequence[str]) -> npt.NDArray[np.int64]:
        """For each column of the file its place among `fields`, or -1."""
        places = {name: place for place, name in enumerate(fields)}
        return np.array([places.get(name, -1) for name in self.fields], np.int64)

    def _stream(self, slots: npt.NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
        """Batch after batch; afterwards marks and the number of records are known."""
        wanted = int(slots.max(initial=-1)) + 1
        mark = self._marks[0]
        marks = []
        blank = 0
        while mark.position < len(self._data):
            found = self._scan(mark, slots, wanted, BATCH_RECORDS)
            marks.append(mark)
            yield self._batch(found, mark, wanted, raw=False)
            # Pages behind us leave our memory; they stay in the cache of the system.
            page = mark.position // mmap.PAGESIZE * mmap.PAGESIZE
            self._map.madvise(mmap.MADV_DONTNEED, 0, page)
            blank += found.blank
            mark = _Mark(mark.record + found.records, found.position, found.line)
        self._marks = marks or self._marks
        self.records = mark.record
        if blank:
            self.notes.append(f"{blank} blank lines")

    def _scan(self, mark: _Mark, slots: npt.NDArray[np.int64], wanted: int, most: int) -> _Scanned:
        """One batch from `mark` on."""
        left = len(self._data) - mark.position
        most = max(1, min(most, left))
        views = pa.allocate_buffer(max(1, wanted) * most * 16)
        room = min(BATCH_BYTES, left) + 2 * csv_scan.MAX_RECORD
        spare = pa.allocate_buffer(room)
        starts, ends, lines, counts = (np.empty(most, np.int64) for _ in range(4))
        flags = np.empty(most, np.uint8)
        records, position, line, blank = csv_scan.scan(
            self._data, mark.position, mark.line, BATCH_BYTES,
            self._kinds, -1 if self._blanks else QUOTE, self._blanks,
            slots,
            np.frombuffer(views, np.uint64).reshape(max(1, wanted), most, 2),
            np.frombuffer(spare, np.uint8),
            starts, ends, lines, counts, flags,
        )  # fmt: skip
        return _Scanned(
            records, position, line, blank, views, spare, starts, ends, lines, counts, flags
        )

    def _column(self, found: _Scanned, base: int, place: int) -> pa.Array:
        """Field `place` of a scanned batch, not copied."""
        stride = len(found.starts) * 16
        return pa.Array.from_buffers(
            pa.string_view(),
            found.records,
            [
                None,
                found.views.slice(place * stride, found.records * 16),
                pa.py_buffer(self._data[base : found.position]),
                found.spare,
            ],
        )

    def _batch(self, found: _Scanned, mark: _Mark, wanted: int, *, raw: bool) -> pa.RecordBatch:
        """A scanned batch as Arrow columns c0, c1, ..., _row, _line, _flags [, _count, ...]."""
        n = found.records
        columns = [self._column(found, mark.position, place) for place in range(wanted)]
        columns.append(pa.array(np.arange(mark.record, mark.record + n, dtype=np.int64)))
        columns.append(pa.array(found.lines[:n]))
        columns.append(pa.array(found.flags[:n]))
        if raw:
            starts, ends = found.starts[:n], found.ends[:n]
            columns.append(pa.array(found.counts[:n]))
            columns.append(pa.array(ends - starts))
            views = csv_scan.record_views(self._data, starts, ends, mark.position)
            buffers = [
                None,
                pa.py_buffer(views),
                pa.py_buffer(self._data[mark.position : found.position]),
            ]
            columns.append(pa.Array.from_buffers(pa.string_view(), n, buffers))
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema(wanted, raw=raw))
        return pa.Table.from_batches([batch]) if raw else batch

    def _schema(self, wanted: int, *, raw: bool) -> pa.Schema:
        """Columns of a batch; `raw` adds what only rejects need."""
        columns = [(f"c{place}", pa.string_view()) for place in range(wanted)]
        columns += [("_row", pa.int64()), ("_line", pa.int64()), ("_flags", pa.uint8())]
        if raw:
            columns += [("_count", pa.int64()), ("_bytes", pa.int64()), ("_raw", pa.string_view())]
        return pa.schema(columns)

    def _relation(self, wanted: int) -> Relation:
        """The registered batches as a relation."""
        rules = " ".join(f"WHEN _flags & {bit} <> 0 THEN '{rule}'" for bit, rule, _ in _FAULTS)
        about = " ".join(
            f"WHEN _flags & {bit} <> 0 THEN {text.format(fields=len(self.fields))}"
            for bit, _, text in _FAULTS
        )
        return Relation(
            sql=f"(SELECT *, _flags & {csv_scan.LOOK} <> 0 AS _look FROM regift_csv)",
            fault=f"CASE {rules} END",
            about=f"CASE {about} END",
            sound=f"_flags & {csv_scan.FAULTS} = 0",
            raw="_raw",
        )

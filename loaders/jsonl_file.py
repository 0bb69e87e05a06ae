"""A JSON lines file as relations: one object a line, numbers kept digit by digit."""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regift.loaders.csv_scan import MAX_RECORD, record_views
from regift.loaders.json_scan import TOO_LONG, scan_lines
from regift.loaders.relation import Relation, quoted, unfinished

BATCH_BYTES = 8 << 20
BATCH_RECORDS = 1 << 16

_SCHEMA = pa.schema(
    [
        ("_row", pa.int64()),
        ("_line", pa.int64()),
        ("_long", pa.bool_()),
        ("_json", pa.string_view()),
        ("_raw", pa.string_view()),
    ]
)
_FAULTS = (
    ("_long", "row_too_long", "the line is longer than 1048576 bytes; only its beginning is kept"),
    ("NOT _valid", "json_malformed", "the line is no JSON"),
    ("_type <> 'OBJECT'", "json_not_object", "the line is JSON, but no object of names and values"),
    ("_twice", "json_duplicate_key", "the object has a name twice"),
    ("_nested", "json_nested", "a value is a list or an object where a text or number is needed"),
)


@dataclass(frozen=True)
class _Mark:
    """Where a batch begins: first record, byte and line."""

    record: int
    position: int
    line: int


class JsonlFile:
    """An open JSON lines file; `fields` are all names its objects use, sorted."""

    format = "jsonl"
    header: str | None = None

    def __init__(self, path: Path, name: str, con: duckdb.DuckDBPyConnection) -> None:
        self.name = name
        self.notes: list[str] = []
        self.records = 0
        self._data: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        if path.stat().st_size:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._data = np.frombuffer(self._map, np.uint8)
        start = 3 if bytes(self._data[:3]) == b"\xef\xbb\xbf" else 0
        self._marks = [_Mark(0, start, 1)]
        self._blank = 0
        con.register("regift_json", self._reader())
        names = con.sql(
            "SELECT DISTINCT unnest(json_keys(_json)) AS n FROM regift_json WHERE "
            "CASE WHEN json_valid(_json) THEN json_type(_json) = 'OBJECT' END ORDER BY n"
        ).fetchall()
        self.fields: tuple[str, ...] | None = tuple(str(n) for (n,) in names) or None
        if self._blank:
            self.notes.append(f"{self._blank} blank lines")

    def whole(self, con: duckdb.DuckDBPyConnection, fields: Sequence[str]) -> Relation:
        """All records as one stream; it can be read once."""
        con.register("regift_json", self._reader())
        return self._relation(fields)

    def parts(
        self, con: duckdb.DuckDBPyConnection, fields: Sequence[str], taken: str
    ) -> Iterator[Relation]:
        """The batches some of whose records are not in `taken`."""
        firsts = [mark.record for mark in self._marks]
        for place in unfinished(con, firsts, self.records, taken):
            _, batch, _ = self._batch(self._marks[place])
            con.register("regift_json", pa.Table.from_batches([batch]))
            yield self._relation(fields)

    def raw(self, con: duckdb.DuckDBPyConnection, rows: Sequence[int]) -> list[str]:
        """The lines as they stand in the file."""
        firsts = [mark.record for mark in self._marks]
        wanted = np.asarray(rows, np.int64)
        places = np.searchsorted(firsts, wanted, side="right") - 1
        texts: dict[int, str] = {}
        for place in np.unique(places):
            _, batch, _ = self._batch(self._marks[place])
            inside = wanted[places == place]
            for row in inside.tolist():
                texts[row] = batch.column(4)[row - firsts[place]].as_py()
        return [texts[row] for row in wanted.tolist()]

    def _reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(_SCHEMA, self._stream())

    def _stream(self) -> Iterator[pa.RecordBatch]:
        """Batch after batch; afterwards marks and the number of records are known."""
        mark = self._marks[0]
        marks = []
        self._blank = 0
        while mark.position < len(self._data):
            after, batch, blank = self._batch(mark)
            marks.append(mark)
            yield batch
            page = mark.position // mmap.PAGESIZE * mmap.PAGESIZE
            self._map.madvise(mmap.MADV_DONTNEED, 0, page)
            self._blank += blank
            mark = after
        self._marks = marks or self._marks
        self.records = mark.record

    def _batch(self, mark: _Mark) -> tuple[_Mark, pa.RecordBatch, int]:
        """One batch from `mark` on, where the next one begins, and its blank lines."""
        left = len(self._data) - mark.position
        most = max(1, min(BATCH_RECORDS, left))
        spare = pa.allocate_buffer(2 * min(BATCH_BYTES + MAX_RECORD, left) + 16)
        views = pa.allocate_buffer(most * 16)
        starts, ends, lines = (np.empty(most, np.int64) for _ in range(3))
        flags = np.empty(most, np.uint8)
        n, position, line, blank = scan_lines(
            self._data,
            mark.position,
            mark.line,
            BATCH_BYTES,
            np.frombuffer(views, np.uint64).reshape(most, 2),
            np.frombuffer(spare, np.uint8),
            starts,
            ends,
            lines,
            flags,
        )
        raw = record_views(self._data, starts[:n], ends[:n], mark.position)
        text = pa.py_buffer(self._data[mark.position : position])
        batch = pa.RecordBatch.from_arrays(
            [
                pa.array(np.arange(mark.record, mark.record + n, dtype=np.int64)),
                pa.array(lines[:n]),
                pa.array(flags[:n] == TOO_LONG),
                pa.Array.from_buffers(pa.string_view(), n, [None, views, spare]),
                pa.Array.from_buffers(pa.string_view(), n, [None, pa.py_buffer(raw), text]),
            ],
            schema=_SCHEMA,
        )
        return _Mark(mark.record + n, position, line), batch, blank

    def _relation(self, fields: Sequence[str]) -> Relation:
        """The registered lines with the texts of their values."""
        paths = ", ".join(quoted(_pointer(name)) for name in fields)
        columns = "".join(f"_values[{place + 1}] AS c{place}, " for place in range(len(fields)))
        valid = "CASE WHEN NOT _long THEN json_valid(_raw) ELSE false END AS _valid"
        names = "json_keys(_json)"
        parsed = (
            "CASE WHEN _valid THEN json_type(_json) END AS _type, "
            f"CASE WHEN _valid THEN length({names}) <> length(list_distinct({names})) END "
            "AS _twice, "
            f"CASE WHEN _valid THEN list_has_any(json_type(_json, [{paths}]::VARCHAR[]), "
            "['OBJECT', 'ARRAY']) END AS _nested, "
            f"CASE WHEN _valid THEN json_extract_string(_json, [{paths}]::VARCHAR[]) END AS _values"
        )
        sound = "_valid AND _type = 'OBJECT' AND NOT _twice AND NOT coalesce(_nested, false)"
        rules = " ".join(f"WHEN {when} THEN '{rule}'" for when, rule, _ in _FAULTS)
        about = " ".join(f"WHEN {when} THEN {quoted(text)}" for when, _, text in _FAULTS)
        return Relation(
            sql=(
                f"(SELECT {columns} *, true AS _look FROM (SELECT *, {parsed} FROM "
                f"(SELECT *, {valid} FROM regift_json) j) j)"
            ),
            fault=f"CASE {rules} END",
            about=f"CASE {about} END",
            sound=f"coalesce({sound}, false)",
            raw="_raw",
        )


def _pointer(name: str) -> str:
    """JSON pointer (RFC 6901) of a name.

    >>> _pointer("a/b")
    '/a~1b'
    """
    return "/" + name.replace("~", "~0").replace("/", "~1")

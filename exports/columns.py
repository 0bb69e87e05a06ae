"""Tables for formats that know only plain cells: lists and maps become JSON text."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.types as kinds

from regift.graph.connect import connect

BATCH = 65_536
"""Rows formatted at a time: bounds memory; the bytes written do not depend on it."""


def is_text(column: pa.DataType) -> bool:
    """Whether cells of this type are text.

    >>> is_text(pa.string()), is_text(pa.int64())
    (True, False)
    """
    return bool(kinds.is_string(column) or kinds.is_large_string(column))


def plain_batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """The table in batches whose list, map and struct columns are JSON text; null stays null.

    >>> [b.to_pydict() for b in plain_batches(pa.table({"ids": [["a", "b"], None]}))]
    [{'ids': ['["a","b"]', None]}]
    """
    chosen = ", ".join(
        f"to_json({_quoted(field.name)})::VARCHAR AS {_quoted(field.name)}"
        if kinds.is_nested(field.type)
        else _quoted(field.name)
        for field in table.schema
    )
    with connect(threads=1) as con:
        con.register("_table", table)
        yield from con.sql(f"SELECT {chosen} FROM _table").to_arrow_reader(BATCH)


def json_batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """The table as one text column `json`, an object a row, in batches."""
    with connect(threads=1) as con:
        con.register("_table", table)
        yield from con.sql("SELECT to_json(_table)::VARCHAR AS json FROM _table").to_arrow_reader(
            BATCH
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

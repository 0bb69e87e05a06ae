"""A workbook: every id a text cell, never a formula, a link or a rounded number.

    first sheet   the list, one row each, header frozen, filters on
    about         what the list is about, key and value; a long value takes several rows
    long          only if needed: cells longer than a cell may be, in parts, by row and column

Whole numbers of up to 15 digits are numbers, longer ones text: a workbook keeps 15 digits.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from regift.exports.about import on_every_row
from regift.exports.columns import plain_batches
from regift.exports.target import published
from regift.loaders.errors import RegiftError

MOST_ROWS = 1_048_575
"""Rows of a sheet below its header: the format's own limit."""
MOST_CHARACTERS = 32_767
"""Characters of a cell, counted in UTF-16 units as the format does."""
EXACT = 10**15


def write(table: pa.Table, target: Path | BinaryIO, about: Mapping[str, str]) -> None:
    """Write the table.

    Raises RegiftError when it has more rows than a sheet holds. The library takes one cell a call,
    so this is the slow format: about 100,000 cells a second, memory bounded by one batch.
    """
    if table.num_rows > MOST_ROWS:
        raise RegiftError(
            f"{table.num_rows:,} rows do not fit a workbook, whose sheets end at {MOST_ROWS:,}: "
            "use --format csv or parquet, or narrow the filter"
        )
    with published(target) as file:
        # constant_memory: rows go to disk as they come; no sheet may be written backwards
        book = Workbook(file, {"constant_memory": True})
        # a fixed date: the same list gives the same bytes
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
        sheet = book.add_worksheet(about["list"])
        _about_sheet(book.add_worksheet("about"), about)
        long = _data_sheet(book, sheet, on_every_row(table, about))
        if long:
            _long_sheet(book.add_worksheet("long"), long)
        book.close()


def _about_sheet(sheet: Worksheet, about: Mapping[str, str]) -> None:
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 100)
    lines = [(key, part) for key, value in about.items() for part in parts(value)]
    for row, (key, part) in enumerate(lines):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, part)


def _data_sheet(book: Workbook, sheet: Worksheet, table: pa.Table) -> list[tuple[int, str, str]]:
    """Write header and rows; the cells that were too long, as (row, column, text)."""
    names = table.column_names
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(table.num_rows, 1), len(names) - 1)
    sheet.set_column(0, len(names) - 1, 20)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(names):
        sheet.write_string(0, column, name, bold)
    long: list[tuple[int, str, str]] = []
    row = 1
    for batch in plain_batches(table):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            for column, value in enumerate(values):
                text = _cell(sheet, row, column, value)
                if text is not None:
                    long.append((row + 1, names[column], text))
            row += 1
    return long


def _cell(sheet: Worksheet, row: int, column: int, value: Any) -> str | None:
    """Write one value; a text that is too long is left to the sheet `long` and returned."""
    if value is None:
        return None
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int) and abs(value) < EXACT:
        sheet.write_number(row, column, value)
    else:
        text = str(value)
        if _units(text) > MOST_CHARACTERS:
            sheet.write_string(row, column, f"see sheet long, row {row + 1}")
            return text
        sheet.write_string(row, column, text)
    return None


def _long_sheet(sheet: Worksheet, long: list[tuple[int, str, str]]) -> None:
    for column, name in enumerate(("row", "column", "part", "text")):
        sheet.write_string(0, column, name)
    written = 1
    for row, name, text in long:
        for number, part in enumerate(parts(text), start=1):
            sheet.write_number(written, 0, row)
            sheet.write_string(written, 1, name)
            sheet.write_number(written, 2, number)
            sheet.write_string(written, 3, part)
            written += 1


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def parts(text: str) -> Iterator[str]:
    """The text in pieces that fit a cell, joined they give it back.

    A character outside the basic plane counts twice, so half the limit is always safe.

    >>> [len(part) for part in parts("x" * 40_000)]
    [16383, 16383, 7234]
    >>> list(parts("short"))
    ['short']
    """
    if _units(text) <= MOST_CHARACTERS:
        yield text
        return
    step = MOST_CHARACTERS // 2
    yield from (text[at : at + step] for at in range(0, len(text), step))

"""CSV for spreadsheets and scripts: RFC 4180, UTF-8 with a byte order mark, formula-safe.

    line ends   CR LF
    text        always in quotes, a quote doubled: an id is never a number, empty text is not null
    null        nothing between the commas
    numbers     plain digits, true and false without quotes
    lists       JSON text, ["r1","r2"]
    about       columns filter, truncated, generation on every row; an empty list is its header

Formula-safe: a text cell whose first character (after blanks) is = + - @ or its full-width form, or
whose first character is TAB, CR, LF or an apostrophe, gets one more apostrophe in front. To read an
id back exactly: **drop one leading apostrophe if there is one.** No other cell is touched.

Spreadsheets guess types when a CSV file is opened by a double click and turn 0012 into 12: import
it with all columns as text, or use `--format xlsx`, where ids are text already.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from regift.exports.about import on_every_row
from regift.exports.columns import is_text, plain_batches
from regift.exports.target import published
from regift.loaders.formula import RISKY


def write(table: pa.Table, target: Path | BinaryIO, about: Mapping[str, str]) -> None:
    """Write the table; columns keep their order, rows theirs.

    Cost: one pass in Arrow, a few times the text's size in memory for 65,536 rows.
    """
    table = on_every_row(table, about)
    header = ",".join('"' + name.replace('"', '""') + '"' for name in table.column_names)
    with published(target) as file:
        file.write(b"\xef\xbb\xbf" + header.encode() + b"\r\n")
        for block in _blocks(table):
            file.write(block)


def _blocks(table: pa.Table) -> Iterator[bytes]:
    for batch in plain_batches(table):
        if batch.num_rows:
            cells = [_cells(column) for column in batch.columns]
            lines = pc.binary_join_element_wise(*cells, _large(","), null_handling="replace")
            yield "\r\n".join(lines.to_pylist()).encode() + b"\r\n"


def _cells(column: pa.Array) -> pa.Array:
    """A column as CSV cells; null is the empty cell."""
    if not is_text(column.type):
        return column.cast(pa.large_string())
    text = column.cast(pa.large_string())
    mark = pc.if_else(pc.match_substring_regex(text, RISKY), _large("'"), _large(""))
    doubled = pc.replace_substring(text, '"', '""')
    return pc.binary_join_element_wise(_large('"'), mark, doubled, _large('"'), _large(""))


def _large(text: str) -> pa.Scalar:
    """Text of the one type the joins take: its offsets do not overflow at 2 GiB."""
    return pa.scalar(text, pa.large_string())

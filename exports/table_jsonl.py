"""JSON lines: one object a row, UTF-8, keys in the order of the columns, absent values null.

Lists are arrays, maps are objects, whole numbers keep every digit. What the list is about stands on
every row as `filter`, `truncated` and `generation`; an empty list is an empty file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from regift.exports.about import on_every_row
from regift.exports.columns import json_batches
from regift.exports.target import published


def write(table: pa.Table, target: Path | BinaryIO, about: Mapping[str, str]) -> None:
    """Write the table, one line a row, each ended by LF."""
    with published(target) as file:
        for batch in json_batches(on_every_row(table, about)):
            if batch.num_rows:
                file.write("\n".join(batch.column(0).to_pylist()).encode() + b"\n")

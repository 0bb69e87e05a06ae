"""Parquet: typed columns for notebooks, DuckDB and Spark.

What the list is about stands on every row as `filter`, `truncated` and `generation`, and whole in
the file's key-value metadata under `regift.*`, so that an empty list says it too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from regift.exports.about import on_every_row
from regift.exports.target import published


def write(table: pa.Table, target: Path | BinaryIO, about: Mapping[str, str]) -> None:
    """Write the table with its types; the repeated columns cost nothing (dictionary)."""
    table = on_every_row(table, about)
    known = {f"regift.{key}".encode(): value.encode() for key, value in about.items()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **known})
    with published(target) as file:
        pq.write_table(table, file, compression="zstd")

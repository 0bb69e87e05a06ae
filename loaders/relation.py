"""What every kind of input file gives the loader: records as a relation of texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb
import numpy as np


@dataclass(frozen=True, kw_only=True)
class Relation:
    """SQL of a relation with `_row`, `_line` (BIGINT), `_look` (BOOLEAN) and texts c0, c1, ...

    fault: SQL, the rule that a record as a whole breaks, or null. about: SQL, its message.
    sound: SQL, true if no such rule is broken (cheaper than `fault IS NULL`). raw: SQL, the record.
    """

    sql: str
    fault: str
    about: str
    sound: str
    raw: str


class InputFile(Protocol):
    """One open file. `fields` are its column names, None if it holds no record to name them."""

    notes: list[str]
    records: int

    @property
    def format(self) -> str:
        """csv, jsonl or parquet."""

    @property
    def fields(self) -> tuple[str, ...] | None:
        """Names of the columns."""

    @property
    def header(self) -> str | None:
        """The header line as it stands in the file."""

    def whole(self, con: duckdb.DuckDBPyConnection, fields: Sequence[str]) -> Relation:
        """All records with the texts of `fields` as c0, c1, ...; reading it sets `records`."""

    def parts(
        self, con: duckdb.DuckDBPyConnection, fields: Sequence[str], taken: str
    ) -> Iterator[Relation]:
        """The stretches of the file whose records are not all in `taken` (a query of `_row`)."""

    def raw(self, con: duckdb.DuckDBPyConnection, rows: Sequence[int]) -> list[str]:
        """The records as they stand in the file."""


def quoted(text: str) -> str:
    """A text as an SQL literal: names and words of maps, which no parameter can stand for.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def unfinished(
    con: duckdb.DuckDBPyConnection, firsts: Sequence[int], records: int, taken: str
) -> list[int]:
    """Which stretches of a file (by their first records) are not wholly in `taken`."""
    starts = np.asarray(firsts, np.int64)
    seen = np.zeros(len(starts), np.int64)
    for batch in con.sql(taken).to_arrow_reader(1 << 20):
        places = np.searchsorted(starts, batch.column(0).to_numpy(), side="right") - 1
        seen += np.bincount(places, minlength=len(starts))
    sizes = np.diff(np.append(starts, records))
    return [int(place) for place in np.flatnonzero(seen < sizes)]

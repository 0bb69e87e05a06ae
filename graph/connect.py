"""DuckDB connections with stated memory, time zone and no silent network access."""

import os
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from regift.loaders.errors import RegiftError

LARGE_TEXTS = "SET arrow_large_buffer_size = true"

MEMORY_LIMIT = "3GiB"
"""DuckDB spills beyond it; whole runs stay under 4 GiB with what Arrow and NumPy hold beside it."""


def connect(scratch: Path | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory connection that spills into `scratch`, else into a temporary folder of its own.

    Extensions are neither installed nor loaded by themselves: nothing is fetched from anywhere.
    `REGIFT_MEMORY` and `REGIFT_THREADS` override the limits.
    """
    con = duckdb.connect(
        config={
            "memory_limit": os.environ.get("REGIFT_MEMORY", MEMORY_LIMIT),
            "threads": str(threads or os.environ.get("REGIFT_THREADS") or os.cpu_count() or 1),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # What is freed goes back to the system: over 10 million transfers it kept 1.0 GiB.
            "allocator_background_threads": "true",
        }
    )
    con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    con.execute(f"SET temp_directory = {quote(str(scratch or _spill()))}")
    return con


def _spill() -> Path:
    """A folder for one connection, in one that only this user can read.

    DuckDB makes it when it first needs it and removes it when it closes. Left to itself it spills
    into .tmp of the folder it was started in, readable by all, and shared with others there.
    """
    home = Path(tempfile.gettempdir()) / f"regift-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    there = home.lstat()
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.getuid():
        raise RegiftError(f"{home} belongs to somebody else: set TMPDIR to a folder of your own")
    if stat.S_IMODE(there.st_mode) != 0o700:
        home.chmod(0o700)
    return home / f"{os.getpid()}-{time.monotonic_ns()}"


@contextmanager
def large_texts(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within this, Arrow tables hold texts and lists with 64-bit offsets.

    A connection whose settings are locked has to have `LARGE_TEXTS` set before.
    """
    if row(con, "SELECT current_setting('arrow_large_buffer_size')")[0]:
        yield
        return
    con.execute(LARGE_TEXTS)
    try:
        yield
    finally:
        con.execute("RESET arrow_large_buffer_size")


def quote(text: str) -> str:
    """A text as an SQL literal, for places where DuckDB takes no parameter (paths, settings).

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def parquet(*files: Path) -> str:
    """SQL of the rows of Parquet files that we wrote.

    Their columns are what the files say: a folder such as `day=2026-01-01` on the way to them adds
    none, as it would where DuckDB takes it for a partition.

    >>> parquet(Path("a.parquet"))
    "read_parquet(['a.parquet'], hive_partitioning = false)"
    """
    return f"read_parquet([{', '.join(quote(str(f)) for f in files)}], hive_partitioning = false)"


def row(con: duckdb.DuckDBPyConnection, sql: str, given: Sequence[object] = ()) -> tuple[Any, ...]:
    """The one row of a query that always has one, such as an aggregate.

    All of it is fetched: a result that is left half read keeps the connection busy.
    """
    rows = con.execute(sql, given).fetchall()
    assert len(rows) == 1, f"{len(rows)} rows: {sql}"
    return tuple(rows[0])


def dicts(
    con: duckdb.DuckDBPyConnection, sql: str, given: Sequence[object] | Mapping[str, object] = ()
) -> list[dict[str, Any]]:
    """Every row of a query by the names of its columns.

    >>> dicts(connect(), "SELECT 1 AS a, 'x' AS b")
    [{'a': 1, 'b': 'x'}]
    """
    found = con.execute(sql, given)
    names = [column[0] for column in found.description]
    return [dict(zip(names, each, strict=True)) for each in found.fetchall()]


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a table, or of a query in parentheses.

    >>> count(connect(), "(SELECT unnest([1, 2]))")
    2
    """
    return int(row(con, f"SELECT count(*) FROM {relation}")[0])

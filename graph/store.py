"""Generations: manifests of immutable segments, and the views that a reader sees of one.

A generation is `generations/000042.json` (the manifest) and `generations/000042.duckdb` (what was
derived and found). Record tables and the custody ledger are Parquet segments that generations
share; a segment's name is the hash of its content, so one that exists never needs writing again.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

from regift.graph.connect import connect, parquet, quote, row
from regift.graph.custody import CUSTODY_DDL
from regift.graph.decisions import define_missing
from regift.graph.effective import define_payments
from regift.graph.snapshot import Settings, Snapshot
from regift.graph.workspace import Workspace, read_json, sync_file, sync_folder, write_json
from regift.loaders.currencies import DECIMALS
from regift.loaders.errors import RegiftError, UsageError
from regift.loaders.tables import TABLES

SLICE_US = 30 * 86_400_000_000
"""Records with a time lie in segments of 30 days: a late record rewrites one of them."""

BUCKETS = 16
"""The ledger lies in 16 segments by a hash of the item: a touched item rewrites one of them."""

HISTORY_DDL = (
    "tbl VARCHAR, key VARCHAR, action VARCHAR, load VARCHAR, reason VARCHAR, actor VARCHAR, "
    "at_us BIGINT, row VARCHAR"
)
WITHDRAWN_DDL = "tbl VARCHAR, key VARCHAR, load VARCHAR"
SEGMENT_DDL: dict[str, str] = {
    **{table.name: table.ddl for table in TABLES.values()},
    "custody": CUSTODY_DDL,
    "history": HISTORY_DDL,
    "withdrawn": WITHDRAWN_DDL,
}


@dataclass(frozen=True)
class Segment:
    """One Parquet file: its name under `segments/`, its rows, its slice or bucket."""

    file: str
    rows: int
    part: int


@dataclass(frozen=True)
class Manifest:
    """What a generation is made of.

    loads: staged loads it contains; segments: table -> files; as_of_us: newest accepted record;
    digests: of records, judgements, settings, code and the casebook's head it was made from;
    run: what the refresh that made it did (units run, truncations, seconds).
    """

    number: int
    loads: tuple[str, ...] = ()
    segments: Mapping[str, tuple[Segment, ...]] = field(default_factory=dict)
    as_of_us: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """File name without its ending."""
        return f"{self.number:06d}"

    @property
    def forgotten(self) -> tuple[str, ...]:
        """Tombstones of the accounts that it no longer names, and no later one does."""
        return tuple(self.run.get("forgotten", ()))

    def rows(self, table: str) -> int:
        """Rows of one table, from the manifest alone."""
        return sum(segment.rows for segment in self.segments.get(table, ()))


def load_manifest(path: Path) -> Manifest:
    """Read a manifest file."""
    value = read_json(path)
    try:
        return Manifest(
            number=value["generation"],
            loads=tuple(value["loads"]),
            segments={
                table: tuple(Segment(**segment) for segment in segments)
                for table, segments in value["segments"].items()
            },
            as_of_us=value["as_of_us"],
            digests=value["digests"],
            run=value["run"],
        )
    except (KeyError, TypeError) as error:
        raise RegiftError(f"{path} is damaged ({error}): restore it from a backup") from None


def current_manifest(workspace: Workspace) -> Manifest | None:
    """The manifest that `current` points at, or None before the first refresh.

    RegiftError when `current` was lost, as copies that leave out links do: starting from nothing
    would take every load for new, and the rows of old ones may be gone.
    """
    if workspace.current.is_symlink():
        return load_manifest(workspace.current.resolve())
    numbers = _numbers(workspace)
    # A first refresh that was interrupted may have left a generation 1 that was never current.
    if workspace.current.exists() or any(number > 1 for number in numbers):
        newest = f"generations/{max(numbers, default=1):06d}.json"
        raise RegiftError(
            f"{workspace.current} is no link to a generation: it was lost in a copy; make it anew "
            f"with `ln -sfn {newest} current` in {workspace.root}"
        )
    return None


def _numbers(workspace: Workspace) -> list[int]:
    return sorted(int(path.stem) for path in workspace.generations.glob("[0-9]*.json"))


def published(workspace: Workspace, current: Manifest | None) -> list[int]:
    """Numbers of the generations that were current once and are kept, oldest first.

    A manifest beyond the current one is what an interrupted refresh left behind.
    """
    return [n for n in _numbers(workspace) if current is not None and n <= current.number]


def manifest_of(workspace: Workspace, number: int | None) -> Manifest:
    """The manifest of one generation, by default the current one; UsageError if it is not kept."""
    if number is not None:
        kept = published(workspace, current_manifest(workspace))
        if number not in kept:
            raise UsageError(
                f"generation {number} is not kept in {workspace.root}: "
                f"there are {', '.join(map(str, kept)) or 'none'}"
            )
        return load_manifest(workspace.generations / f"{number:06d}.json")
    manifest = current_manifest(workspace)
    if manifest is None:
        raise UsageError(f"{workspace.root} has no generation yet: run `regift refresh`")
    return manifest


def publish(workspace: Workspace, manifest: Manifest) -> None:
    """Make a generation the current one: manifest durable first, then one rename."""
    path = workspace.generations / f"{manifest.name}.json"
    sync_folder(workspace.segments)
    sync_file(path.with_suffix(".duckdb"))
    write_json(
        path,
        {
            "generation": manifest.number,
            "loads": list(manifest.loads),
            "segments": {
                table: [vars(segment) for segment in segments]
                for table, segments in sorted(manifest.segments.items())
            },
            "as_of_us": manifest.as_of_us,
            "digests": dict(manifest.digests),
            "run": dict(manifest.run),
        },
    )
    link = workspace.root / f".current.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("generations") / path.name)
    os.replace(link, workspace.current)
    sync_folder(workspace.root)


def write_segment(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, table: str, part: int, sql: str
) -> Segment | None:
    """Write the rows of a query as a segment; None when there are none.

    The file is written aside, made durable, and named by the hash of its bytes. The same rows give
    the same bytes: without statistics of where the rows come from, which say of some columns that
    nothing is null and would let these be written shorter.
    """
    temporary = workspace.segments / f".{table}-{part}-{os.getpid()}.parquet"
    copy = f"COPY ({sql}) TO {quote(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
    con.execute("SET disabled_optimizers = 'statistics_propagation'")
    rows = row(con, copy)[0]
    con.execute("RESET disabled_optimizers")
    if rows == 0:
        temporary.unlink()
        return None
    sync_file(temporary)
    name = f"{table}-{part}-{_digest_of_file(temporary)}.parquet"
    os.replace(temporary, workspace.segments / name)
    return Segment(name, rows, part)


def _digest_of_file(path: Path) -> str:
    """What a segment is named by: 24 hexadecimal digits of the SHA-256 of its bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]


def check_segments(workspace: Workspace, manifest: Manifest) -> None:
    """RegiftError for a segment that is missing or is not what its name says. Reads all of them.

    For when DuckDB stumbled: of a damaged file it says neither which it is nor what to do.
    """
    for segments in manifest.segments.values():
        for path in (workspace.segments / segment.file for segment in segments):
            _present(path)
            if _digest_of_file(path) != path.stem.rpartition("-")[2]:
                raise RegiftError(f"{path} is damaged: {_MENDED}")


_MENDED = (
    "restore it from a backup; `regift refresh --full` cannot bring its records back, "
    "loads that are still staged are not touched by this"
)


def _present(path: Path) -> None:
    if not path.is_file():
        raise RegiftError(f"{path} is missing: {_MENDED}")


def segment_sql(workspace: Workspace, table: str, segments: Iterable[Segment]) -> str:
    """A query over the segments of one table, with its columns even when there are none."""
    files = [workspace.segments / segment.file for segment in segments]
    if not files:
        columns = ", ".join(
            f"CAST(NULL AS {kind.removesuffix(' NOT NULL')}) AS {name}"
            for name, kind in (c.split(" ", 1) for c in SEGMENT_DDL[table].split(", "))
        )
        return f"SELECT {columns} WHERE false"
    for path in files:
        _present(path)
    return f"SELECT * FROM {parquet(*files)}"


def define_records(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, manifest: Manifest, prefix: str = ""
) -> None:
    """Views of every segment table of a generation, named `prefix` + table."""
    for table in SEGMENT_DDL:
        sql = segment_sql(workspace, table, manifest.segments.get(table, ()))
        con.execute(f"CREATE OR REPLACE TEMP VIEW {prefix}{table} AS {sql}")


def attach_generation(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, manifest: Manifest, name: str
) -> list[str]:
    """Attach a generation's DuckDB file read-only; gives the names of its tables."""
    path = workspace.generations / f"{manifest.name}.duckdb"
    try:
        con.execute(f"ATTACH {quote(str(path))} AS {name} (READ_ONLY)")
    except duckdb.Error as error:
        raise RegiftError(
            f"{path} cannot be opened ({str(error).splitlines()[0]}): "
            "run `regift refresh --full`, which makes it anew"
        ) from None
    return [
        row[0]
        for row in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name",
            [name],
        ).fetchall()
    ]


def open_snapshot(
    workspace: Workspace, settings: Settings, manifest: Manifest, threads: int | None = None
) -> Snapshot:
    """A generation for reading: views of its segments and of its derived tables.

    It stays as it is, whatever refreshes and `gc` do meanwhile. Its settings are those that its
    ledger was made with, whatever stands in `regift.toml` by now; `settings` is for generations
    that do not tell theirs.
    """
    made_with = manifest.run.get("settings")
    with contextlib.ExitStack() as closing:
        hold = closing.enter_context(_hold(workspace, manifest))
        con = closing.enter_context(connect(threads=threads))
        define_records(con, workspace, manifest)
        there = attach_generation(con, workspace, manifest, "generation")
        define_missing(con, there)
        for table in there:
            con.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM generation.{table}")
        define_payments(con)
        define_shown(con)
        closing.pop_all()  # from here on the snapshot closes both
    return Snapshot(con, Settings(**made_with) if made_with else settings, hold)


def _hold(workspace: Workspace, manifest: Manifest) -> BinaryIO:
    """The manifest's file under a shared lock: while it is open, `gc` leaves the generation be.

    A reader opens the segments one by one as it asks for them, so they have to stay for it.
    """
    path = workspace.generations / f"{manifest.name}.json"
    try:
        file = open(path, "rb")  # noqa: SIM115 - the snapshot closes it
        fcntl.flock(file, fcntl.LOCK_SH)
        path.stat()
    except FileNotFoundError:
        raise RegiftError(
            f"generation {manifest.number} was removed by `regift gc`: open a newer one"
        ) from None
    return file


def define_shown(con: duckdb.DuckDBPyConnection) -> None:
    """`currencies(currency, digits)`, which turns minor units into text."""
    digits = pa.array(DECIMALS.values(), pa.int64())
    con.register("_currencies", pa.table({"currency": list(DECIMALS), "digits": digits}))
    con.execute("CREATE OR REPLACE TEMP TABLE currencies AS SELECT * FROM _currencies")
    con.unregister("_currencies")


def digest_of(value: object) -> str:
    """Hash of anything JSON can hold, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()

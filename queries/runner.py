"""Run every typology over a generation in the making; recompute only the units that were touched.

`partition` of a typology says what can be recomputed alone (definition D-17). A unit (item or
account) that nothing touched keeps its findings as they are; that this gives what a full run gives
is a test of the whole history, not a hope.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from regift.graph.bounds import Bounds
from regift.graph.connect import count, row
from regift.graph.snapshot import Settings, Snapshot
from regift.queries.cuts import NOT_BEGUN, by_time
from regift.queries.findings import EVIDENCE_DDL, FINDINGS_DDL, SUBJECTS_DDL, Findings
from regift.queries.typology import Typology

TABLES = {"findings": FINDINGS_DDL, "subjects": SUBJECTS_DDL, "evidence": EVIDENCE_DDL}

NARROWED = {
    "item": {
        "custody": "item IN (SELECT item FROM touched_items)",
        "gifts": "item IN (SELECT item FROM touched_items)",
    },
    "account": {
        "custody": "source IN (SELECT account FROM touched_accounts) "
        "OR target IN (SELECT account FROM touched_accounts)",
        "payments": "source IN (SELECT account FROM touched_accounts) "
        "OR target IN (SELECT account FROM touched_accounts)",
        "transfers": "source IN (SELECT account FROM touched_accounts) "
        "OR target IN (SELECT account FROM touched_accounts)",
    },
}
"""What a search of touched units may see of each table; the rest of the tables it sees whole."""

UNITS = {"item": "touched_items", "account": "touched_accounts"}


@dataclass(frozen=True)
class Ran:
    """What one typology did: `whole`, `touched` units only, or `carried` over as it was."""

    typology: str
    mode: str
    findings: int
    seconds: float
    truncated: dict[str, object]


def run_all(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    typologies: Mapping[str, Typology],
    params: Mapping[str, Any],
    *,
    old: str | None,
    again: frozenset[str],
    changed: frozenset[str],
    cut: Mapping[str, dict[str, object]],
    bounds: Bounds | None = None,
) -> list[Ran]:
    """Fill `findings`, `subjects` and `evidence` of the connection.

    old: attached database with the findings before, or None to run everything; again: typologies
    that must run whole (their parameters changed); changed: derived and record tables that are
    not what they were; cut: what the run before cut, by typology. The connection has
    `touched_items` and `touched_accounts`.

    Findings that are carried over take their cuts along, but a search that time cut runs again. Of
    a search that was cut nobody kept which units the cut was in, so it runs whole where one with no
    cut would run for touched units only. When the time is over no further search begins: of units
    that nothing touched its findings are carried over, the others are cut.
    """
    bounds = bounds or Bounds()
    for table, ddl in TABLES.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({ddl})")
    whole = Snapshot(con, settings, bounds=bounds)
    ran = []
    for number, (name, typology) in enumerate(typologies.items()):
        began = time.monotonic()
        whole.bounds = _told_of_all(bounds, number, len(typologies))
        mode = _mode(con, typology, old is None or name in again, changed)
        truncated = cut.get(name, {})
        if (mode == "touched" and truncated) or (mode == "carried" and by_time(truncated)):
            mode = "whole"
        if mode != "whole":
            _carry(con, typology, str(old), everything=mode == "carried")
        if mode != "carried" and bounds.late:
            truncated = NOT_BEGUN
        elif mode != "carried":
            units = UNITS[typology.partition] if mode == "touched" else None
            with _narrowed(con, typology.partition if units else None):
                graph = Snapshot(con, settings, bounds=whole.bounds) if units else whole
                found = typology.find(graph, params[name])
            truncated = dict(found.truncated)
            _insert(con, found, units)
        found_now = row(con, "SELECT count(*) FROM findings WHERE typology = ?", [name])[0]
        seconds = round(time.monotonic() - began, 3)
        ran.append(Ran(name, mode, found_now, seconds, truncated))
    _told_of_all(bounds, 1, 1)
    return ran


def _told_of_all(bounds: Bounds, number: int, of: int) -> Bounds:
    """The same bounds; what one search tells of its progress becomes that of all of them."""
    tell = bounds.on_progress
    if tell is None:
        return bounds
    tell(number, of)
    return replace(bounds, on_progress=lambda done, all_: tell(number * all_ + done, of * all_))


def report(ran: list[Ran]) -> list[dict[str, Any]]:
    """The run as the manifest keeps it."""
    return [asdict(each) for each in ran]


def _mode(
    con: duckdb.DuckDBPyConnection, typology: Typology, whole: bool, changed: frozenset[str]
) -> str:
    if whole:
        return "whole"
    units = UNITS.get(typology.partition)
    if units is None:
        reads = typology.reads
        return "whole" if not reads or changed.intersection(reads) else "carried"
    return "touched" if count(con, units) else "carried"


def _carry(
    con: duckdb.DuckDBPyConnection, typology: Typology, old: str, *, everything: bool
) -> None:
    """Take over the findings of units that nothing touched."""
    keep = "true"
    if not everything:
        units = UNITS[typology.partition]
        column = units.removeprefix("touched_").removesuffix("s")
        keep = f"unit NOT IN (SELECT {column} FROM {units})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE carried AS SELECT * FROM {old}.findings "
        f"WHERE typology = ? AND {keep}",
        [typology.name],
    )
    con.execute("INSERT INTO findings SELECT * FROM carried")
    for table in ("subjects", "evidence"):
        con.execute(
            f"INSERT INTO {table} SELECT * FROM {old}.{table} SEMI JOIN carried USING (finding)"
        )
    con.execute("DROP TABLE carried")


def _insert(con: duckdb.DuckDBPyConnection, found: Findings, units: str | None) -> None:
    """Add what was found; of a narrowed search only what its units own."""
    keep = "true"
    if units:
        keep = f"unit IN (SELECT {units.removeprefix('touched_').removesuffix('s')} FROM {units})"
    con.register("_found", found.findings)
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT * FROM _found WHERE {keep}")
    con.execute("INSERT INTO findings SELECT * FROM fresh")
    con.unregister("_found")
    for table, rows in (("subjects", found.subjects), ("evidence", found.evidence)):
        con.register("_found", rows)
        con.execute(f"INSERT INTO {table} SELECT * FROM _found SEMI JOIN fresh USING (finding)")
        con.unregister("_found")
    con.execute("DROP TABLE fresh")


@contextmanager
def _narrowed(con: duckdb.DuckDBPyConnection, partition: str | None) -> Iterator[None]:
    """Within this, tables show only what touched units need; each has its whole as `whole_` + name.

    The runner's caller made the views: `custody` is `SELECT * FROM whole_custody`, and so on.
    """
    narrowed = NARROWED[partition] if partition else {}
    for table, condition in narrowed.items():
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM whole_{table} WHERE {condition}"
        )
    try:
        yield
    finally:
        for table in narrowed:
            show_whole(con, table)


def show_whole(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Let a table that searches may see narrowed show all of its rows."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM whole_{table}")

"""Run every typology over a generation in the making; recompute only the units that were touched.

`partition` of a typology says what can be recomputed alone (definition D-17). A unit (item or
account) that nothing touched keeps its findings as they are; that this gives what a full run gives
is a test of the whole history, not a hope.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from regift.graph.bounds import Bounds
from regift.graph.connect import count, row
from regift.graph.snapshot import Settings, Snapshot
from regift.queries import kept, scopes
from regift.queries.cuts import NOT_BEGUN, by_time
from regift.queries.findings import EVIDENCE_DDL, FINDINGS_DDL, SUBJECTS_DDL, Findings
from regift.queries.typology import Redo, Typology

TABLES = {"findings": FINDINGS_DDL, "subjects": SUBJECTS_DDL, "evidence": EVIDENCE_DDL}

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
    con.execute("CREATE OR REPLACE TEMP TABLE all_carried (finding VARCHAR)")
    whole = Snapshot(con, settings, bounds=bounds)
    narrow = _Narrow(con, settings, old)
    ran = []
    for number, (name, typology) in enumerate(typologies.items()):
        began = time.monotonic()
        whole.bounds = _told_of_all(bounds, number, len(typologies))
        mode = _mode(con, typology, old is None or name in again, changed)
        truncated = cut.get(name, {})
        if (mode == "touched" and truncated) or (mode == "carried" and by_time(truncated)):
            mode = "whole"
        if mode == "carried":
            _carry(con, typology, str(old), None)
        else:
            mode, truncated = _searched(whole, narrow, typology, params[name], mode)
        found_now = row(con, "SELECT count(*) FROM findings WHERE typology = ?", [name])[0]
        seconds = round(time.monotonic() - began, 3)
        ran.append(Ran(name, mode, found_now, seconds, truncated))
    _told_of_all(bounds, 1, 1)
    _carry_parts(con, old)
    scopes.drop(con)
    return ran


def _searched(
    whole: Snapshot, narrow: "_Narrow", typology: Typology, params: Any, mode: str
) -> tuple[str, dict[str, object]]:
    """Search a typology, of touched units only where that is known to do; its mode, what was cut.

    What a bound cuts of a part it may cut otherwise of the whole, so then all of it is searched.
    """
    con = whole.con
    redo = narrow.redo(typology, params, whole.bounds) if mode == "touched" else None
    if whole.bounds.late:
        if redo:
            _carry(con, typology, str(narrow.old), redo)
        return "touched" if redo else "whole", NOT_BEGUN
    found = narrow.find(typology, params, redo, whole.bounds) if redo else None
    if redo and found is not None and not found.truncated:
        _carry(con, typology, str(narrow.old), redo)
        _insert(con, found, redo)
        return "touched", {}
    found = typology.find(whole, params)
    _insert(con, found, None)
    return "whole", dict(found.truncated)


class _Narrow:
    """Searches of touched units; those that see the same rows share what is made of them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, settings: Settings, old: str | None) -> None:
        self.con, self.settings, self.old = con, settings, old
        self.kept: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}

    def redo(self, typology: Typology, params: Any, bounds: Bounds) -> Redo | None:
        """What of a typology is searched again; None: all of it."""
        if typology.partition == "item":
            return scopes.items(self.con)
        if typology.redo is not None:
            graph = Snapshot(self.con, self.settings, bounds=bounds, before=self.old)
            return typology.redo(graph, params)
        redo = scopes.accounts(self.con)
        return replace(redo, owned="true") if typology.keeps else redo

    def find(self, typology: Typology, params: Any, redo: Redo, bounds: Bounds) -> Findings:
        """What a typology finds in the rows that are to be seen."""
        graph = Snapshot(self.con, self.settings, bounds=bounds, before=self.old)
        if not any(" WHERE " in sql for sql in redo.sees.values()):  # chosen rows are its own
            graph.kept = self.kept.setdefault(tuple(sorted(redo.sees.items())), {})
        with scopes.made(self.con, redo.sees) as sees, scopes.shown(self.con, sees):
            return typology.find(graph, params)


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
    if units is None or typology.keeps:
        reads = typology.reads
        if reads and not changed.intersection(reads):
            return "carried"
        return "touched" if typology.redo or typology.keeps else "whole"
    return "touched" if count(con, units) else "carried"


def _owned(redo: Redo, findings: str, subjects: str) -> str:
    """SQL of the ids of those findings that are searched again."""
    return (
        f"SELECT finding FROM {findings} WHERE {redo.owned} UNION "
        f"SELECT finding FROM {subjects} SEMI JOIN {findings} USING (finding) WHERE {redo.named}"
    )


def _carry(con: duckdb.DuckDBPyConnection, typology: Typology, old: str, redo: Redo | None) -> None:
    """Take over the findings that are not searched again; None: all, with what was kept.

    Their subjects and evidence follow at the end.
    """
    mine = f"(FROM {old}.findings WHERE typology = '{typology.name}')"
    without = f"WHERE finding NOT IN ({_owned(redo, mine, f'{old}.subjects')})" if redo else ""
    con.execute(f"CREATE OR REPLACE TEMP TABLE carried AS FROM {mine} {without}")
    con.execute("INSERT INTO findings SELECT * FROM carried")
    con.execute("INSERT INTO all_carried SELECT finding FROM carried")
    con.execute("DROP TABLE carried")
    if redo is None:
        kept.carry(con, typology.keeps, old)


def _carry_parts(con: duckdb.DuckDBPyConnection, old: str | None) -> None:
    """Subjects and evidence of all that was carried, at once: each is a scan of all there were."""
    for table in ("subjects", "evidence"):
        if old:
            con.execute(
                f"INSERT INTO {table} FROM {old}.{table} SEMI JOIN all_carried USING (finding)"
            )
    con.execute("DROP TABLE all_carried")


def _insert(con: duckdb.DuckDBPyConnection, found: Findings, redo: Redo | None) -> None:
    """Add what was found; of a narrowed search only what was to be searched again."""
    con.register("_found", found.findings)
    con.register("_found_subjects", found.subjects)
    keep = f"WHERE finding IN ({_owned(redo, '_found', '_found_subjects')})" if redo else ""
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT * FROM _found {keep}")
    con.execute("INSERT INTO findings SELECT * FROM fresh")
    con.unregister("_found_subjects")
    con.unregister("_found")
    for table, rows in (("subjects", found.subjects), ("evidence", found.evidence)):
        con.register("_found", rows)
        con.execute(f"INSERT INTO {table} SELECT * FROM _found SEMI JOIN fresh USING (finding)")
        con.unregister("_found")
    con.execute("DROP TABLE fresh")

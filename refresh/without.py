"""What a generation would be without one record, account, identifier or finding: made in memory.

    record:ID           the row of gifts or transfers (gifts:ID, transfers:ID say which)
    account:ID          every row that names the account
    finding:ID          the finding alone; records and other findings stay
    KIND:VALUE          the rows of `identifiers` of that kind and value, e.g. device:d-91

Links, ledger, searches, cases and scores are made again as a refresh makes them (D-17): what the
missing rows do not touch is taken over, where that is exact, and everything else is searched anew.
So the answer is that of a workspace into which the thing was never loaded. Nothing is written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from regift.graph import custody
from regift.graph.bounds import Bounds
from regift.graph.connect import connect, count, row
from regift.graph.decisions import DDL, Decided
from regift.graph.hashed_identifiers import stored_value
from regift.graph.snapshot import Settings
from regift.graph.store import (
    Manifest,
    Segment,
    attach_generation,
    define_records,
    segment_sql,
)
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.loaders.tables import TABLES
from regift.ranking import calibration
from regift.refresh.run import Run, code_digest
from regift.refresh.touched import touch_items

RECORDS = ("gifts", "transfers")

_NAMING = {
    "gifts": ("source", "target"),
    "transfers": ("source", "target"),
    "accounts": ("account",),
    "items": ("issuer",),
    "identifiers": ("account",),
    "certificates": ("account",),
    "labels": ("account",),
}
"""Columns of each table that name an account."""


@dataclass(frozen=True)
class Thing:
    """What is left out: `what` is record, account, finding or identifier; kind of what kind."""

    what: str
    id: str
    kind: str | None = None

    @property
    def text(self) -> str:
        """As a user writes it.

        >>> parse("device:d-91").text
        'device:d-91'
        """
        return f"{self.kind or self.what}:{self.id}"


def parse(text: str) -> Thing:
    """The thing that `--without` names; UsageError without a kind.

    >>> parse("account:a:b"), parse("gifts:g1")
    (Thing(what='account', id='a:b', kind=None), Thing(what='record', id='g1', kind='gifts'))
    """
    kind, colon, id = text.partition(":")
    if not (colon and kind and id):
        raise UsageError(
            f"--without {text!r}: write record:ID, account:ID, finding:ID or an identifier's "
            "KIND:VALUE such as device:d-91"
        )
    if kind in RECORDS:
        return Thing("record", id, kind)
    if kind in ("record", "account", "finding"):
        return Thing(kind, id)
    return Thing("identifier", id, kind)


@contextmanager
def without(
    workspace: Workspace, manifest: Manifest, settings: Settings, thing: Thing
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with findings and ranking as they would be without the thing.

    settings: those that the generation was made with. It has the views and tables of a snapshot.
    UsageError when no row of the generation is that thing.
    Cost: that of a refresh that takes in as many rows as are missing; of a full one if the program
    is not the one that made the generation.
    """
    digests = {**manifest.digests, "code": code_digest()}
    with again(workspace, manifest, settings, digests, manifest.run.get("policy"), thing) as con:
        yield con


@contextmanager
def again(
    workspace: Workspace,
    manifest: Manifest,
    settings: Settings,
    digests: Mapping[str, str],
    policy: Mapping[str, Any] | None,
    thing: Thing | None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the generation made again, by its own bounds and calibration.

    digests: those that differ from the generation's say what is searched anew; policy: as the run
    of a manifest has it; thing: what is left out, if anything.
    """
    calibrated = manifest.run.get("calibration")
    path = workspace.root / calibration.FOLDER / f"{calibrated}.json"
    run = Again(
        workspace,
        settings,
        manifest,
        digests,
        False,
        lambda line: None,
        replace(Bounds(), **manifest.run["bounds"]),
        calibration.read(path) if calibrated else None,
        policy,
    )
    with workspace.scratch("again") as scratch:
        con = connect(scratch)
        try:
            run.leave_out(con, thing)
            yield con
        finally:
            con.close()


class Again(Run):
    """The stages of a refresh over the records of a generation or fewer, without its files."""

    stored = False

    def leave_out(self, con: duckdb.DuckDBPyConnection, thing: Thing | None) -> None:
        """Make everything again without the thing; None: without nothing."""
        define_records(con, self.workspace, self.before, prefix="all_")
        if thing and thing.what == "identifier":
            stored = stored_value(self.workspace, str(thing.kind), thing.id)
            thing = replace(thing, id=stored)
        missing = sum(_narrow(con, name, thing) for name in TABLES)
        finding = thing.id if thing and thing.what == "finding" else None
        if finding is not None:
            missing = _known(self.workspace, self.before, finding)
        if thing and not missing:
            raise UsageError(f"--without {thing.text}: nothing of the generation is that")
        gone = thing.id if thing and thing.what == "account" else None
        decided = decided_of(self.workspace, self.before, gone)
        changed = self._derive(con, decided, self.before.segments)
        self._custody(con)
        self._find(con, changed | {"custody"} if self._items_run else changed)
        if finding is not None:
            for table in ("findings", "subjects", "evidence"):
                con.execute(f"DELETE FROM {table} WHERE finding = ?", [finding])
        self._rank(con)

    def _custody(self, con: duckdb.DuckDBPyConnection) -> tuple[Segment, ...]:
        touch_items(con, everything=self.full)
        self._items_run = count(con, "touched_items")
        stored = self.before.segments.get("custody", ())
        before = segment_sql(self.workspace, "custody", stored)
        con.execute(f"CREATE TEMP VIEW before_custody AS {before}")
        custody.derive(con, self.settings, items="touched_items", name="fresh_custody")
        con.execute(
            "CREATE TEMP VIEW whole_custody AS FROM fresh_custody UNION ALL "
            "FROM before_custody WHERE item NOT IN (SELECT item FROM touched_items)"
        )
        return tuple(stored)


def _known(workspace: Workspace, manifest: Manifest, finding: str) -> int:
    """How many findings have that id: 1 or 0."""
    with connect() as con:
        attach_generation(con, workspace, manifest, "old")
        found = row(con, "SELECT count(*) FROM old.findings WHERE finding = ?", [finding])
    return int(found[0])


def _narrow(con: duckdb.DuckDBPyConnection, name: str, thing: Thing | None) -> int:
    """Show one record table without the rows of the thing; gives how many those are.

    Leaves `removed_` and `added_` of the table as a refresh does, the latter empty.
    """
    condition, values = _rows_of(name, thing) if thing else ("false", [])
    con.execute(f"CREATE TEMP TABLE removed_{name} AS FROM all_{name} WHERE {condition}", values)
    con.execute(f"CREATE TEMP TABLE added_{name} AS FROM all_{name} WHERE false")
    missing = count(con, f"removed_{name}")
    key = ", ".join(TABLES[name].stored_key)
    left = f" ANTI JOIN removed_{name} USING ({key})" if missing else ""
    con.execute(f"CREATE TEMP VIEW {name} AS FROM all_{name}{left}")
    return missing


def _rows_of(name: str, thing: Thing) -> tuple[str, list[str]]:
    """Condition for the rows of a table that are left out, with its values."""
    if thing.what == "account":
        columns = _NAMING[name]
        named = " OR ".join(f"coalesce({column} = ?, false)" for column in columns)
        return named, [thing.id] * len(columns)
    if thing.what == "record" and name in RECORDS and thing.kind in (None, name):
        return "record_id = ?", [thing.id]
    if thing.what == "identifier" and name == "identifiers":
        return "kind = ? AND value = ?", [str(thing.kind), thing.id]
    return "false", []


def decided_of(workspace: Workspace, manifest: Manifest, gone: str | None = None) -> Decided:
    """What people decided as the generation has it; nothing of an account that is gone."""
    with connect() as con:
        there = attach_generation(con, workspace, manifest, "old")
        rows = {
            table: con.execute(f"FROM old.{table} ORDER BY ALL").fetchall()
            for table in DDL
            if table in there  # generations of older versions lack some
        }
    named = {table: 2 if table == "judgements" else 1 for table in DDL}  # first columns: accounts
    return {
        table: [each for each in rows[table] if gone not in each[: named[table]]] for table in rows
    }

"""Whether a generation is what a full refresh of its records would be: made anew and compared.

`all` derives and searches everything anew from the segments. `sample` does so for a part that a
seed chooses: some items, some accounts, the transfers of one span of time, and whatever a refresh
would search again if these had changed. The other findings are taken as they are stored, so what
depends on the whole store is left out, and told. Links, entities, cases, scores and proposals are
made anew from the findings either way. Parameters, bounds, calibration, policy and decisions are
those of the generation. Nothing is written.
"""

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from regift.graph.bounds import Bounds
from regift.graph.connect import connect, count
from regift.graph.decisions import DDL
from regift.graph.snapshot import Settings
from regift.graph.store import (
    Manifest,
    attach_generation,
    check_segments,
    define_records,
    manifest_of,
    open_snapshot,
)
from regift.graph.workspace import Workspace
from regift.loaders.tables import TABLES
from regift.queries.cuts import by_time
from regift.ranking import calibration
from regift.ranking import derive as ranking
from regift.refresh.differences import Difference, difference
from regift.refresh.run import DERIVED, code_digest, truncated_of
from regift.refresh.without import Again, decided_of

SHARE = 20
LEAST = 100
"""A sample is one in so many items, accounts and transfers, and at least so many of each."""

STORED = "old"
"""Name under which the generation's own file is attached, as a refresh has it."""

FOUND = ("findings", "subjects", "evidence")
COMPARED = (
    *(table for table in DERIVED if table not in (*DDL, *FOUND)),
    "custody",
    *FOUND,
    *ranking.TABLES,
)
"""Tables in the order in which they are made: the first that differs is where to look."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What came of it; without differences the generation is what it should be.

    rows: rows that were compared, by table; left_out: typologies whose findings were not searched
    anew, and why; sampled: what was chosen, as (part, whole) of each kind; other_code: another
    version of the program made the generation.
    """

    generation: int
    seed: int | None
    rows: Mapping[str, int]
    differences: tuple[Difference, ...]
    left_out: Mapping[str, str]
    sampled: Mapping[str, tuple[int, int]]
    other_code: bool


def verify(
    workspace: Workspace, *, seed: int | None = None, bounds: Bounds | None = None
) -> Verified:
    """Make the current generation anew and compare; with a seed, a sample of it.

    bounds: threads, slices and who is told of progress; what decides is the generation's own.
    UsageError before the first refresh, RegiftError for a damaged file.
    Cost: that of a full refresh; of a sample that of the derived tables and of the ranking.
    """
    manifest = manifest_of(workspace, None)
    check_segments(workspace, manifest)
    settings = Settings(**manifest.run["settings"])
    with ExitStack() as closing:
        closing.enter_context(open_snapshot(workspace, settings, manifest))  # gc leaves it be
        scratch = closing.enter_context(workspace.scratch("verify"))
        con = closing.enter_context(connect(scratch))
        return _Anew(workspace, settings, manifest, bounds or Bounds(), seed).compared(con)


class _Anew(Again):
    """The stages of a refresh over the records of a generation, without its files."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        manifest: Manifest,
        bounds: Bounds,
        seed: int | None,
    ) -> None:
        calibrated = manifest.run.get("calibration")
        path = workspace.root / calibration.FOLDER / f"{calibrated}.json"
        self.cut = truncated_of(manifest)
        self.late = [name for name, cut in self.cut.items() if by_time(cut)]
        super().__init__(
            workspace,
            settings,
            replace(manifest, run={**manifest.run, "typologies": self._untimed(manifest)}),
            manifest.digests,
            seed is None,
            lambda line: None,
            replace(bounds, deadline_s=None, **manifest.run["bounds"]),
            calibration.read(path) if calibrated else None,
            manifest.run.get("policy"),
        )
        self.seed = seed
        self.sampled: dict[str, tuple[int, int]] = {}

    def compared(self, con: duckdb.DuckDBPyConnection) -> Verified:
        """All stages, and what then differs from what is stored."""
        define_records(con, self.workspace, self.before)
        decided = decided_of(self.workspace, self.before)
        if self.full:
            attach_generation(con, self.workspace, self.before, STORED)
        self._choose(con)
        self._derive(con, decided, self.before.segments)
        self._custody(con)
        # No table counts as changed: what depends on the whole store stays as it is stored.
        ran = self._find(con, frozenset())
        self._keep_late(con)
        self._rank(con)
        found = [difference(con, name, *self._both(name)) for name in COMPARED]
        return Verified(
            generation=self.before.number,
            seed=self.seed,
            rows={name: count(con, self._both(name)[1]) for name in COMPARED},
            differences=(*(each for each in found if each), *self._said(ran)),
            left_out=self._left_out(ran),
            sampled=self.sampled,
            other_code=self.before.digests.get("code") != code_digest(),
        )

    def _choose(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make `added_` and `removed_` of each table: nothing left, and the sample has just come.

        So what is made anew is what a refresh makes anew of it, by the same rules.
        """
        for name in TABLES:
            for part in ("removed", "added"):
                con.execute(f"CREATE TEMP TABLE {part}_{name} AS FROM {name} WHERE false")
        if self.full:
            return
        ends = "SELECT unnest([source, target]) AS account FROM"
        self._choose_by(con, "item", "SELECT item FROM gifts")
        self._choose_by(con, "account", f"{ends} gifts UNION ALL {ends} transfers")
        con.execute("INSERT INTO added_gifts FROM gifts SEMI JOIN chosen_item USING (item)")
        con.execute("INSERT INTO added_accounts BY NAME FROM chosen_account")
        total = count(con, "transfers")
        wanted = _wanted(total)
        digest = hashlib.sha256(str(self.seed).encode()).hexdigest()
        first = int(digest[:12], 16) % (total - wanted + 1)
        con.execute(
            "INSERT INTO added_transfers FROM transfers "
            f"ORDER BY at_us, record_id LIMIT {wanted} OFFSET {first}"
        )
        self.sampled["transfers"] = (wanted, total)

    def _choose_by(self, con: duckdb.DuckDBPyConnection, unit: str, sql: str) -> None:
        """Make `chosen_` of a unit: those that are first by a hash of the seed and their name."""
        total = count(con, f"(SELECT DISTINCT {unit} FROM ({sql}))")
        con.execute(
            f"CREATE TEMP TABLE chosen_{unit} AS SELECT {unit} FROM ({sql}) GROUP BY {unit} "
            f"ORDER BY md5(concat(?, ':', {unit})), {unit} LIMIT {_wanted(total)}",
            [str(self.seed)],
        )
        self.sampled[f"{unit}s"] = (_wanted(total), total)

    def _keep_late(self, con: duckdb.DuckDBPyConnection) -> None:
        """Take the findings of searches that time cut as they are stored."""
        if not self.late:
            return
        of = (
            "WHERE finding IN (SELECT finding FROM {}findings WHERE typology IN (SELECT unnest(?)))"
        )
        for table in (*FOUND[1:], FOUND[0]):
            con.execute(f"DELETE FROM {table} {of.format('')}", [self.late])
            stored = f"{STORED}.{table} {of.format(STORED + '.')}"
            con.execute(f"INSERT INTO {table} FROM {stored}", [self.late])

    def _both(self, table: str) -> tuple[str, str]:
        """A table as it is stored and as it was made anew."""
        if table != "custody":
            return f"{STORED}.{table}", table
        if self.full:
            return "before_custody", "fresh_custody"
        return "(FROM before_custody SEMI JOIN touched_items USING (item))", "fresh_custody"

    def _left_out(self, ran: list[dict[str, Any]]) -> dict[str, str]:
        """Typologies that were not searched anew, and why."""
        carried = [each["typology"] for each in ran if each["mode"] == "carried" and not self.full]
        why = dict.fromkeys(carried, "they depend on the whole store")
        return why | dict.fromkeys(self.late, "time had cut them")

    def _said(self, ran: list[dict[str, Any]]) -> list[Difference]:
        """What the manifest tells of the run and is not so."""
        told: dict[tuple[str, str], tuple[Any, Any]] = {
            ("of", "payments_begin_us"): (self.before.run["payments_begin_us"], self.begin_us),
            ("of", "switched_off"): (self.before.run["switched_off"], self.switched_off),
        }
        for each in ran if self.full else ():
            name = each["typology"]
            if name not in self.late:
                told[("typology", name)] = (self.cut.get(name, {}), each["truncated"])
        return [
            Difference(
                "manifest", 1, {key: name}, "truncated" if key == "typology" else "value", *two
            )
            for (key, name), two in told.items()
            if two[0] != two[1]
        ]

    def _untimed(self, manifest: Manifest) -> list[dict[str, Any]]:
        """The run of a manifest as if time had cut nothing: what it cut is not searched again."""
        return [
            {**ran, "truncated": {} if ran["typology"] in self.late else ran["truncated"]}
            for ran in manifest.run["typologies"]
        ]


def _wanted(total: int) -> int:
    """How many of so many a sample has.

    >>> _wanted(7), _wanted(150), _wanted(10_000)
    (7, 100, 500)
    """
    return min(total, max(LEAST, total // SHARE))

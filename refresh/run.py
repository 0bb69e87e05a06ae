"""One refresh: staged loads become records, records a ledger, the ledger findings and cases.

The new generation is written beside the current one and becomes current by one rename, so a
reader, a crash or a full disk meets either the old one or the new one, whole.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

import regift
from regift.enforcement import policy
from regift.enforcement.casebook import Casebook
from regift.enforcement.policy_rules import gate_rules
from regift.graph import custody, effective, entities, forgotten
from regift.graph.bounds import Bounds
from regift.graph.connect import connect, count, quote, row
from regift.graph.decisions import Decided, define_decisions
from regift.graph.loads import pending_loads
from regift.graph.snapshot import Settings, define_account_kinds
from regift.graph.store import (
    BUCKETS,
    Manifest,
    Segment,
    attach_generation,
    current_manifest,
    define_records,
    digest_of,
    publish,
    segment_sql,
    write_segment,
)
from regift.graph.workspace import Workspace, now_us
from regift.loaders.tables import TABLES
from regift.queries import ALL, scopes
from regift.queries.cuts import by_time
from regift.queries.params import show
from regift.queries.runner import report, run_all
from regift.ranking import calibration as calibrations
from regift.ranking import derive as ranking
from regift.ranking.calibration import Calibration
from regift.ranking.gate_rules import GateRules
from regift.ranking.switches import told
from regift.refresh import forget
from regift.refresh.records import fold
from regift.refresh.settings import params_of, read_bounds, read_settings
from regift.refresh.touched import (
    change_custody,
    change_payments,
    changed_records,
    compare,
    names_only_grew,
    touch_accounts,
    touch_items,
)

DERIVED = (
    "findings",
    "subjects",
    "evidence",
    "judgements",
    "measured",
    "strikes",
    "allowed",
    "reviewed",
    "refuted",
    "account_kinds",
    "entity_of",
    "links",
    "refused_links",
    "ignored_identifiers",
    "fuzzy_links",
    "fuzzy_ignored",
    "cancelled",
)
"""Tables of a generation's DuckDB file, beside those of the ranking."""

KEPT = tuple(name for typology in ALL.values() for name in typology.keeps)
"""Tables that searches keep by account; in the file with `kept_` before the name."""


@dataclass(frozen=True)
class Outcome:
    """What a refresh did: the current generation, and whether it is a new one."""

    manifest: Manifest
    fresh: bool

    @property
    def truncated(self) -> dict[str, Any]:
        """What resource bounds cut, by typology; empty means complete."""
        return truncated_of(self.manifest)


def truncated_of(manifest: Manifest) -> dict[str, Any]:
    """What the run of a generation cut, by typology."""
    return {
        ran["typology"]: ran["truncated"]
        for ran in manifest.run.get("typologies", ())
        if ran["truncated"]
    }


def searched_of(manifest: Manifest) -> list[str]:
    """Typologies that the run of a generation looked for."""
    return [ran["typology"] for ran in manifest.run["typologies"]]


def refresh(
    workspace: Workspace,
    *,
    full: bool = False,
    say: Callable[[str], None] = lambda line: None,
    bounds: Bounds | None = None,
) -> Outcome:
    """Bring the workspace up to date; with `full`, derive and search everything anew.

    bounds: how far searches may go, by default as the workspace's settings say.
    Raises Locked (exit 5) when another refresh runs. Nothing staged and nothing else changed:
    the current generation stays, unless time had cut it. Cost: linear in what changed, plus in
    findings and accounts.
    """
    forget.finish(workspace, lambda line: None)  # what one that was killed left
    outcome = _refreshed(workspace, full, say, bounds or read_bounds(workspace))
    forget.finish(workspace, say)
    return outcome


def _refreshed(
    workspace: Workspace, full: bool, say: Callable[[str], None], bounds: Bounds
) -> Outcome:
    """Under the lock: the current generation, or a new one."""
    with workspace.lock("refresh"), workspace.scratch("refresh") as scratch:
        settings = read_settings(workspace)
        old = current_manifest(workspace)
        loads = pending_loads(workspace, old)
        with Casebook.open(workspace.casebook) as casebook:
            decisions = casebook.state()
            names = forget.names_of(casebook, old, full)
        decided = forget.decided_without(decisions.tables, names)
        digests = {
            "settings": digest_of({**asdict(settings), "typology": None}),
            **{name: digest_of(rows) for name, rows in decided.items()},
            "code": code_digest(),
            "casebook_head": decisions.head,
            **{f"params.{n}": digest_of(_decisive(settings, bounds, n)) for n in ALL},
        }
        pack = policy.in_use(workspace)
        told = {"id": pack.id, "switches": dict(pack.switches), "gate": gate_rules(pack).plain}
        digests["policy"] = digest_of(told)
        calibration = calibrations.current(workspace)
        if calibration:
            digests["calibration"] = calibration.id
        whole = old and not any(map(by_time, truncated_of(old).values()))
        if old and whole and not loads and not full and _same_inputs(old.digests, digests):
            return Outcome(old, fresh=False)
        run = Run(workspace, settings, old, digests, full, say, bounds, calibration, told)
        run.forgetting = names if full else {}
        con = connect(scratch)
        try:
            return Outcome(run.make(con, loads, decided), fresh=True)
        finally:
            con.close()


def _decisive(settings: Settings, bounds: Bounds, name: str) -> list[dict[str, Any]]:
    """What decides what a typology finds, besides the records."""
    return [show(params_of(settings, name)), bounds.decisive if ALL[name].bounded else {}]


def _same_inputs(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether nothing a refresh reads has changed; the casebook's head may move without effect."""
    names = (set(before) | set(now)) - {"casebook_head", "records"}
    return all(before.get(name) == now.get(name) for name in names)


def code_digest() -> str:
    """Hash of the program's own sources: other code means a full run."""
    root = Path(regift.__file__).parent
    digest = hashlib.sha256(regift.__version__.encode())
    for folder in ("loaders", "graph", "queries", "ranking", "refresh"):
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Run:
    """The stages of one refresh, in order; each leaves tables in the connection for the next."""

    stored = True
    """Whether what is derived from rows that nothing changed may be taken over as it is stored."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        old: Manifest | None,
        digests: Mapping[str, str],
        full: bool,
        say: Callable[[str], None],
        bounds: Bounds,
        calibration: Calibration | None,
        policy: Mapping[str, Any] | None = None,
    ) -> None:
        self.calibration = calibration
        self.policy = policy
        self.workspace = workspace
        self.settings = settings
        self.before = old or Manifest(number=0)
        self.digests = dict(digests)
        self.say = say
        self.bounds = bounds
        same = old is not None and all(
            old.digests.get(name) == digests[name] for name in ("settings", "code")
        )
        self.full = full or not same
        self.old = None if self.full else "old"
        self.seconds: dict[str, float] = {}
        self.switched_off: list[str] = []
        self.forgetting: forgotten.Names = {}

    def make(
        self,
        con: duckdb.DuckDBPyConnection,
        loads: list[dict[str, Any]],
        decided: Decided,
    ) -> Manifest:
        """All stages; gives the manifest that is now current."""
        began = time.monotonic()
        segments = self._records(con, loads)
        changed = self._derive(con, decided, segments)
        segments["custody"] = self._custody(con)
        typologies = self._find(con, changed | {"custody"} if self._items_run else changed)
        self._rank(con)
        manifest = Manifest(
            number=self.before.number + 1,
            loads=(*self.before.loads, *(load["load"] for load in loads)),
            segments=segments,
            as_of_us=_as_of(con),
            digests={**self.digests, "records": digest_of(_names(segments))},
            run={
                "finished_at": now_us(),
                "seconds": round(time.monotonic() - began, 3),
                "stages": self.seconds,
                "full": self.full,
                "items_total": count(con, "(SELECT DISTINCT item FROM gifts)"),
                "items_run": count(
                    con, "(SELECT DISTINCT item FROM gifts SEMI JOIN touched_items USING (item))"
                ),
                "slices_total": len(segments.get("transfers", ())),
                "slices_run": self._slices_run(typologies, segments),
                "typologies": typologies,
                "settings": asdict(self.settings),
                "bounds": self.bounds.decisive,
                "switched_off": self.switched_off,
                "calibration": self.calibration.id if self.calibration else None,
                "policy": self.policy,
                "payments_begin_us": self.begin_us,
                "forgotten": sorted({*self.before.forgotten, *self.forgetting.values()}),
                "params": {name: show(params_of(self.settings, name)) for name in ALL},
            },
        )
        self._write(con, manifest)
        with Casebook.open(self.workspace.casebook) as casebook:
            casebook.log_refresh(manifest.number, loads, digest_of(manifest.digests))
        publish(self.workspace, manifest)
        return manifest

    def _records(
        self, con: duckdb.DuckDBPyConnection, loads: list[dict[str, Any]]
    ) -> dict[str, tuple[Segment, ...]]:
        began = time.monotonic()
        segments = fold(con, self.workspace, self.before, loads)
        if self.forgetting:
            segments = forgotten.erased(con, self.workspace, segments, self.forgetting)
        define_records(con, self.workspace, Manifest(number=0, segments=segments))
        self._done("records", began)
        return segments

    def _derive(
        self,
        con: duckdb.DuckDBPyConnection,
        decided: Decided,
        segments: Mapping[str, tuple[Segment, ...]],
    ) -> frozenset[str]:
        """Effective payments and entities; gives the names of tables that changed."""
        began = time.monotonic()
        if self.old:
            attach_generation(con, self.workspace, self.before, self.old)
        define_decisions(con, decided)
        before = self.old if self.stored else None
        define_account_kinds(con, before if names_only_grew(con, before) else None)
        effective.derive(con, self.settings, old=before)
        entities.derive(con, self.settings)
        changed = compare(con, self.old) | changed_records(con, tuple(TABLES))
        if changed & {"transfers", "cancelled"}:
            changed |= {"payments"}
        self._done("derive", began)
        return changed

    def _custody(self, con: duckdb.DuckDBPyConnection) -> tuple[Segment, ...]:
        """The ledger: touched items walked anew, the others as they were."""
        began = time.monotonic()
        touch_items(con, everything=self.full)
        self._items_run = count(con, "touched_items")
        before = segment_sql(self.workspace, "custody", self.before.segments.get("custody", ()))
        con.execute(f"CREATE TEMP VIEW before_custody AS {before}")
        kept = {} if self.full else {s.part: s for s in self.before.segments.get("custody", ())}
        if self._items_run:
            custody.derive(con, self.settings, items="touched_items", name="fresh_custody")
            bucket = f"(md5_number_lower(item) % {BUCKETS})::BIGINT"
            parts = con.execute(
                f"SELECT DISTINCT {bucket} AS part FROM touched_items ORDER BY part"
            ).fetchall()
            for (part,) in parts:
                stored = [kept.pop(part)] if part in kept else []
                written = write_segment(
                    con,
                    self.workspace,
                    "custody",
                    part,
                    f"SELECT * FROM (FROM fresh_custody WHERE {bucket} = {part} UNION ALL "
                    f"FROM ({segment_sql(self.workspace, 'custody', stored)}) "
                    "WHERE item NOT IN (FROM touched_items)) ORDER BY item, ord",
                )
                if written:
                    kept[part] = written
            con.execute("DROP TABLE fresh_custody")
        segments = tuple(kept[part] for part in sorted(kept))
        sql = segment_sql(self.workspace, "custody", segments)
        con.execute(f"CREATE OR REPLACE TEMP VIEW whole_custody AS {sql}")
        self._done("custody", began)
        return segments

    def _find(
        self, con: duckdb.DuckDBPyConnection, changed: frozenset[str]
    ) -> list[dict[str, Any]]:
        began = time.monotonic()
        touch_accounts(con, everything=self.full)
        # Which payments are the first of their pair depends on when the data begin.
        self.begin_us = row(con, "SELECT at_us FROM payments_begin")[0]
        if self.begin_us != self.before.run.get("payments_begin_us"):
            con.execute(
                "INSERT INTO touched_accounts "
                "SELECT account FROM account_kinds ANTI JOIN touched_accounts USING (account)"
            )
        con.execute("ALTER TABLE payments RENAME TO whole_payments")
        if self.old:
            change_payments(con, self.old)
            change_custody(con)
        for table in ("gifts", "transfers"):
            con.execute(f"ALTER VIEW {table} RENAME TO whole_{table}")
        con.execute("DROP VIEW IF EXISTS custody")
        for table in ("gifts", "transfers", "payments", "custody"):
            scopes.show_whole(con, table)
        ran = run_all(
            con,
            self.settings,
            ALL,
            {name: params_of(self.settings, name) for name in ALL},
            old=self.old,
            again=frozenset(
                name
                for name in ALL
                if self.before.digests.get(f"params.{name}") != self.digests[f"params.{name}"]
            ),
            changed=changed,
            cut=truncated_of(self.before),
            bounds=self.bounds,
        )
        for each in ran:
            self.say(f"{each.typology}: {each.findings:,} findings ({each.mode}, {each.seconds} s)")
        self._done("find", began)
        return report(ran)

    def _rank(self, con: duckdb.DuckDBPyConnection) -> None:
        began = time.monotonic()
        shown = {name: show(params_of(self.settings, name)) for name in ALL}
        fitting = self.calibration.fitting(shown) if self.calibration else None
        rules = GateRules.of(self.policy["gate"]) if self.policy else None
        before = self.old if self.stored else None
        ranking.derive(con, self.settings, ALL, fitting, rules, before)
        self.switched_off = told(con)
        for line in self.switched_off:
            self.say(line)
        self._done("rank", began)

    def _write(self, con: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
        """The generation's own file, written whole before its manifest names it."""
        began = time.monotonic()
        path = self.workspace.generations / f"{manifest.name}.duckdb"
        # An interrupted run may have left both: without its file the manifest would name nothing.
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        con.execute(f"ATTACH {quote(str(path))} AS made")
        for table in (*DERIVED, *ranking.TABLES):
            con.execute(f"CREATE TABLE made.{table} AS SELECT * FROM {table} ORDER BY ALL")
        for name in KEPT:
            # A search that time left out made none, and makes it in the next run.
            if count(con, f"(FROM duckdb_tables() WHERE table_name = '_kept_{name}')"):
                con.execute(f"CREATE TABLE made.kept_{name} AS FROM _kept_{name} ORDER BY ALL")
        # DETACH alone would keep a full disk to itself.
        con.execute("CHECKPOINT made")
        con.execute("DETACH made")
        self._done("write", began)

    def _slices_run(
        self, typologies: list[dict[str, Any]], segments: Mapping[str, tuple[Segment, ...]]
    ) -> int:
        """A search over slices runs over all of them or none, but for what time cut: that share."""
        total = len(segments.get("transfers", ()))
        ran = [
            each["truncated"].get("time", {"cut": 0, "of": 1})
            for each in typologies
            if ALL[each["typology"]].partition in ("slice", "whole") and each["mode"] == "whole"
        ]
        return min((total * (time["of"] - time["cut"]) // time["of"] for time in ran), default=0)

    def _done(self, stage: str, began: float) -> None:
        self.seconds[stage] = round(time.monotonic() - began, 3)


def _as_of(con: duckdb.DuckDBPyConnection) -> int | None:
    newest = row(
        con,
        "SELECT max(at_us) FROM (SELECT max(at_us) AS at_us FROM gifts "
        "UNION ALL SELECT max(at_us) FROM transfers)",
    )[0]
    return None if newest is None else int(newest)


def _names(segments: Mapping[str, tuple[Segment, ...]]) -> dict[str, list[str]]:
    return {
        table: [segment.file for segment in segments.get(table, ())] for table in sorted(TABLES)
    }

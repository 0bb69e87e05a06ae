"""Small worlds for ranking: findings, subjects and evidence as rows, without any search.

The tables have the columns that searches write; ids of findings depend on their number alone.
"""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import duckdb

from regift.graph.custody import CUSTODY_DDL
from regift.graph.decisions import DDL
from regift.graph.snapshot import Settings
from regift.loaders.tables import TABLES
from regift.queries.findings import EVIDENCE_DDL, FINDINGS_DDL, SUBJECTS_DDL
from regift.queries.typology import Typology
from regift.ranking.calibration import Calibrated, Calibration, Stratum
from regift.ranking.derive import derive
from regift.ranking.gate_rules import GateRules

DAY = 86_400_000_000
ENDS = ("source", "target", "account", "issuer")
"""Columns that name an account."""


def typology(
    name: str, family: str, kappa: int, *, fact: bool = False, layer: str = "item",
    clauses: tuple[str, ...] = ("R5",),
) -> Typology:  # fmt: skip
    return Typology(
        name=name, prefix=name[:2], layer=layer, family=family, kappa_percent=kappa, fact=fact,
        clauses=clauses, partition="item", anchor="record", params=SimpleNamespace,
        find=lambda graph, params: None,  # type: ignore[arg-type,return-value]
    )  # fmt: skip


TYPOLOGIES = {
    t.name: t
    for t in (
        typology("multi_level_gift", "circulation", 90, fact=True, clauses=("R4",)),
        typology("second_level_sale", "circulation", 95, fact=True, clauses=("R2", "R3")),
        typology("closed_circulation", "circulation", 70),
        typology("custody_gap", "gap", 20),
        typology("paid_gift", "paid_gift", 80, clauses=("R2",)),
        typology("money_cycle", "value_cycle", 70, layer="value", clauses=("R1", "R5")),
        typology("pass_through", "relay", 60, layer="value"),
        typology("fan_in", "dispersion", 15, layer="value"),
        typology("evasion", "evasion", 60),
        typology("shared_controller", "identity", 40, layer="identity"),
    )
}


@dataclass(frozen=True)
class Found:
    """One finding: ids by the number `n` alone, so that names of accounts do not matter."""

    n: int
    typology: str
    records: tuple[tuple[str, str], ...]
    subjects: tuple[tuple[str, str], ...]
    items: tuple[str, ...] = ()
    first_us: int = 0
    last_us: int = 0
    complete: bool = True
    detail: str | None = None

    @property
    def id(self) -> str:
        return f"{self.typology[:2]}-{self.n * 0x9E3779B97F4A7C15 % 2**64:016x}"


@dataclass(frozen=True)
class Ledger:
    """Records and findings of one world; everything not given is empty."""

    findings: tuple[Found, ...] = ()
    gifts: tuple[dict[str, Any], ...] = ()
    transfers: tuple[dict[str, Any], ...] = ()
    items: tuple[dict[str, Any], ...] = ()
    labels: tuple[dict[str, Any], ...] = ()
    certificates: tuple[dict[str, Any], ...] = ()
    entities: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    calibration: Calibration | None = None
    allowed: tuple[tuple[str, int, str], ...] = ()
    measured: tuple[tuple[str, int, str, str], ...] = ()
    strikes: tuple[tuple[str, int, str, str], ...] = ()
    refuted: tuple[tuple[str, str], ...] = ()
    rules: GateRules | None = None

    def with_findings(self, findings: tuple[Found, ...]) -> "Ledger":
        return replace(self, findings=findings)

    def renamed(self, names: dict[str, str]) -> "Ledger":
        """The same world under other account names."""

        def ends(rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
            return tuple(
                row | {c: names[row[c]] for c in ENDS if row.get(c) is not None} for row in rows
            )

        members: dict[str, list[str]] = {}
        for account, entity in self.entities.items():
            members.setdefault(entity, []).append(names[account])
        return replace(
            self,
            findings=tuple(
                replace(f, subjects=tuple((names[a], role) for a, role in f.subjects))
                for f in self.findings
            ),
            gifts=ends(self.gifts),
            transfers=ends(self.transfers),
            items=ends(self.items),
            labels=ends(self.labels),
            certificates=ends(self.certificates),
            entities={a: min(each) for each in members.values() for a in each},
            kinds={names[a]: kind for a, kind in self.kinds.items()},
        )


def calibration(
    rates: dict[str, dict[str, int]], *, one_off: int = 0, payments: int = 0
) -> Calibration:
    """A calibration with these rates by typology and stratum; the first is that of them all."""
    return Calibration(
        made_of={"generation": 1, "seed": 0, "sample": {}, "parameters": {}},
        worlds=20,
        one_off=one_off,
        payments=payments,
        typologies={
            name: Calibrated(
                strata={key: Stratum(10, rate) for key, rate in of.items()},
                observed=10 * len(of),
                by_chance="1.0",
                lfdr_bp=next(iter(of.values())),
            )
            for name, of in rates.items()
        },
    )


def accounts(ledger: Ledger) -> list[str]:
    """Every account that the world names."""
    named = {a for f in ledger.findings for a, _ in f.subjects} | set(ledger.kinds)
    named |= {row[c] for row in ledger.gifts + ledger.transfers for c in ("source", "target")}
    named |= {row["account"] for row in ledger.labels + ledger.certificates} | set(ledger.entities)
    named |= {row["issuer"] for row in ledger.items if row.get("issuer") is not None}
    return sorted(named)


def gift(record: str, ends: str, item: str, day: int, **more: Any) -> dict[str, Any]:
    source, target = ends.split(">")
    row = {"record_id": record, "at_us": day * DAY, "source": source, "target": target}
    return row | {"item": item, "kind": "gift"} | more


def transfer(record: str, ends: str, minor: int, day: int, **more: Any) -> dict[str, Any]:
    source, target = ends.split(">")
    row = {"record_id": record, "at_us": day * DAY, "source": source, "target": target}
    return row | {"amount_minor": minor, "currency": "CNY", "kind": "payment"} | more


def connect(ledger: Ledger, *, threads: int = 1) -> duckdb.DuckDBPyConnection:
    """The world's tables in a fresh connection, nothing derived yet."""
    con = duckdb.connect()
    con.execute(f"SET TimeZone = 'UTC'; SET threads = {threads}")
    for table in TABLES.values():
        con.execute(f"CREATE TABLE {table.name} ({table.ddl})")
    for name in ("gifts", "transfers", "items", "labels", "certificates"):
        columns = [c.stored for c in TABLES[name].columns]
        rows = [[row.get(c) for c in columns] for row in getattr(ledger, name)]
        _insert(con, name, rows)
    for name in ("allowed", "measured", "strikes", "refuted"):
        con.execute(f"CREATE TABLE {name} ({DDL[name]})")
        _insert(con, name, [list(row) for row in getattr(ledger, name)])
    con.execute(f"CREATE TABLE custody ({CUSTODY_DDL})")
    con.execute(f"CREATE TABLE findings ({FINDINGS_DDL})")
    con.execute(f"CREATE TABLE subjects ({SUBJECTS_DDL})")
    con.execute(f"CREATE TABLE evidence ({EVIDENCE_DDL})")
    con.execute(
        "CREATE TABLE links (a VARCHAR, b VARCHAR, grade VARCHAR, kinds VARCHAR[], sharers BIGINT, "
        "why VARCHAR)"
    )
    con.execute("CREATE TABLE entity_of (account VARCHAR, entity VARCHAR)")
    con.execute("CREATE TABLE account_kinds (account VARCHAR, kind VARCHAR, operator VARCHAR)")
    _insert(con, "findings", [_finding(f) for f in ledger.findings])
    _insert(
        con,
        "subjects",
        [[f.id, i, a, role] for f in ledger.findings for i, (a, role) in enumerate(f.subjects)],
    )
    _insert(
        con,
        "evidence",
        [[f.id, i, t, r, "hop"] for f in ledger.findings for i, (t, r) in enumerate(f.records)],
    )
    named = accounts(ledger)
    _insert(con, "entity_of", [[a, ledger.entities.get(a, a)] for a in named])
    _insert(con, "account_kinds", [[a, *ledger.kinds.get(a, (None, None))] for a in named])
    return con


def _finding(f: Found) -> list[Any]:
    return [
        f.id, f.typology, [str(f.n)], "content", f.first_us, f.last_us, None, None, 1, 1, None,
        f.complete, "unit", list(f.items), f.detail,
    ]  # fmt: skip


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[list[Any]]) -> None:
    if rows:
        con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def ranked(ledger: Ledger, *, threads: int = 1) -> duckdb.DuckDBPyConnection:
    """The world with all tables of ranking."""
    con = connect(ledger, threads=threads)
    derive(con, ledger.settings, TYPOLOGIES, ledger.calibration, ledger.rules)
    return con

"""A generation written by hand for judging: only the tables that `evaluate` reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from regift.ranking.evaluation.truth import Truth, truth_of

Record = tuple[str, str, str, int]
"""Id, source, target, amount in minor units."""


def generation(
    accounts: str,
    transfers: Sequence[Record] = (),
    gifts: Sequence[Record] = (),
    findings: Mapping[str, tuple[str, Sequence[str], Sequence[str]]] | None = None,
    scores: Mapping[str, int] | None = None,
    times: Mapping[str, int] | None = None,
) -> duckdb.DuckDBPyConnection:
    """A connection with these records and what was made of them.

    accounts: names, apart by blanks. findings: id -> (typology, accounts, records); a record is
    `transfers:t1`. Every end that a finding names has weight 1 there; each finding is a case.
    scores: account -> s. times: record -> at_us.
    """
    con = duckdb.connect()
    at = dict(times or {})
    con.execute(
        """
        CREATE TABLE account_kinds (account VARCHAR);
        CREATE TABLE transfers (record_id VARCHAR, at_us BIGINT, source VARCHAR, target VARCHAR,
            amount_minor BIGINT, currency VARCHAR);
        CREATE TABLE gifts (record_id VARCHAR, at_us BIGINT, source VARCHAR, target VARCHAR,
            price_minor BIGINT);
        CREATE TABLE findings (finding VARCHAR, typology VARCHAR);
        CREATE TABLE subjects (finding VARCHAR, account VARCHAR);
        CREATE TABLE evidence (finding VARCHAR, tbl VARCHAR, record VARCHAR);
        CREATE TABLE pieces (finding VARCHAR, typology VARCHAR, family VARCHAR, account VARCHAR,
            rec VARCHAR, nano BIGINT);
        CREATE TABLE account_scores (account VARCHAR, s BIGINT, score DECIMAL(5,1),
            materiality_minor BIGINT, families BIGINT);
        CREATE TABLE cases (case_id VARCHAR, s BIGINT, materiality_minor BIGINT, families BIGINT);
        CREATE TABLE case_members (case_id VARCHAR, finding VARCHAR);
        """
    )
    fill(con, "account_kinds", [(name,) for name in accounts.split()])
    fill(con, "transfers", [(r, at.get(r, 0), s, t, a, "CNY") for r, s, t, a in transfers])
    fill(con, "gifts", [(r, at.get(r, 0), s, t, a) for r, s, t, a in gifts])
    ends = {f"transfers:{r}": {s, t} for r, s, t, _ in transfers}
    ends |= {f"gifts:{r}": {s, t} for r, s, t, _ in gifts}
    for name, (typology, people, records) in (findings or {}).items():
        fill(con, "findings", [(name, typology)])
        fill(con, "subjects", [(name, who) for who in people])
        fill(con, "evidence", [(name, *record.split(":")) for record in records])
        fill(con, "pieces", [
            (name, typology, typology, who, record, 1)
            for record in records for who in people if who in ends.get(record, set())
        ])  # fmt: skip
        fill(con, "cases", [(f"C-{name}", len(people), 0, 1)])
        fill(con, "case_members", [(f"C-{name}", name)])
    fill(con, "account_scores", [(who, s, s, 0, 1) for who, s in (scores or {}).items()])
    return con


def fill(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows; none is fine."""
    if rows:
        con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def planted(
    id: str, typology: str, accounts: str, records: str = "", **more: Any
) -> dict[str, Any]:
    """One planted instance of truth.json; names apart by blanks."""
    return {
        "id": id, "typology": typology, "variant": "v", "records": records.split(), **more,
        "accounts": [{"account": who, "role": "member"} for who in accounts.split()],
    }  # fmt: skip


def truth(*instances: dict[str, Any], innocent: Mapping[str, str] | None = None) -> Truth:
    """Truth of instances, and of innocent groups: kind -> accounts."""
    groups = [
        {"kind": kind, "accounts": [{"account": who} for who in accounts.split()]}
        for kind, accounts in (innocent or {}).items()
    ]
    return truth_of({"planted": list(instances), "innocent": groups})

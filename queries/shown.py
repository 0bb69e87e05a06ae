"""Findings and ledger rows as people and programs read them: ISO times, amounts as decimal text."""

from typing import Any

import duckdb

from regift.graph.connect import count, dicts

MACROS = """
    CREATE OR REPLACE TEMP MACRO iso(us) AS
        strftime(make_timestamp(us), '%Y-%m-%dT%H:%M:%S')
        || CASE WHEN us % 1000000 = 0 THEN '' ELSE strftime(make_timestamp(us), '.%f') END || 'Z';
    CREATE OR REPLACE TEMP MACRO decimal_text(minor, digits) AS
        CASE WHEN digits = 0 THEN minor::VARCHAR ELSE
            regexp_replace(
                lpad(minor::VARCHAR, greatest(digits + 1, length(minor::VARCHAR))::INTEGER, '0'),
                '(.{' || digits || '})$', '.\\1') END;
"""


def define_macros(con: duckdb.DuckDBPyConnection) -> None:
    """`iso(us)` and `decimal_text(minor, digits)`.

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> define_macros(con)
    >>> con.sql("SELECT iso(0), iso(1500000), decimal_text(5, 2), decimal_text(1234, 3)").fetchall()
    [('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500000Z', '0.05', '1.234')]
    """
    con.execute(MACROS)


def finding_rows(
    con: duckdb.DuckDBPyConnection,
    clauses: dict[str, str],
    *,
    prefix: str = "",
    account: str | None = None,
    since_us: int | None = None,
    until_us: int | None = None,
    typology: str | None = None,
    finding: str | None = None,
    limit: int | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """Findings with the keys of the command line's contract, and how many without `limit`.

    prefix: of the three tables to read; clauses: typology -> the clause shown. Ordered by first
    time, then id. Selected by `first_at` in [since, until), by an account on it, or by id.
    """
    define_macros(con)
    total = _choose(con, prefix, account, since_us, until_us, typology, finding)
    rows = dicts(
        con,
        f"""
        WITH shown AS (SELECT * FROM chosen ORDER BY first_us, finding LIMIT {_limit(limit)}),
        who AS (SELECT finding, list(account ORDER BY ord) AS accounts, list(role ORDER BY ord)
                    AS roles FROM {prefix}subjects SEMI JOIN shown USING (finding) GROUP BY 1),
        what AS (SELECT finding, list(record ORDER BY ord) AS records,
                        list({{'table': tbl, 'record': record, 'role': role}} ORDER BY ord)
                            AS evidence
                 FROM {prefix}evidence SEMI JOIN shown USING (finding) GROUP BY 1)
        SELECT finding, typology, accounts, records, items, iso(first_us) AS first_at,
               iso(last_us) AS last_at, decimal_text(amount_minor, digits) AS amount, currency,
               length, instances::VARCHAR AS instances, level, complete, roles, evidence, detail
        FROM shown LEFT JOIN who USING (finding) LEFT JOIN what USING (finding)
             LEFT JOIN currencies USING (currency)
        ORDER BY first_us, finding
        """,
    )
    return [_finding(each, clauses) for each in rows], total


def finding_ids(
    con: duckdb.DuckDBPyConnection,
    *,
    prefix: str = "",
    account: str | None = None,
    since_us: int | None = None,
    until_us: int | None = None,
    typology: str | None = None,
) -> list[str]:
    """Ids of the findings that `finding_rows` would show."""
    _choose(con, prefix, account, since_us, until_us, typology, None)
    return [finding for (finding,) in con.execute("SELECT finding FROM chosen").fetchall()]


def _choose(
    con: duckdb.DuckDBPyConnection,
    prefix: str,
    account: str | None,
    since_us: int | None,
    until_us: int | None,
    typology: str | None,
    finding: str | None,
) -> int:
    """Make `chosen`, the findings that were asked for; gives how many they are."""
    where = ["true"]
    given: list[Any] = []
    for condition, value in (
        ("f.typology = ?", typology),
        ("f.finding = ?", finding),
        ("f.first_us >= ?", since_us),
        ("f.first_us < ?", until_us),
        (f"f.finding IN (SELECT finding FROM {prefix}subjects WHERE account = ?)", account),
    ):
        if value is not None:
            where.append(condition)
            given.append(value)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT * FROM {prefix}findings f "
        f"WHERE {' AND '.join(where)}",
        given,
    )
    return count(con, "chosen")


def _finding(row: dict[str, Any], clauses: dict[str, str]) -> dict[str, Any]:
    """One object in the contract's order of keys."""
    import json

    keys = ("finding", "typology", "accounts", "records", "items", "first_at", "last_at", "amount")
    return {
        **{key: row[key] for key in keys},
        "currency": row["currency"],
        "length": row["length"],
        "instances": None if row["instances"] is None else int(row["instances"]),
        "level": row["level"],
        "clause": clauses.get(row["typology"]),
        "complete": row["complete"],
        "roles": row["roles"],
        "evidence": row["evidence"],
        "detail": json.loads(row["detail"]) if row["detail"] else None,
    }


def item_rows(con: duckdb.DuckDBPyConnection, item: str) -> list[dict[str, Any]]:
    """Every hop of an item in its order, with both readings of what the policy allows.

    `lenient` and `strict` say whether a gift hop goes beyond what that reading allows.
    """
    define_macros(con)
    return dicts(
        con,
        """
        SELECT ord, record_id AS record, iso(at_us) AS at, source, target, kind, rule, level,
               CASE WHEN lower_bound THEN 'at least' ELSE 'exact' END AS level_is,
               kind = 'gift' AND rule = 'hop' AND undone IS NULL AND level > 1 AS beyond_lenient,
               kind = 'gift' AND rule = 'hop' AND undone IS NULL AND level > 0 AS beyond_strict,
               gap, undone, partner, reissued, linked, source_entity, target_entity, channel,
               decimal_text(price_minor, digits) AS price, currency, issuer, issuer_how
        FROM custody LEFT JOIN currencies USING (currency) WHERE item = ? ORDER BY ord
        """,
        [item],
    )


def _limit(limit: int | None) -> str:
    return "ALL" if limit is None else str(min(int(limit), 2**63 - 1))

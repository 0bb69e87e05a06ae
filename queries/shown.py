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


def choose(
    con: duckdb.DuckDBPyConnection,
    *,
    prefix: str = "",
    typology: str | None = None,
    account: str | None = None,
    since_us: int | None = None,
    until_us: int | None = None,
    limit: int | None = None,
) -> int:
    """Make `shown(n, finding)`, n from 0 by first time and id; how many there are without limit.

    prefix: of the tables `findings` and `subjects` to read. Selected by `first_at` in
    [since, until) and by an account on it.
    """
    where = ["true"]
    given: list[Any] = []
    for condition, value in (
        ("f.typology = ?", typology),
        ("f.first_us >= ?", since_us),
        ("f.first_us < ?", until_us),
        (f"f.finding IN (SELECT finding FROM {prefix}subjects WHERE account = ?)", account),
    ):
        if value is not None:
            where.append(condition)
            given.append(value)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE shown AS
        SELECT row_number() OVER (ORDER BY first_us, finding) - 1 AS n, finding
        FROM {prefix}findings f WHERE {" AND ".join(where)}
        """,
        given,
    )
    total = count(con, "shown")
    if limit is not None:
        con.execute("DELETE FROM shown WHERE n >= ?", [min(limit, 2**63 - 1)])
    return total


def finding_rows(
    con: duckdb.DuckDBPyConnection, clauses: dict[str, str], prefix: str = ""
) -> list[dict[str, Any]]:
    """The findings of `shown` with the keys of the command line's contract.

    prefix: of the three tables to read; clauses: typology -> the clause shown.
    """
    define_macros(con)
    rows = dicts(
        con,
        f"""
        WITH who AS (SELECT n, list(account ORDER BY ord) AS accounts,
                            list(role ORDER BY ord) AS roles
                     FROM {prefix}subjects JOIN shown USING (finding) GROUP BY n),
        what AS (SELECT n, list(record ORDER BY ord) AS records,
                        list({{'table': tbl, 'record': record, 'role': role}} ORDER BY ord)
                            AS evidence
                 FROM {prefix}evidence JOIN shown USING (finding) GROUP BY n)
        SELECT finding, typology, accounts, records, items, iso(first_us) AS first_at,
               iso(last_us) AS last_at, decimal_text(amount_minor, digits) AS amount, currency,
               length, instances::VARCHAR AS instances, level, complete, roles, evidence, detail
        FROM shown JOIN {prefix}findings USING (finding) LEFT JOIN who USING (n)
             LEFT JOIN what USING (n) LEFT JOIN currencies USING (currency)
        ORDER BY n
        """,
    )
    return [_finding(each, clauses) for each in rows]


def finding_ids(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Ids of the findings of `shown`, in its order."""
    rows = con.execute("SELECT finding FROM shown ORDER BY n").fetchall()
    return [finding for (finding,) in rows]


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

"""What people decided, as tables that searches and rankings read: data of the casebook, not more.

judgements(a, b, verdict, seq)             what people said of pairs: same | different
measured(account, since_us, clause, step)  measures in force, one row each
strikes(account, at_us, clause, step)      measures that were ever in force and not taken back
allowed(account, until_us, reason)         accounts that no measure is proposed against
reviewed(account, filing_number, verdict)  certificates that a person accepted or refused
refuted(finding, content)                  findings that people cleared, or overturned on appeal
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import duckdb

DDL = {
    "judgements": "a VARCHAR, b VARCHAR, verdict VARCHAR, seq BIGINT",
    "measured": "account VARCHAR, since_us BIGINT, clause VARCHAR, step VARCHAR",
    "strikes": "account VARCHAR, at_us BIGINT, clause VARCHAR, step VARCHAR",
    "allowed": "account VARCHAR, until_us BIGINT, reason VARCHAR",
    "reviewed": "account VARCHAR, filing_number VARCHAR, verdict VARCHAR",
    "refuted": "finding VARCHAR, content VARCHAR",
}

Decided = Mapping[str, Sequence[tuple[Any, ...]]]
"""Rows of the tables of `DDL`, by name; those of a name that is missing are none."""


def define_decisions(con: duckdb.DuckDBPyConnection, decided: Decided) -> None:
    """Make the tables of `DDL`.

    >>> con = duckdb.connect()
    >>> define_decisions(con, {"allowed": [("ann", 1, "a test account")]})
    >>> con.sql("FROM allowed").fetchall(), con.sql("FROM measured").fetchall()
    ([('ann', 1, 'a test account')], [])
    """
    for table, columns in DDL.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
        rows = decided.get(table, ())
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            con.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def define_missing(con: duckdb.DuckDBPyConnection, there: Collection[str]) -> None:
    """Make those tables of `DDL` empty that a generation does not have: it is of an older version.

    >>> con = duckdb.connect()
    >>> define_missing(con, ["judgements", "measured", "strikes", "allowed", "refuted"])
    >>> con.sql("SHOW TABLES").fetchall()
    [('reviewed',)]
    """
    for table in DDL.keys() - set(there):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({DDL[table]})")

"""Everybody and every record that lists are judged over, and lists as levels of them.

    population(account, labelled, named)    accounts of the generation and labelled ones that no
                                            record names

Levels (ranking/evaluation/measures.py) are in the order of account, and of `table:record`.
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from regift.ranking.evaluation.measures import Ints, Mask

Con = duckdb.DuckDBPyConnection

RECORDS = """
    SELECT 'gifts:' || record_id AS rec, record_id AS record, source, target,
           price_minor AS value_minor FROM gifts
    UNION ALL
    SELECT 'transfers:' || record_id, record_id, source, target, amount_minor FROM transfers
"""
"""Every gift and every transfer."""
COUNTERPARTIES = f"""
    SELECT account, count(DISTINCT other) AS counterparties FROM (
        SELECT source AS account, target AS other FROM ({RECORDS}) UNION ALL
        SELECT target, source FROM ({RECORDS})) WHERE account <> other GROUP BY account
"""
"""How many others an account gave to or got from, items and money alike."""


@dataclass(frozen=True)
class Population:
    """Accounts in order of their names, who is labelled, and how many of those no record names."""

    accounts: tuple[str, ...]
    labelled: Mask
    unknown: int


def population_of(con: Con) -> Population:
    """Make `population` from account_kinds and `labelled(account)`, and read it."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE population AS
        SELECT account, l.account IS NOT NULL AS labelled, k.account IS NOT NULL AS named
        FROM (SELECT account FROM account_kinds) k FULL JOIN labelled l USING (account)
        """
    )
    rows = con.sql("SELECT * FROM population ORDER BY account").to_arrow_table()
    return Population(
        tuple(rows["account"].to_pylist()),
        rows["labelled"].to_numpy(),
        int((~rows["named"].to_numpy()).sum()),
    )


def levels_by(con: Con, sql: str) -> Ints:
    """Levels of the population by a query of account and keys, the first decides, larger is better.

    Accounts that the query leaves out, or without keys, are last together.
    """
    keys = [name for name in con.sql(sql).columns if name != "account"]
    order = ", ".join(f"{key} DESC NULLS LAST" for key in keys)
    return numbers(
        con,
        f"""
        SELECT dense_rank() OVER (ORDER BY {order}) - 1 AS n
        FROM population LEFT JOIN ({sql}) USING (account) ORDER BY population.account
        """,
    )


def record_levels(con: Con, sql: str) -> Ints:
    """Levels of all gifts and transfers by a query of rec (`table:record`) and one key."""
    (key,) = (name for name in con.sql(sql).columns if name != "rec")
    return numbers(
        con,
        f"""
        SELECT dense_rank() OVER (ORDER BY {key} DESC NULLS LAST) - 1 AS n
        FROM ({RECORDS}) LEFT JOIN ({sql}) USING (rec) ORDER BY rec
        """,
    )


def degree_of(con: Con) -> Ints:
    """Number of counterparties of each account of the population."""
    return numbers(
        con,
        f"""
        SELECT coalesce(counterparties, 0) AS n
        FROM population LEFT JOIN ({COUNTERPARTIES}) USING (account) ORDER BY population.account
        """,
    )


def numbers(con: Con, sql: str) -> Ints:
    """Column `n` of a query."""
    column = con.sql(sql).to_arrow_table()["n"].to_numpy()
    return np.asarray(column, dtype=np.int64)

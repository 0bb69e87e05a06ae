"""What a change touches: items and accounts whose findings are looked for again (D-17)."""

import duckdb

from regift.graph.connect import count
from regift.loaders.tables import TABLES

COMPARED = {
    "account_kinds": "account, kind, operator",
    "entity_of": "account, entity",
    "links": "a, b, grade",
    "cancelled": "record_id, refund_id",
    "measured": "account, since_us, clause, step",
    "reviewed": "account, filing_number, verdict",
}
"""Derived tables and the columns in which a difference matters to a search."""


def compare(con: duckdb.DuckDBPyConnection, old: str | None) -> frozenset[str]:
    """Make `changed_<table>` for each table of `COMPARED`: rows that only one side has.

    Without an old generation every row is a change. Gives the names of tables that changed.
    """
    changed = set()
    for table, columns in COMPARED.items():
        sql = f"SELECT {columns} FROM {table}"
        if old is not None:
            sql = (
                f"SELECT {columns} FROM (SELECT {columns}, 0 AS side FROM {table} "
                f"UNION ALL SELECT {columns}, 1 FROM {old}.{table}) "
                f"GROUP BY {columns} HAVING min(side) = max(side)"
            )
        con.execute(f"CREATE OR REPLACE TEMP TABLE changed_{table} AS {sql}")
        if count(con, f"changed_{table}"):
            changed.add(table)
    return frozenset(changed)


def names_only_grew(con: duckdb.DuckDBPyConnection, old: str | None) -> bool:
    """Whether every account that the old generation named is named still: nothing was removed."""
    if old is None:
        return False
    if any(count(con, f"removed_{table}") for table in TABLES):
        return False
    gone = "SELECT a, b FROM {}.judgements EXCEPT SELECT a, b FROM judgements"
    return not count(con, f"({gone.format(old)})")


def changed_records(con: duckdb.DuckDBPyConnection, tables: tuple[str, ...]) -> frozenset[str]:
    """Names of the record tables in which a row left or came."""
    return frozenset(
        table for table in tables if count(con, f"added_{table}") or count(con, f"removed_{table}")
    )


def touch_items(con: duckdb.DuckDBPyConnection, everything: bool) -> None:
    """Make `touched_items`: items with a changed hop, row, or account on them."""
    if everything:
        con.execute("CREATE TEMP TABLE touched_items AS SELECT DISTINCT item FROM gifts")
        return
    con.execute(
        """
        CREATE TEMP TABLE moved_accounts AS
        SELECT account FROM changed_account_kinds UNION SELECT account FROM changed_entity_of
        UNION SELECT a FROM changed_links UNION SELECT b FROM changed_links
        """
    )
    con.execute(
        """
        CREATE TEMP TABLE touched_items AS
        SELECT item FROM added_gifts UNION SELECT item FROM removed_gifts
        UNION SELECT item FROM added_items UNION SELECT item FROM removed_items
        UNION SELECT item FROM items WHERE issuer IN (FROM moved_accounts)
        UNION SELECT item FROM gifts
              WHERE source IN (FROM moved_accounts) OR target IN (FROM moved_accounts)
        """
    )


def touch_accounts(con: duckdb.DuckDBPyConnection, everything: bool) -> None:
    """Make `touched_accounts`: accounts with a changed row, record, certificate, entity or hop.

    `whole_custody` is the ledger now and `before_custody` the one before, both of touched items.
    """
    if everything:
        con.execute("CREATE TEMP TABLE touched_accounts AS SELECT account FROM account_kinds")
        return
    con.execute(
        """
        CREATE TEMP TABLE touched_accounts AS
        SELECT account FROM moved_accounts
        UNION SELECT account FROM added_certificates
        UNION SELECT account FROM removed_certificates
        UNION SELECT account FROM changed_reviewed
        UNION SELECT account FROM added_accounts UNION SELECT account FROM removed_accounts
        UNION SELECT unnest([source, target]) FROM added_transfers
        UNION SELECT unnest([source, target]) FROM removed_transfers
        UNION SELECT unnest([source, target]) FROM transfers
              SEMI JOIN changed_cancelled USING (record_id)
        UNION SELECT unnest([source, target]) FROM whole_custody
              WHERE item IN (FROM touched_items)
        UNION SELECT unnest([source, target]) FROM before_custody
              WHERE item IN (FROM touched_items)
        """
    )


def change_payments(con: duckdb.DuckDBPyConnection, old: str) -> None:
    """Make `changed_payments`: effective payments that came (`came`) or left, a correction both.

    Reads `whole_payments`, and what `changed_records` and `compare` read and made.
    """
    columns = "record_id, at_us, seq, source, target, amount_minor, currency, kind"
    con.execute(
        f"""
        CREATE TEMP TABLE changed_payments AS
        WITH ids AS (
            SELECT record_id FROM added_transfers UNION SELECT record_id FROM removed_transfers
            UNION SELECT record_id FROM changed_cancelled),
        now AS (SELECT {columns} FROM whole_payments SEMI JOIN ids USING (record_id)),
        stayed AS (
            FROM transfers SEMI JOIN changed_cancelled USING (record_id)
            ANTI JOIN added_transfers USING (record_id)),
        before AS (
            SELECT {columns.replace("seq", "coalesce(seq, 0) AS seq")}
            FROM (FROM removed_transfers UNION ALL FROM stayed)
            ANTI JOIN {old}.cancelled USING (record_id)
            WHERE kind IN ('payment', 'red_packet') AND source <> target)
        SELECT *, true AS came FROM (FROM now EXCEPT FROM before)
        UNION ALL SELECT *, false FROM (FROM before EXCEPT FROM now)
        """
    )


def change_custody(con: duckdb.DuckDBPyConnection) -> None:
    """Make `changed_custody`: rows of the ledger that came or left."""
    touched = "WHERE item IN (FROM touched_items)"
    now, before = (f"FROM {name}_custody {touched}" for name in ("whole", "before"))
    con.execute(
        "CREATE TEMP TABLE changed_custody AS "
        f"FROM ({now} EXCEPT {before}) UNION ALL FROM ({before} EXCEPT {now})"
    )

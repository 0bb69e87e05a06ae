"""What a change touches: items and accounts whose findings are looked for again (D-17)."""

import duckdb

from regift.graph.connect import count

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
        now = f"SELECT {columns} FROM {table}"
        if old is None:
            sql = now
        else:
            before = f"SELECT {columns} FROM {old}.{table}"
            sql = f"({now} EXCEPT {before}) UNION ALL ({before} EXCEPT {now})"
        con.execute(f"CREATE OR REPLACE TEMP TABLE changed_{table} AS {sql}")
        if count(con, f"changed_{table}"):
            changed.add(table)
    return frozenset(changed)


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

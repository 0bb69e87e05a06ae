"""What a refresh shows of its tables to a search of touched units, and how it knows the units.

A refresh leaves in the connection, beside the tables of a snapshot (whole as `whole_` + name),

    touched_items(item), touched_accounts(account)     refresh/touched.py
    changed_payments(...)       effective payments that left or came; `came` says which
    changed_custody(...)        rows of the ledger that left or came
    before_custody              the ledger before
    old.<table>                 tables of the generation before

and these, made when they are asked for first:

    touched_sides(account)      touched accounts with all that links or entities, before or now,
                                join with them, through however many accounts
    item_custody, item_gifts    rows of touched items
    near_payments, near_transfers, near_custody    rows of touched accounts
    beside_payments, beside_transfers, beside_custody    rows of touched sides

A search of touched accounts sees every record of them, and of the others those with a touched one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from regift.graph.connect import count, row
from regift.graph.snapshot import Snapshot
from regift.queries.rarity import is_common
from regift.queries.typology import Redo

OLD = "old"
"""Name of the attached generation before, where there is one."""

RECORDS = ("payments", "transfers", "custody")


def items(con: duckdb.DuckDBPyConnection) -> Redo:
    """Of touched items all moves; findings by their unit."""
    tables = ("custody", "gifts")
    for table in tables:
        _once(con, f"item_{table}", f"FROM whole_{table} WHERE item IN (FROM touched_items)")
    sees = {table: f"FROM item_{table}" for table in tables}
    return Redo(sees=sees, owned="unit IN (FROM touched_items)")


def accounts(con: duckdb.DuckDBPyConnection) -> Redo:
    """Of touched accounts everything; findings by their unit."""
    for table in RECORDS:
        _once(con, f"near_{table}", _ends(table, "touched_accounts"))
    sees = {table: f"FROM near_{table}" for table in RECORDS}
    return Redo(sees=sees, owned="unit IN (FROM touched_accounts)")


def sides(con: duckdb.DuckDBPyConnection, *tables: str) -> dict[str, str]:
    """Of touched sides everything in some tables: what is seen."""
    define_sides(con)
    for table in tables:
        _once(con, f"beside_{table}", _ends(table, "touched_sides"))
    return {table: f"FROM beside_{table}" for table in tables}


@contextmanager
def shown(con: duckdb.DuckDBPyConnection, sees: Mapping[str, str]) -> Iterator[None]:
    """Within this, tables show only some rows; each has its whole as `whole_` + name."""
    for table, sql in sees.items():
        con.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {sql}")
    try:
        yield
    finally:
        for table in sees:
            show_whole(con, table)


@contextmanager
def made(con: duckdb.DuckDBPyConnection, sees: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What is seen, chosen rows as tables: a search reads them several times."""
    chosen = {table: f"seen_{table}" for table, sql in sees.items() if " WHERE " in sql}
    for table, name in chosen.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sees[table]}")
    try:
        yield {**sees, **{table: f"FROM {name}" for table, name in chosen.items()}}
    finally:
        for table, name in chosen.items():
            show_whole(con, table)  # no view of it may be left
            con.execute(f"DROP TABLE {name}")


def show_whole(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Let a table that searches may see narrowed show all of its rows."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM whole_{table}")


def share(con: duckdb.DuckDBPyConnection, kept: str, of: str) -> tuple[int, int]:
    """What a kept table counts together, and how many payments there are in all."""
    whole = count(con, "(FROM duckdb_tables() WHERE table_name = 'whole_payments')")
    payments = count(con, "whole_payments" if whole else "payments")
    return row(con, f"SELECT coalesce({of}, 0)::BIGINT FROM {kept}")[0], payments


def as_rare(graph: Snapshot, kept: str, of: str, common_bp: int) -> bool:
    """Whether what a kept table counts is a rare kind of payments as it was before, or common.

    Where it is common nothing is found, and where that changes everything is searched again.
    """
    con = graph.con
    named, payments = share(con, f"_kept_{kept}", of)
    came, left = (count(con, f"(FROM changed_payments WHERE {not_}came)") for not_ in ("", "NOT "))
    known, _ = share(con, f"{OLD}.kept_{kept}", of)
    before = payments - came + left
    return is_common(named, payments, common_bp) == is_common(known, before, common_bp)


def define_sides(con: duckdb.DuckDBPyConnection) -> None:
    """Make `touched_sides`. Cost: the links, and steps as long as their longest chain."""
    ties = []
    for of in ("", f"{OLD}."):
        ties += [
            f"SELECT a AS account, b AS other FROM {of}links",
            f"SELECT b, a FROM {of}links",
            f"SELECT account, entity FROM {of}entity_of WHERE account <> entity",
            f"SELECT entity, account FROM {of}entity_of WHERE account <> entity",
        ]
    _once(
        con,
        "touched_sides",
        f"WITH RECURSIVE ties AS ({' UNION ALL '.join(ties)}), reached AS ("
        "FROM touched_accounts UNION "
        "SELECT other FROM reached JOIN ties USING (account)) FROM reached",
    )


def _ends(table: str, units: str) -> str:
    return (
        f"FROM whole_{table} WHERE source IN (SELECT account FROM {units}) "
        f"OR target IN (SELECT account FROM {units})"
    )


def _once(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Make a work table that is not there yet; the runner drops them all."""
    there = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ? AND temporary"
    if not row(con, there, [name])[0]:
        con.execute(f"CREATE TEMP TABLE {name} AS {sql}")


MADE = (
    "touched_sides",
    "item_custody",
    "item_gifts",
    *(f"near_{table}" for table in RECORDS),
    *(f"beside_{table}" for table in RECORDS),
)
"""Work tables of this file."""


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the work tables."""
    for name in MADE:
        con.execute(f"DROP TABLE IF EXISTS {name}")

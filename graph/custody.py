"""The custody ledger: who held each item, at what level, and what the record cannot explain.

Table `custody`, one row per row of `gifts`, as definitions D-2 has it (rules and gaps are named in
`custody_kernel.py`):

    record_id, item, ord, at_us, seq, source, target, source_entity, target_entity, kind,
    price_minor, currency, collection
    channel        the record's; else the kind of the source account if that is one; else 'unknown'
    issuer, issuer_how      null | item | issue | presumed
    rule           issue | issuer | return | internal | hop | burn
    level          after the hop; an undone hop keeps the level it had when it was made
    lower_bound    a gap before, or an unknown origin: the true level may be deeper
    gap            null | double_issue | not_holder | after_burn
    undone         null | return | gift: both hops of a pair that cancels out
    partner        record_id of the other hop of that pair
    reissued       the issuer hands on an item that had come back to it
    linked         the ends are linked, but not one entity (associated, or the union was refused)
    cycle_from     ord of the first hop of the minimal cycle that this hop closes
    holder_before  account that held the item before the hop, if one is known
"""

import duckdb
import numpy as np
import pyarrow as pa

from regift.graph.custody_kernel import (
    GAPS,
    KINDS,
    ORIGINS,
    RULES,
    UNDONE,
    Hops,
    Ints,
    Ledger,
    walk_items,
)
from regift.graph.snapshot import Settings
from regift.loaders.tables import CHANNELS

CUSTODY_DDL = (
    "record_id VARCHAR, item VARCHAR, ord BIGINT, at_us BIGINT, seq BIGINT, source VARCHAR, "
    "target VARCHAR, source_entity VARCHAR, target_entity VARCHAR, kind VARCHAR, "
    "price_minor BIGINT, currency VARCHAR, channel VARCHAR, collection VARCHAR, issuer VARCHAR, "
    "issuer_how VARCHAR, rule VARCHAR, level BIGINT, lower_bound BOOLEAN, gap VARCHAR, "
    "undone VARCHAR, partner VARCHAR, reissued BOOLEAN, linked BOOLEAN, cycle_from BIGINT, "
    "holder_before VARCHAR"
)
"""Columns of the table, in order."""

WORK_TABLES = ("_cu_codes", "_cu_items", "_cu_sorted")


def derive(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    items: str | None = None,
    *,
    name: str = "custody",
) -> None:
    """Make the temporary table `name` from gifts, items, account_kinds, entity_of and links.

    items: name of a table or view whose column `item` says which items; None means all.
    settings: `return_window_us` says how long a gift back undoes a gift (0 = never).
    Cost: one sort of the hops by (item, time, seq, record_id), joins on ids, one linear walk.

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> hops = [("g1", "issue", "brand", "ann"), ("g2", "gift", "ann", "bob")]
    >>> rows = [{"record_id": r, "at_us": at, "source": s, "target": t, "item": "x", "kind": kind}
    ...         for at, (r, kind, s, t) in enumerate(hops)]
    >>> with snapshot_from_rows({"gifts": rows}) as graph:
    ...     graph.con.sql("SELECT record_id, rule, level FROM custody ORDER BY ord").fetchall()
    [('g1', 'issue', 0), ('g2', 'hop', 1)]
    """
    _code_ids(con, items)
    _sort_hops(con)
    bounds, issuers = _read_items(con)
    ledger = walk_items(_read_hops(con), bounds, issuers, settings.return_window_us)
    _write(con, ledger, name)
    for table in WORK_TABLES:
        con.execute(f"DROP TABLE {table}")


def _code_ids(con: duckdb.DuckDBPyConnection, items: str | None) -> None:
    """Work tables: the hops that are asked for, and dense codes of their accounts and items."""
    only = f"WHERE item IN (SELECT item FROM {items})" if items else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _cu_hops AS SELECT
            record_id, at_us, coalesce(seq, 0) AS seq, source, target, item, kind, price_minor,
            currency, channel, refers_to
        FROM gifts {only}
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE _cu_codes AS
        WITH named AS (
            SELECT source AS account FROM _cu_hops UNION SELECT target FROM _cu_hops
            UNION SELECT issuer FROM items SEMI JOIN _cu_hops USING (item)
            WHERE issuer IS NOT NULL),
        known AS (
            SELECT account, coalesce(entity, account) AS entity, kind
            FROM named LEFT JOIN entity_of USING (account) LEFT JOIN account_kinds USING (account)),
        coded AS (SELECT *, (row_number() OVER () - 1)::INTEGER AS code FROM known)
        SELECT *, min(code) OVER (PARTITION BY entity) AS entity_code FROM coded
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE _cu_items AS
        WITH counted AS (SELECT item, count(*) AS hops FROM _cu_hops GROUP BY item)
        SELECT item, hops, (row_number() OVER (ORDER BY item) - 1)::INTEGER AS code, collection,
               coalesce(c.code, -1) AS issuer
        FROM counted LEFT JOIN items USING (item) LEFT JOIN _cu_codes c ON c.account = items.issuer
        """
    )


def _sort_hops(con: duckdb.DuckDBPyConnection) -> None:
    """Work table: the hops with `pos`, their place by (item, at_us, seq, record_id)."""
    codes = " ".join(f"WHEN '{kind}' THEN {code}" for code, kind in enumerate(KINDS))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _cu_sorted AS
        SELECT (row_number() OVER (ORDER BY i.code, at_us, seq, record_id) - 1)::INTEGER AS pos,
               h.*, i.collection, s.code AS source_code, t.code AS target_code,
               s.entity AS source_entity, t.entity AS target_entity, s.kind AS source_kind,
               (CASE h.kind {codes} END)::TINYINT AS kind_code
        FROM _cu_hops h JOIN _cu_items i USING (item)
        JOIN _cu_codes s ON s.account = h.source JOIN _cu_codes t ON t.account = h.target
        """
    )
    con.execute("DROP TABLE _cu_hops")


def _read_items(con: duckdb.DuckDBPyConnection) -> tuple[Ints, Ints]:
    """Where each item's hops begin and end, and the account code of its issuer (or -1)."""
    read = con.execute("SELECT hops, issuer FROM _cu_items ORDER BY code").fetchnumpy()
    return np.concatenate([[0], np.cumsum(read["hops"], dtype=np.int64)]), read["issuer"]


def _read_hops(con: duckdb.DuckDBPyConnection) -> Hops:
    """The sorted hops and what is known of accounts, as arrays."""
    read = con.execute(
        "SELECT pos, at_us, seq, source_code, target_code, kind_code FROM _cu_sorted"
    ).fetchnumpy()
    pos = read.pop("pos")
    columns = []
    for name in tuple(read):
        given = read.pop(name)
        column = np.empty_like(given)
        column[pos] = given
        columns.append(column)
    refers = np.full(len(pos), -1, np.int32)
    named = con.execute(
        """
        SELECT r.pos AS pos, o.pos AS named FROM _cu_sorted r JOIN _cu_sorted o
        ON o.record_id = r.refers_to AND o.item = r.item WHERE r.kind = 'return'
        """
    ).fetchnumpy()
    refers[named["pos"]] = named["named"]
    accounts = con.execute(
        """
        SELECT entity_code, (kind IS NULL OR kind IN ('official_account', 'merchant')) AS presumable
        FROM _cu_codes ORDER BY code
        """
    ).fetchnumpy()
    return Hops(*columns, refers, accounts["entity_code"], accounts["presumable"])


def _words(column: str, words: tuple[str, ...]) -> str:
    """SQL that turns a code into its word; code 0 of a list that starts with '' is null."""
    cases = " ".join(f"WHEN {code} THEN '{word}'" for code, word in enumerate(words) if word)
    return f"CASE {column} {cases} END"


def _write(con: duckdb.DuckDBPyConnection, ledger: Ledger, name: str) -> None:
    """Make the table of hops and ledger."""
    pos = pa.array(np.arange(len(ledger.ord), dtype=np.int32))
    columns = {f"w_{f}": pa.array(getattr(ledger, f)) for f in Ledger._fields}
    con.register("_cu_walked", pa.table({"pos": pos} | columns))
    channels = ", ".join(f"'{channel}'" for channel in CHANNELS)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        WITH undone AS (
            SELECT pos, record_id AS partner FROM _cu_sorted
            WHERE pos IN (SELECT w_partner FROM _cu_walked WHERE w_partner >= 0))
        SELECT h.record_id, h.item, w_ord::BIGINT AS ord, h.at_us, h.seq, h.source, h.target,
               h.source_entity, h.target_entity, h.kind, h.price_minor, h.currency,
               coalesce(h.channel, CASE WHEN h.source_kind IN ({channels}) THEN h.source_kind END,
                        'unknown') AS channel,
               h.collection, i.account AS issuer, {_words("w_origin", ORIGINS)} AS issuer_how,
               {_words("w_rule", RULES)} AS rule, w_level::BIGINT AS level,
               w_bound = 1 AS lower_bound, {_words("w_gap", GAPS)} AS gap,
               {_words("w_undone", UNDONE)} AS undone, u.partner, w_reissued = 1 AS reissued,
               l.a IS NOT NULL AND h.source_entity != h.target_entity AS linked,
               CASE WHEN w_cycle >= 0 THEN w_cycle::BIGINT END AS cycle_from,
               b.account AS holder_before
        FROM _cu_sorted h JOIN _cu_walked w USING (pos)
        LEFT JOIN undone u ON u.pos = w_partner
        LEFT JOIN _cu_codes i ON i.code = w_issuer
        LEFT JOIN _cu_codes b ON b.code = w_holder
        LEFT JOIN links l ON l.a = least(h.source, h.target) AND l.b = greatest(h.source, h.target)
        """
    )
    con.unregister("_cu_walked")

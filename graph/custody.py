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
    ACCOUNT,
    GAPS,
    HOP,
    KINDS,
    LEDGER,
    ORIGINS,
    RULES,
    UNDONE,
    Rows,
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

WORK_TABLES = ("_cu_hops", "_cu_accounts", "_cu_items")


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
    place, hops = _read_hops(con)
    read = con.execute("SELECT hops, issuer FROM _cu_items ORDER BY code").fetchnumpy()
    bounds = np.concatenate([[0], np.cumsum(read["hops"], dtype=np.int64)])
    window_us = settings.return_window_us
    ledger = walk_items(hops, _read_accounts(con), bounds, np.asarray(read["issuer"]), window_us)
    item = np.repeat(np.arange(len(bounds) - 1, dtype=np.int32), np.diff(bounds))
    codes = {"source_code": hops["source"], "target_code": hops["target"], "item_code": item}
    _write(con, place, codes, ledger, name)
    for table in WORK_TABLES:
        con.execute(f"DROP TABLE {table}")


def _code_ids(con: duckdb.DuckDBPyConnection, items: str | None) -> None:
    """Work tables: the hops that are asked for, and dense codes of their accounts and items."""
    only = f"WHERE item IN (SELECT item FROM {items})" if items else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _cu_hops AS SELECT
            record_id, at_us, coalesce(seq, 0) AS seq, source, target, item, kind,
            price_minor, currency, channel, refers_to
        FROM gifts {only}
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE _cu_accounts AS
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
        FROM counted LEFT JOIN items USING (item)
        LEFT JOIN _cu_accounts c ON c.account = items.issuer
        """
    )


def _read_hops(con: duckdb.DuckDBPyConnection) -> tuple[Rows, Rows]:
    """Place of each hop in `_cu_hops`, and the hops, both by (item, at_us, seq, record_id)."""
    codes = " ".join(f"WHEN '{kind}' THEN {code}" for code, kind in enumerate(KINDS))
    read = con.execute(
        f"""
        SELECT h.rowid::INTEGER AS place, at_us, seq, s.code AS source, t.code AS target,
               (CASE h.kind {codes} END)::TINYINT AS kind
        FROM _cu_hops h JOIN _cu_items i USING (item)
        JOIN _cu_accounts s ON s.account = h.source JOIN _cu_accounts t ON t.account = h.target
        ORDER BY i.code, at_us, seq, record_id
        """
    ).fetchnumpy()
    place = np.asarray(read.pop("place"))
    hops = np.empty(len(place), HOP)
    for field in tuple(read):
        hops[field] = read.pop(field)
    hops["refers"] = -1
    named = con.execute(
        """
        SELECT r.rowid AS hop, o.rowid AS named FROM _cu_hops r JOIN _cu_hops o
        ON o.record_id = r.refers_to AND o.item = r.item WHERE r.kind = 'return'
        """
    ).fetchnumpy()
    sorted_at = np.empty(len(place), np.int32)
    sorted_at[place] = np.arange(len(place), dtype=np.int32)
    hops["refers"][sorted_at[named["hop"]]] = sorted_at[named["named"]]
    return place, hops


def _read_accounts(con: duckdb.DuckDBPyConnection) -> Rows:
    """What the walk needs of each account, by code."""
    read = con.execute(
        """
        SELECT entity_code, (kind IS NULL OR kind IN ('official_account', 'merchant')) AS presumable
        FROM _cu_accounts ORDER BY code
        """
    ).fetchnumpy()
    accounts = np.empty(len(read["presumable"]), ACCOUNT)
    accounts["entity"], accounts["presumable"] = read["entity_code"], read["presumable"]
    return accounts


def _words(column: str, words: tuple[str, ...]) -> str:
    """SQL that turns a code into its word; code 0 of a list that starts with '' is null."""
    cases = " ".join(f"WHEN {code} THEN '{word}'" for code, word in enumerate(words) if word)
    return f"CASE {column} {cases} END"


def _write(
    con: duckdb.DuckDBPyConnection, place: Rows, codes: dict[str, Rows], ledger: Rows, name: str
) -> None:
    """Make the table of records, accounts and ledger."""
    # In the order of `_cu_hops`: a join of two tables in one order is three times faster.
    columns = codes | {f"w_{field}": ledger[field] for field in LEDGER.names or ()}
    columns["w_partner"] = np.where(ledger["partner"] >= 0, place[ledger["partner"]], -1)
    walked = {"place": pa.array(np.arange(len(place)))}
    for field, column in columns.items():
        by_place = np.empty_like(column)
        by_place[place] = column
        walked[field] = pa.array(by_place)
    con.register("_cu_walked", pa.table(walked))
    channels = ", ".join(f"'{channel}'" for channel in CHANNELS)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        WITH undone AS (
            SELECT rowid AS place, record_id AS partner FROM _cu_hops
            WHERE rowid IN (SELECT w_partner FROM _cu_walked WHERE w_partner >= 0))
        SELECT h.record_id, h.item, w_ord::BIGINT AS ord, h.at_us, h.seq, h.source, h.target,
               s.entity AS source_entity, t.entity AS target_entity, h.kind, h.price_minor,
               h.currency,
               coalesce(h.channel, CASE WHEN s.kind IN ({channels}) THEN s.kind END, 'unknown')
                   AS channel,
               c.collection, i.account AS issuer, {_words("w_origin", ORIGINS)} AS issuer_how,
               {_words("w_rule", RULES)} AS rule, w_level::BIGINT AS level,
               w_bound AS lower_bound, {_words("w_gap", GAPS)} AS gap,
               {_words("w_undone", UNDONE)} AS undone, u.partner, w_reissued AS reissued,
               l.a IS NOT NULL AND s.entity != t.entity AS linked,
               CASE WHEN w_cycle >= 0 THEN w_cycle::BIGINT END AS cycle_from,
               b.account AS holder_before
        FROM _cu_hops h JOIN _cu_walked w ON w.place = h.rowid
        JOIN _cu_items c ON c.code = item_code
        JOIN _cu_accounts s ON s.code = source_code JOIN _cu_accounts t ON t.code = target_code
        LEFT JOIN undone u ON u.place = w_partner
        LEFT JOIN _cu_accounts i ON i.code = w_issuer
        LEFT JOIN _cu_accounts b ON b.code = w_holder
        LEFT JOIN links l ON l.a = least(h.source, h.target) AND l.b = greatest(h.source, h.target)
        """
    )
    con.unregister("_cu_walked")

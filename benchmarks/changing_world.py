"""Files of a world that goes on: what is there, and what comes later or late.

    first/               transfers, gifts, items, accounts, identifiers of 180 days
    at-the-end/          a thousandth as many, a tenth of them gifts, of the four hours after
    a-late-transfer/     one transfer of the ninetieth day; a-late-gift/: one gift of it

Transfers are those of `power_law.py`, six times 30 days. Of twenty items four stay with whom they
were issued to, thirteen are given once, two twice and one five times: every tenth item within
hours, every fiftieth back to one who had it; of every hundredth a receiver pays. Two in a hundred
accounts share a phone and a card.
"""

from pathlib import Path

import duckdb
import power_law
import pyarrow as pa

from regift.graph.connect import connect, quote

MONTHS = 6
MONTH_US = power_law.DAYS * power_law.DAY_S * 1_000_000
END_US = power_law.START_US + MONTHS * MONTH_US
LATER_US = 4 * 3_600 * 1_000_000
SHARE = 1_000
"""One in so many records comes at the end: 10,000 of ten million."""

_TRANSFERS = """
    SELECT {id} AS record_id, make_timestamptz(at_us) AS at,
           'u' || lpad(source::VARCHAR, 8, '0') AS source,
           'u' || lpad(target::VARCHAR, 8, '0') AS target,
           (amount_minor / 100)::DECIMAL(18, 2) AS amount, 'CNY' AS currency,
           $kinds[kind + 1] AS kind
    FROM _chunk
"""
# hops(i): how often an item moves after its issue; who(i, k): who has it after move k.
_MACROS = """
    CREATE MACRO hops(i) AS
        CASE WHEN hash(i, 'hops') % 20 < 4 THEN 0 WHEN hash(i, 'hops') % 20 < 17 THEN 1
             WHEN hash(i, 'hops') % 20 < 19 THEN 2 ELSE 5 END;
    CREATE MACRO who(i, k) AS CASE
        WHEN k = 0 THEN 'brand' || (hash(i, 'brand') % 200)
        ELSE 'u' || lpad((hash(i, if(k = 4 AND i % 50 = 0, 2, k)) % $accounts)::VARCHAR, 8, '0')
        END;
    CREATE MACRO moment(i, k) AS
        ((hash(i, 'begin') % ($days - 10)) * 86400000000 + hash(i, k, 'hour') % 3600000000
         + k * if(i % 10 = 0, 7200000000, 86400000000 + hash(i, 'gap') % 28800000000))::BIGINT;
"""
_GIFTS = """
    SELECT 'g' || lpad(i::VARCHAR, 8, '0') || '-' || k AS record_id,
           make_timestamptz($start + moment(i, k)) AS at, who(i, k) AS source,
           who(i, k + 1) AS target, 'item' || i AS item,
           CASE WHEN k = 0 THEN 'issue' WHEN hash(i, k, 'kind') % 12 = 0 THEN 'sale' ELSE 'gift' END
               AS kind,
           if(kind = 'sale', 20 + i % 7, NULL)::DECIMAL(18, 2) AS price,
           if(kind = 'sale', 'CNY', NULL) AS currency,
           if(hash(i, k) % 3 = 0, 'mini_program', NULL) AS channel
    FROM range($items) t(i), range(6) m(k)
    WHERE k <= hops(i)
"""
_PAID = """
    SELECT 'p' || i AS record_id, make_timestamptz($start + moment(i, 2) + 600000000) AS at,
           who(i, 3) AS source, who(i, 2) AS target, 21.00::DECIMAL(18, 2) AS amount,
           'CNY' AS currency, 'payment' AS kind
    FROM range(0, $items, 100) t(i) WHERE hops(i) >= 2
"""
_MORE_GIFTS = """
    SELECT 'h' || lpad(i::VARCHAR, 8, '0') AS record_id,
           make_timestamptz($ended + (hash(i, 'later') % $later)::BIGINT) AS at,
           who(i, hops(i) + 1) AS source,
           'u' || lpad((hash(i, 'new') % $accounts)::VARCHAR, 8, '0') AS target,
           'item' || i AS item, 'gift' AS kind
    FROM range(0, $items, greatest($items // $gifts, 1)) t(i) LIMIT $gifts
"""
_TABLES = {
    "items": "SELECT 'item' || i AS item, 'c' || i % 500 AS collection, who(i, 0) AS issuer "
    "FROM range($items) t(i)",
    "accounts": "SELECT 'brand' || i AS account, 'official_account' AS kind FROM range(200) t(i)",
    "identifiers": "SELECT 'u' || lpad(i::VARCHAR, 8, '0') AS account, kind, "
    "kind || if(i % 50 = 1, i - 1, i) AS value "
    "FROM range(0, $accounts) t(i), (VALUES ('phone'), ('payment_card')) k(kind) WHERE i % 5 < 2",
}
_LATE = {
    "a-late-transfer/transfers": "SELECT 'late' AS record_id, make_timestamptz($middle) AS at, "
    "'u00000100' AS source, 'u00000103' AS target, 77.00::DECIMAL(18, 2) AS amount, "
    "'CNY' AS currency, 'payment' AS kind",
    "a-late-gift/gifts": "SELECT 'late' AS record_id, make_timestamptz($middle) AS at, "
    "who(3, 1) AS source, 'u00000103' AS target, 'item3' AS item, 'gift' AS kind",
}


def write(folder: Path, transfers: int, gifts: int) -> None:
    """Write all files, as large as asked."""
    for name in ("first", "at-the-end", "a-late-transfer", "a-late-gift"):
        (folder / name).mkdir(parents=True)
    accounts = power_law.accounts_of(transfers)
    with connect(folder) as con:
        _months(con, accounts, transfers)
        given = {
            "items": gifts // 2, "accounts": accounts, "days": MONTHS * power_law.DAYS,
            "start": power_law.START_US, "ended": END_US, "later": LATER_US,
            "middle": power_law.START_US + MONTHS // 2 * MONTH_US,
            "gifts": transfers // SHARE // 10,
        }  # fmt: skip
        for name, value in given.items():
            con.execute(f"SET VARIABLE {name} = {value}")
        con.execute(_named(_MACROS))
        con.execute(f"INSERT INTO made {_named(_PAID)}")
        _copy(con, "FROM made", folder / "first" / "transfers.parquet")
        con.execute("DROP TABLE made")
        _copy(con, _named(_GIFTS), folder / "first" / "gifts.parquet")
        for name, sql in _TABLES.items():
            _copy(con, _named(sql), folder / "first" / f"{name}.parquet")
        for name, sql in _LATE.items():
            _copy(con, _named(sql), folder / f"{name}.parquet")
        _copy(con, _named(_MORE_GIFTS), folder / "at-the-end" / "gifts.parquet")
        _later(con, accounts, transfers // SHARE * 9 // 10)
        _copy(con, "FROM made", folder / "at-the-end" / "transfers.parquet")


def _months(con: duckdb.DuckDBPyConnection, accounts: int, transfers: int) -> None:
    """The table `made`: transfers of all months."""
    per_month = -(-transfers // MONTHS)
    for number, first in enumerate(range(0, transfers, per_month)):
        size = min(per_month, transfers - first)
        for begin in range(first, first + size, power_law.CHUNK):
            chunk = power_law.columns(min(power_law.CHUNK, first + size - begin), accounts, begin)
            chunk["at_us"] = chunk["at_us"] + number * MONTH_US
            _add(con, chunk, "'t' || lpad(id::VARCHAR, 9, '0')")


def _later(con: duckdb.DuckDBPyConnection, accounts: int, size: int) -> None:
    """The table `made`: transfers of the hours after."""
    chunk = power_law.columns(size, accounts, 0, power_law.SEED + 1)
    chunk["at_us"] = END_US + (chunk["at_us"] - power_law.START_US) * LATER_US // MONTH_US
    _add(con, chunk, "'z' || lpad(id::VARCHAR, 9, '0')")


def _add(con: duckdb.DuckDBPyConnection, chunk: dict[str, power_law.Ints], id: str) -> None:
    there = con.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = 'made'").fetchall()
    con.register("_chunk", pa.table(chunk))
    made = "INSERT INTO made" if there else "CREATE TABLE made AS"
    con.execute(f"{made} {_TRANSFERS.format(id=id)}", {"kinds": list(power_law.KINDS)})
    con.unregister("_chunk")


def _named(sql: str) -> str:
    """The statement with variables in place of its named values."""
    for name in ("items", "accounts", "days", "start", "ended", "later", "middle", "gifts"):
        sql = sql.replace(f"${name}", f"getvariable('{name}')")
    return sql


def _copy(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    con.execute(f"COPY ({sql}) TO {quote(str(path))} (FORMAT parquet)")

"""Rows that name a forgotten account: what becomes of them in a load and in the store.

Gifts, transfers, items and certificates keep the row under the account's tombstone, so that the
chains of other people stay what they are. Of `accounts` the kind alone is kept, as searches read it
of whoever gives or pays; identifiers and labels of the account go.
"""

import json
import re
from collections.abc import Collection, Mapping

import duckdb

from regift.graph.connect import count, row
from regift.graph.keyed import tombstone_sql, use_key
from regift.graph.store import SEGMENT_DDL, Segment, segment_sql, write_segment
from regift.graph.workspace import Workspace
from regift.loaders.tables import TABLES, Table

NAMING = {
    "gifts": ("source", "target"),
    "transfers": ("source", "target"),
    "accounts": ("account", "operator"),
    "items": ("issuer",),
    "identifiers": ("account",),
    "certificates": ("account",),
    "labels": ("account",),
    "custody": (),
}
"""Columns of each table that name an account. The ledger is made anew."""

GOING = ("accounts", "identifiers", "labels")
"""Tables whose rows of the account go."""

Names = Mapping[str, str]
"""Account -> its tombstone."""


def at_load(
    con: duckdb.DuckDBPyConnection, table: Table, key: str, tombstones: Collection[str]
) -> list[str]:
    """Rows of `accepted` that name a forgotten account, as they may be stored; gives notes.

    The ids are known by their hash alone. Cost: one hash for each account that the load names.
    """
    columns = [c.stored for c in table.columns if c.stored in NAMING[table.name]]
    if not columns:
        return []
    use_key(con, key)
    con.execute(
        f"""
        CREATE TEMP TABLE forgetting AS
        SELECT account, tombstone FROM (
            SELECT account, {tombstone_sql("account")} AS tombstone
            FROM (SELECT DISTINCT unnest([{", ".join(columns)}]) AS account FROM accepted))
        WHERE tombstone IN (SELECT unnest($1))
        """,
        [list(tombstones)],
    )
    named = " OR ".join(f"{column} IN (SELECT account FROM forgetting)" for column in columns)
    rows = count(con, f"(SELECT 1 FROM accepted WHERE {named})")
    if not rows:
        return []
    if table.name in GOING:
        con.execute("DELETE FROM accepted WHERE account IN (SELECT account FROM forgetting)")
    for column in columns:
        con.execute(
            f"UPDATE accepted a SET {column} = f.tombstone FROM forgetting f "
            f"WHERE a.{column} = f.account"
        )
    done = "left out" if table.name in GOING else "taken under its tombstone"
    return [f"rows that name a forgotten account, {done}: {rows:,}"]


def empty_rejects(con: duckdb.DuckDBPyConnection, key: str, tombstones: Collection[str]) -> None:
    """Take the text of those `rejects` of a load in which a forgotten account stands.

    It is looked for as a field: between quotes, as CSV or JSON write them, or separators or blanks.
    """
    use_key(con, key)
    fields = " UNION ALL ".join(
        f"SELECT rowid AS reject, unnest({split}) AS field FROM "
        '(SELECT rowid, unnest(["row", message]) AS text FROM rejects)'
        for split in _FIELDS
    )
    con.execute(
        f"UPDATE rejects SET {EMPTIED} WHERE rowid IN (SELECT reject FROM ("
        f"SELECT reject, {tombstone_sql('trim(field)')} AS tombstone FROM ({fields})) "
        "WHERE tombstone IN (SELECT unnest($1)))",
        [list(tombstones)],
    )


_FIELDS = (
    r"""regexp_split_to_array(text, '[",;|{}\[\]\t\r\n]+')""",
    r"""regexp_split_to_array(text, '[",;|{}\[\]\s:]+')""",
    """[replace(s, '""', '"') FOR s IN regexp_extract_all(text, '"((?:[^"]|"")*)"', 1)]""",
    r"""[TRY(json_extract_string(s, '$'))
        FOR s IN regexp_extract_all(text, '"(?:[^"\\]|\\.)*"')]""",
)
"""SQL of the fields that a text may have: of CSV plain and quoted, and of JSON."""

EMPTIED = "\"row\" = '', message = 'it names a forgotten account: its text is erased'"
"""What a reject becomes in whose text a forgotten account stood."""


def naming(account: str) -> str:
    """Regular expression of an id inside of a text, as it is or as CSV or JSON write it.

    No letter or digit stands on either side.

    >>> duckdb.execute("SELECT regexp_matches(unnest(['see u1.', 'u17', '[u1]']), $1)",
    ...     [naming("u1")]).fetchall()
    [(True,), (False,), (True,)]
    """
    as_json = (json.dumps(account, ensure_ascii=ascii)[1:-1] for ascii in (True, False))
    forms = sorted({account, account.replace('"', '""'), *as_json})
    return rf"(^|[^\pL\pN_])({'|'.join(map(re.escape, forms))})($|[^\pL\pN_])"


def erased(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    segments: Mapping[str, tuple[Segment, ...]],
    names: Names,
) -> dict[str, tuple[Segment, ...]]:
    """Segments of all tables without the accounts of `names`; those that name none stay.

    Cost: a scan of the columns that name accounts, and the segments that do written anew.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE forgetting (account VARCHAR, tombstone VARCHAR)")
    con.executemany("INSERT INTO forgetting VALUES (?, ?)", [list(pair) for pair in names.items()])
    made = {
        table: tuple(
            kept for each in files if (kept := _without(con, workspace, table, each)) is not None
        )
        for table, files in segments.items()
        if table in TABLES
    }
    for table in ("history", "withdrawn"):
        made[table] = _texts_without(con, workspace, table, segments.get(table, ()), names)
    return {**segments, **made}


def _without(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, table: str, segment: Segment
) -> Segment | None:
    """One segment of a record table, written anew if it names one of the accounts."""
    stored = segment_sql(workspace, table, [segment])
    if not row(con, f"SELECT count(*) FROM ({stored}) WHERE {naming_sql(table)}")[0]:
        return segment
    order = "at_us, coalesce(seq, 0), record_id"
    if table not in ("gifts", "transfers"):
        order = ", ".join(TABLES[table].stored_key)
    sql = f"{renamed_sql(table, stored)} ORDER BY {order}"
    return write_segment(con, workspace, table, segment.part, sql)


def naming_sql(table: str) -> str:
    """Condition for the rows of a record table that name one of `forgetting`."""
    return " OR ".join(
        f"coalesce({column} IN (SELECT account FROM forgetting), false)" for column in NAMING[table]
    )


def renamed_sql(table: str, rows: str) -> str:
    """Rows of a record table as they are without the accounts of `forgetting`."""
    columns = NAMING[table]
    joins = " ".join(
        f"LEFT JOIN forgetting f{i} ON s.{column} = f{i}.account"
        for i, column in enumerate(columns)
    )
    new = {c: f"coalesce(f{i}.tombstone, s.{c})" for i, c in enumerate(columns)}
    where = ""
    if table == "accounts":
        kept = ("account", "kind")
        new |= {
            c.stored: f"CASE WHEN f0.account IS NULL THEN {new.get(c.stored, f's.{c.stored}')} END"
            for c in TABLES[table].columns
            if c.stored not in kept
        }
        where = "WHERE f0.account IS NULL OR s.kind IS NOT NULL"
    elif table in GOING:
        where = "WHERE f0.account IS NULL"
    replaced = ", ".join(f"{sql} AS {column}" for column, sql in new.items())
    return f"SELECT s.* REPLACE ({replaced}) FROM ({rows}) s {joins} {where}"


def _texts_without(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    table: str,
    segments: tuple[Segment, ...],
    names: Names,
) -> tuple[Segment, ...]:
    """Segments of `history` or `withdrawn`, whose rows hold keys and rows of others as JSON."""
    if not segments:
        return ()
    stored = segment_sql(workspace, table, segments)
    con.execute(f"CREATE OR REPLACE TEMP TABLE rewritten ({SEGMENT_DDL[table]})")
    con.execute(f"INSERT INTO rewritten {stored}")
    for account, instead in names.items():
        con.execute(
            "DELETE FROM rewritten WHERE tbl IN (SELECT unnest($1)) "
            "AND json_extract_string(key, '$[0]') = $2",
            [list(GOING), account],
        )
        con.execute(
            "UPDATE rewritten SET key = concat('[', to_json($2), "
            "substr(key, 2 + length(to_json($1)::VARCHAR))) WHERE tbl = 'certificates' "
            "AND json_extract_string(key, '$[0]') = $1",
            [account, instead],
        )
        if table == "history":
            _history_without(con, account, instead)
    sql = "SELECT * FROM rewritten ORDER BY ALL"
    written = write_segment(con, workspace, table, 0, sql)
    return (written,) if written else ()


def _history_without(con: duckdb.DuckDBPyConnection, account: str, instead: str) -> None:
    """Rename an account in the rows that the history keeps, and in the words of who changed them.

    A quote inside of a JSON text has a backslash before it, so `"source":"ann"` is nothing else.
    """
    for table, columns in NAMING.items():
        for column in columns:
            con.execute(
                f"""UPDATE rewritten SET "row" = replace("row",
                    concat('"{column}":', to_json($1)), concat('"{column}":', to_json($2)))
                WHERE tbl = '{table}' AND contains("row", concat('"{column}":', to_json($1)))""",
                [account, instead],
            )
    con.execute(
        "UPDATE rewritten SET reason = '' WHERE regexp_matches(reason, $1)", [naming(account)]
    )

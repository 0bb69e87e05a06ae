"""What becomes of each row of a load, beside the rows that are there: new, known, older or refused.

Of rows with one key and different content the first accepted stays, across loads and inside one
(D-1); the others are rejects named `conflict`. The same row again is a duplicate and changes
nothing. Rows of tables with `updated_at` follow the newest `updated_at` (D-16). Periods of
certificates have rules of their own (`certificate_periods.py`).
"""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from regift.graph import certificate_periods
from regift.graph.connect import count, parquet, quote, row
from regift.graph.loads import pending_loads
from regift.graph.store import Manifest, current_manifest, define_records
from regift.graph.workspace import Workspace, load_number
from regift.loaders.read import Reading
from regift.loaders.tables import TABLES, Table


def _same(table: Table, left: str, right: str) -> str:
    return " AND ".join(
        f"{left}.{c.stored} IS NOT DISTINCT FROM {right}.{c.stored}" for c in table.columns
    )


def decide(
    con: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    table: Table,
    action: str,
    reading: Reading,
) -> dict[str, int]:
    """Make `decided`: accepted rows with `_op`; move the others to `rejects` or count them."""
    read_rows = count(con, "accepted")
    known = _existing(con, workspace, table)
    _settle_inside(con, table, reading)
    settled = count(con, "accepted")
    before = count(con, "rejects")
    columns = ", ".join(f"a.{c.stored}" for c in table.columns)
    using = ", ".join(table.stored_key)
    if count(con, "existing") == 0 and count(con, "gone") == 0:
        rule = "'not_found'" if action == "withdraw" else "'insert'"
        con.execute(
            f"CREATE TEMP VIEW judged AS SELECT {columns}, _file, _row, _line, {rule} AS _op "
            "FROM accepted a"
        )
    else:
        con.execute(
            f"CREATE TEMP TABLE judged AS SELECT {columns}, a._file, a._row, a._line, "
            f"{_verdict(table, action)} AS _op "
            f"FROM accepted a LEFT JOIN existing e USING ({using}) LEFT JOIN gone g USING ({using})"
        )
    judged = "judged"
    if table.name == "certificates" and action != "withdraw":
        judged = certificate_periods.check(con, known)
    _reject(con, table, reading, judged, _MESSAGES)
    con.execute(
        f"CREATE TEMP VIEW decided AS SELECT {columns}, _op FROM {judged} a "
        "WHERE _op IN ('insert', 'replace', 'withdraw')"
    )
    counted = dict(con.execute(f"SELECT _op, count(*) FROM {judged} GROUP BY _op").fetchall())
    accepted = sum(counted.get(op, 0) for op in ("insert", "replace", "withdraw"))
    rejected = count(con, "rejects")
    inside = read_rows - settled - (before - (reading.rejected))
    return {
        "accepted": accepted,
        "duplicates": counted.get("duplicate", 0) + inside,
        "older": counted.get("older", 0),
        "rejected": rejected,
        "read": read_rows + reading.rejected,
    }


_MESSAGES = {
    "conflict": "the key {key} is there with other content: `load --replace --reason` corrects it",
    "withdrawn": "the key {key} was withdrawn: `load --replace --reason` brings it back",
    "not_found": "no accepted record has the key {key}",
    **certificate_periods.MESSAGES,
}


def _verdict(table: Table, action: str) -> str:
    """SQL that says what becomes of a row, beside the stored row `e` and a withdrawn key `g`."""
    key = table.stored_key[0]
    if action == "withdraw":
        return f"CASE WHEN e.{key} IS NOT NULL THEN 'withdraw' ELSE 'not_found' END"
    newer = "false"
    older = "false"
    if any(c.name == "updated_at" for c in table.columns):
        newer = "coalesce(a.updated_at_us > e.updated_at_us, false)"
        older = "coalesce(a.updated_at_us < e.updated_at_us, false)"
    returning = "'insert'" if action == "replace" else "'withdrawn'"
    other = "'replace'" if action == "replace" else "'conflict'"
    return f"""CASE
        WHEN e.{key} IS NULL AND g.{key} IS NOT NULL THEN {returning}
        WHEN e.{key} IS NULL THEN 'insert'
        WHEN {_same(table, "a", "e")} THEN 'duplicate'
        WHEN {newer} THEN 'replace'
        WHEN {older} THEN 'older'
        ELSE {other} END"""


def _settle_inside(con: duckdb.DuckDBPyConnection, table: Table, reading: Reading) -> None:
    """Leave one row per key in `accepted`: the newest where rows have `updated_at`, else the first.

    Equal rows are duplicates; other rows of equal or absent `updated_at` are conflicts. A row
    without `updated_at` that is the very first of its key stays: nothing is newer than it, as it is
    when the rows come in loads of their own.
    """
    key = ", ".join(table.stored_key)
    hashed = f"hash({key})"
    total, distinct = row(con, f"SELECT count(*), count(DISTINCT {hashed}) FROM accepted")
    if total == distinct:
        return
    newest = opens = ""
    if any(c.name == "updated_at" for c in table.columns):
        newest = "(_opens AND updated_at_us IS NULL) DESC, updated_at_us DESC NULLS LAST, "
        opens = f"""
            , arg_min(updated_at_us IS NULL, (_file, _row)) OVER (PARTITION BY {key}) AND NOT EXISTS
              (SELECT 1 FROM existing e WHERE {_joined("e", "a", table)}) AS _opens"""
    con.execute(
        f"""
        CREATE TEMP TABLE repeated AS
        SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {newest}_file, _row) AS _place
        FROM (SELECT *{opens} FROM accepted a WHERE {hashed} IN (
            SELECT {hashed} FROM accepted GROUP BY 1 HAVING count(*) > 1))
        """
    )
    older = "coalesce(r.updated_at_us < f.updated_at_us, false)" if newest else "false"
    columns = ", ".join(f"r.{c.stored}" for c in table.columns)
    con.execute(
        f"""
        CREATE TEMP TABLE inside AS
        SELECT {columns}, r._file, r._row, r._line, CASE WHEN {_same(table, "r", "f")} THEN 'same'
            WHEN {older} THEN 'older' ELSE 'conflict' END AS _op
        FROM repeated r JOIN repeated f USING ({key}) WHERE r._place > 1 AND f._place = 1
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM accepted a WHERE NOT EXISTS "
        "(SELECT 1 FROM inside i WHERE i._file = a._file AND i._row = a._row)"
    )
    _reject(con, table, reading, "inside", _MESSAGES)
    con.execute("DROP TABLE accepted; ALTER TABLE kept RENAME TO accepted")


def _existing(con: duckdb.DuckDBPyConnection, workspace: Workspace, table: Table) -> str:
    """Make `existing`, the stored rows with the keys of `accepted`, and `gone`, withdrawn keys.

    Gives SQL of all rows that are stored or staged, each with `_load` and `_op`.
    """
    manifest = current_manifest(workspace)
    columns = ", ".join(c.stored for c in TABLES[table.name].columns)
    key = ", ".join(table.stored_key)
    define_records(con, workspace, manifest or Manifest(number=0), "stored_")
    parts = [f"SELECT {columns}, 0 AS _load, 'insert' AS _op FROM stored_{table.name}"]
    for load in pending_loads(workspace, manifest):
        if load["table"] == table.name and load["accepted"]:
            rows = parquet(workspace.staged / load["load"] / "rows.parquet")
            number = load_number(load["load"])
            parts.append(f"SELECT {columns}, {number} AS _load, _op FROM {rows}")
    union = " UNION ALL ".join(parts)
    con.execute(
        f"""
        CREATE TEMP TABLE known AS SELECT * FROM ({union}) k
        WHERE EXISTS (SELECT 1 FROM accepted a WHERE ({_joined("a", "k", table)}))
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _load DESC) = 1
        """
    )
    con.execute("CREATE TEMP TABLE existing AS SELECT * FROM known WHERE _op <> 'withdraw'")
    con.execute(
        f"""
        CREATE TEMP TABLE gone AS SELECT DISTINCT {key} FROM accepted a
        WHERE EXISTS (SELECT 1 FROM stored_withdrawn w
                      WHERE w.tbl = '{table.name}' AND w.key = {key_text(table, "a")})
           OR EXISTS (SELECT 1 FROM known k WHERE k._op = 'withdraw' AND {_joined("a", "k", table)})
        """
    )
    return union


def _joined(left: str, right: str, table: Table) -> str:
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in table.stored_key)


def key_text(table: Table, alias: str) -> str:
    """SQL of a row's key as one text: a JSON list of its columns."""
    parts = ", ".join(f"{alias}.{name}::VARCHAR" for name in table.stored_key)
    return f"to_json([{parts}])::VARCHAR"


def _key_shown(table: Table, alias: str) -> str:
    """SQL of a row's key as a person reads it: as `key_text`, its times in ISO 8601."""
    parts = (
        f"replace(strftime(make_timestamp({alias}.{c.stored}), '%Y-%m-%dT%H:%M:%S.%fZ'), "
        "'.000000Z', 'Z')"
        if c.type == "time"
        else f"{alias}.{c.stored}::VARCHAR"
        for c in (table.column(name) for name in table.key)
    )
    return f"to_json([{', '.join(parts)}])::VARCHAR"


def _reject(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    reading: Reading,
    source: str,
    messages: dict[str, str],
) -> None:
    """Copy rows of `source` whose `_op` is a rule of `messages` to `rejects`, as they were."""
    rules = ", ".join(quote(rule) for rule in messages)
    bad = con.sql(
        f"SELECT _file, _row, _line, _op AS rule, {_key_shown(table, 's')} AS key "
        f"FROM {source} s WHERE _op IN ({rules}) ORDER BY _file, _row"
    ).to_arrow_table()
    if bad.num_rows == 0:
        return
    con.register("_bad", _with_raw(bad, reading))
    message = " ".join(
        f"WHEN {quote(rule)} THEN replace({quote(text)}, '{{key}}', key)"
        for rule, text in messages.items()
    )
    con.register("_sources", _sources(reading))
    origin = ", ".join(reading.origin("base"))
    con.execute(
        f"""
        INSERT INTO rejects
        SELECT file, _line, rule, CASE rule {message} END, raw, header, format, {origin}
        FROM _bad JOIN _sources USING (_file)
        """
    )
    con.unregister("_bad")
    con.unregister("_sources")


def _with_raw(bad: pa.Table, reading: Reading) -> pa.Table:
    """Rows of accepted records, sorted by file, with the text each had in its file."""
    raw: list[str] = []
    for place in range(len(reading.files)):
        raw += reading.raw(place, bad.filter(pc.equal(bad["_file"], place))["_row"].to_pylist())
    return bad.append_column("raw", pa.array(raw, pa.string()))


def _sources(reading: Reading) -> pa.Table:
    """The files of a reading, by the number that rows name them by."""
    return pa.table(
        {
            "_file": pa.array(range(len(reading.files)), pa.int32()),
            "file": reading.files,
            "header": pa.array(reading.headers, pa.string()),
            "format": [count.format for count in reading.counts],
            "base": reading.bases,
        }
    )

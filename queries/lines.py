"""Findings as the columns of a table and as lines of JSON, made by column: a list may be long.

A hundred thousand findings have a million accounts and records beside them; a Python object for
each takes longer than the search. So texts are made by DuckDB and joined by Arrow.
"""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regift.queries.shown import define_macros

TEXT = pa.large_string()

CELLS = ("finding", "accounts", "items", "first_at", "amount", "currency", "length", "level")
"""Columns of the table for people."""

LISTED = 6
"""Accounts or items of one finding that the table names; their number stands behind them."""


def json_lines(
    con: duckdb.DuckDBPyConnection, clauses: dict[str, str], prefix: str = ""
) -> pa.Array:
    """One object a finding of `shown`, with the keys of the command line's contract in order.

    prefix: of the three tables to read; clauses: typology -> the clause that is shown.
    """
    define_macros(con)
    parts = con.sql(
        f"""
        SELECT '{{"finding": ' || to_json(finding) || ', "typology": ' || to_json(typology)
                   || ', "accounts": [' AS head,
               '], "items": [' || array_to_string([to_json(x)::VARCHAR FOR x IN items], ', ')
                   || '], "first_at": "' || iso(first_us) || '", "last_at": "' || iso(last_us)
                   || '", "amount": ' || coalesce('"' || decimal_text(amount_minor, digits) || '"',
                                                  'null')
                   || ', "currency": ' || coalesce(to_json(currency)::VARCHAR, 'null')
                   || ', "length": ' || coalesce(length::VARCHAR, 'null')
                   || ', "instances": ' || coalesce(instances::VARCHAR, 'null')
                   || ', "level": ' || coalesce(level::VARCHAR, 'null')
                   || ', "clause": '
                   || coalesce(to_json(map($names, $clauses)[typology])::VARCHAR, 'null')
                   || ', "complete": ' || complete || ', "roles": [' AS middle,
               '], "detail": ' || coalesce(detail, 'null') || '}}' AS tail
        FROM shown JOIN {prefix}findings USING (finding) LEFT JOIN currencies USING (currency)
        ORDER BY n
        """,
        params={"names": list(clauses), "clauses": list(clauses.values())},
    ).to_arrow_table()
    size = parts.num_rows
    who = con.sql(
        f"""
        SELECT n, to_json(account)::VARCHAR AS account, to_json(role)::VARCHAR AS role
        FROM shown JOIN {prefix}subjects USING (finding) ORDER BY n, ord
        """
    ).to_arrow_table()
    what = con.sql(
        f"""
        SELECT n, to_json(record)::VARCHAR AS record,
               '{{"table": ' || to_json(tbl) || ', "record": ' || to_json(record)
                   || ', "role": ' || to_json(role) || '}}' AS evidence
        FROM shown JOIN {prefix}evidence USING (finding) ORDER BY n, ord
        """
    ).to_arrow_table()
    return _side_by_side(
        _text(parts["head"]), _joined(who, "account", size),
        '], "records": [', _joined(what, "record", size),
        _text(parts["middle"]), _joined(who, "role", size),
        '], "evidence": [', _joined(what, "evidence", size), _text(parts["tail"]),
    )  # fmt: skip


def cells(con: duckdb.DuckDBPyConnection, prefix: str = "") -> dict[str, pa.Array]:
    """The findings of `shown` as texts and numbers, by the names of `CELLS`."""
    define_macros(con)
    table = con.sql(
        f"""
        SELECT finding, iso(first_us) AS first_at,
               array_to_string(items[:{LISTED}], ' > ')
                   || CASE WHEN len(items) > {LISTED}
                           THEN ' ... ' || len(items) || ' in all' ELSE '' END AS items,
               decimal_text(amount_minor, digits) AS amount, currency, length, level
        FROM shown JOIN {prefix}findings USING (finding) LEFT JOIN currencies USING (currency)
        ORDER BY n
        """
    ).to_arrow_table()
    named = con.sql(
        f"""
        SELECT n, account FROM shown JOIN {prefix}subjects USING (finding)
        WHERE ord < {LISTED} ORDER BY n, ord
        """
    ).to_arrow_table()
    rest = con.sql(
        f"""
        SELECT CASE WHEN max(ord) >= {LISTED} THEN ' ... ' || max(ord) + 1 || ' in all'
                    ELSE '' END AS rest
        FROM shown LEFT JOIN {prefix}subjects USING (finding) GROUP BY n ORDER BY n
        """
    ).to_arrow_table()
    accounts = _side_by_side(_joined(named, "account", table.num_rows, " > "), _text(rest["rest"]))
    found = {name: table[name].combine_chunks() for name in table.column_names}
    return {name: (found | {"accounts": accounts})[name] for name in CELLS}


def _text(column: pa.ChunkedArray) -> pa.Array:
    """One array of 64-bit offsets."""
    return column.cast(TEXT).combine_chunks()


def _side_by_side(*texts: pa.Array | str) -> pa.Array:
    """Texts row by row without anything between; one text may be that of all rows."""
    given = [pa.scalar(text, TEXT) if isinstance(text, str) else text for text in texts]
    return pc.binary_join_element_wise(*given, pa.scalar("", TEXT))


def _joined(rows: pa.Table, column: str, size: int, between: str = ", ") -> pa.Array:
    """The texts of each finding side by side; rows are ordered by n, which is below `size`."""
    ends = np.cumsum(np.bincount(rows["n"].to_numpy(), minlength=size))
    start = pa.array(np.concatenate(([0], ends)), pa.int64())
    lists = pa.LargeListArray.from_arrays(start, _text(rows[column]))
    return pc.binary_join(lists, pa.scalar(between, TEXT))

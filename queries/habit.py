"""How much of a value finding habit explains: how often its pairs pay each other anyway.

    |<---- 30 d ---->|<- window ->| first ... last |<- window ->|<---- 30 d ---->|
     counted: payments              the finding                  counted
     of the pair, both ways

`pair_rate` = expected payments of the pair in a window of the typology by that habit: payments
counted, times window / 60 d; the mean over the finding's pairs, rounded down to 4 places. 0: nobody
in it pays the other otherwise. Both sides are looked at, so that the first contact of a pair that
goes on paying each other is no novelty; a window on each side is left out, so that a ring that runs
again and again in one episode is no habit of itself.

It is part of the finding (definition D-11); the score takes exp(-pair_rate) of it (D-12).
Cost: joins in DuckDB that number the pairs, then four look-ups by halving for each pair of a
finding. Source: pair novelty, the signal that keeps friends and standing orders out of statistical
findings.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regift.graph.habit_kernel import Longs, count_around
from regift.graph.snapshot import DAY_US

HABIT_US = 30 * DAY_US
"""Far enough for weekly habits to show four times on each side, near enough to be of that time."""

LONGEST_US = 2**61
"""A longer window reaches beyond any time on both sides."""

TEXT = pa.large_string()

# Pairs are numbered once, so that what is counted and asked compares whole numbers.
_PAIRS = """
    CREATE OR REPLACE TEMP TABLE _hops AS
    SELECT finding_row, least(source, target) AS a, greatest(source, target) AS b
    FROM _named JOIN payments USING (record_id);
    CREATE OR REPLACE TEMP TABLE _pairs AS
    SELECT a, b, row_number() OVER () - 1 AS pair FROM (SELECT DISTINCT a, b FROM _hops)
"""
_ASKED = "SELECT DISTINCT finding_row, pair FROM _hops JOIN _pairs USING (a, b)"
_PAID = """
    SELECT pair, at_us
    FROM (SELECT least(source, target) AS a, greatest(source, target) AS b, at_us FROM payments)
        JOIN _pairs USING (a, b)
    ORDER BY pair, at_us
"""


@dataclass(frozen=True)
class WithPairRate:
    """Rows for `findings.collect` (SQL) whose `detail` is to get their `pair_rate`."""

    rows_sql: str
    window_us: int


def with_pair_rate(rows_sql: str, window_us: int) -> WithPairRate:
    """The same rows (`queries/findings.py`) with `pair_rate` in their `detail`.

    rows_sql: rows whose evidence names records of `payments`; window_us: the typology's window.
    """
    return WithPairRate(rows_sql, window_us)


def pair_rates(con: duckdb.DuckDBPyConnection, rows: pa.Table, window_us: int) -> pa.Array:
    """`pair_rate` of each row, as text; rows have `first_us`, `last_us` and `evidence`."""
    evidence = rows["evidence"].combine_chunks()
    numbers = np.repeat(np.arange(len(evidence)), pc.list_value_length(evidence).fill_null(0))
    # Ids of gifts may be ids of transfers too.
    tables, records = (evidence.flatten().field(name) for name in ("tbl", "record"))
    records = pc.if_else(pc.equal(tables, "transfers"), records, None)
    con.register("_named", pa.table({"finding_row": numbers, "record_id": records}))
    con.execute(_PAIRS)
    con.unregister("_named")
    asked = con.sql(_ASKED).to_arrow_table()
    paid = con.sql(_PAID).to_arrow_table()
    con.execute("DROP TABLE _hops; DROP TABLE _pairs")
    sizes = np.bincount(paid["pair"].to_numpy())
    near_us = min(window_us, LONGEST_US)
    counted, pairs = count_around(
        _longs(asked, "finding_row"), _longs(asked, "pair"), _longs(rows, "first_us"),
        _longs(rows, "last_us"), np.concatenate(([0], np.cumsum(sizes))), _longs(paid, "at_us"),
        near_us, near_us + HABIT_US,
    )  # fmt: skip
    ratios, which = np.unique(np.stack([counted, pairs]), axis=1, return_inverse=True)
    rates = [
        10_000 * paid * window_us // (2 * HABIT_US * max(of, 1)) for paid, of in ratios.T.tolist()
    ]
    texts = [f"{rate // 10_000}.{rate % 10_000:04}" for rate in rates]
    return pa.array(texts, TEXT).take(pa.array(which.ravel()))


def with_rates(rows: pa.Table, rates: pa.Array) -> pa.Table:
    """The rows with `pair_rate` as the last key of their `detail`, a JSON object or null.

    >>> with_rates(pa.table({"detail": [None, '{"a":1}']}), pa.array(["0.1000", "0.0000"], TEXT))[
    ...     "detail"].to_pylist()
    ['{"pair_rate": "0.1000"}', '{"a":1, "pair_rate": "0.0000"}']
    """
    detail = rows["detail"].combine_chunks().cast(TEXT)
    head = pc.utf8_slice_codeunits(detail, 0, -1)
    head = pc.if_else(pc.equal(head, "{"), head, pc.binary_join_element_wise(
        head, pa.scalar("", TEXT), pa.scalar(", ", TEXT)
    )).fill_null("{")  # fmt: skip
    parts = [head, pa.scalar('"pair_rate": "', TEXT), rates, pa.scalar('"}', TEXT)]
    whole = pc.binary_join_element_wise(*parts, pa.scalar("", TEXT))
    return rows.set_column(rows.schema.get_field_index("detail"), "detail", whole)


def _longs(table: pa.Table, column: str) -> Longs:
    """A column of 64-bit numbers; writable, whatever Arrow shares: one type for the kernel."""
    return np.array(table[column].to_numpy(), np.int64)

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

`with_pairs` adds what D-11 asks of findings that are flows of payments:

    pairs     [one_off, first, repeated]: pairs of the evidence by what they pay each other apart
              from the finding and a window on each side of it. one_off: nothing; first: only
              later, and the pair began not within the first 20 d of the data; repeated: any other
    stratum   "<span>|<worst class>|<length>", the length 6 for more

Cost: joins in DuckDB that number the pairs, then four look-ups by halving for each pair of a
finding; of `pairs` one aggregation of the payments of these pairs. Source: pair novelty, the
signal that keeps friends and standing orders out of statistical findings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regift.graph.habit_kernel import Longs, count_around
from regift.graph.snapshot import DAY_US
from regift.graph.spans import LONGEST_US

HABIT_US = 30 * DAY_US
"""Far enough for weekly habits to show four times on each side, near enough to be of that time."""

BEGIN_US = 20 * DAY_US
"""So near the beginning of the data every payment is the first of its pair."""

CLASSES = ("one_off", "first", "repeated")
"""Classes of pairs, the most telling first."""

SPANS = ((3, "<3d"), (7, "<7d"), (15, "<15d"), (31, "<31d"))
LONGER = ">=31d"
"""Spans of strata: from the first record to the last, in days."""
LENGTH_CAP = 6
"""Longer paths are one stratum with those of this length: there are few of them."""

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
# Of each pair of a finding: who paid each other before it, who only goes on after it.
_CLASSES = f"""
    WITH paid AS (
        SELECT pair, min(at_us) AS begins_us, max(at_us) AS ends_us
        FROM (SELECT least(source, target) AS a, greatest(source, target) AS b, at_us
              FROM payments)
            JOIN _pairs USING (a, b) GROUP BY pair),
    known AS (
        SELECT finding_row, CASE
            WHEN begins_us < low_us THEN 2
            WHEN ends_us <= high_us THEN 0
            WHEN begins_us - (SELECT at_us FROM payments_begin) >= {BEGIN_US} THEN 1
            ELSE 2 END AS class
        FROM (SELECT DISTINCT finding_row, pair FROM _hops JOIN _pairs USING (a, b))
            JOIN paid USING (pair) JOIN _around USING (finding_row))
    SELECT finding_row, count(*) FILTER (class = 0) AS one_off,
           count(*) FILTER (class = 1) AS first, count(*) FILTER (class = 2) AS repeated
    FROM known GROUP BY finding_row
"""


@dataclass(frozen=True)
class WithPairRate:
    """Rows for `findings.collect` (SQL) whose `detail` is to get their `pair_rate`.

    pairs: and their `pairs` and `stratum`.
    """

    rows_sql: str
    window_us: int
    pairs: bool = False


def with_pair_rate(rows_sql: str, window_us: int) -> WithPairRate:
    """The same rows (`queries/findings.py`) with `pair_rate` in their `detail`.

    rows_sql: rows whose evidence names records of `payments`; window_us: the typology's window.
    """
    return WithPairRate(rows_sql, window_us)


def with_pairs(rows_sql: str, window_us: int) -> WithPairRate:
    """The same rows with `pair_rate`, `pairs` and `stratum` in their `detail`: for paths."""
    return WithPairRate(rows_sql, window_us, pairs=True)


def add_habit(con: duckdb.DuckDBPyConnection, rows: pa.Table, asked: WithPairRate) -> pa.Table:
    """The rows with what was asked for in their `detail`.

    Rows have `first_us`, `last_us`, `length`, `detail` and `evidence`.
    """
    evidence = rows["evidence"].combine_chunks()
    numbers = np.repeat(np.arange(len(evidence)), pc.list_value_length(evidence).fill_null(0))
    # Ids of gifts may be ids of transfers too.
    tables, records = (evidence.flatten().field(name) for name in ("tbl", "record"))
    records = pc.if_else(pc.equal(tables, "transfers"), records, None)
    con.register("_named", pa.table({"finding_row": numbers, "record_id": records}))
    con.execute(_PAIRS)
    con.unregister("_named")
    told = {"pair_rate": _quoted(_pair_rates(con, rows, asked.window_us))}
    if asked.pairs:
        classes = _classes(con, rows, asked.window_us)
        told |= {"pairs": _pairs(classes), "stratum": _quoted(_strata(rows, classes))}
    con.execute("DROP TABLE _hops; DROP TABLE _pairs")
    return with_keys(rows, told)


def _pair_rates(con: duckdb.DuckDBPyConnection, rows: pa.Table, window_us: int) -> pa.Array:
    """`pair_rate` of each row, as text."""
    asked = con.sql(_ASKED).to_arrow_table()
    paid = con.sql(_PAID).to_arrow_table()
    sizes = np.bincount(paid["pair"].to_numpy())
    near_us = min(window_us, LONGEST_US)
    counted, pairs = count_around(
        _longs(asked, "finding_row"), _longs(asked, "pair"), _longs(rows, "first_us"),
        _longs(rows, "last_us"), np.concatenate(([0], np.cumsum(sizes))), _longs(paid, "at_us"),
        near_us, near_us + HABIT_US,
    )  # fmt: skip

    def text(paid: int, of: int) -> str:
        rate = 10_000 * paid * window_us // (2 * HABIT_US * max(of, 1))
        return f"{rate // 10_000}.{rate % 10_000:04}"

    return _texts(np.stack([counted, pairs]), text)


def _classes(con: duckdb.DuckDBPyConnection, rows: pa.Table, window_us: int) -> Longs:
    """Pairs of each row by class: 3 x rows."""
    near_us, size = min(window_us, LONGEST_US), len(rows)
    around = {
        "finding_row": np.arange(size),
        "low_us": _longs(rows, "first_us") - near_us,
        "high_us": _longs(rows, "last_us") + near_us,
    }
    con.register("_around", pa.table(around))
    found = con.sql(_CLASSES).to_arrow_table()
    con.unregister("_around")
    classes = np.zeros((len(CLASSES), size), np.int64)
    classes[:, _longs(found, "finding_row")] = [_longs(found, name) for name in CLASSES]
    return classes


def _pairs(classes: Longs) -> pa.Array:
    return _texts(classes, lambda *numbers: f"[{', '.join(map(str, numbers))}]")


def _strata(rows: pa.Table, classes: Longs) -> pa.Array:
    """`stratum` of each row, as text."""
    span = np.searchsorted(
        [days * DAY_US for days, _ in SPANS], _longs(rows, "last_us") - _longs(rows, "first_us"),
        "right",
    )  # fmt: skip
    worst = np.where(classes[2] > 0, 2, np.where(classes[1] > 0, 1, 0))
    length = np.minimum(_longs(rows, "length"), LENGTH_CAP)
    names = [*(name for _, name in SPANS), LONGER]
    return _texts(
        np.stack([span, worst, length]),
        lambda span, worst, length: f"{names[span]}|{CLASSES[worst]}|{length}",
    )


def _texts(numbers: Longs, text: Callable[..., str]) -> pa.Array:
    """A text of the numbers of each column; few are different, so each is made once."""
    different, which = np.unique(numbers, axis=1, return_inverse=True)
    texts = [text(*column) for column in different.T.tolist()]
    return pa.array(texts, TEXT).take(pa.array(which.ravel()))


def _quoted(texts: pa.Array) -> pa.Array:
    quote = pa.scalar('"', TEXT)
    return pc.binary_join_element_wise(quote, texts, quote, pa.scalar("", TEXT))


def with_keys(rows: pa.Table, told: Mapping[str, pa.Array]) -> pa.Table:
    """The rows with more keys at the end of their `detail`, a JSON object or null.

    told: JSON of the values, one text a row, by key.

    >>> rows = pa.table({"detail": [None, '{"a":1}']})
    >>> with_keys(rows, {"n": pa.array(["1", "2"], TEXT)})["detail"].to_pylist()
    ['{"n": 1}', '{"a":1, "n": 2}']
    """
    detail = rows["detail"].combine_chunks().cast(TEXT)
    head = pc.utf8_slice_codeunits(detail, 0, -1)
    head = pc.if_else(pc.equal(head, "{"), head, pc.binary_join_element_wise(
        head, pa.scalar("", TEXT), pa.scalar(", ", TEXT)
    )).fill_null("{")  # fmt: skip
    parts = [head]
    for place, (key, values) in enumerate(told.items()):
        parts += [pa.scalar(f'{", " if place else ""}"{key}": ', TEXT), values]
    whole = pc.binary_join_element_wise(*parts, pa.scalar("}", TEXT), pa.scalar("", TEXT))
    return rows.set_column(rows.schema.get_field_index("detail"), "detail", whole)


def _longs(table: pa.Table, column: str) -> Longs:
    """A column of 64-bit numbers; writable, whatever Arrow shares: one type for the kernel."""
    return np.array(table[column].to_numpy(), np.int64)

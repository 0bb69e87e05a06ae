"""Payments near in time to a change: where a search looks for what a change may have made.

A pattern whose records lie in one window, and which a changed payment takes part in, lies within
one window of that payment. So it is found in the spans round the changed payments, and afterwards
searched again with all that its finding depends on, at whatever time.
"""

import duckdb
import numpy as np
import pyarrow as pa

from regift.graph.connect import row

SPANS = 64
"""Most spans of a query; the nearest are made one beyond that, which shows more than is needed."""

SHARE = 2
"""Where the spans hold more than one in so many payments, all are searched: it costs no more."""

TIMES = "SELECT at_us FROM changed_payments"

PAIR = "(least(source, target), greatest(source, target))"
PAIRS = f"SELECT DISTINCT {PAIR} AS pair FROM changed_payments"
"""Changed pairs: what is told of habits (queries/habit.py) depends on all payments of a pair."""


def begin_moved(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the first payment of all may be another one: on it depends which pairs are new."""
    sql = (
        "SELECT coalesce(bool_or(c.at_us <= b.at_us), false) "
        "FROM changed_payments c, payments_begin b"
    )
    return bool(row(con, sql)[0]) or row(con, "SELECT at_us FROM payments_begin")[0] is None


def spans(at_us: pa.Array, reach_us: int) -> list[tuple[int, int]]:
    """Spans that hold every time with so much before and after it, at most SPANS.

    >>> spans(pa.array([5, 100, 9]), 3)
    [(2, 12), (97, 103)]
    """
    times = np.unique(at_us.to_numpy())
    if not len(times):
        return []
    gaps = np.diff(times)
    far = np.flatnonzero(gaps > 2 * reach_us)
    if len(far) >= SPANS:
        far = np.sort(far[np.argsort(-gaps[far], kind="stable")[: SPANS - 1]])
    begins = np.concatenate(([0], far + 1))
    ends = np.concatenate((far, [len(times) - 1]))
    return [
        (int(times[begin]) - reach_us, int(times[end]) + reach_us)
        for begin, end in zip(begins, ends, strict=True)
    ]


def near(con: duckdb.DuckDBPyConnection, times: str, reach_us: int) -> str | None:
    """SQL of the payments within `reach_us` of the times of a query; None: they are too many."""
    found = spans(con.sql(times).to_arrow_table()["at_us"].combine_chunks(), reach_us)
    within = " OR ".join(f"at_us BETWEEN {low} AND {high}" for low, high in found) or "false"
    sql = f"FROM whole_payments WHERE {within}"
    some, every = (
        row(con, f"SELECT count(*) FROM ({part})")[0] for part in (sql, "FROM whole_payments")
    )
    return sql if SHARE * some <= every else None

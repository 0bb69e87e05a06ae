"""Which money moves count: refunds cancel transfers, and what is left is numbered in total order.

    t1 payment  ann > bob 5.00  day 0  ---.
    t2 payment  ann > bob 5.00  day 1  -.  |
    r1 refund   bob > ann 5.00  day 2 --'  |     the latest uncancelled one
    r2 refund   bob > ann 5.00  day 3 -----'     the next one

Definition D-1. Each refund, in total order, cancels the transfer that it names; a name that does
not fit (unknown, later, not the reverse pair, no payment or red packet, cancelled already) counts
for nothing. Without a name that fits it cancels the latest uncancelled payment or red packet of
the reverse pair with equal amount and currency, at most `refund_window_us` earlier (inclusive).
A named transfer may have any age and any amount. One refund cancels one transfer.
"""

from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regift.graph.jit import kernel
from regift.graph.snapshot import Settings

Longs = npt.NDArray[np.int64]

_COUNTED = """
    (FROM transfers ANTI JOIN cancelled USING (record_id)
     WHERE kind IN ('payment', 'red_packet') AND source <> target)
"""

_BEGIN = f"SELECT min(at_us) AS at_us FROM {_COUNTED}"
"""Of all payments: a search of touched accounts does not see them all."""

TOTAL_ORDER = "at_us, coalesce(seq, 0), record_id"
"""Total order of one table (D-1), ids by UTF-8 bytes."""

# Only pairs that have a refund matter, and of these those that are asked for. `key` numbers (payer,
# payee, amount, currency), a refund has that of what it would undo; `named` is the row that it
# names, -1 if none fits.
_SUSPECTS = f"""
    WITH refunded AS (SELECT DISTINCT target AS source, source AS target FROM {{moves}}
                      WHERE kind = 'refund'),
    forth AS (SELECT record_id, at_us, seq, source, target, amount_minor, currency, false AS back,
                     NULL AS refers_to
              FROM {{moves}} SEMI JOIN refunded USING (source, target)
              WHERE kind IN ('payment', 'red_packet')),
    back AS (SELECT record_id, at_us, seq, target, source, amount_minor, currency, true, refers_to
             FROM {{moves}} WHERE kind = 'refund'),
    numbered AS (SELECT *, row_number() OVER (ORDER BY {TOTAL_ORDER}) - 1 AS row,
                        dense_rank() OVER (ORDER BY source, target, amount_minor, currency) - 1
                            AS key
                 FROM (FROM forth UNION ALL FROM back))
    SELECT r.record_id, r.at_us, r.key, r.back, coalesce(n.row, -1) AS named
    FROM numbered r LEFT JOIN numbered n
        ON r.back AND NOT n.back AND n.record_id = r.refers_to AND n.row < r.row
           AND n.source = r.source AND n.target = r.target
    ORDER BY r.row
"""


# Refunds cancel inside a pair of accounts, so the others stay as they were.
_TOUCHED = """
    CREATE OR REPLACE TEMP TABLE _moves AS
    WITH changed AS (SELECT source, target FROM added_transfers
                     UNION ALL SELECT source, target FROM removed_transfers),
    pairs AS (SELECT source, target FROM changed UNION SELECT target, source FROM changed)
    FROM transfers SEMI JOIN pairs USING (source, target)
"""
_UNTOUCHED = """
    INSERT INTO cancelled FROM {old}.cancelled
    WHERE record_id NOT IN (SELECT record_id FROM _moves)
      AND record_id NOT IN (SELECT record_id FROM removed_transfers)
"""


@kernel
def cancel(
    back: npt.NDArray[np.bool_], at_us: Longs, key: Longs, named: Longs, window_us: int
) -> Longs:
    """Row that each refund cancels, -1 for every other row.

    Rows are in total order; `key` is dense from 0; `named` is a row before this one, or -1.
    Each key keeps a stack of its transfers; one that a name cancelled is dropped when it comes up.
    Cost: linear, each row is pushed and popped once at most.

    >>> import numpy as np
    >>> cancel(np.array([False, False, True]), np.array([0, 1, 2]), np.zeros(3, np.int64),
    ...        np.full(3, -1), 5)
    array([-1, -1,  1])
    """
    n = len(back)
    undoes = np.full(n, -1, np.int64)
    top = np.full(n, -1, np.int64)
    below = np.full(n, -1, np.int64)
    gone = np.zeros(n, np.bool_)
    for row in range(n):
        k = key[row]
        if not back[row]:
            below[row] = top[k]
            top[k] = row
            continue
        found = named[row]
        if found < 0 or gone[found]:
            while top[k] >= 0 and gone[top[k]]:
                top[k] = below[top[k]]
            found = top[k]
            if found < 0 or at_us[row] - at_us[found] > window_us:
                continue
        gone[found] = True
        undoes[row] = found
    return undoes


def _column(table: Any, name: str) -> Any:
    return table[name].to_numpy().copy()  # writable, whatever Arrow shares: one type for the kernel


def derive(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    old: str | None = None,
) -> None:
    """Make `cancelled`, `payments` and `payments_begin` (see `graph/snapshot.py`) from `transfers`.

    `payments` leaves out cancelled transfers, self-loops and every kind but payment and red_packet.
    old: attached generation whose `cancelled` stays for pairs of accounts that have no row in
    `added_transfers` and `removed_transfers`.
    Cost: one sort of the transfers; the kernel sees only pairs that have a refund.
    """
    if old:
        con.execute(_TOUCHED)
    rows = con.sql(_SUSPECTS.format(moves="_moves" if old else "transfers")).to_arrow_table()
    back = _column(rows, "back").astype(np.bool_)
    undoes = cancel(
        back, _column(rows, "at_us"), _column(rows, "key"), _column(rows, "named"),
        settings.refund_window_us,
    )  # fmt: skip
    refunds = np.flatnonzero(undoes >= 0)
    ids = rows["record_id"].cast(pa.string())
    undone = pa.table({"record_id": ids.take(undoes[refunds]), "refund_id": ids.take(refunds)})
    con.register("_undone", undone)
    con.execute("CREATE OR REPLACE TEMP TABLE cancelled AS SELECT * FROM _undone")
    con.unregister("_undone")
    if old:
        con.execute(_UNTOUCHED.format(old=old))
        con.execute("DROP TABLE _moves")
    # Sorted once: an empty OVER numbers the rows as they come. Segments lie in order, but a join
    # does not promise to keep it.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE payments AS
        SELECT record_id, at_us, seq, row_number() OVER () - 1 AS ord, source, target, amount_minor,
               currency, kind
        FROM (SELECT record_id, at_us, coalesce(seq, 0) AS seq, source, target, amount_minor,
                     currency, kind
              FROM {_COUNTED} ORDER BY {TOTAL_ORDER})
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE payments_begin AS SELECT min(at_us) AS at_us FROM payments"
    )


def define_payments(con: duckdb.DuckDBPyConnection) -> None:
    """Make `payments` of `transfers` and `cancelled`, as a view in no order, and its begin.

    For a reader that may never ask for payments: only who asks for `ord` pays for the sort.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW payments AS
        SELECT record_id, at_us, coalesce(seq, 0) AS seq,
               row_number() OVER (ORDER BY {TOTAL_ORDER}) - 1 AS ord,
               source, target, amount_minor, currency, kind
        FROM {_COUNTED}
        """
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW payments_begin AS {_BEGIN}")

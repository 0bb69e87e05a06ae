"""fan_in and fan_out, record by record (D-8)."""

from typing import Any

from oracles.patterns import Pattern, Root, currencies, episodes, within
from oracles.records import Row, Rows
from regift.graph.snapshot import Settings


def start_of(x: str, rows: Rows, moves: list[Row], window_us: int) -> tuple[int, bool]:
    """The first bucket of the history of x, and whether it is known when x was opened."""
    first: int = min(row["at_us"] for row in moves if x in (row["source"], row["target"]))
    opened = [row.get("opened_at_us") for row in rows.get("accounts", []) if row["account"] == x]
    if not opened or opened[0] is None:
        return first // window_us + 1, False
    return min(first, opened[0]) // window_us + 1, True


def unusual(now: int, before: list[int], known: bool, params: Any) -> bool:
    """Whether `now` counterparties are many beside those of the buckets before."""
    n, s1, s2 = len(before), sum(before), sum(c * c for c in before)
    if n < params.min_history and not known:
        return False
    above = n * now - s1
    spread = max(n * s2 - s1 * s1, n * s1, n * n)
    return n == 0 or (above > 0 and above**2 >= params.deviations**2 * spread)


def fan(rows: Rows, settings: Settings, params: Any, here: str, there: str) -> set[Pattern]:
    """here: the side of x in the records that count; there: of its counterparties."""
    found = set()
    window = params.window_us
    parts = currencies(rows, settings, params)
    everything = [row for _, moves in parts for row in moves]
    roles = ("sink", "source", "in") if here == "target" else ("payer", "receiver", "out")
    for currency, moves in parts:
        for x in {row[here] for row in moves}:
            mine = [row for row in moves if row[here] == x]
            start, known = start_of(x, rows, everything, window)
            roots = []
            for e in mine:
                first: dict[str, Row] = {}
                for row in mine:
                    if within(row, e, window):
                        first.setdefault(row[there], row)
                own = e["at_us"] // window
                before = [
                    len({row[there] for row in mine if row["at_us"] // window == bucket})
                    for bucket in range(max(own - params.history_us // window, start), own)
                ]
                if len(first) >= params.min_accounts and unusual(len(first), before, known, params):
                    accounts = [(x, roles[0]), *((other, roles[1]) for other in first)]
                    records = [(row, roles[2]) for row in first.values()]
                    roots.append(Root(e, len(first), accounts, records))
            found |= episodes((x, currency), roots, window, 1)
    return found


def fan_in(rows: Rows, settings: Settings, params: Any) -> set[Pattern]:
    return fan(rows, settings, params, "target", "source")


def fan_out(rows: Rows, settings: Settings, params: Any) -> set[Pattern]:
    return fan(rows, settings, params, "source", "target")

"""money_cycle by trying every sequence of records (D-5, D-6)."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from oracles.effective import effective
from oracles.records import Row, Rows, place
from regift.graph.snapshot import Settings
from regift.loaders.currencies import DECIMALS

Finding = tuple[tuple[str, ...], str, str, int, tuple[str, ...]]


def instances(rows: Rows, settings: Settings, params: Any) -> list[list[Row]]:
    """Every instance, as its records in order."""
    edges = [
        row
        for row in effective(rows, settings).payments
        if row["kind"] in params.kinds
        and Decimal(row["amount_minor"]).scaleb(-DECIMALS[row["currency"]]) >= params.min_amount
    ]
    found: list[list[Row]] = []
    for root in edges:
        extend([root], edges, params, found)
    return found


def later(b: Row, a: Row, params: Any) -> bool:
    if params.ties == "order":
        return place(b) > place(a)
    return bool(b["at_us"] > a["at_us"])


def extend(path: list[Row], edges: list[Row], params: Any, found: list[list[Row]]) -> None:
    for row in edges:
        if row["source"] != path[-1]["target"] or row["currency"] != path[0]["currency"]:
            continue
        if not later(row, path[-1], params):
            continue
        if row["at_us"] - path[0]["at_us"] > params.window_us:
            continue
        longer = [*path, row]
        amounts = [r["amount_minor"] for r in longer]
        if 10_000 * min(amounts) < params.keep_bp * max(amounts):
            continue
        if params.max_length and len(longer) > params.max_length:
            continue
        if row["target"] == path[0]["source"]:
            found.append(longer)
        elif row["target"] not in [r["source"] for r in longer]:
            extend(longer, edges, params, found)


def ring(cycle: list[Row]) -> tuple[str, ...]:
    accounts = [row["source"] for row in cycle]
    turns = [accounts[i:] + accounts[:i] for i in range(len(accounts))]
    return tuple(min(turns, key=lambda turn: [name.encode() for name in turn]))


def money_cycle(rows: Rows, settings: Settings, params: Any) -> set[Finding]:
    """(ring, currency, first record of the episode, instances, witness)"""
    by_ring = defaultdict(list)
    for cycle in instances(rows, settings, params):
        by_ring[ring(cycle), cycle[0]["currency"]].append(cycle)
    found = set()
    for (accounts, currency), cycles in by_ring.items():
        cycles.sort(key=lambda cycle: place(cycle[0]))
        episodes: list[list[list[Row]]] = []
        for cycle in cycles:
            gap = cycle[0]["at_us"] - episodes[-1][-1][0]["at_us"] if episodes else None
            if gap is None or gap > params.window_us:
                episodes.append([])
            episodes[-1].append(cycle)
        for episode in episodes:
            best = min(
                episode,
                key=lambda c: (c[-1]["at_us"], -c[0]["at_us"], [r["record_id"] for r in c]),
            )
            records = tuple(row["record_id"] for row in best)
            found.add((accounts, currency, episode[0][0]["record_id"], len(episode), records))
    return found

"""Reach, traced amounts and paths: every sequence of moves is tried, every queue simulated."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from oracles.records import Row, place


def later(b: Row, a: Row, in_order: bool) -> bool:
    return place(b) > place(a) if in_order else bool(b["at_us"] > a["at_us"])


def walks(rows: list[Row], start: str, in_order: bool) -> Iterator[list[Row]]:
    """Every path from an account: each move later than the one before, accounts all different."""
    waiting = [[row] for row in rows if row["source"] == start]
    while waiting:
        path = waiting.pop()
        yield path
        seen = [path[0]["source"], *(row["target"] for row in path)]
        waiting += [
            [*path, row]
            for row in rows
            if row["source"] == path[-1]["target"]
            and row["target"] not in seen
            and later(row, path[-1], in_order)
        ]


def reach(rows: list[Row], start: str, in_order: bool) -> dict[str, tuple[int, int, str]]:
    """account -> (time, hops, record) of the first move by which it is reached."""
    first: dict[str, Row] = {}
    for path in walks(rows, start, in_order):
        end = path[-1]
        if end["target"] not in first or place(end) < place(first[end["target"]]):
            first[end["target"]] = end

    def hops(account: str) -> int:
        return 0 if account == start else 1 + hops(first[account]["source"])

    return {a: (row["at_us"], hops(a), row["record_id"]) for a, row in first.items()}


def takings(rows: list[Row], in_order: bool) -> list[tuple[Row, Row, int]]:
    """(in, out, amount): what each move took of each earlier one, first in first out."""
    queues: dict[str, list[list[Any]]] = defaultdict(list)
    taken = []
    for out in rows:
        wanted = out["amount_minor"]
        for entry in queues[out["source"]]:
            if later(out, entry[0], in_order):
                amount = min(wanted, entry[1])
                entry[1] -= amount
                wanted -= amount
                if amount:
                    taken.append((entry[0], out, amount))
        queues[out["target"]].append([out, out["amount_minor"]])
    return taken


def traced(rows: list[Row], account: str, forward: bool, in_order: bool) -> dict[str, int]:
    """account -> how much money of (backward: for) `account` came in (went out) there."""
    here, there = ("source", "target") if forward else ("target", "source")
    taken = takings(rows, in_order)
    part: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for row in rows if forward else rows[::-1]:
        if row[here] == account:
            part[row["record_id"]] = row["amount_minor"]
        total[row[there]] += part[row["record_id"]]
        left = part[row["record_id"]]
        for into, out, amount in taken:
            mine, other = (into, out) if forward else (out, into)
            if mine is row:
                moved = min(left, amount)
                part[other["record_id"]] += moved
                left -= moved
    return total


def best_paths(
    rows: list[Row], start: str, goal: str, window_us: int, most_hops: int, in_order: bool
) -> tuple[Any, Any] | None:
    """Keys of the earliest and of the widest path: (smallest amount, arrival, hops, first move)."""
    keys = [
        (
            min(row["amount_minor"] for row in path),
            place(path[-1]) if in_order else path[-1]["at_us"],
            len(path),
            place(path[0]),
        )
        for path in walks(rows, start, in_order)
        if path[-1]["target"] == goal
        and len(path) <= most_hops
        and path[-1]["at_us"] - path[0]["at_us"] <= window_us
    ]
    if not keys:
        return None
    return earliest(keys), earliest([key for key in keys if key[0] == max(keys)[0]])


def earliest(keys: list[Any]) -> Any:
    """Earliest arrival, fewest hops, latest first move (the width of ties is left open)."""
    arrival = min(key[1] for key in keys)
    hops = min(key[2] for key in keys if key[1] == arrival)
    return arrival, hops, max(key[3] for key in keys if key[1:3] == (arrival, hops))

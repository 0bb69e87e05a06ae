"""biclique, square by square (D-18)."""

from itertools import combinations
from typing import Any

from oracles.moves import Records, Shape, described
from oracles.pair_class import class_of
from oracles.records import Row, place


def span(rows: tuple[Row, ...]) -> int:
    times = [int(row["at_us"]) for row in rows]
    return max(times) - min(times)


def crowded(row: Row, end: str, payments: list[Row], params: Any) -> bool:
    """Whether some window that holds the payment has more than `hub` of the same end."""
    mine = [other for other in payments if other[end] == row[end]]
    return any(
        sum(0 <= other["at_us"] - begin["at_us"] <= params.window_us for other in mine) > params.hub
        for begin in mine
        if 0 <= row["at_us"] - begin["at_us"] <= params.window_us
    )


def squares(payments: list[Row], params: Any) -> list[tuple[Row, ...]]:
    """Fours of payments: two payers, each to the same two payees."""
    paid = {(row["source"], row["target"]): row for row in payments}
    accounts = sorted({account for pair in paid for account in pair})
    return [
        four
        for payers in combinations(accounts, 2)
        for payees in combinations(accounts, 2)
        if all((u, w) in paid for u in payers for w in payees)
        and span(four := tuple(paid[u, w] for u in payers for w in payees)) <= params.window_us
    ]


def sides(square: tuple[Row, ...]) -> set[tuple[str, str]]:
    """Its pairs of payments with one payer or one payee, the earlier first."""
    return {
        (a["record_id"], b["record_id"])
        for a, b in combinations(sorted(square, key=place), 2)
        if a["source"] == b["source"] or a["target"] == b["target"]
    }


def together(found: list[tuple[Row, ...]]) -> list[list[tuple[Row, ...]]]:
    """Squares joined wherever they share a side."""
    groups: list[list[tuple[Row, ...]]] = []
    for square in found:
        near = [g for g in groups if any(sides(square) & sides(other) for other in g)]
        joined = [square, *(other for g in near for other in g)]
        groups = [*(g for g in groups if g not in near), joined]
    return groups


def biclique(records: Records, params: Any) -> set[Shape]:
    """(smallest amount, payers, payees)"""
    every = records.effective.payments
    rare = [
        row
        for row in every
        if row["kind"] in params.kinds and class_of(row, every) in ("one_off", "first")
    ]
    shapes = set()
    for currency in {row["currency"] for row in rare}:
        same = [row for row in rare if row["currency"] == currency]
        few = [
            row
            for row in same
            if not crowded(row, "source", same, params) and not crowded(row, "target", same, params)
        ]
        for group in together(squares(few, params)):
            rows = {row["record_id"]: row for square in group for row in square}
            order = sorted(rows.values(), key=place)
            by_id = {record: place(row) for record, row in rows.items()}
            first = min(
                (side for square in group for side in sides(square)),
                key=lambda side: (by_id[side[0]], by_id[side[1]]),
            )
            payers = list(dict.fromkeys(row["source"] for row in order))
            payees = list(dict.fromkeys(row["target"] for row in order))
            shapes.add(
                described(
                    first,
                    [(u, "payer") for u in payers] + [(w, "payee") for w in payees],
                    [("transfers", row, "payment") for row in order],
                    min(len(payers), len(payees)),
                    len(group),
                    (min(row["amount_minor"] for row in order), len(payers), len(payees)),
                )
            )
    return shapes

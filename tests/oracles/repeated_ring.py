"""repeated_ring by trying every cycle of records (D-18)."""

from collections import defaultdict
from typing import Any

from oracles.money_cycle import ring
from oracles.moves import Records, Shape, described
from oracles.pair_class import pair_of
from oracles.records import Row


def cycles(path: list[Row], payments: list[Row], params: Any) -> list[list[Row]]:
    """Instances that begin with these records."""
    found = []
    for row in payments:
        if row["source"] != path[-1]["target"] or row["at_us"] <= path[-1]["at_us"]:
            continue
        if row["at_us"] - path[0]["at_us"] > params.window_us:
            continue
        longer = [*path, row]
        if row["target"] == path[0]["source"]:
            found += [longer] if len(longer) >= 3 else []
        elif row["target"] not in [r["source"] for r in longer] and len(longer) < (
            params.max_length or len(payments)
        ):
            found += cycles(longer, payments, params)
    return found


def runs(instances: list[list[Row]]) -> list[list[Row]]:
    """The first that is over, then the first of those that begin later, and so on."""
    found: list[list[Row]] = []
    while True:
        left = [c for c in instances if not found or c[0]["at_us"] > found[-1][-1]["at_us"]]
        if not left:
            return found
        found.append(
            min(left, key=lambda c: (c[-1]["at_us"], -c[0]["at_us"], [r["record_id"] for r in c]))
        )


def repeated_ring(records: Records, params: Any) -> set[Shape]:
    """(smallest payments of the runs, added up)"""
    every = records.effective.payments
    rare = [
        row
        for row in every
        if row["kind"] in params.kinds
        and sum(pair_of(other) == pair_of(row) for other in every) <= params.pair_payments
    ]
    by_ring = defaultdict(list)
    for row in rare:
        same = [other for other in rare if other["currency"] == row["currency"]]
        for cycle in cycles([row], same, params):
            by_ring[ring(cycle), row["currency"]].append(cycle)
    found = set()
    for (accounts, currency), instances in by_ring.items():
        again = runs(instances)
        if len(again) >= params.min_runs:
            found.add(
                described(
                    (*accounts, currency),
                    [(account, "member") for account in accounts],
                    [("transfers", row, "hop") for run in again for row in run],
                    len(accounts),
                    len(again),
                    sum(min(row["amount_minor"] for row in run) for run in again),
                )
            )
    return found

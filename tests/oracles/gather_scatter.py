"""gather_scatter: first in, first out at one account, then root by root (D-8, D-7)."""

from typing import Any

from oracles.patterns import Pattern, Root, currencies, episodes, later
from oracles.records import Row, Rows, place
from regift.graph.snapshot import Settings

Taking = tuple[Row, Row, int]


def takings(x: str, rows: list[Row], params: Any) -> list[Taking]:
    """(in, out, amount) at x; what goes back to its own source counts for nothing."""
    left: dict[str, int] = {}
    ins: list[Row] = []
    found = []
    for row in rows:
        if row["target"] == x:
            ins.append(row)
            left[row["record_id"]] = row["amount_minor"]
        if row["source"] != x:
            continue
        wanted = row["amount_minor"]
        for i in ins:
            if row["at_us"] - i["at_us"] > params.window_us or not later(row, i, params):
                continue
            amount = min(wanted, left[i["record_id"]])
            left[i["record_id"]] -= amount
            wanted -= amount
            if amount and i["source"] != row["target"]:
                found.append((i, row, amount))
    return found


def root_of(x: str, e: Row, all_takings: list[Taking], params: Any) -> Root | None:
    """The root e of x, if it qualifies."""
    chosen = [
        (i, o, amount)
        for i, o, amount in all_takings
        if place(i) >= place(e) and o["at_us"] - e["at_us"] <= params.window_us
    ]
    ins = sorted({i["record_id"]: i for i, _, _ in chosen}.values(), key=place)
    outs = sorted({o["record_id"]: o for _, o, _ in chosen}.values(), key=place)
    value = sum(amount for _, _, amount in chosen)
    sources = {i["source"] for i in ins}
    receivers = {o["target"] for o in outs}
    if len(sources) < params.min_accounts or len(receivers) < params.min_accounts:
        return None
    if 10_000 * value < params.flow_bp * sum(i["amount_minor"] for i in ins):
        return None
    accounts = [(x, "relay"), *((i["source"], "source") for i in ins)]
    accounts += [(o["target"], "receiver") for o in outs]
    return Root(e, value, accounts, [(i, "gather") for i in ins] + [(o, "scatter") for o in outs])


def gather_scatter(rows: Rows, settings: Settings, params: Any) -> set[Pattern]:
    found = set()
    for currency, moves in currencies(rows, settings, params):
        for x in {row["target"] for row in moves}:
            took = takings(x, moves, params)
            began = {i["record_id"]: i for i, _, _ in took}.values()
            roots = [root_of(x, e, took, params) for e in began]
            qualified = [root for root in roots if root is not None]
            found |= episodes((x, currency), qualified, params.window_us, 2)
    return found

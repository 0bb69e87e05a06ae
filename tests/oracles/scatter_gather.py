"""scatter_gather, root by root and middle account by middle account (D-8)."""

from itertools import permutations
from typing import Any

from oracles.patterns import Pattern, Root, currencies, episodes, later, within
from oracles.records import Row, Rows
from regift.graph.snapshot import Settings


def relayed(ins: list[Row], outs: list[Row], params: Any) -> tuple[int, list[Row]]:
    """f(j), and the outs that took something: each from what came by then, oldest first."""
    left = {row["record_id"]: row["amount_minor"] for row in ins}
    taken, takers = 0, []
    for out in outs:
        wanted = out["amount_minor"]
        for row in ins:
            if later(out, row, params):
                amount = min(wanted, left[row["record_id"]])
                left[row["record_id"]] -= amount
                wanted -= amount
        if wanted < out["amount_minor"]:
            takers.append(out)
            taken += out["amount_minor"] - wanted
    return taken, takers


def root_of(e: Row, w: str, rows: list[Row], params: Any) -> Root | None:
    """The root e of (its source, w), if it qualifies."""
    u = e["source"]
    seen = [row for row in rows if within(row, e, params.window_us)]
    flow = 0
    relays: list[str] = []
    records: list[tuple[Row, str]] = []
    for j in dict.fromkeys(row["target"] for row in seen if row["source"] == u):
        ins = [row for row in seen if (row["source"], row["target"]) == (u, j)]
        outs = [row for row in seen if (row["source"], row["target"]) == (j, w)]
        taken, takers = relayed(ins, outs, params)
        if j not in (u, w) and taken > 0:
            flow += taken
            relays.append(j)
            records += [(row, "scatter") for row in ins] + [(row, "gather") for row in takers]
    brought = sum(row["amount_minor"] for row, role in records if role == "scatter")
    if e["target"] not in relays or len(relays) < params.min_accounts:
        return None
    if 10_000 * flow < params.flow_bp * brought:
        return None
    accounts = [(u, "source"), *((j, "relay") for j in relays), (w, "sink")]
    return Root(e, flow, accounts, records)


def scatter_gather(rows: Rows, settings: Settings, params: Any) -> set[Pattern]:
    found = set()
    for currency, moves in currencies(rows, settings, params):
        accounts = {row["source"] for row in moves} | {row["target"] for row in moves}
        for u, w in permutations(accounts, 2):
            roots = [root_of(e, w, moves, params) for e in moves if e["source"] == u]
            qualified = [root for root in roots if root is not None]
            found |= episodes((u, w, currency), qualified, params.window_us, 2)
    return found

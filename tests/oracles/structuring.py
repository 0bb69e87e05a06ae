"""structuring: amounts just under a threshold, and bursts of red packets (D-8)."""

from types import SimpleNamespace
from typing import Any

from oracles.patterns import Pattern, Root, currencies, episodes, minor, within
from oracles.records import Row, Rows
from regift.graph.snapshot import Settings

FORMS = {
    "out": ("source", "target", "payer", "receiver", "out"),
    "in": ("target", "source", "sink", "source", "in"),
    "packets": ("source", "target", "payer", "receiver", "packet"),
}
"""Side of x, of the others; role of x, of the others, of the records."""


def described(e: Row, x: str, form: str, seen: list[Row]) -> Root:
    _, there, mine, theirs, what = FORMS[form]
    accounts = [(x, mine), *((row[there], theirs) for row in seen)]
    value = sum(row["amount_minor"] for row in seen)
    return Root(e, value, accounts, [(row, what) for row in seen])


def under(x: str, form: str, rows: list[Row], params: Any) -> list[Root]:
    """Roots of x among the records just under the threshold, of one direction."""
    here = FORMS[form][0]
    near = [
        row
        for row in rows
        if row[here] == x
        and 10_000 * row["amount_minor"]
        >= params.near_bp * minor(params.threshold, row["currency"])
        and row["amount_minor"] < minor(params.threshold, row["currency"])
    ]
    roots = []
    for e in near:
        seen = [row for row in near if within(row, e, params.window_us)]
        enough = len(seen) >= params.min_events
        if enough and (form == "out" or len({row["source"] for row in seen}) >= 2):
            roots.append(described(e, x, form, seen))
    return roots


def burst(e: Row, rows: list[Row], params: Any) -> list[Row] | None:
    """The burst whose root is e, if there is one."""
    threshold = minor(params.threshold, e["currency"])
    seen = [
        row
        for row in rows
        if row["kind"] == "red_packet"
        and row["source"] == e["source"]
        and within(row, e, params.burst_us)
        and row["amount_minor"] < threshold
    ]
    if (
        e not in seen
        or len(seen) < params.packets
        or len({row["target"] for row in seen}) < 2
        or sum(row["amount_minor"] for row in seen) < threshold
    ):
        return None
    return seen


def packets(x: str, rows: list[Row], params: Any) -> list[Root]:
    """Bursts of x half of whose receivers are receivers of bursts of others, each of any."""
    bursts = [(e, burst(e, rows, params)) for e in rows]
    roots = []
    for e, seen in bursts:
        if seen is None or e["source"] != x:
            continue
        receivers = {row["target"] for row in seen}
        others = [
            row["target"]
            for o, other in bursts
            if o["source"] != x and abs(o["at_us"] - e["at_us"]) <= params.window_us
            for row in other or []
        ]
        if 2 * len(receivers.intersection(others)) >= len(receivers):
            roots.append(described(e, x, "packets", seen))
    return roots


def structuring(rows: Rows, settings: Settings, params: Any) -> set[Pattern]:
    found = set()
    anything = SimpleNamespace(kinds=("payment", "red_packet"))
    for currency, moves in currencies(rows, settings, anything):
        for x in {row["source"] for row in moves} | {row["target"] for row in moves}:
            counting = [row for row in moves if row["kind"] in params.kinds]
            forms = {form: under(x, form, counting, params) for form in ("out", "in")}
            # `kinds` says which count as just under the threshold; a packet is a red packet.
            forms["packets"] = packets(x, moves, params)
            for form, roots in forms.items():
                found |= episodes((x, currency, form), roots, params.window_us, 1)
    return found

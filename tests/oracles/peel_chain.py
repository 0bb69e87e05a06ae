"""peel_chain, step by step (D-8)."""

from typing import Any

from oracles.patterns import Pattern, Root, currencies, described, later, within
from oracles.records import Row, Rows, place
from regift.graph.snapshot import Settings

Step = tuple[Row, list[Row]]


def step(e: Row, rows: list[Row], params: Any) -> Step | None:
    """The remainder of e and the peels, if e is followed by a step."""
    x = e["target"]
    seen = [row for row in rows if within(row, e, params.gap_us)]
    if any(row["target"] == x and row is not e for row in seen):
        return None
    outs = [row for row in seen if row["source"] == x and later(row, e, params)]
    if not 2 <= len(outs) <= params.max_peels + 1:
        return None
    if sum(row["amount_minor"] for row in outs) > e["amount_minor"]:
        return None
    most = max(row["amount_minor"] for row in outs)
    f = min((row for row in outs if row["amount_minor"] == most), key=place)
    peels = [row for row in outs if row is not f]
    if f["target"] == e["source"] or most >= e["amount_minor"]:
        return None
    if 10_000 * most < (10_000 - params.peel_bp) * e["amount_minor"]:
        return None
    if any(row["target"] == f["target"] for row in peels):
        return None
    return f, peels


def chains(rows: list[Row], params: Any) -> list[list[Row]]:
    """Runs of remainders, cut where an account comes again."""
    steps = {row["record_id"]: step(row, rows, params) for row in rows}
    remainders = {each[0]["record_id"] for each in steps.values() if each}
    found = []
    for first in rows:
        if first["record_id"] in remainders:
            continue
        chain, on = [first], {first["source"], first["target"]}
        while (after := steps[chain[-1]["record_id"]]) is not None:
            f = after[0]
            if f["target"] in on:
                found.append(chain)
                chain, on = [], {f["source"]}
            chain.append(f)
            on.add(f["target"])
        found.append(chain)
    return found


def peel_chain(rows: Rows, settings: Settings, params: Any) -> set[Pattern]:
    found = set()
    for _, moves in currencies(rows, settings, params):
        for chain in chains(moves, params):
            if len(chain) < params.min_hops:
                continue
            steps = [step(row, moves, params) for row in chain[:-1]]
            peels = sorted((p for each in steps if each for p in each[1]), key=place)
            accounts = [(chain[0]["source"], "source")]
            accounts += [(row["target"], "relay") for row in chain[:-1]]
            accounts += [(chain[-1]["target"], "sink")]
            accounts += [(row["target"], "receiver") for row in peels]
            records = [(row, "hop") for row in chain] + [(row, "peel") for row in peels]
            amount = min(row["amount_minor"] for row in chain)
            size = len(chain)
            root = Root(chain[0], amount, accounts, records)
            anchor = (chain[0]["record_id"],)
            found.add(described(anchor, root, amount=amount, length=size, instances=size))
    return found

"""What a search of a flow pattern found, in the shape of the oracles (`oracles/patterns.py`)."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from found import as_dicts
from hypothesis import event
from oracles.patterns import Pattern
from strategies import World, odd_names

from regift.graph.snapshot import Snapshot
from regift.loaders.currencies import DECIMALS
from regift.queries.findings import Findings

Find = Callable[[Snapshot, Any], Findings]


def amount_of(row: dict[str, Any], value: str) -> int | None:
    """What an oracle calls the amount: a column, or money or a count in `detail`."""
    if value == "amount_minor":
        return None if row[value] is None else int(row[value])
    assert row["amount_minor"] is None
    if isinstance(row[value], int):
        return int(row[value])
    scaled = Decimal(row[value]).scaleb(DECIMALS[row["currency"]])
    assert scaled == scaled.to_integral_value()
    return int(scaled)


def patterns(world: World, find: Find, params: Any, value: str) -> set[Pattern]:
    """The findings of a world; no bound is near, and the amounts are all of one currency."""
    with world.snapshot() as graph:
        result = find(graph, params)
    assert result.truncated == {}
    rows = as_dicts(result)
    codes = {row["record_id"]: row["currency"] for row in world.rows.get("transfers", [])}
    found = set()
    for row in rows:
        assert row["complete"]
        assert row["items"] == []
        assert {codes[record] for record in row["records"]} == {row["currency"]}
        roles = [e["role"] for e in result.evidence.to_pylist() if e["finding"] == row["finding"]]
        pattern = Pattern(
            tuple(row["anchor"]),
            tuple(zip(row["accounts"], row["roles"], strict=True)),
            tuple(zip(row["records"], roles, strict=True)),
            amount_of(row, value),
            row["length"],
            int(row["instances"]),
            row["first_us"],
            row["last_us"],
        )
        found.add(pattern)
    assert len(found) == len(rows)
    return found


def agree(
    world: World, find: Find, params: Any, wanted: set[Pattern], value: str = "amount_minor"
) -> None:
    """The search finds what the oracle does; the share of worlds with findings is an event.

    value: column or key of `detail` that is the oracle's amount.
    """
    event("some findings" if wanted else "no findings")
    assert patterns(world, find, params, value) == wanted


def names_and_rows_say_nothing(
    world: World, find: Find, params: Any, seed: int, value: str = "amount_minor"
) -> None:
    """Rows in another order, accounts under names of another order: the same findings."""
    names = odd_names(world.names(), seed)
    new = random.Random(seed).sample(list(names.values()), len(names))
    names = dict(zip(names, new, strict=True))
    renamed = {
        pattern._replace(
            anchor=tuple(names.get(part, part) for part in pattern.anchor),
            accounts=tuple((names[account], role) for account, role in pattern.accounts),
        )
        for pattern in patterns(world, find, params, value)
    }
    assert patterns(world.shuffled(seed).renamed(names), find, params, value) == renamed

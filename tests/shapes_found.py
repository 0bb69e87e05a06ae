"""What a search of a D-18 pattern found, in the shape of the oracles (`oracles/moves.py`)."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import event
from oracles.moves import Records, Shape
from strategies import World, odd_names

from regift.queries.typology import Typology

Oracle = Callable[[Records, Any], set[Shape]]
Said = Callable[[dict[str, Any]], object]
"""What a row of `findings`, its `detail` read, says besides."""


def shapes(world: World, typology: Typology, params: Any, said: Said) -> set[Shape]:
    """The findings of a world."""
    with world.snapshot() as graph:
        result = typology.find(graph, params)
    assert result.truncated == {}
    rows = result.findings.to_pylist()
    subjects, evidence = result.subjects.to_pylist(), result.evidence.to_pylist()
    found = set()
    for row in rows:
        assert row["complete"]
        row["detail"] = json.loads(row["detail"] or "{}")
        own = row["finding"]
        found.add(
            Shape(
                tuple(part.removeprefix("gifts:") for part in row["anchor"]),
                tuple((s["account"], s["role"]) for s in subjects if s["finding"] == own),
                tuple((e["tbl"], e["record"], e["role"]) for e in evidence if e["finding"] == own),
                row["length"],
                int(row["instances"]),
                row["first_us"],
                row["last_us"],
                tuple(row["items"]),
                said(row),
            )
        )
    assert len(found) == len(rows)
    return found


def agree(world: World, typology: Typology, params: Any, oracle: Oracle, said: Said) -> None:
    """The search finds what the oracle does; the share of worlds with findings is an event."""
    records = Records(world.rows, world.judgements, world.settings, world.measured)
    wanted = oracle(records, params)
    event(f"{min(len(wanted), 3)} findings")
    assert shapes(world, typology, params, said) == wanted


def names_and_rows_say_nothing(
    world: World, typology: Typology, params: Any, said: Said, seed: int
) -> None:
    """Rows in another order, odd names in the same order: the same findings.

    The last tie-break of links and anchors is an account's name, so the order of names stays.
    """
    names = odd_names(world.names(), seed)
    renamed = {
        shape._replace(
            anchor=tuple(names.get(part, part) for part in shape.anchor),
            accounts=tuple((names[account], role) for account, role in shape.accounts),
        )
        for shape in shapes(world, typology, params, said)
    }
    assert shapes(world.shuffled(seed).renamed(names), typology, params, said) == renamed

"""Every world of tests/worlds: exactly what it says is found, however it is fed."""

import random
from typing import Any

import pytest
from build import (
    WORLDS,
    judgements_of,
    measured_of,
    minor,
    reviewed_of,
    rows_of,
    settings_of,
    time_us,
    world,
    worlds,
)
from found import as_dicts, run

from regift import queries
from regift.graph.snapshot import snapshot_from_rows

ACCOUNT_COLUMNS = ("source", "target", "account", "issuer")
CASES = [
    pytest.param(path.stem, table, id=f"{path.stem}-{table['name']}")
    for path in sorted(WORLDS.glob("*.toml"))
    for table in worlds(path.stem)
]


def wanted(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding as the file writes it -> as the columns have it."""
    row = dict(finding)
    if "amount" in row:
        row.setdefault("currency", "CNY")
        row["amount_minor"] = minor(row.pop("amount"), row["currency"])
    for key in ("first", "last"):
        if key in row:
            row[f"{key}_us"] = time_us(row.pop(key))
    return row


def fits(want: dict[str, Any], have: dict[str, Any]) -> bool:
    return all(key in have and have[key] == value for key, value in want.items())


def matched(wants: list[dict[str, Any]], haves: list[dict[str, Any]]) -> bool:
    """Whether wants and haves can be paired one to one."""
    if not wants:
        return not haves
    return any(
        fits(wants[0], have) and matched(wants[1:], haves[:i] + haves[i + 1 :])
        for i, have in enumerate(haves)
    )


def expect(name: str, table: dict[str, Any], haves: list[dict[str, Any]]) -> None:
    """`who`: the accounts in any order, for patterns that order them by their names."""
    wants = [wanted(finding) for finding in table.get("finding", [])]
    haves = [have | {"who": sorted(have["accounts"])} for have in haves]
    if not matched(wants, haves):
        lines = "\n  ".join(str(have) for have in haves) or "nothing"
        raise AssertionError(f"{name}: wanted {wants}\nfound\n  {lines}")


@pytest.mark.parametrize(("name", "table"), CASES)
def test_world(name: str, table: dict[str, Any]) -> None:
    typology = queries.ALL[name]
    with world(table) as graph:
        expect(name, table, as_dicts(run(typology, graph, table.get("params", {}))))


@pytest.mark.parametrize(("name", "table"), CASES)
def test_world_shuffled_and_renamed(name: str, table: dict[str, Any]) -> None:
    """Neither the order of the rows nor the names of the accounts say anything."""
    chance = random.Random(table["name"])
    rows = rows_of(table)
    judged = judgements_of(table)
    accounts = sorted(
        {row[c] for each in rows.values() for row in each for c in ACCOUNT_COLUMNS if row.get(c)}
        | {name for a, b, _ in judged for name in (a, b)}
        | {name for name, *_ in measured_of(table)}
    )
    new_names = [f"{chance.choice('aMz赠🎁')}'\"{i}" for i in range(len(accounts))]
    chance.shuffle(new_names)
    renamed = dict(zip(accounts, new_names, strict=True))
    back = {new: old for old, new in renamed.items()}
    for each in rows.values():
        for row in each:
            row.update({c: renamed[row[c]] for c in ACCOUNT_COLUMNS if row.get(c)})
        chance.shuffle(each)
    judgements = tuple((renamed[a], renamed[b], verdict) for a, b, verdict in judged)
    measured = tuple((renamed[name], *rest) for name, *rest in measured_of(table))
    said = tuple((renamed[name], *rest) for name, *rest in reviewed_of(table))
    with snapshot_from_rows(rows, settings_of(table), judgements, measured, reviewed=said) as graph:
        haves = as_dicts(run(queries.ALL[name], graph, table.get("params", {})))
    for have in haves:
        have["accounts"] = [back[account] for account in have["accounts"]]
        have["anchor"] = [back.get(part, part) for part in have["anchor"]]
    expect(name, table, haves)


@pytest.mark.parametrize("name", sorted(queries.ALL))
def test_typology_has_worlds(name: str) -> None:
    """At least eight, some that find and some that do not, all named."""
    tables = worlds(name)
    assert len(tables) >= 8
    assert len({table["name"] for table in tables}) == len(tables)
    assert any(table.get("finding") for table in tables)
    assert any(not table.get("finding") for table in tables)

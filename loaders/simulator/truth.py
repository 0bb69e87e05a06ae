"""Writes truth.json: what was planted, what is innocent, and by which parameters."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from regift.loaders.simulator.ledger import IDENTIFIER_KINDS, LEAK, NONE, Groups, Ledger
from regift.loaders.simulator.names import Names, time_text
from regift.loaders.simulator.world import World

Group = dict[str, Any]

PASSIVE_ROLES = ("source", "taken_over")
PASSIVE = {
    ("pass_through", "payer"),
    ("fan_out", "receiver"),
    ("structuring", "receiver"),
    ("structuring", "payer"),
    ("multi_level_gift", "giver"),
    ("second_level_sale", "seller after_gift"),
}
"""Who is on a planted pattern and does nothing wrong: whoever pays into it or is paid out of it,
owners of accounts that somebody else ran, first-level givers, and who sold before the pattern
began. By role, or by typology and role (and variant)."""


def write_truth(path: Path, world: World, ledger: Ledger, names: Names) -> None:
    """One group a line, sorted by what it is and by its records."""
    head = {
        "seed": world.seed,
        "scale": world.scale,
        "clock": "1s",
        "split": world.parameters.split,
        "parameters": world.parameters.told(),
    }
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_json(head)[:-1])
        for side, groups in (("planted", ledger.planted), ("innocent", ledger.innocent)):
            found = _groups(ledger, names, groups, side == "planted")
            found.sort(key=lambda g: (g["name"], g["variant"], g["records"], g["members"]))
            lines = [_json(_entry(side, n, group)) for n, group in enumerate(found, 1)]
            out.write(f',\n"{side}":[\n' + ",\n".join(lines) + "\n]")
        out.write("}\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _entry(side: str, number: int, group: Group) -> Group:
    """One group as truth.json has it."""
    accounts = [{"account": account, "role": role} for account, role in group["members"]]
    if side == "planted":
        for each in accounts:
            each["acts"] = _acts(group["name"], group["variant"], each["role"])
    if side == "innocent":
        return {
            "id": f"N-{number:06d}", "kind": group["name"], "accounts": accounts,
            "records": group["records"], "items": group["items"],
        }  # fmt: skip
    return {
        "id": f"P-{number:06d}", "typology": group["name"], "also": list(group["also"]),
        "variant": group["variant"], "accounts": accounts, "records": group["records"],
        "items": group["items"], "leaks": group["leaks"], "missing": group["missing"],
        "identifiers": group["identifiers"], "beyond": group["beyond"],
    }  # fmt: skip


def _acts(typology: str, variant: str, role: str) -> bool:
    """Whether an account in this role does what the pattern is planted for.

    >>> _acts("money_cycle", "length_3", "member"), _acts("fan_in", "equal", "source")
    (True, False)
    """
    named = {(typology, role), (typology, f"{role} {variant}")}
    return role not in PASSIVE_ROLES and not named & PASSIVE


def _groups(ledger: Ledger, names: Names, groups: Groups, planted: bool) -> list[Group]:
    """Groups of one side with names in place of numbers; records in time order."""
    found: list[Group] = [
        {
            "name": name, "variant": variant, "also": also, "members": [], "records": [],
            "items": [], "leaks": [], "missing": [], "identifiers": [], "beyond": [],
        }
        for name, variant, also in groups.names
    ]  # fmt: skip
    _add_records(ledger, names, found, planted)
    for numbers, accounts, role in groups.members:
        labels = names.of("account", accounts).to_pylist()
        for number, label in zip(numbers.tolist(), labels, strict=True):
            found[number]["members"].append((label, role))
    for numbers, items in groups.items:
        labels = names.of("item", items).to_pylist()
        for number, label in zip(numbers.tolist(), labels, strict=True):
            found[number]["items"].append(label)
    for numbers, accounts, kind in groups.shared:
        labels = names.of("account", accounts).to_pylist()
        for number, label in zip(numbers.tolist(), labels, strict=True):
            found[number]["identifiers"].append(f"{label} {IDENTIFIER_KINDS[kind]}")
    for numbers, bound in groups.beyond:
        for number in numbers.tolist():
            found[number]["beyond"].append(bound)
    for entry in found:
        for key in ("members", "items", "identifiers", "beyond"):
            entry[key] = sorted(set(entry[key]))
    return found


def _add_records(ledger: Ledger, names: Names, found: list[Group], planted: bool) -> None:
    """Records of the groups of one side: those in the files, those that leak, those missing."""
    listed = []
    for table, rows in ledger.records():
        group = rows.column("group")
        side = (np.arange(rows.rows) >= ledger.mark[table]) == planted
        chosen = np.flatnonzero(side & (group != NONE))
        labels = names.of(table[:-1], chosen).to_pylist()
        at = rows.column("at")[chosen]
        key = np.where(rows.column("part")[chosen] == LEAK, "leaks", "records")
        key = np.where(np.isin(chosen, ledger.missing[table]), "missing", key)
        listed += list(zip(group[chosen].tolist(), at.tolist(), labels, key.tolist(), strict=True))
    for number, _, label, key in sorted(listed):
        found[number][key].append(label)
    lost = _lost(ledger, names)
    for entry in found:
        entry["missing"] = [lost[label] for label in entry["missing"]]


def _lost(ledger: Ledger, names: Names) -> dict[str, Group]:
    """Missing records by name, with what a file would have said of them."""
    lost = {}
    for table, rows in ledger.records():
        gone = ledger.missing[table]
        columns = {
            "record_id": names.of(table[:-1], gone),
            "at": time_text(rows.column("at")[gone]),
            "source": names.of("account", rows.column("source")[gone]),
            "target": names.of("account", rows.column("target")[gone]),
        }
        cells = [column.to_pylist() for column in columns.values()]
        for row in zip(*cells, strict=True):
            lost[row[0]] = {"table": table, **dict(zip(columns, row, strict=True))}
    return lost

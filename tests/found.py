"""Findings as plain dictionaries, so that tests can compare them."""

import json
from typing import Any

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings
from regift.queries.params import build
from regift.queries.typology import Typology


def run(typology: Typology, graph: Snapshot, given: dict[str, str]) -> Findings:
    """What a typology finds with the parameters a user typed."""
    clock = graph.settings.clock_unit_us
    params = build(typology.params, given, clock_unit_us=clock, name=typology.name)
    return typology.find(graph, params)


def as_dicts(found: Findings) -> list[dict[str, Any]]:
    """One dictionary a finding: its columns, accounts, roles, records and the keys of `detail`."""
    rows = {row["finding"]: row for row in found.findings.to_pylist()}
    for row in rows.values():
        detail = json.loads(row.pop("detail") or "{}")
        row.update({key: value for key, value in detail.items() if key not in row})
        row.update(accounts=[], roles=[], records=[], tables=[])
    for subject in found.subjects.to_pylist():
        rows[subject["finding"]]["accounts"].append(subject["account"])
        rows[subject["finding"]]["roles"].append(subject["role"])
    for record in found.evidence.to_pylist():
        rows[record["finding"]]["records"].append(record["record"])
        rows[record["finding"]]["tables"].append(record["tbl"])
    return list(rows.values())

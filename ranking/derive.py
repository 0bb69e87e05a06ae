"""All tables of ranking from the findings of one connection, each after those that it needs.

cases(case_id, first_us, last_us, findings, accounts, score, s, materiality_minor, currency,
      families, complete, uncalibrated)
account_scores(account, case_id, entity, score, s, materiality_minor, currency, families,
               complete, uncalibrated)
group_scores(unit, id, case_id, score, s, ...)                unit: entity | operator
case_members, related_cases                                   ranking/cases.py
case_accounts, covers                                         ranking/roles.py, covers.py
pieces, weighed, reasons           ranking/weights.py, evidence.py, score.py
proposals                          ranking/clauses.py, gate.py
"""

from collections.abc import Mapping

import duckdb

from regift.graph.snapshot import Settings
from regift.queries.typology import Typology
from regift.ranking import (
    carried,
    cases,
    covers,
    evidence,
    gate,
    listing,
    roles,
    score,
    switches,
    units,
    weights,
)
from regift.ranking.calibration import Calibration
from regift.ranking.gate_rules import GateRules

TABLES = (
    "cases",
    "account_scores",
    "group_scores",
    "case_members",
    "case_accounts",
    "related_cases",
    "covers",
    "reasons",
    "pieces",
    "weighed",
    "proposals",
    "switched_off",
    "demoted",
    "decided",
)
"""What a generation keeps of it."""

_PASSING = ("evidence_records", "declared", "unit_evidence", "counted_records", "unit_scores")


def derive(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    typologies: Mapping[str, Typology],
    calibration: Calibration | None = None,
    rules: GateRules | None = None,
    before: str | None = None,
) -> None:
    """Make the tables of `TABLES` as temporary tables of the connection.

    Reads findings, subjects, evidence (queries/findings.py), gifts, transfers, items, labels,
    entity_of, account_kinds and allowed; a pure function of them, the settings, the typologies and
    the calibration. `proposals` alone depends on allowed and on the rules of the gate.
    before: attached generation whose scores stay where nothing moved them (ranking/carried.py).
    Raises RegiftError for a finding whose typology is not given.
    Cost: linear in evidence and subjects, but for the sorts.
    """
    evidence.derive(con, typologies, calibration)
    switches.derive(con)
    cases.derive(con, settings)
    covers.derive(con)
    roles.derive(con)
    weights.derive(con)
    units.derive(con)
    old = before if carried.choose(con, before) else None
    score.derive(con)
    listing.derive(con, old)
    if old:
        carried.add(con, old)
    gate.derive(con, rules or GateRules())
    for table in _PASSING:
        con.execute(f"DROP TABLE {table}")

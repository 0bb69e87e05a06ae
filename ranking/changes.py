"""What a list has become since an earlier generation, row by row.

A row that is new or has another score; of cases also one with other findings, with what became of
it (ranking/lineage.py), and at the end those that are gone. `was`: the score then. A case that has
the findings it had and another score, under another calibration, was *moved by calibration*.
"""

from decimal import Decimal
from typing import Any

import duckdb

from regift.ranking.lineage import lineage
from regift.ranking.rank import NO_CASE

MOVED = "moved by calibration"

_SCORES = {
    "case": "SELECT case_id, score FROM earlier.cases",
    "account": "SELECT account, score FROM earlier.account_scores",
    "entity": "SELECT id, score FROM earlier.group_scores WHERE unit = 'entity'",
    "operator": "SELECT id, score FROM earlier.group_scores WHERE unit = 'operator'",
}


def changed(
    con: duckdb.DuckDBPyConnection, unit: str, rows: list[dict[str, Any]], *, recalibrated: bool
) -> list[dict[str, Any]]:
    """Rows that are new or not what they were.

    con: a generation, and an older one attached as `earlier`; rows: of the unit's list now, of
    cases all of them; recalibrated: whether the two have different calibrations.
    Cost: of cases a join of the findings of both.
    """
    before = dict(con.execute(_SCORES[unit]).fetchall())
    if unit != "case":
        moved = [row for row in rows if before.get(row["id"]) != Decimal(str(row["score"]))]
        return [row | {"was": _shown(before.get(row["id"]))} for row in moved]
    became, gone = _fates(con)
    found = []
    for row in rows:
        words, old = became[row["id"]]
        was = max((before[each] for each in old), default=None)
        if words != ["same"] or was != Decimal(str(row["score"])):
            told = [*words, MOVED] if recalibrated and words == ["same"] else words
            found.append(row | {"was": _shown(was), "lineage": told})
    return found + [_gone(case, before[case]) for case in gone]


def _fates(
    con: duckdb.DuckDBPyConnection,
) -> tuple[dict[str, tuple[list[str], list[str]]], list[str]]:
    """Of each case now what became of it and which cases it succeeds; cases that are gone."""
    members = "SELECT case_id, finding FROM"
    told = lineage(
        con.sql(f"{members} earlier.case_members").to_arrow_table(),
        con.sql(f"{members} case_members").to_arrow_table(),
    ).to_pylist()
    became: dict[str, tuple[list[str], list[str]]] = {}
    for row in told:
        if row["new"]:
            words, old = became.get(row["new"], ([], []))
            old = [*old, row["old"]] if row["old"] else old
            became[row["new"]] = (sorted({*words, *row["what"]}), old)
    return became, [row["old"] for row in told if row["new"] is None]


def _gone(case: str, score: Decimal) -> dict[str, Any]:
    """A row for a case none of whose findings are in a case any more."""
    return {
        "rank": None, "unit": "case", "id": case, "case": case, "score": 0.0, "entity": None,
        "measure": None, "clause": None, "why": NO_CASE, "reasons": [], "families": 0,
        "materiality_minor": 0, "currency": None, "uncalibrated": False, "complete": True,
        "was": float(score), "lineage": ["gone"],
    }  # fmt: skip


def _shown(score: Decimal | None) -> float | None:
    return None if score is None else float(score)

"""The ranked list of one unit: cases, accounts, entities or operators, as rows of CLI.md.

    {"rank", "unit", "id", "<unit>", "case", "score", "entity", "measure", "clause", "why",
     "degree", "parts": [{"part", "of", "n", "points"}],
     "reasons": [{"term", "points", "text", "findings"}], "families", "materiality_minor",
     "currency", "uncalibrated", "complete"}

`measure` is null unless the gate lets one be proposed (ranking/gate.py), `why` says why. A case, an
entity and an operator show the severest measure proposed for one of their accounts, an account the
severest of its cases; clause, degree and its parts (ranking/degree.py) go with it, the latter null
and empty without a fact.
"""

from decimal import Decimal
from typing import Any

import duckdb

from regift.graph.connect import dicts
from regift.loaders.errors import UsageError
from regift.ranking.gate import degree_columns, step_of
from regift.ranking.order import total_order
from regift.ranking.units import UNITS

Con = duckdb.DuckDBPyConnection

_SHOWN = "score, s, materiality_minor, currency, families, complete, uncalibrated"
_ROWS = {
    "case": f"SELECT case_id AS id, case_id, NULL AS entity, {_SHOWN} FROM cases",
    "account": f"SELECT account AS id, case_id, entity, {_SHOWN} FROM account_scores",
    "entity": f"SELECT id, case_id, id AS entity, {_SHOWN} FROM group_scores WHERE unit = 'entity'",
    "operator": (
        f"SELECT id, case_id, NULL AS entity, {_SHOWN} FROM group_scores WHERE unit = 'operator'"
    ),
}
_BELONGS = {
    "case": "SELECT case_id AS id, * FROM proposals",
    "account": "SELECT account AS id, * FROM proposals",
    "entity": "SELECT entity AS id, p.* FROM proposals p JOIN entity_of USING (account)",
    "operator": (
        "SELECT operator AS id, p.* FROM proposals p JOIN account_kinds USING (account) "
        "WHERE operator IS NOT NULL"
    ),
}
NO_CASE = "evidence that opens no case"


def size(con: Con, unit: str) -> int:
    """How many rows the whole list of a unit has."""
    ((rows,),) = con.execute(f"SELECT count(*) FROM ({_of_unit(_ROWS, unit)})").fetchall()
    return int(rows)


def rank(
    con: Con,
    unit: str = "account",
    *,
    top: int | None = None,
    min_score: Decimal | None = None,
    only: str | None = None,
) -> list[dict[str, Any]]:
    """Rows of the unit's list, best first, from the tables of `ranking.derive`.

    top: at most so many rows; min_score: those of that score and more; only: the row of one id.
    `rank` counts in the whole list, whatever is asked for. An unknown unit is a UsageError.
    Cost: a sort of the unit's rows.
    """
    rows, belongs = _of_unit(_ROWS, unit), _of_unit(_BELONGS, unit)
    found = dicts(
        con,
        f"""
        WITH listed AS (
            SELECT row_number() OVER (ORDER BY {total_order("id")}) AS rank, * FROM ({rows})),
        asked AS (
            SELECT * FROM listed WHERE ($least IS NULL OR score >= $least)
                AND ($top IS NULL OR rank <= $top) AND ($only IS NULL OR id = $only)),
        severest AS (
            SELECT b.id, measure, clause, why, {degree_columns(con)}
            FROM ({belongs}) b JOIN asked ON asked.id = b.id
            LEFT JOIN (SELECT account, s FROM account_scores) a USING (account)
            QUALIFY row_number() OVER (PARTITION BY b.id ORDER BY {step_of("measure")} DESC,
                (b.case_id = asked.case_id) DESC, a.s DESC NULLS LAST, b.case_id, b.account) = 1),
        told AS (
            SELECT id, list({{'term': term, 'points': points::DOUBLE, 'text': text,
                              'findings': findings}} ORDER BY reasons.points DESC, family)
                       AS reasons
            FROM reasons WHERE unit = $unit GROUP BY id)
        SELECT rank, asked.id, asked.case_id AS case, score::DOUBLE AS score, entity, measure,
               clause, coalesce(why, '{NO_CASE}') AS why, degree,
               coalesce(parts, []) AS parts, coalesce(told.reasons, []) AS reasons,
               families, materiality_minor, currency, uncalibrated, complete
        FROM asked LEFT JOIN severest USING (id) LEFT JOIN told USING (id) ORDER BY rank
        """,
        {"least": min_score, "top": top, "only": only, "unit": unit},
    )
    return [_row(unit, each) for each in found]


def _of_unit(by_unit: dict[str, str], unit: str) -> str:
    if unit not in UNITS:
        raise UsageError(f"{unit!r} is not ranked: write one of {', '.join(UNITS)}")
    return by_unit[unit]


def _row(unit: str, shown: dict[str, Any]) -> dict[str, Any]:
    """Keys in the order of CLI.md, the id also under the unit's own name."""
    row = {"rank": shown.pop("rank"), "unit": unit, "id": shown["id"], unit: shown.pop("id")}
    return row | {key: value for key, value in shown.items() if key != unit}

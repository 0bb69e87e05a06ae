"""Why a case, an account, an entity, an operator or a finding has the score it has.

Of a ranked unit: its row of `rank`, and

    terms       its reasons, each with its records; their points add up to the score
    without     for every finding the score that would be left without it (counterfactual.py)
    accounts    of a case: who is in it, in which role, with which score and proposal
    findings    of an account: findings that name it
    related     of a case: cases that would have made it too large

Of a finding: the score it would have alone, as one term; what it rests on, whom it names, what it
says of each (e = role * kappa * (1 - lfdr) * chance, as -ln(1 - e) in nano-nats); its case, that
case's score, and what is left of it without the finding.
"""

from typing import Any

import duckdb

from regift.graph.connect import dicts
from regift.loaders.errors import UsageError
from regift.ranking import units
from regift.ranking.cases import resolve
from regift.ranking.constants import STRONG_NANO
from regift.ranking.counterfactual import alone, without_each
from regift.ranking.rank import rank

Con = duckdb.DuckDBPyConnection


def explain(con: Con, name: str) -> dict[str, Any]:
    """Everything behind the score of a finding, case (or a prefix of its id) or account.

    UsageError when nothing ranked has that name. Cost: one pass over the pieces.
    """
    if _rows(con, "SELECT 1 FROM findings WHERE finding = ?", name):
        return explain_finding(con, name)
    if _rows(con, "SELECT 1 FROM account_scores WHERE account = ?", name):
        return explain_unit(con, "account", name)
    if name.startswith("C-"):
        return explain_unit(con, "case", resolve(con, name))
    if _rows(con, "SELECT 1 FROM account_kinds WHERE account = ?", name):
        raise UsageError(f"nothing was found that counts for account {name}")
    raise UsageError(f"there is no case, finding or account {name}")


def explain_unit(con: Con, unit: str, id: str) -> dict[str, Any]:
    """The row of `rank` of one case, account, entity or operator, with all that is behind it."""
    found = rank(con, unit, only=id)
    if not found:
        raise UsageError(f"there is no {unit} {id} in the list")
    row = found[0]
    units.derive_one(con, unit, id)
    records = _records(con, unit, id)
    row["terms"] = [reason | {"records": records[reason["term"]]} for reason in row.pop("reasons")]
    row["without"] = without_each(con)
    con.execute("DROP TABLE own_evidence")
    if unit == "case":
        row["accounts"] = _members(con, id)
        row["related"] = _rows(
            con, "SELECT other AS case, why FROM related_cases WHERE case_id = ? ORDER BY 1", id
        )
    if unit == "account":
        row["findings"] = _named(con, id)
    return row


def explain_finding(con: Con, finding: str) -> dict[str, Any]:
    """What one finding rests on and what it adds to its case."""
    row = _rows(
        con,
        """
        SELECT finding, w.typology, family, clause, case_id AS case, fact, kappa_percent, lfdr_bp,
               pair_rate::VARCHAR AS pair_rate, w.complete, f.content
        FROM weighed w JOIN findings f USING (finding) LEFT JOIN case_members USING (finding)
        WHERE finding = ?
        """,
        finding,
    )[0]
    row["evidence"] = _rows(
        con,
        'SELECT tbl AS "table", record, role FROM evidence WHERE finding = ? ORDER BY ord',
        finding,
    )
    row["accounts"] = _rows(
        con,
        """
        SELECT account, role, list(rec ORDER BY rec) FILTER (rec IS NOT NULL) AS records,
               max(nano) AS nano_nats
        FROM subjects LEFT JOIN pieces USING (finding, account)
        WHERE finding = ? GROUP BY account, role ORDER BY min(ord)
        """,
        finding,
    )
    row["score"] = alone(con, finding)
    row["terms"] = [
        {
            "term": row["typology"],
            "points": row["score"],
            "text": f"{row['typology']} on {len(row['evidence'])} rows of evidence, taken alone",
            "findings": [finding],
            "records": [f"{each['table']}:{each['record']}" for each in row["evidence"]],
        }
    ]
    if row["case"] is not None:
        case = explain_unit(con, "case", row["case"])
        row["case_score"] = case["score"]
        row["without"] = [each for each in case["without"] if each["finding"] == finding]
    return row


def _rows(con: Con, sql: str, value: str) -> list[dict[str, Any]]:
    return dicts(con, sql, [value])


def _records(con: Con, unit: str, id: str) -> dict[str, list[dict[str, Any]]]:
    """Per term the records that count, with what the term says on each, the strongest first."""
    rows = con.execute(
        f"""
        WITH best AS (SELECT rec, family, max(nano) AS nano FROM own_evidence GROUP BY ALL),
        records AS (SELECT rec, sum(nano) AS total FROM best GROUP BY rec),
        counted AS (
            SELECT rec FROM records QUALIFY total >= {STRONG_NANO} OR row_number() OVER (
                PARTITION BY total >= {STRONG_NANO} ORDER BY total DESC, rec) = 1)
        SELECT term, rec, nano
        FROM best SEMI JOIN counted USING (rec)
        JOIN (SELECT family, term FROM reasons WHERE unit = ? AND id = ?) USING (family)
        ORDER BY term, nano DESC, rec
        """,
        [unit, id],
    ).fetchall()
    grouped: dict[str, list[dict[str, Any]]] = {}
    for term, rec, nano in rows:
        grouped.setdefault(term, []).append({"record": rec, "nano_nats": nano})
    return grouped


def _members(con: Con, case_id: str) -> list[dict[str, Any]]:
    return _rows(
        con,
        """
        SELECT account, role, score::DOUBLE AS score, measure, why
        FROM case_accounts JOIN proposals USING (account, case_id)
        LEFT JOIN (SELECT account, score, s FROM account_scores) USING (account)
        WHERE case_id = ? ORDER BY s DESC NULLS LAST, account
        """,
        case_id,
    )


def _named(con: Con, account: str) -> list[dict[str, Any]]:
    return _rows(
        con,
        """
        SELECT finding, typology, role, case_id AS case, complete
        FROM subjects JOIN weighed USING (finding) LEFT JOIN case_members USING (finding)
        WHERE account = ? ORDER BY first_us, finding, role
        """,
        account,
    )

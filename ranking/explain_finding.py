"""Whatever a name stands for, explained; of a finding, what it rests on and what it adds.

Of a finding: the score it would have alone, as one term; what it rests on, whom it names, what it
says of each (e of ranking/weights.py as -ln(1 - e) in nano-nats); its case, that case's score, and
what is left of it without the finding; what decided dossiers say of its typology.
"""

from typing import Any

import duckdb

from regift.graph.connect import dicts
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.ranking import readings
from regift.ranking.calibration import percent
from regift.ranking.cases import resolve
from regift.ranking.counterfactual import alone
from regift.ranking.explain import Asked, explain_unit, explain_unlisted
from regift.ranking.texts import say
from regift.ranking.unchecked import unchecked

Con = duckdb.DuckDBPyConnection


def explain(con: Con, name: str, asked: Asked | None = None) -> dict[str, Any]:
    """Everything behind the score of a finding, case (or a prefix of its id) or account.

    An account that nothing was found for is explained too: what was looked at. UsageError when
    nothing has that name. Cost: one pass over the pieces.
    """
    asked = asked or Asked()
    what = kind_of(con, name)
    if what == "finding":
        return explain_finding(con, name, asked)
    if what == "case":
        return explain_unit(con, "case", resolve(con, name), asked)
    if con.execute("SELECT 1 FROM account_scores WHERE account = ?", [name]).fetchall():
        return explain_unit(con, "account", name, asked)
    return explain_unlisted(con, name, asked)


def kind_of(con: Con, name: str) -> str:
    """finding, account or case; an account may be called like a case. UsageError if it is none."""
    if con.execute("SELECT 1 FROM findings WHERE finding = ?", [name]).fetchall():
        return "finding"
    if con.execute("SELECT 1 FROM account_kinds WHERE account = ?", [name]).fetchall():
        return "account"
    if name.startswith("C-"):
        resolve(con, name)
        return "case"
    raise UsageError(f"there is no case, finding or account {name}")


def explain_finding(con: Con, finding: str, asked: Asked) -> dict[str, Any]:
    """What one finding rests on and what it adds to its case."""
    row = dicts(
        con,
        """
        SELECT finding, w.typology, family, clause, case_id AS case, fact, kappa_percent, lfdr_bp,
               pair_rate::VARCHAR AS pair_rate, w.complete, f.content, f.length, f.level,
               f.instances::VARCHAR AS instances
        FROM weighed w JOIN findings f USING (finding) LEFT JOIN case_members USING (finding)
        WHERE finding = ?
        """,
        [finding],
    )[0]
    row["readings"] = readings.of_finding(row["typology"], row["level"])
    row["evidence"] = dicts(
        con,
        'SELECT tbl AS "table", record, role FROM evidence WHERE finding = ? ORDER BY ord',
        [finding],
    )
    row["accounts"] = dicts(
        con,
        """
        SELECT account, role, list(rec ORDER BY rec) FILTER (rec IS NOT NULL) AS records,
               max(nano) AS nano_nats
        FROM subjects LEFT JOIN pieces USING (finding, account)
        WHERE finding = ? GROUP BY account, role ORDER BY min(ord)
        """,
        [finding],
    )
    row["score"] = alone(con, finding)
    row |= asked.place(row["score"])
    row["text"] = _told(row, asked.lang)
    row["decided"] = _decided(con, row, asked.lang)
    row["terms"] = [
        {
            "term": row["typology"],
            "points": row["score"],
            "text": say(
                asked.lang,
                "alone",
                typology=row["typology"],
                n=len(row["evidence"]),
                text=row["text"],
            ),
            "findings": [finding],
            "records": [f"{each['table']}:{each['record']}" for each in row["evidence"]],
        }
    ]
    if row["case"] is not None:
        case = explain_unit(con, "case", row["case"], Asked(asked.line, asked.lang))
        row["case_score"] = case["score"]
        row["without"] = [each for each in case["without"] if each["finding"] == finding]
        row["covers"] = [under for each in case["findings"] if each["finding"] == finding
                         for under in each["covers"]]  # fmt: skip
    if asked.run is not None:
        people = frozenset(each["account"] for each in row["accounts"])
        row["unchecked"] = unchecked(con, asked.run, asked.lang, people)
    return row


def _decided(con: Con, row: dict[str, Any], lang: str) -> list[dict[str, Any]]:
    """What decided dossiers say of its typology: one row, or none.

    Generations of older versions do not have the table.
    """
    if ("decided",) not in con.execute("SHOW TABLES").fetchall():
        return []
    found = dicts(
        con,
        """
        SELECT chance_bp, confirmed, refuted FROM decided d JOIN weighed w USING (typology)
        WHERE finding = ? AND d.stratum IS NOT DISTINCT FROM w.stratum
        """,
        [row["finding"]],
    )
    told = []
    for each in found:
        rates = {} if each["chance_bp"] is None else {
            "chance": percent(each["chance_bp"]), "now": percent(row["lfdr_bp"]),
        }  # fmt: skip
        key = "decided_moved" if rates else "decided_fact"
        counts = {"confirmed": each["confirmed"], "refuted": each["refuted"]}
        text = say(lang, key, typology=row["typology"], **counts, **rates)
        told.append({"text": text, **each, "lfdr_bp": row["lfdr_bp"]})
    return told


def _told(row: dict[str, Any], lang: str) -> str:
    """The sentence of its typology; of one that has none in the language, its name."""
    known = ALL.get(row["typology"])
    template = known.texts.get(lang, "") if known else ""
    told = template.format(length=row["length"], instances=row["instances"])
    return told or str(row["typology"])

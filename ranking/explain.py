"""Why a case, an account, an entity or an operator has the score it has.

Its row of `rank`, the line it is compared with, and

    terms       its reasons, each a sentence with its records; their points add up to the score
    minimal     the fewest records that keep it at the line (ranking/minimal.py)
    clears      the fewest findings without which it would be below the line
    without     for every finding the score that would be left without it (counterfactual.py)
    accounts    of a case: who is in it, in which role, with which score and proposal
    findings    of a case those that are not covered, with what they cover; of an account those
                that name it
    readings    of a case: its facts under the strict and the lenient reading (readings.py)
    switches    of a case: those of the policy that decided something in it
    related     of a case: cases that would have made it too large, and those of its people
    why_not     of an account below the line: what was looked at (why_not.py)
    ties        of an account: measured accounts that it is linked to (ties.py)
    unchecked   what was not looked at (unchecked.py), where the run is told

A finding is explained in ranking/explain_finding.py. Sentences are in the language asked for, keys
never.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from regift.graph.connect import dicts
from regift.loaders.errors import UsageError
from regift.ranking import readings, units
from regift.ranking.constants import EXAMPLE_LINE, LABEL_FAMILY, STRONG_NANO
from regift.ranking.counterfactual import without_each
from regift.ranking.gate import degree_columns
from regift.ranking.minimal import Piece, clearing, least, pieces_of
from regift.ranking.nats import nats
from regift.ranking.rank import rank
from regift.ranking.score import line_bound, score_of
from regift.ranking.texts import say, translated
from regift.ranking.ties import ties
from regift.ranking.unchecked import unchecked
from regift.ranking.why_not import why_not

Con = duckdb.DuckDBPyConnection

SHOWN_RELATED = 10
"""Cases of the same people that an explanation names; it says how many there are."""


@dataclass(frozen=True)
class Asked:
    """How to explain. line: score from which a row is above it; run: of the manifest, if known."""

    line: Decimal = field(default_factory=lambda: Decimal(EXAMPLE_LINE))
    lang: str = "en"
    run: Mapping[str, Any] | None = None

    def place(self, score: float) -> dict[str, Any]:
        """Where a score is as seen from the line."""
        return {"line": float(self.line), "above_line": Decimal(str(score)) >= self.line}

    def many(self, what: str, n: int) -> str:
        """So many findings, records or labels."""
        return say(self.lang, f"{what}_n" if n == 1 else f"{what}s_n", n=n)

    def side(self, score: float | Decimal) -> str:
        """The same as a word."""
        return say(self.lang, "above" if Decimal(str(score)) >= self.line else "below")


def explain_unit(con: Con, unit: str, id: str, asked: Asked | None = None) -> dict[str, Any]:
    """Everything behind the row of one case, account, entity or operator.

    UsageError when it is not in the list. Cost: one pass over its pieces; of a case also over those
    of its accounts.
    """
    asked = asked or Asked()
    found = rank(con, unit, only=id)
    if not found:
        raise UsageError(f"there is no {unit} {id} in the list")
    row = found[0] | asked.place(found[0]["score"])
    row["why"] = translated(asked.lang, row["why"])
    units.derive_one(con, unit, id)
    reasons, covered = row.pop("reasons"), _covered(con, id) if unit == "case" else {}
    row["terms"] = _terms(con, row, reasons, {each for some in covered.values() for each in some},
                          asked)  # fmt: skip
    pieces = pieces_of(con)
    row["minimal"], row["clears"] = _minimal(pieces, asked), _clears(pieces, asked)
    row["without"] = without_each(con)
    con.execute("DROP TABLE own_evidence")
    if unit == "case":
        row["accounts"] = _members(con, id, asked.lang)
        row["findings"] = _inside(con, id, covered)
        row["related"] = _related(con, id, asked.lang)
        row |= readings.told_of(con, id, asked.run, asked.lang)
    if unit == "account":
        row["findings"] = _named(con, id)
        row["why_not"] = [] if row["above_line"] else _why_not(con, id, asked)
        row["ties"] = ties(con, id, asked.lang)
    return _with_unchecked(con, row, asked)


def explain_unlisted(con: Con, account: str, asked: Asked) -> dict[str, Any]:
    """An account that no finding counts for: what was looked at all the same."""
    row: dict[str, Any] = {
        "rank": None, "unit": "account", "id": account, "account": account, "case": None,
        "score": 0.0, "measure": None, "clause": None, "why": say(asked.lang, "why_unlisted"),
        "degree": None, "parts": [],
        **asked.place(0.0), "terms": [], "minimal": None, "clears": None, "without": [],
        "findings": _named(con, account), "why_not": _why_not(con, account, asked),
        "ties": ties(con, account, asked.lang),
    }  # fmt: skip
    return _with_unchecked(con, row, asked)


def _with_unchecked(con: Con, row: dict[str, Any], asked: Asked) -> dict[str, Any]:
    if asked.run is not None:
        people = frozenset(
            [row["id"]] if row["unit"] == "account"
            else [each["account"] for each in row.get("accounts", ())]
        )  # fmt: skip
        row["unchecked"] = unchecked(con, asked.run, asked.lang, people)
    return row


def _why_not(con: Con, account: str, asked: Asked) -> list[dict[str, Any]]:
    params = (asked.run or {}).get("params", {}).get("multi_level_gift", {})
    allowed = int(params.get("allowed", 1))
    return why_not(con, account, asked.line, allowed=allowed, lang=asked.lang)


def _terms(
    con: Con, row: dict[str, Any], reasons: list[dict[str, Any]], covered: set[str], asked: Asked
) -> list[dict[str, Any]]:
    """Reasons as sentences, with the records that count; covered findings are not repeated."""
    records = _records(con, row["unit"], row["id"])
    terms = []
    for reason in reasons:
        family, rests = records[reason["term"]]
        found = [each for each in reason["findings"] if each not in covered] or reason["findings"]
        told = {
            "points": f"{reason['points']:.1f}", "score": f"{row['score']:.1f}", "family": family,
            "weight": nats(rests[0]["nano_nats"]), "strong": nats(STRONG_NANO),
            "record": rests[0]["record"],
            "records": asked.many("record", len(rests)),
        }  # fmt: skip
        labels = family == LABEL_FAMILY
        told["findings"] = asked.many("label" if labels else "finding", len(found))
        text = say(asked.lang, "term_labels" if labels else "term", **told)
        terms.append(reason | {"text": text, "findings": found, "records": rests})
    return terms


def _records(con: Con, unit: str, id: str) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Per term its family and the records that count, with what it says on each."""
    rows = con.execute(
        f"""
        WITH best AS (SELECT rec, family, max(nano) AS nano FROM own_evidence GROUP BY ALL),
        records AS (SELECT rec, sum(nano) AS total FROM best GROUP BY rec),
        counted AS (
            SELECT rec FROM records QUALIFY total >= {STRONG_NANO} OR row_number() OVER (
                PARTITION BY total >= {STRONG_NANO} ORDER BY total DESC, rec) = 1)
        SELECT term, family, rec, nano
        FROM best SEMI JOIN counted USING (rec)
        JOIN (SELECT family, term FROM reasons WHERE unit = ? AND id = ?) USING (family)
        ORDER BY term, nano DESC, rec
        """,
        [unit, id],
    ).fetchall()
    grouped: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for term, family, rec, nano in rows:
        grouped.setdefault(term, (family, []))[1].append({"record": rec, "nano_nats": nano})
    return grouped


def _minimal(pieces: list[Piece], asked: Asked) -> dict[str, Any] | None:
    found = least(pieces, line_bound(asked.line))
    if found is None:
        return None
    records = [{"record": rec, "nano_nats": nano} for rec, nano in found.records]
    score = score_of(found.s)
    named = ", ".join(rec for rec, _ in found.records)
    text = say(
        asked.lang, "minimal", n=len(records), of=found.of, score=score, line=asked.line,
        records=named,
    )  # fmt: skip
    return {"text": text, "score": float(score), "records": records, "of": found.of, "exact": True}


def _clears(pieces: list[Piece], asked: Asked) -> dict[str, Any] | None:
    found = clearing(pieces, line_bound(asked.line))
    if found is None:
        return None
    score = score_of(found.s)
    exact = say(asked.lang, "clears_exact" if found.exact else "clears_greedy")
    text = say(
        asked.lang, "clears", n=len(found.findings), of=found.of, score=score, line=asked.line,
        exact=exact,
    )  # fmt: skip
    return {
        "text": text, "score": float(score), "findings": list(found.findings), "of": found.of,
        "exact": found.exact,
    }  # fmt: skip


def _covered(con: Con, case_id: str) -> dict[str, list[str]]:
    """Findings of a case that cover others, with these."""
    rows = con.execute(
        "SELECT finding, list(covered ORDER BY covered) FROM covers WHERE case_id = ? "
        "GROUP BY finding ORDER BY finding",
        [case_id],
    ).fetchall()
    return dict(rows)


def _inside(con: Con, case_id: str, covered: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Findings of a case in the order of time, each covered one under what covers it."""
    rows = dicts(
        con,
        """
        SELECT finding, typology, complete FROM case_members JOIN weighed USING (finding)
        WHERE case_id = ? AND finding NOT IN (SELECT covered FROM covers WHERE case_id = ?)
        ORDER BY first_us, finding
        """,
        [case_id, case_id],
    )
    return [row | {"covers": _under(row["finding"], covered)} for row in rows]


def _under(finding: str, covered: dict[str, list[str]]) -> list[str]:
    """All that a finding covers, what these cover included."""
    under = covered.get(finding, [])
    return sorted({*under, *(deep for each in under for deep in _under(each, covered))})


def _members(con: Con, case_id: str, lang: str) -> list[dict[str, Any]]:
    rows = dicts(
        con,
        f"""
        SELECT account, role, score::DOUBLE AS score, measure, {degree_columns(con)}, why
        FROM case_accounts JOIN proposals USING (account, case_id)
        LEFT JOIN (SELECT account, score, s FROM account_scores) USING (account)
        WHERE case_id = ? ORDER BY s DESC NULLS LAST, account
        """,
        [case_id],
    )
    return [
        row | {"why": translated(lang, row["why"]), "parts": row["parts"] or []} for row in rows
    ]


def _related(con: Con, case_id: str, lang: str) -> list[dict[str, Any]]:
    """Cases whose union was refused, then those that share most accounts, at most some of them."""
    refused = dicts(
        con, "SELECT other AS case, why FROM related_cases WHERE case_id = ? ORDER BY 1", [case_id]
    )
    shared = con.execute(
        f"""
        SELECT b.case_id, count(*) AS n, min(account)
        FROM case_accounts a JOIN case_accounts b USING (account)
        WHERE a.case_id = ? AND b.case_id <> ?
            AND b.case_id NOT IN (SELECT other FROM related_cases WHERE case_id = ?)
        GROUP BY b.case_id ORDER BY n DESC, b.case_id LIMIT {SHOWN_RELATED}
        """,
        [case_id] * 3,
    ).fetchall()
    rows = [each | {"why": translated(lang, each["why"])} for each in refused]
    return rows + [
        {"case": case, "why": say(lang, "shares", n=n, account=account)}
        for case, n, account in shared
    ]


def _named(con: Con, account: str) -> list[dict[str, Any]]:
    return dicts(
        con,
        """
        SELECT finding, typology, role, case_id AS case, complete
        FROM subjects JOIN weighed USING (finding) LEFT JOIN case_members USING (finding)
        WHERE account = ? ORDER BY first_us, finding, role
        """,
        [account],
    )

"""A plan: the measures that the top of the ranking is proposed, recorded for people to decide.

Nothing is in force by a plan. It is made in one transaction that reads what the casebook holds at
that moment, so two plans at once take nobody twice, and planning again adds nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from regift.enforcement import collateral, dossier_measures, proposed
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.decision_rules import DecisionRules
from regift.enforcement.dossiers import Finding, Subject
from regift.enforcement.measures import Planned
from regift.graph.connect import dicts
from regift.graph.store import Manifest
from regift.graph.workspace import now_us

Con = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Asked:
    """What a plan is asked for. capacity: legal subjects; line: least score; None: no bound.

    dry_run: nothing is recorded.
    """

    capacity: int | None = None
    line: Decimal | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Plan:
    """Rows of `regift enforce plan`, and how many proposals it leaves by why (proposed.LEFT_OUT).

    now_us: the moment of the clock from which its dates count.
    """

    rows: list[dict[str, Any]]
    left: dict[str, int]
    now_us: int


def plan(con: Con, log: AuditLog, manifest: Manifest, rules: DecisionRules, asked: Asked) -> Plan:
    """Plan measures for the proposals of a generation; gives what was planned, in order.

    Cost: a sort of the accounts, the facts of the generation, and `collateral` of who is taken.
    """
    proposed.derive(con, manifest.run)
    if asked.dry_run:
        now = _choose(con, log, asked)
        numbers: dict[str, tuple[int, int]] = {}
    else:
        with log.transaction():
            now = _choose(con, log, asked)
            numbers = _recorded(con, log, manifest.number, rules, now)
    beside = collateral.collateral(con, manifest.as_of_us)
    rows = [_row(each, rules, now, numbers, beside) for each in _taken(con)]
    return Plan(rows, proposed.left(con), now)


def _choose(con: Con, log: AuditLog, asked: Asked) -> int:
    now = now_us()
    proposed.attach(con, log, now)
    proposed.choose(con, asked.capacity, asked.line)
    return now


def _recorded(
    con: Con, log: AuditLog, generation: int, rules: DecisionRules, now: int
) -> dict[str, tuple[int, int]]:
    """Record what `taken` holds; account -> (number of its measure, of its dossier)."""
    rows = dicts(con, f"FROM taken ORDER BY {proposed.ORDER}")
    found = _findings(con)
    of_case: dict[str, list[dict[str, Any]]] = {}
    for each in rows:
        of_case.setdefault(each["case_id"], []).append(each)
    of_dossiers = [
        (
            Subject(mine[0]["dossier"], case_id, generation, tuple(found[case_id])),
            [_planned(each, rules, now) for each in mine],
        )
        for case_id, mine in of_case.items()
    ]
    numbers = dossier_measures.plan(log, of_dossiers, rules)
    accounts = [each.account for _, planned in of_dossiers for each in planned]
    made = zip(accounts, numbers, strict=True)
    dossiers = dict(log.con.execute("SELECT number, dossier FROM measures").fetchall())
    return {account: (number, dossiers[number]) for account, number in made}


def _planned(each: Mapping[str, Any], rules: DecisionRules, now: int) -> Planned:
    due, until = rules.dates(each["measure"], now)
    return Planned(
        each["account"], each["measure"], each["clause"], each["why"],
        due_us=due, until_us=until, follows=each["follows"],
    )  # fmt: skip


def _findings(con: Con) -> dict[str, list[Finding]]:
    """Findings of the cases of `taken`, with their contents."""
    found: dict[str, list[Finding]] = {}
    for case_id, *finding in con.execute(
        "SELECT case_id, finding, typology, content FROM case_members JOIN findings "
        "USING (finding) WHERE case_id IN (SELECT case_id FROM taken) ORDER BY ALL"
    ).fetchall():
        found.setdefault(case_id, []).append(tuple(finding))
    return found


def _taken(con: Con) -> Sequence[dict[str, Any]]:
    return dicts(
        con,
        f"""
        WITH told AS (
            SELECT id AS account,
                   list({{'term': term, 'points': points::DOUBLE, 'text': text,
                         'findings': findings}} ORDER BY reasons.points DESC, family) AS reasons
            FROM reasons WHERE unit = 'account' AND id IN (SELECT account FROM taken) GROUP BY id)
        SELECT taken.* REPLACE (score::DOUBLE AS score), coalesce(reasons, []) AS reasons
        FROM taken LEFT JOIN told USING (account) ORDER BY {proposed.ORDER}
        """,
    )


def _row(
    each: Mapping[str, Any],
    rules: DecisionRules,
    now: int,
    numbers: Mapping[str, tuple[int, int]],
    beside: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    number, dossier = numbers.get(each["account"], (None, each["dossier"]))
    return {
        "number": number,
        "account": each["account"],
        "case": each["case_id"],
        "measure": each["measure"],
        "clause": each["clause"],
        "due_us": rules.dates(each["measure"], now)[0],
        "why": each["why"],
        "reasons": each["reasons"],
        "rank": each["rank"],
        "score": each["score"],
        "degree": each["degree"],
        "parts": each["parts"],
        "subject": each["subject"],
        "shared": each["how"],
        "dossier": None if dossier is None else f"D-{dossier}",
        "follows": each["follows"],
        "collateral": beside[each["account"]],
    }

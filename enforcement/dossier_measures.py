"""Measures of a plan in the dossiers that they belong to: planned, decided, declined.

A planned measure belongs to the dossier of its case, which the plan opens. Approving it decides the
dossier: the severest measure that stands is the dossier's, so appeal, uphold, overturn and reverse
work as for one that `case decide` made. What a second person has to approve was decided by who
planned it. A declined measure was never in force; the dossier keeps that somebody declined it.
"""

import sqlite3
from collections.abc import Sequence

from regift.enforcement import dossiers, measures
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.decision_rules import DecisionRules
from regift.enforcement.dossier_rows import APPEALED, APPLY, AWAITING
from regift.enforcement.dossiers import Dossier, Finding, Subject
from regift.enforcement.measures import IN_FORCE, Measure, Planned, need_reason
from regift.loaders.errors import RegiftError
from regift.ranking.constants import MEASURES

BUSY = (AWAITING, APPEALED)
"""States of a dossier in which nothing else is decided in it."""


def plan(
    log: AuditLog, of_dossiers: Sequence[tuple[Subject, Sequence[Planned]]], rules: DecisionRules
) -> list[int]:
    """Record planned measures and that they belong to a dossier, all or nothing; their numbers.

    A subject without a number opens its dossier. The numbers are in the order of the planned.
    RegiftError for a dossier that waits for an approval or an appeal.
    """
    made: list[Planned] = []
    with log.transaction():
        for subject, planned in of_dossiers:
            number = subject.number
            if number is None:
                number = dossiers.open_dossier(log, subject)
            _check_free(dossiers.get(log, number))
            told = {
                "dossier": number,
                "generation": subject.generation,
                "findings": [list(each) for each in subject.findings],
                "text": ", ".join(f"{each.step} against {each.account}" for each in planned),
            }
            log.write("case plan", told, APPLY["case plan"])
            made += [Planned(**{**vars(each), "dossier": number}) for each in planned]
        return measures.plan(log, made, rules) if made else []


def approve(
    log: AuditLog,
    numbers: Sequence[int],
    reason: str,
    rules: DecisionRules,
    clause: str | None = None,
) -> list[Measure]:
    """Decide for planned measures; they are in force from now on. Gives them as they stand.

    RegiftError where a second person is needed, for an account on the allow-list, and for a
    dossier that waits for an approval or an appeal.
    """
    need_reason(reason)
    numbers = sorted(set(numbers))
    with log.transaction():
        found = measures.allowed(log.con, numbers, "approve")
        of_dossiers = sorted({each.dossier for each in found if each.dossier is not None})
        for number in of_dossiers:
            _check_free(dossiers.get(log, number))
        dossiers.check_allow_list(log.con, [each.account for each in found])
        measures.approve(log, numbers, reason, rules, clause)
        for number in of_dossiers:
            mine = [each for each in found if each.dossier == number]
            _decide(log, number, mine, reason, rules)
    return measures.numbered(log.con, numbers)


def decline(log: AuditLog, numbers: Sequence[int], reason: str) -> list[Measure]:
    """Decide against planned measures. Gives them as they stand.

    RegiftError for one that is not planned, or that a decision of its case waits with.
    """
    need_reason(reason)
    numbers = sorted(set(numbers))
    with log.transaction():
        found = measures.allowed(log.con, numbers, "decline")
        for number in sorted({each.dossier for each in found if each.dossier is not None}):
            _check_free(dossiers.get(log, number))
            words = ", ".join(str(each.number) for each in found if each.dossier == number)
            told = {"dossier": number, "text": f"measure {words}: {reason}"}
            log.write("case decline", told, APPLY["case decline"])
        for each in found:
            measures.reverse(log, each.number, reason)
    return measures.numbered(log.con, numbers)


def _decide(
    log: AuditLog, number: int, approved: Sequence[Measure], reason: str, rules: DecisionRules
) -> None:
    standing = _standing(log.con, number)
    severest = max(standing, key=lambda each: (MEASURES.index(each.step), each.number))
    seconded = [each.planned_by for each in approved if rules.needs_second(each.step)]
    told = {
        "dossier": number,
        "measure": severest.step,
        "clause": severest.clause,
        "measures": [each.number for each in approved],
        "planned_by": seconded[-1] if seconded else None,
        "reason": reason,
    }
    log.write("case measure", told, APPLY["case measure"])


def _standing(con: sqlite3.Connection, dossier: int) -> list[Measure]:
    """Measures of a dossier that are in force."""
    rows = con.execute(
        f"SELECT number FROM measures WHERE dossier = ? AND state IN {IN_FORCE}", (dossier,)
    ).fetchall()
    return measures.numbered(con, [number for (number,) in rows])


def _check_free(dossier: Dossier) -> None:
    if dossier.state in BUSY:
        act = "case approve" if dossier.state == AWAITING else "case uphold` or `case overturn"
        raise RegiftError(
            f"{dossier.name} is {dossier.state}: end that first with "
            f"`regift {act} {dossier.name} --reason TEXT`"
        )


def seen(log: AuditLog, dossier: int, generation: int, findings: Sequence[Finding]) -> Subject:
    """A dossier as the subject of a plan, with the findings that this one rests on."""
    return Subject(dossier, dossiers.get(log, dossier).case_id, generation, tuple(findings))

"""Dossiers: what people did about a case, which survives every refresh (D-10, D-15).

    open --decide--> awaiting approval --approve--> decided --appeal--> appealed
      |                                                |           |-uphold---> upheld
      |--decide--> decided | cleared                   |           `-overturn-> overturned
      `-- reversed <------- reverse (decided, cleared, awaiting approval, upheld)

A dossier is opened by the first act on a case and holds the findings, with their contents, that the
case had then; each decision adds those that it saw. `decide` is allowed again once a decision was
reversed or overturned, and while it awaits approval, where it replaces the proposal. `assign` says
for whom it waits, while it is open or appealed. Notes are always allowed; all else is refused.

Two people (D-15): who approves neither decided nor is or was the assignee; who upholds or overturns
neither decided nor approved.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regift.enforcement import measures
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.decision_rules import NO_VIOLATION, DecisionRules
from regift.enforcement.dossier_rows import (
    APPEALED,
    APPLY,
    AWAITING,
    CLEARED,
    DECIDED,
    OPEN,
    OVERTURNED,
    REVERSED,
    STATES,
    UPHELD,
)
from regift.enforcement.measures import need_reason
from regift.graph.workspace import now_us, utc_text
from regift.loaders.errors import RegiftError, UsageError

MOVES: dict[str, tuple[str, ...]] = {
    "note": STATES,
    "assign": (OPEN, APPEALED),
    "decide": (OPEN, AWAITING, REVERSED, OVERTURNED),
    "approve": (AWAITING,),
    "appeal": (DECIDED,),
    "uphold": (APPEALED,),
    "overturn": (APPEALED,),
    "reverse": (AWAITING, DECIDED, CLEARED, UPHELD),
}
"""Act -> states from which it is allowed."""

Finding = tuple[str, str, str]
"""(finding, typology, content): the content is the hash by which a changed finding is known."""


@dataclass(frozen=True)
class Subject:
    """What an act is about: a dossier by its number, or a case, and the findings that are seen.

    number: of the dossier, None where the case's own is meant; it is opened if there is none.
    case_id, generation, findings: the case as it is shown now.
    """

    number: int | None
    case_id: str
    generation: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Dossier:
    """A dossier as it stands."""

    number: int
    case_id: str
    generation: int
    state: str
    opened_by: str
    opened_us: int
    assignee: str | None
    measure: str | None
    clause: str | None
    reason: str | None
    decided_by: str | None
    decided_us: int | None
    approved_by: str | None
    approved_us: int | None
    appeal_by: str | None
    ended_by: str | None
    ended_us: int | None

    @property
    def name(self) -> str:
        """As commands take it: D-1."""
        return f"D-{self.number}"


@dataclass(frozen=True)
class Decision:
    """A measure of the ladder or `no_violation`, its clause, why, and against which accounts.

    clause: of `no_violation` it may be None.
    """

    measure: str
    clause: str | None
    reason: str
    accounts: tuple[str, ...] = ()


def get(log: AuditLog, number: int) -> Dossier:
    """A dossier by its number; UsageError if there is none."""
    row = log.con.execute("SELECT * FROM dossiers WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise UsageError(f"there is no dossier D-{number}: `regift case dossiers` lists them")
    return Dossier(*row)


def listed(log: AuditLog) -> list[Dossier]:
    """All dossiers, by number."""
    return [Dossier(*row) for row in log.con.execute("SELECT * FROM dossiers ORDER BY number")]


def acts(log: AuditLog, number: int) -> list[dict[str, Any]]:
    """What was done to a dossier, oldest first: audit, act, actor, at, words."""
    rows = log.con.execute(
        "SELECT seq, act, actor, at_us, words FROM dossier_acts WHERE dossier = ? ORDER BY seq",
        (number,),
    )
    return [
        {"audit": seq, "act": act, "actor": who, "at": utc_text(at_us), "words": words}
        for seq, act, who, at_us, words in rows
    ]


def assign(log: AuditLog, subject: Subject, to: str) -> Dossier:
    """Say who works on it."""
    if not to.strip():
        raise UsageError("the assignee is empty: give a login")
    return _act(log, "assign", subject, {"to": to})


def note(log: AuditLog, subject: Subject, text: str) -> Dossier:
    """Add a note."""
    if not text.strip():
        raise UsageError("the note is empty")
    return _act(log, "note", subject, {"text": text})


def decide(log: AuditLog, subject: Subject, decision: Decision, rules: DecisionRules) -> Dossier:
    """Decide a case; from a step of the ladder on it then awaits a second person.

    Measures are made against the accounts of the decision, in force once it is.
    UsageError for a measure or clause that there is not, or an account on the allow-list.
    """
    need_reason(decision.reason)
    if decision.measure == NO_VIOLATION:
        state = CLEARED
        if decision.accounts:
            raise UsageError("no_violation measures nobody: leave the accounts away")
        if decision.clause is not None and decision.clause not in rules.clauses:
            raise UsageError(
                f"there is no clause {decision.clause!r}: there are {', '.join(rules.clauses)}"
            )
    else:
        if decision.clause is None:
            raise UsageError(f"{decision.measure} needs the clause that was violated")
        rules.check(decision.measure, decision.clause)
        state = AWAITING if rules.needs_second(decision.measure) else DECIDED
    with log.transaction():
        number = _number(log, subject, "decide")
        check_allow_list(log.con, decision.accounts)
        told = {
            "state": state,
            "measure": decision.measure,
            "clause": decision.clause,
            "reason": decision.reason,
            "generation": subject.generation,
            "findings": [list(each) for each in subject.findings],
            "measures": _new_measures(log.con, number, decision, rules),
        }
        _write(log, "decide", number, told)
    return get(log, number)


def approve(log: AuditLog, subject: Subject, reason: str, rules: DecisionRules) -> Dossier:
    """Second a decision; its measures are then in force."""
    need_reason(reason)
    with log.transaction():
        number = _number(log, subject, "approve")
        dossier = get(log, number)
        who, worked = log.actor, measures.was_assigned(log.con, number, log.actor)
        if who == dossier.decided_by or worked:
            part = "decided it" if who == dossier.decided_by else "is or was assigned it"
            raise RegiftError(
                f"{dossier.name} ({dossier.measure}) needs a second person: {who} {part}"
            )
        _write(log, "approve", number, {"reason": reason, **_dates(dossier.measure, rules)})
    return get(log, number)


def appeal(log: AuditLog, subject: Subject, reason: str) -> Dossier:
    """Record that who is measured disagrees, and why."""
    need_reason(reason)
    return _act(log, "appeal", subject, {"reason": reason})


def uphold(log: AuditLog, subject: Subject, reason: str) -> Dossier:
    """Decide an appeal: the decision stays."""
    return _end_appeal(log, "uphold", subject, reason)


def overturn(log: AuditLog, subject: Subject, reason: str) -> Dossier:
    """Decide an appeal: the decision falls, and its measures are reversed."""
    return _end_appeal(log, "overturn", subject, reason)


def reverse(log: AuditLog, subject: Subject, reason: str) -> Dossier:
    """Take a decision back; its measures are reversed, and the next refresh forgets them."""
    need_reason(reason)
    return _act(log, "reverse", subject, {"reason": reason})


def _end_appeal(log: AuditLog, act: str, subject: Subject, reason: str) -> Dossier:
    need_reason(reason)
    with log.transaction():
        number = _number(log, subject, act)
        dossier = get(log, number)
        for who, part in (
            (dossier.decided_by, "decided it"),
            (dossier.approved_by, "approved it"),
            *_measured_by(log.con, number),
        ):
            if who == log.actor:
                raise RegiftError(
                    f"the appeal against {dossier.name} needs somebody else: {who} {part}"
                )
        _write(log, act, number, {"reason": reason})
    return get(log, number)


def _measured_by(con: sqlite3.Connection, number: int) -> list[tuple[str, str]]:
    """Who planned or approved a measure of the dossier that stands, and what they did."""
    return con.execute(
        "SELECT planned_by, 'planned measure ' || number FROM measures "
        "WHERE dossier = ?1 AND state NOT IN ('planned', 'closed', 'reversed') UNION ALL "
        "SELECT approved_by, 'approved measure ' || number FROM measures "
        "WHERE dossier = ?1 AND state NOT IN ('planned', 'closed', 'reversed')",
        (number,),
    ).fetchall()


def _act(log: AuditLog, act: str, subject: Subject, told: Mapping[str, Any]) -> Dossier:
    with log.transaction():
        number = _number(log, subject, act)
        _write(log, act, number, told)
    return get(log, number)


def _write(log: AuditLog, act: str, number: int, told: Mapping[str, Any]) -> None:
    log.write(f"case {act}", {"dossier": number, **told}, APPLY[f"case {act}"])


def _number(log: AuditLog, subject: Subject, act: str) -> int:
    """The dossier of an act that it allows, opened if the case has none. In a transaction."""
    number = subject.number
    if number is None:
        numbers = attached(log.con, [finding for finding, _, _ in subject.findings])
        if len(numbers) > 1:
            raise UsageError(
                f"{subject.case_id} has merged from cases with the dossiers "
                f"{', '.join(f'D-{n}' for n in numbers)}: name the dossier that you mean"
            )
        number = numbers[0] if numbers else None
    state = OPEN if number is None else get(log, number).state
    if state not in MOVES[act]:
        known = f"{subject.case_id} has no dossier" if number is None else _told(get(log, number))
        raise RegiftError(f"{known}: {act} needs one that is {' or '.join(MOVES[act])}")
    return open_dossier(log, subject) if number is None else number


def _told(dossier: Dossier) -> str:
    """A dossier that does not allow an act."""
    by = f" by {dossier.decided_by} ({dossier.measure})" if dossier.decided_by else ""
    return f"{dossier.name} is {dossier.state}{f', decided{by}' if by else ''}"


def open_dossier(log: AuditLog, subject: Subject) -> int:
    """Open the dossier of a case, in a transaction; gives its number."""
    row = log.con.execute("SELECT coalesce(max(number), 0) + 1 FROM dossiers").fetchone()
    told = {
        "case": subject.case_id,
        "generation": subject.generation,
        "findings": [list(each) for each in subject.findings],
    }
    _write(log, "open", int(row[0]), told)
    return int(row[0])


def attached(con: sqlite3.Connection, findings: Sequence[str]) -> list[int]:
    """Numbers of the dossiers that hold one of the findings."""
    con.execute("CREATE TEMP TABLE IF NOT EXISTS shown (finding TEXT)")
    con.execute("DELETE FROM shown")
    con.executemany("INSERT INTO shown VALUES (?)", [(finding,) for finding in findings])
    rows = con.execute(
        "SELECT DISTINCT dossier FROM dossier_findings JOIN shown USING (finding) ORDER BY dossier"
    ).fetchall()
    return [number for (number,) in rows]


def check_allow_list(con: sqlite3.Connection, accounts: Sequence[str]) -> None:
    """RegiftError for an account that no measure may be decided against."""
    for account in accounts:
        found = con.execute(
            "SELECT reason FROM allow_list WHERE account = ? AND removed IS NULL AND until_us > ?",
            (account, now_us()),
        ).fetchone()
        if found:
            raise RegiftError(
                f"{account} is on the allow-list ({found[0]}): "
                f"`regift allow remove {account} --reason TEXT` first"
            )


def _new_measures(
    con: sqlite3.Connection, number: int, decision: Decision, rules: DecisionRules
) -> list[list[Any]]:
    """What the decision does to each account, as its audit row tells it."""
    first = measures.next_number(con)
    each = {
        "dossier": number,
        "step": decision.measure,
        "clause": decision.clause,
        "follows": None,
        **_dates(decision.measure, rules),
    }
    accounts = sorted(set(decision.accounts), key=lambda account: account.encode())
    return [[first + place, {**each, "account": a}] for place, a in enumerate(accounts)]


def _dates(step: str | None, rules: DecisionRules) -> dict[str, int | None]:
    """When a measure that is in force from now on is looked at again, and ends by itself."""
    due, until = rules.dates(step or "", now_us())
    return {"due_us": due, "until_us": until}

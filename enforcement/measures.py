"""Measures against accounts: planned, approved, exported, looked at again, ended or reversed.

    planned --approve--> approved --export--> exported --recheck--> rechecked
       |                    |                    |                     |  `-extend-> exported
       `------------------- reverse, close (the first only reverse) ---'

A measure is in force from its approval until it is closed, reversed or over (`until_us`); `since`
of an exported one is the moment at which the export says that it takes effect. One that follows
another (a step up) is a new one that names it. Which measures a decided dossier makes, and what a
reversed one takes back, is written by `enforcement/dossiers.py` in its own audit row; what a plan
does to a dossier by `enforcement/dossier_measures.py`.

An export tells the receiving system of three things: a measure, that one has other dates since it
was told (`told_until_us`), and that one is over (`lifted_us`).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regift.enforcement.audit_log import Apply, AuditLog, AuditRow
from regift.enforcement.decision_rules import DecisionRules
from regift.graph.workspace import now_us, utc_text
from regift.loaders.errors import RegiftError, UsageError

PLANNED, APPROVED, EXPORTED, RECHECKED = "planned", "approved", "exported", "rechecked"
CLOSED, REVERSED = "closed", "reversed"
IN_FORCE = (APPROVED, EXPORTED, RECHECKED)
OUTCOMES = ("stopped", "continues")

MOVES: dict[str, tuple[str, ...]] = {
    "approve": (PLANNED,),
    "decline": (PLANNED,),
    "export": (APPROVED,),
    "recheck": (EXPORTED, RECHECKED),
    "extend": (RECHECKED,),
    "close": IN_FORCE,
    "reverse": (PLANNED, *IN_FORCE),
}
"""Act -> states from which it is allowed."""


@dataclass(frozen=True)
class Planned:
    """One proposed measure. due_us: when it is looked at again; until_us: when it ends by itself.

    dossier: number of the dossier it belongs to; follows: number of the measure it steps up from.
    """

    account: str
    step: str
    clause: str
    reason: str
    dossier: int | None = None
    due_us: int | None = None
    until_us: int | None = None
    follows: int | None = None


@dataclass(frozen=True)
class Handed:
    """A measure as it is handed over: when it takes effect, is looked at again, and ends."""

    number: int
    effective_us: int
    due_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True)
class Measure:
    """A measure as it stands; times are microseconds, null where it has not come so far."""

    number: int
    dossier: int | None
    account: str
    step: str
    clause: str
    state: str
    reason: str
    planned_by: str
    planned_us: int
    approved_by: str | None
    approved_us: int | None
    exported_us: int | None
    effective_us: int | None
    due_us: int | None
    until_us: int | None
    rechecked_us: int | None
    outcome: str | None
    ended_by: str | None
    ended_us: int | None
    follows: int | None
    told_until_us: int | None
    lifted_us: int | None

    @property
    def look_us(self) -> int | None:
        """When it is looked at again: one that has no such date, when it is over."""
        return self.until_us if self.due_us is None else self.due_us

    def is_over(self, now_us: int) -> bool:
        """Whether it has ended by itself."""
        return self.until_us is not None and self.until_us <= now_us


def plan(log: AuditLog, planned: Sequence[Planned], rules: DecisionRules) -> list[int]:
    """Record proposals, all in one audit row; gives their numbers.

    UsageError for a step or clause that there is not; RegiftError for a dossier or measure that
    there is not, or for an account of which the same step of the same dossier is planned or in
    force already.
    """
    for each in planned:
        rules.check(each.step, each.clause)
        need_reason(each.reason)
    if len({(each.account, each.step, each.dossier) for each in planned}) < len(planned):
        raise UsageError("one step against one account is planned twice")
    with log.transaction():
        for each in planned:
            _check_new(log.con, each)
        first = next_number(log.con)
        told = [[first + place, vars(each)] for place, each in enumerate(planned)]
        log.write("measure plan", {"measures": told}, _planned)
    return [first + place for place in range(len(planned))]


def approve(
    log: AuditLog,
    numbers: Sequence[int],
    reason: str,
    rules: DecisionRules,
    clause: str | None = None,
) -> None:
    """Put planned measures in force; from a step on by another person than the planner.

    That person may never have been the assignee of the dossier either (D-15).
    Dates count from now on.
    clause: by which they are decided, if not by the one that was planned.
    """
    need_reason(reason)
    with log.transaction():
        after = []
        for measure in allowed(log.con, numbers, "approve"):
            rules.check(measure.step, clause or measure.clause)
            if rules.needs_second(measure.step):
                _check_second(log, measure)
            after.append([measure.number, *rules.dates(measure.step, 0)])
        told = {"measures": list(numbers), "reason": reason, "clause": clause, "after_us": after}
        log.write("measure approve", told, _approved)


def export(
    log: AuditLog,
    handed: Sequence[Handed],
    name: str,
    *,
    extended: Sequence[int] = (),
    lifted: Sequence[int] = (),
) -> None:
    """Record that approved measures were handed over, and what else the file says of others.

    name: of the action file, by which the receiving system knows it again.
    extended: those of which it tells the new end; lifted: those that it says are over.
    """
    with log.transaction():
        allowed(log.con, [each.number for each in handed], "export")
        told = {
            "measures": [list(vars(each).values()) for each in handed],
            "name": name,
            "extended": list(extended),
            "lifted": list(lifted),
        }
        log.write("measure export", told, _exported)


def recheck(log: AuditLog, number: int, outcome: str, reason: str) -> None:
    """Record what was found when a measure was looked at again: `stopped` or `continues`."""
    if outcome not in OUTCOMES:
        raise UsageError(f"there is no outcome {outcome!r}: there are {', '.join(OUTCOMES)}")
    _act(log, "recheck", number, reason, {"outcome": outcome})


def extend(
    log: AuditLog, number: int, reason: str, *, due_us: int, until_us: int | None = None
) -> None:
    """Let a measure that was looked at again go on, with new dates.

    RegiftError for one that is over by itself: whoever was told of it has ended it.
    """
    (measure,) = numbered(log.con, [number])
    now = now_us()
    if measure.is_over(now):
        raise RegiftError(
            f"measure {number} is over since {utc_text(measure.until_us or now)}: close it; "
            "`regift enforce plan` proposes another where it goes on"
        )
    _act(log, "extend", number, reason, {"due_us": due_us, "until_us": until_us})


def close(log: AuditLog, number: int, reason: str) -> None:
    """End a measure that did what it was for; it stays in the account's history."""
    _act(log, "close", number, reason, {})


def reverse(log: AuditLog, number: int, reason: str) -> None:
    """Take a measure back: it should not have been. The next refresh knows nothing of it."""
    _act(log, "reverse", number, reason, {})


def listed(
    log: AuditLog, *, states: Sequence[str] = (), account: str | None = None
) -> list[Measure]:
    """Measures in these states (all if none is given) and of this account, by number."""
    marks = ", ".join("?" * len(states))
    rows = log.con.execute(
        f"SELECT * FROM measures WHERE (? IS NULL OR account = ?)"
        f"{f' AND state IN ({marks})' if states else ''} ORDER BY number",
        (account, account, *states),
    )
    return [_measure(row) for row in rows]


def numbered(con: sqlite3.Connection, numbers: Sequence[int]) -> list[Measure]:
    """Measures by their numbers, in this order; UsageError for one that is not there."""
    found = []
    for number in numbers:
        row = con.execute("SELECT * FROM measures WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise UsageError(f"there is no measure {number}: `regift enforce list` has them")
        found.append(_measure(row))
    return found


def due(log: AuditLog, now_us: int) -> list[Measure]:
    """Measures that are to be looked at again by now, the longest overdue first.

    Those are in force, or over by themselves and not yet closed.
    """
    rows = log.con.execute(
        "SELECT * FROM measures WHERE state IN ('exported', 'approved', 'rechecked') "
        "AND coalesce(due_us, until_us) <= ? ORDER BY coalesce(due_us, until_us), number",
        (now_us,),
    )
    return [_measure(row) for row in rows]


def in_force(con: sqlite3.Connection, now_us: int) -> list[tuple[str, int, str, str]]:
    """(account, since_us, clause, step) of measures in force, sorted: what a refresh reads."""
    return con.execute(
        "SELECT account, coalesce(effective_us, approved_us) AS since_us, clause, step "
        "FROM measures WHERE state IN ('exported', 'approved', 'rechecked') "
        "AND (until_us IS NULL OR until_us > ?) ORDER BY account, since_us, clause, step",
        (now_us,),
    ).fetchall()


def strikes(con: sqlite3.Connection) -> list[tuple[str, int, str, str]]:
    """(account, approved_us, clause, step) of measures that were ever in force, sorted.

    Closed and past ones count, those that were reversed do not: what degree calls repetition.
    """
    return con.execute(
        "SELECT account, approved_us, clause, step FROM measures "
        "WHERE approved_us IS NOT NULL AND state <> 'reversed' "
        "ORDER BY account, approved_us, clause, step"
    ).fetchall()


def _measure(row: Sequence[object]) -> Measure:
    return Measure(*row)  # type: ignore[arg-type]


def next_number(con: sqlite3.Connection) -> int:
    """The number that the next measure has."""
    return int(con.execute("SELECT coalesce(max(number), 0) + 1 FROM measures").fetchone()[0])


def insert(con: sqlite3.Connection, number: int, told: Mapping[str, object], row: AuditRow) -> None:
    """A planned measure, as an audit row tells it."""
    con.execute(
        "INSERT INTO measures (number, dossier, account, step, clause, state, reason, planned_by, "
        "planned_us, due_us, until_us, follows) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(number, told["dossier"], told["account"], told["step"], told["clause"], PLANNED),
            *(told.get("reason", ""), row.actor, row.at_us),
            *(told["due_us"], told["until_us"], told["follows"]),
        ),
    )


def put_in_force(con: sqlite3.Connection, numbers: Sequence[int], row: AuditRow) -> None:
    """Planned measures are approved by the person of the row, at its time."""
    con.executemany(
        "UPDATE measures SET state = ?, approved_by = ?, approved_us = ? WHERE number = ?",
        [(APPROVED, row.actor, row.at_us, number) for number in numbers],
    )


def take_back(con: sqlite3.Connection, dossier: int, row: AuditRow) -> None:
    """All measures of a dossier that are planned or in force are reversed."""
    con.execute(
        "UPDATE measures SET state = 'reversed', ended_by = ?, ended_us = ? "
        "WHERE dossier = ? AND state NOT IN ('closed', 'reversed')",
        (row.actor, row.at_us, dossier),
    )


def _act(log: AuditLog, act: str, number: int, reason: str, more: Mapping[str, object]) -> None:
    need_reason(reason)
    with log.transaction():
        allowed(log.con, [number], act)
        log.write(
            f"measure {act}", {"measure": number, "reason": reason, **more}, APPLY[f"measure {act}"]
        )


def need_reason(reason: str) -> None:
    """UsageError for a decision without a reason."""
    if not reason.strip():
        raise UsageError("the reason is empty: say why")


def allowed(con: sqlite3.Connection, numbers: Sequence[int], act: str) -> list[Measure]:
    """The measures, each of which is there and may be acted on so; UsageError, RegiftError."""
    found = numbered(con, numbers)
    for measure in found:
        if measure.state not in MOVES[act]:
            raise RegiftError(
                f"measure {measure.number} ({measure.step} against {measure.account}) is "
                f"{measure.state}: {act} needs one that is {' or '.join(MOVES[act])}"
            )
    return found


def _check_new(con: sqlite3.Connection, each: Planned) -> None:
    for table, number in (("dossiers", each.dossier), ("measures", each.follows)):
        if number is None:
            continue
        if not con.execute(f"SELECT 1 FROM {table} WHERE number = ?", (number,)).fetchone():
            raise UsageError(f"there is no {table.removesuffix('s')} {number}")
    same = con.execute(
        "SELECT number, state FROM measures WHERE account = ? AND step = ? AND dossier IS ? "
        "AND state NOT IN ('closed', 'reversed')",
        (each.account, each.step, each.dossier),
    ).fetchone()
    if same:
        raise RegiftError(
            f"{each.step} against {each.account} is {same[1]} already: measure {same[0]}"
        )


def was_assigned(con: sqlite3.Connection, dossier: int | None, who: str) -> bool:
    """Whether a dossier was ever assigned to somebody: handing it on makes no second person."""
    return bool(
        con.execute(
            "SELECT 1 FROM dossier_acts WHERE dossier = ? AND act = 'assign' AND words = ?",
            (dossier, who),
        ).fetchone()
    )


def _check_second(log: AuditLog, measure: Measure) -> None:
    who = log.actor
    worked = was_assigned(log.con, measure.dossier, who)
    if who == measure.planned_by or worked:
        part = "planned it" if who == measure.planned_by else "is or was assigned its dossier"
        raise RegiftError(
            f"measure {measure.number} ({measure.step}) needs a second person: {who} {part}"
        )


def _planned(con: sqlite3.Connection, row: AuditRow) -> None:
    for number, told in row.payload["measures"]:
        insert(con, number, told, row)


def _approved(con: sqlite3.Connection, row: AuditRow) -> None:
    told = row.payload
    put_in_force(con, told["measures"], row)
    con.executemany(
        "UPDATE measures SET due_us = ?, until_us = ?, clause = coalesce(?, clause) "
        "WHERE number = ?",
        [
            (*(after and row.at_us + after for after in times), told.get("clause"), number)
            for number, *times in told.get("after_us", ())
        ],
    )


def _exported(con: sqlite3.Connection, row: AuditRow) -> None:
    con.executemany(
        "UPDATE measures SET state = ?, exported_us = ?, effective_us = ?, due_us = ?, "
        "until_us = ?, told_until_us = ? WHERE number = ?",
        [
            (EXPORTED, row.at_us, *times, times[-1], number)
            for number, *times in row.payload["measures"]
        ],
    )
    con.executemany(
        "UPDATE measures SET told_until_us = until_us WHERE number = ?",
        [(number,) for number in row.payload.get("extended", ())],
    )
    con.executemany(
        "UPDATE measures SET lifted_us = ? WHERE number = ?",
        [(row.at_us, number) for number in row.payload.get("lifted", ())],
    )


def _rechecked(con: sqlite3.Connection, row: AuditRow) -> None:
    con.execute(
        "UPDATE measures SET state = ?, rechecked_us = ?, outcome = ? WHERE number = ?",
        (RECHECKED, row.at_us, row.payload["outcome"], row.payload["measure"]),
    )


def _extended(con: sqlite3.Connection, row: AuditRow) -> None:
    told = row.payload
    con.execute(
        "UPDATE measures SET state = ?, due_us = ?, until_us = ? WHERE number = ?",
        (EXPORTED, told["due_us"], told["until_us"], told["measure"]),
    )


def _ended(con: sqlite3.Connection, row: AuditRow) -> None:
    state = CLOSED if row.action == "measure close" else REVERSED
    con.execute(
        "UPDATE measures SET state = ?, ended_by = ?, ended_us = ? WHERE number = ?",
        (state, row.actor, row.at_us, row.payload["measure"]),
    )


APPLY: dict[str, Apply] = {
    "measure plan": _planned,
    "measure approve": _approved,
    "measure export": _exported,
    "measure recheck": _rechecked,
    "measure extend": _extended,
    "measure close": _ended,
    "measure reverse": _ended,
}

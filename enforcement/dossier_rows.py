"""What the audit rows of dossiers write into the tables, whether they are new or replayed."""

import sqlite3

from regift.enforcement import measures
from regift.enforcement.audit_log import Apply, AuditRow

OPEN, AWAITING, DECIDED, CLEARED = "open", "awaiting approval", "decided", "cleared"
APPEALED, UPHELD, OVERTURNED, REVERSED = "appealed", "upheld", "overturned", "reversed"
STATES = (OPEN, AWAITING, DECIDED, CLEARED, APPEALED, UPHELD, OVERTURNED, REVERSED)


def _acted(con: sqlite3.Connection, row: AuditRow) -> int:
    """Add to the dossier's history; gives its number."""
    told = row.payload
    words = told.get("to") or told.get("text") or told.get("reason", "")
    con.execute(
        "INSERT INTO dossier_acts VALUES (?, ?, ?, ?, ?, ?)",
        (row.seq, told["dossier"], row.action[len("case ") :], row.actor, row.at_us, words),
    )
    return int(told["dossier"])


def _saw(con: sqlite3.Connection, row: AuditRow, number: int) -> None:
    con.executemany(
        "INSERT OR REPLACE INTO dossier_findings VALUES (?, ?, ?, ?, ?)",
        [(number, *finding, row.seq) for finding in row.payload["findings"]],
    )


def _opened(con: sqlite3.Connection, row: AuditRow) -> None:
    told = row.payload
    con.execute(
        "INSERT INTO dossiers (number, case_id, generation, state, opened_by, opened_us) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (told["dossier"], told["case"], told["generation"], OPEN, row.actor, row.at_us),
    )
    _saw(con, row, _acted(con, row))


def _noted(con: sqlite3.Connection, row: AuditRow) -> None:
    _acted(con, row)


def _assigned(con: sqlite3.Connection, row: AuditRow) -> None:
    con.execute(
        "UPDATE dossiers SET assignee = ? WHERE number = ?", (row.payload["to"], _acted(con, row))
    )


def _decided(con: sqlite3.Connection, row: AuditRow) -> None:
    told, number = row.payload, _acted(con, row)
    con.execute(
        "UPDATE dossiers SET state = ?, measure = ?, clause = ?, reason = ?, decided_by = ?, "
        "decided_us = ?, approved_by = NULL, approved_us = NULL, appeal_by = NULL, ended_by = NULL,"
        " ended_us = NULL, generation = ? WHERE number = ?",
        (
            *(told["state"], told["measure"], told["clause"], told.get("reason", "")),
            *(row.actor, row.at_us, told["generation"], number),
        ),
    )
    _saw(con, row, number)
    measures.take_back(con, number, row)
    for measure, made in told["measures"]:
        measures.insert(con, measure, {**made, "reason": told.get("reason", "")}, row)
    if told["state"] == DECIDED:
        measures.put_in_force(con, [measure for measure, _ in told["measures"]], row)


def _approved(con: sqlite3.Connection, row: AuditRow) -> None:
    told, number = row.payload, _acted(con, row)
    con.execute(
        "UPDATE dossiers SET state = ?, approved_by = ?, approved_us = ? WHERE number = ?",
        (DECIDED, row.actor, row.at_us, number),
    )
    con.execute(
        "UPDATE measures SET due_us = ?, until_us = ? WHERE dossier = ? AND state = 'planned'",
        (told["due_us"], told["until_us"], number),
    )
    planned = con.execute(
        "SELECT number FROM measures WHERE dossier = ? AND state = 'planned'", (number,)
    ).fetchall()
    measures.put_in_force(con, [measure for (measure,) in planned], row)


def _planned(con: sqlite3.Connection, row: AuditRow) -> None:
    """Measures of a plan: their own audit row makes them."""
    _saw(con, row, _acted(con, row))


def _declined(con: sqlite3.Connection, row: AuditRow) -> None:
    _acted(con, row)


def _measured(con: sqlite3.Connection, row: AuditRow) -> None:
    """Approved measures of a plan: the severest that stands is the dossier's decision."""
    told, number = row.payload, _acted(con, row)
    second = (row.actor, row.at_us) if told["planned_by"] else (None, None)
    con.execute(
        "UPDATE dossiers SET state = ?, measure = ?, clause = ?, reason = ?, decided_by = ?, "
        "decided_us = ?, approved_by = ?, approved_us = ?, appeal_by = NULL, ended_by = NULL, "
        "ended_us = NULL WHERE number = ?",
        (
            *(DECIDED, told["measure"], told["clause"], told.get("reason", "")),
            *(told["planned_by"] or row.actor, row.at_us, *second, number),
        ),
    )


def _appealed(con: sqlite3.Connection, row: AuditRow) -> None:
    con.execute(
        "UPDATE dossiers SET state = ?, appeal_by = ? WHERE number = ?",
        (APPEALED, row.actor, _acted(con, row)),
    )


def _ended(con: sqlite3.Connection, row: AuditRow) -> None:
    act = row.action.removeprefix("case ")
    state = {"uphold": UPHELD, "overturn": OVERTURNED, "reverse": REVERSED}[act]
    number = _acted(con, row)
    con.execute(
        "UPDATE dossiers SET state = ?, ended_by = ?, ended_us = ? WHERE number = ?",
        (state, row.actor, row.at_us, number),
    )
    if state != UPHELD:
        measures.take_back(con, number, row)


APPLY: dict[str, Apply] = {
    "case open": _opened,
    "case note": _noted,
    "case assign": _assigned,
    "case decide": _decided,
    "case approve": _approved,
    "case plan": _planned,
    "case measure": _measured,
    "case decline": _declined,
    "case appeal": _appealed,
    "case uphold": _ended,
    "case overturn": _ended,
    "case reverse": _ended,
}

"""The allow-list: accounts that no measure is proposed against, each until a date and for a reason.

An account on it keeps its findings, score and rank. An entry that is over counts no more and stays
in the log; a new entry of an account replaces the one it has.
"""

import sqlite3
from dataclasses import dataclass

from regift.enforcement.audit_log import Apply, AuditLog, AuditRow
from regift.enforcement.measures import need_reason
from regift.graph.workspace import now_us, utc_text
from regift.loaders.errors import UsageError


@dataclass(frozen=True)
class Entry:
    """One account that is let be until a moment."""

    account: str
    until_us: int
    reason: str
    added_by: str
    audit: int


def add(log: AuditLog, account: str, until_us: int, reason: str) -> int:
    """Put an account on the list until a moment to come; gives the number of the audit row."""
    need_reason(reason)
    if until_us <= now_us():
        raise UsageError(f"{utc_text(until_us)} is over: an entry ends in the future")
    told = {"account": account, "until_us": until_us, "reason": reason}
    with log.transaction():
        return log.write("allow add", told, _added).seq


def remove(log: AuditLog, account: str, reason: str) -> int:
    """Take an account off the list; UsageError if it is not on it."""
    need_reason(reason)
    with log.transaction():
        if not log.con.execute(
            "SELECT 1 FROM allow_list WHERE account = ? AND removed IS NULL", (account,)
        ).fetchone():
            raise UsageError(f"{account!r} is not on the allow-list: `regift allow list` shows it")
        return log.write("allow remove", {"account": account, "reason": reason}, _removed).seq


def entries(log: AuditLog) -> list[Entry]:
    """Entries that nobody removed or replaced, those that are over too, by account."""
    rows = log.con.execute(
        "SELECT account, until_us, reason, added_by, seq FROM allow_list "
        "WHERE removed IS NULL ORDER BY account"
    )
    return [Entry(*row) for row in rows]


def allowed(con: sqlite3.Connection, now: int) -> list[tuple[str, int, str]]:
    """(account, until_us, reason) of entries that are not over: what a refresh reads."""
    return con.execute(
        "SELECT account, until_us, reason FROM allow_list "
        "WHERE removed IS NULL AND until_us > ? ORDER BY account",
        (now,),
    ).fetchall()


def _added(con: sqlite3.Connection, row: AuditRow) -> None:
    _removed(con, row)
    told = row.payload
    con.execute(
        "INSERT INTO allow_list VALUES (?, ?, ?, ?, ?, NULL)",
        (row.seq, told["account"], told["until_us"], told.get("reason", ""), row.actor),
    )


def _removed(con: sqlite3.Connection, row: AuditRow) -> None:
    con.execute(
        "UPDATE allow_list SET removed = ? WHERE account = ? AND removed IS NULL",
        (row.seq, row.payload["account"]),
    )


APPLY: dict[str, Apply] = {"allow add": _added, "allow remove": _removed}

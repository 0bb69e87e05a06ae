"""What people say of certificates: reviewed and accepted or refused, proof asked for.

A review is of one filing number of one account, with all its periods; the newest counts. A refused
certificate counts for nothing from the next refresh on. A reminder says that somebody asked an
account for proof: nothing is sent by regift.
"""

import sqlite3
from dataclasses import dataclass

from regift.enforcement.audit_log import Apply, AuditLog, AuditRow
from regift.enforcement.measures import need_reason

ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True)
class Review:
    """The newest word of a person on a filing number of an account."""

    account: str
    filing_number: str
    verdict: str
    reason: str
    by: str
    at_us: int
    audit: int


@dataclass(frozen=True)
class Reminder:
    """One request for proof, sent to an account by a person."""

    account: str
    reason: str
    by: str
    at_us: int
    audit: int


def review(log: AuditLog, account: str, filing_number: str, verdict: str, reason: str) -> int:
    """Accept or refuse a certificate; gives the number of the audit row."""
    need_reason(reason)
    told = {
        "account": account,
        "filing_number": filing_number,
        "verdict": verdict,
        "reason": reason,
    }
    with log.transaction():
        return log.write("certificate review", told, _reviewed).seq


def remind(log: AuditLog, account: str, reason: str) -> int:
    """Record that an account was asked for proof; gives the number of the audit row."""
    need_reason(reason)
    with log.transaction():
        return log.write(
            "certificate remind", {"account": account, "reason": reason}, _reminded
        ).seq


def reviews(log: AuditLog) -> list[Review]:
    """The newest review of each filing number, by account and number."""
    rows = log.con.execute(
        "SELECT account, filing_number, verdict, reason, reviewed_by, at_us, seq "
        f"FROM certificate_reviews {_NEWEST} ORDER BY account, filing_number"
    )
    return [Review(*row) for row in rows]


def reminders(log: AuditLog) -> list[Reminder]:
    """All reminders, oldest first."""
    rows = log.con.execute(
        "SELECT account, reason, reminded_by, at_us, seq FROM certificate_reminders ORDER BY seq"
    )
    return [Reminder(*row) for row in rows]


def reviewed(con: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """(account, filing_number, verdict), one row each: what a refresh reads."""
    return con.execute(
        "SELECT account, filing_number, verdict "
        f"FROM certificate_reviews {_NEWEST} ORDER BY account, filing_number"
    ).fetchall()


_NEWEST = "WHERE seq IN (SELECT max(seq) FROM certificate_reviews GROUP BY account, filing_number)"


def _reviewed(con: sqlite3.Connection, row: AuditRow) -> None:
    told = row.payload
    con.execute(
        "INSERT INTO certificate_reviews VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(row.seq, told["account"], told["filing_number"], told["verdict"]),
            *(told.get("reason", ""), row.actor, row.at_us),
        ),
    )


def _reminded(con: sqlite3.Connection, row: AuditRow) -> None:
    told = row.payload
    con.execute(
        "INSERT INTO certificate_reminders VALUES (?, ?, ?, ?, ?)",
        (row.seq, told["account"], told.get("reason", ""), row.actor, row.at_us),
    )


APPLY: dict[str, Apply] = {"certificate review": _reviewed, "certificate remind": _reminded}

"""Judgements: what a person says of two accounts; they flow into a refresh as data."""

import sqlite3

from regift.enforcement.audit_log import Apply, AuditLog, AuditRow

Judgement = tuple[str, str, str, int]
"""(account, account, same | different, number of the audit row)."""


def judge(log: AuditLog, a: str, b: str, verdict: str, reason: str) -> int:
    """Record what a person says of two accounts; gives the number of the audit row."""
    first, second = sorted((a, b), key=lambda account: account.encode())
    payload = {"a": first, "b": second, "verdict": verdict, "reason": reason}
    with log.transaction():
        return log.write("link judge", payload, _judged).seq


def judgements(con: sqlite3.Connection) -> list[Judgement]:
    """All judgements, oldest first."""
    return con.execute("SELECT a, b, verdict, seq FROM judgements ORDER BY seq").fetchall()


def _judged(con: sqlite3.Connection, row: AuditRow) -> None:
    told = row.payload
    # A tombstone in the place of a forgotten account may come in another order.
    pair = sorted((told["a"], told["b"]), key=str.encode)
    con.execute(
        "INSERT INTO judgements VALUES (?, ?, ?, ?, ?)",
        (row.seq, *pair, told["verdict"], told.get("reason", "")),
    )


APPLY: dict[str, Apply] = {"link judge": _judged}

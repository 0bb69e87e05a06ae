"""Accounts that are to be forgotten, and what the casebook says once they are.

    waiting -> done: a full refresh has made a generation without it, and nothing older is left
            `-> cancelled: before that

While it waits the casebook has the account's id. Then every row that names it loses people's words
and has its tombstone instead of the id (`replay.forget`): it stays in the chain by its digest.
"""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regift.enforcement.audit_log import Apply, AuditLog, AuditRow
from regift.enforcement.measures import need_reason
from regift.loaders.errors import UsageError

ACCOUNTS = ("a", "b", "account")
"""Keys of payloads under which an account stands."""

TEXTS = ("reason", "text", "filter")
"""Keys of payloads under which people's words stand, which may name one."""

WAITING, CANCELLED, DONE = "waiting", "cancelled", "done"


@dataclass(frozen=True)
class Forgetting:
    """One account; `account` is its id while it waits, else its tombstone."""

    seq: int
    account: str
    tombstone: str
    state: str
    reason: str
    asked_by: str
    asked_us: int
    generation: int | None
    ended_us: int | None


def ask(log: AuditLog, account: str, tombstone: str, reason: str) -> int:
    """Ask that an account be forgotten; gives the number of the audit row."""
    need_reason(reason)
    with log.transaction():
        if any(each.tombstone == tombstone for each in waiting(log.con)):
            raise UsageError(f"{account!r} waits to be forgotten already: see `regift forget list`")
        told = {"account": account, "tombstone": tombstone, "reason": reason}
        return log.write("forget ask", told, _asked).seq


def cancel(log: AuditLog, account: str, reason: str) -> int:
    """Let an account be that waits; UsageError when none of that id does."""
    need_reason(reason)
    with log.transaction():
        for each in waiting(log.con):
            if each.account == account:
                return log.write(
                    "forget cancel", {"ask": each.seq, "reason": reason}, _cancelled
                ).seq
        raise UsageError(f"{account!r} does not wait to be forgotten: see `regift forget list`")


def listed(con: sqlite3.Connection) -> list[Forgetting]:
    """All that was ever asked, oldest first."""
    rows = con.execute(
        "SELECT seq, account, tombstone, state, reason, asked_by, asked_us, generation, ended_us "
        "FROM forgettings ORDER BY seq"
    )
    return [Forgetting(*row) for row in rows]


def waiting(con: sqlite3.Connection) -> list[Forgetting]:
    """Those that wait, oldest first."""
    return [each for each in listed(con) if each.state == WAITING]


def renamed(value: Any, names: Mapping[str, str], under: str = "") -> Any:
    """JSON with tombstones for ids, and without the texts in which one stands as a word.

    Ids are what stands under `ACCOUNTS`: an account may be called as a measure is.

    >>> renamed(
    ...     {"a": "ann", "verdict": "ann", "reason": "saw ann", "text": "annual"},
    ...     {"ann": "forgotten-1"},
    ... )
    {'a': 'forgotten-1', 'verdict': 'ann', 'reason': '', 'text': 'annual'}
    """
    if isinstance(value, dict):
        return {key: renamed(part, names, key) for key, part in value.items()}
    if isinstance(value, list):
        return [renamed(part, names, under) for part in value]
    if not isinstance(value, str):
        return value
    if under in ACCOUNTS:
        return names.get(value, value)
    if under in TEXTS and any(
        re.search(rf"(?<!\w){re.escape(account)}(?!\w)", value) for account in names
    ):
        return ""
    return value


def _asked(con: sqlite3.Connection, row: AuditRow) -> None:
    told = row.payload
    con.execute(
        "INSERT INTO forgettings VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        (
            *(row.seq, told["account"], told["tombstone"], WAITING, told.get("reason", "")),
            *(row.actor, row.at_us),
        ),
    )


def _cancelled(con: sqlite3.Connection, row: AuditRow) -> None:
    con.execute(
        "UPDATE forgettings SET state = ?, ended_us = ? WHERE seq = ?",
        (CANCELLED, row.at_us, row.payload["ask"]),
    )


def _done(con: sqlite3.Connection, row: AuditRow) -> None:
    con.executemany(
        "UPDATE forgettings SET state = ?, ended_us = ?, generation = ? WHERE seq = ?",
        [(DONE, row.at_us, row.payload["generation"], seq) for seq in row.payload["asks"]],
    )


APPLY: dict[str, Apply] = {
    "forget ask": _asked,
    "forget cancel": _cancelled,
    "forget done": _done,
}

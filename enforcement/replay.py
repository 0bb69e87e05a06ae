"""The tables of the casebook made anew from its log: to check them, and after an erasure.

A refresh and the commands read the tables and not the log, so each table must be what the log says.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from regift.enforcement import (
    allow_list,
    certificates,
    dossier_rows,
    forgetting,
    judgements,
    measures,
)
from regift.enforcement.audit_log import ERASE, Apply, AuditLog, AuditRow
from regift.enforcement.forgetting import Forgetting, renamed
from regift.enforcement.migrations import migrate
from regift.loaders.errors import RegiftError, UsageError

APPLY: dict[str, Apply] = {
    **judgements.APPLY,
    **dossier_rows.APPLY,
    **measures.APPLY,
    **allow_list.APPLY,
    **certificates.APPLY,
    **forgetting.APPLY,
}
"""Action -> what its rows write. Rows of other actions are notes and write nothing."""

TABLES = {
    "judgements": "seq",
    "dossiers": "number",
    "dossier_findings": "dossier, finding",
    "dossier_acts": "seq",
    "measures": "number",
    "allow_list": "seq",
    "certificate_reviews": "seq",
    "certificate_reminders": "seq",
    "forgettings": "seq",
}
"""Tables that the log makes, each after those that it refers to, and their keys."""

WORDS = ("reason", "text")
"""What an erasure takes from a row that made something: people's own words. Names of accounts and
what was decided stay, as other rows and the generations rest on them."""


def check_tables(log: AuditLog) -> None:
    """RegiftError for the first row of a table that is not what the log says."""
    again = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(again)
        for row in log.rows():
            _apply(again, row)
        _check_shape(log, again)
        for table, key in TABLES.items():
            _compare(log, again, table, key)
    finally:
        again.close()


def _apply(con: sqlite3.Connection, row: AuditRow) -> None:
    if row.action in APPLY:
        APPLY[row.action](con, row)


def _check_shape(log: AuditLog, again: sqlite3.Connection) -> None:
    """No trigger or view was added, no column was changed."""
    query = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    found = {(kind, name): sql for kind, name, sql in log.con.execute(query)}
    wanted = {(kind, name): sql for kind, name, sql in again.execute(query)}
    for kind, name in sorted(found.keys() | wanted.keys()):
        if found.get((kind, name)) != wanted.get((kind, name)):
            raise RegiftError(f"{log.path}: the {kind} {name} was changed past regift")


def _compare(log: AuditLog, again: sqlite3.Connection, table: str, key: str) -> None:
    query = f"SELECT * FROM {table} ORDER BY {key}"
    width = key.count(",") + 1
    found = {row[:width]: row for row in log.con.execute(query)}
    wanted = {row[:width]: row for row in again.execute(query)}
    wrong = [k for k in found.keys() | wanted.keys() if found.get(k) != wanted.get(k)]
    if wrong:
        named = ", ".join(map(str, min(wrong, key=lambda k: tuple(map(str, k)))))
        raise RegiftError(
            f"{log.path}: row {named} of {table} is not what the log says: "
            "it was changed, added or removed past regift"
        )


def erase(log: AuditLog, seq: int, reason: str) -> int:
    """Erase what a row of the log says in people's words; gives the number of the erasure's row.

    A row that made nothing loses all it says. The row stays in the chain by its digest, and the
    tables are made anew without the words; the file's free pages are overwritten.
    UsageError for a row that is not there, is erased already, or is an erasure.
    """
    if not reason.strip():
        raise UsageError("the reason is empty: say why")
    with log.transaction():
        found = {row.seq: row for row in log.rows()}
        gone = log.con.execute("SELECT payload IS NULL FROM audit WHERE seq = ?", (seq,)).fetchone()
        if seq not in found or gone[0] or found[seq].action == ERASE:
            why = "there is no such row" if seq not in found else "it is an erasure or was erased"
            raise UsageError(f"audit row {seq} cannot be erased: {why}")
        row = found[seq]
        made = _erase(log, seq, _kept(row.action, row.payload), reason)
        _make_anew(log)
    log.con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return made


def forget(log: AuditLog, done: Sequence[Forgetting], generation: int) -> int:
    """Let no row name these accounts any more; gives how many did. One act: all or nothing.

    generation: the first that does not name them.
    """
    names = {each.account: each.tombstone for each in done}
    with log.transaction():
        told = log.con.execute("SELECT seq, action, payload FROM audit WHERE payload IS NOT NULL")
        rows = [(seq, action, json.loads(payload)) for seq, action, payload in told.fetchall()]
        naming = [row for row in rows if renamed(row[2], names) != row[2]]
        for seq, action, payload in naming:
            if action == ERASE:
                # What it kept of another row names them: that one is erased anew, and this one.
                _erase(log, payload["row"], renamed(payload["kept"], names))
                _erase(log, seq, {})
            else:
                own = action in forgetting.APPLY
                kept = payload if own else _kept(action, payload)
                _erase(log, seq, renamed(kept, names))
        log.append("forget done", {"asks": [each.seq for each in done], "generation": generation})
        _make_anew(log)
    log.con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(naming)


def _kept(action: str, payload: Mapping[str, Any]) -> object:
    """What an erasure leaves of a row."""
    return _without_words(payload) if action in APPLY else {}


def _erase(log: AuditLog, seq: int, kept: object, reason: str = "an account is forgotten") -> int:
    made = log.append(ERASE, {"row": seq, "kept": kept, "reason": reason})
    log.con.execute("UPDATE audit SET payload = NULL, nonce = '' WHERE seq = ?", (seq,))
    return made.seq


def _make_anew(log: AuditLog) -> None:
    """Make the tables from the log."""
    for table in reversed(TABLES):
        log.con.execute(f"DELETE FROM {table}")
    for each in log.rows():
        _apply(log.con, each)


def _without_words(value: object) -> object:
    """JSON without the values of `WORDS`, at any depth."""
    if isinstance(value, dict):
        return {k: _without_words(v) for k, v in value.items() if k not in WORDS}
    if isinstance(value, list):
        return [_without_words(each) for each in value]
    return value

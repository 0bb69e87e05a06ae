"""What the audit log knows of lists that left the house, and the head that a list states.

A list states the head as it was when that list of that generation left for the first time. So it is
the same bytes each time, whatever was decided since, and a log that was cut or written anew before
that moment does not have its head.
"""

import json
from collections.abc import Mapping
from typing import Any

from regift.enforcement.audit_log import FIRST_HASH, AuditLog

EXPORT = "export"
"""What the audit log calls it."""


def note_export(log: AuditLog, told: Mapping[str, Any]) -> str:
    """Tell the log what leaves, before it does; gives the head that it states.

    told: the list, its filter and its generation. The head leaves exports out.
    """
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    with log.transaction():
        (first,) = log.con.execute(
            "SELECT min(seq) FROM audit WHERE action = ? AND payload = ?", (EXPORT, text)
        ).fetchone()
        now = log.note(EXPORT, told)
        row = log.con.execute(
            "SELECT hash FROM audit WHERE action <> ? AND seq < ? ORDER BY seq DESC LIMIT 1",
            (EXPORT, now if first is None else first),
        ).fetchone()
    return FIRST_HASH if row is None else str(row[0])

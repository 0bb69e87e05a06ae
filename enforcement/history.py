"""What was done with each measure, oldest first, as the log has it."""

from collections.abc import Iterator
from typing import Any

from regift.enforcement.audit_log import AuditLog, AuditRow
from regift.graph.workspace import utc_text

ACTS = {
    "case decide": "plan",
    "measure plan": "plan",
    "measure approve": "approve",
    "measure export": "export",
    "measure recheck": "recheck",
    "measure extend": "extend",
    "measure close": "close",
    "measure reverse": "reverse",
}
"""Action of the log -> what it did to the measures that it names. A case's own approval and
reversal name the case: they stand in the history of its dossier."""


def acts(log: AuditLog) -> dict[int, list[dict[str, Any]]]:
    """Number of a measure -> its acts: audit, act, actor, at, words. Cost: reads the whole log."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in log.rows():
        if row.action in ACTS:
            told = {
                "audit": row.seq,
                "act": ACTS[row.action],
                "actor": row.actor,
                "at": utc_text(row.at_us),
                "words": row.payload.get("name") or row.payload.get("reason", ""),
            }
            for number in _numbers(row):
                found.setdefault(number, []).append(told)
    return found


def _numbers(row: AuditRow) -> Iterator[int]:
    told = row.payload
    if "measure" in told and row.action != "case decide":
        yield told["measure"]
        return
    for each in told.get("measures", ()):
        yield each if isinstance(each, int) else each[0]
    yield from told.get("extended", ())
    yield from told.get("lifted", ())

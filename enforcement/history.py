"""What was done with each measure, oldest first, as the log has it."""

from collections.abc import Iterator, Mapping
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
"""Action of the log that names measures -> what it did to them."""

OF_DOSSIER = {
    "case decide": ("approved_us", "ended_us"),
    "case approve": ("approved_us",),
    "case overturn": ("ended_us",),
    "case reverse": ("ended_us",),
}
"""Action that names a dossier -> times of its measures which it set, where it did."""

DECIDING = ("plan", "approve", "extend", "close", "reverse", "decide", "overturn")
"""Acts whose words are somebody's reason."""


def acts(log: AuditLog) -> dict[int, list[dict[str, Any]]]:
    """Number of a measure -> its acts: audit, act, actor, at, words. Cost: reads the whole log."""
    of_dossier: dict[int, list[Mapping[str, Any]]] = {}
    for number, dossier, approved_us, ended_us in log.con.execute(
        "SELECT number, dossier, approved_us, ended_us FROM measures ORDER BY number"
    ):
        told = {"number": number, "approved_us": approved_us, "ended_us": ended_us}
        of_dossier.setdefault(dossier, []).append(told)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in log.rows():
        for number in dict.fromkeys(_numbers(row)):
            found.setdefault(number, []).append(_told(row, ACTS[row.action]))
        for each in of_dossier.get(row.payload.get("dossier", 0), ()):
            if any(each[time] == row.at_us for time in OF_DOSSIER.get(row.action, ())):
                found[each["number"]].append(_told(row, row.action.removeprefix("case ")))
    return found


def reason(of_measure: list[dict[str, Any]]) -> str:
    """Why who decided last about a measure did so; of what `acts` gave."""
    return next((each["words"] for each in reversed(of_measure) if each["act"] in DECIDING), "")


def _told(row: AuditRow, act: str) -> dict[str, Any]:
    return {
        "audit": row.seq,
        "act": act,
        "actor": row.actor,
        "at": utc_text(row.at_us),
        "words": row.payload.get("name") or row.payload.get("reason", ""),
    }


def _numbers(row: AuditRow) -> Iterator[int]:
    """Measures that a row names."""
    told = row.payload
    if row.action not in ACTS:
        return
    if row.action != "case decide" and "measure" in told:
        yield told["measure"]
    for each in told.get("measures", ()):
        yield each if isinstance(each, int) else each[0]
    yield from told.get("extended", ())
    yield from told.get("lifted", ())

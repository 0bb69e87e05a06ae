"""What decisions say of typologies: how often a finding was confirmed, how often refuted.

    decided    dossiers with a finding of the typology whose decision stands: confirmed or refuted
    confirmed  a measure was decided, and was upheld or is not appealed
    refuted    `no_violation` was decided, or an appeal overturned the measure

Open and reversed dossiers, and those that wait for an approval or an appeal, say nothing yet.
"""

import sqlite3
from dataclasses import dataclass

from regift.enforcement.audit_log import AuditLog


@dataclass(frozen=True)
class Feedback:
    """Numbers of dossiers of one typology."""

    typology: str
    decided: int
    confirmed: int
    refuted: int


_COUNTED = """
    SELECT typology, count(*) AS decided, sum(state IN ('decided', 'upheld')) AS confirmed,
           sum(state IN ('cleared', 'overturned')) AS refuted
    FROM (SELECT DISTINCT typology, dossier FROM dossier_findings)
    JOIN dossiers ON number = dossier
    WHERE state IN ('decided', 'upheld', 'cleared', 'overturned')
    GROUP BY typology ORDER BY typology
"""


def feedback(log: AuditLog) -> list[Feedback]:
    """Every typology on which a decision stands, by name; as of the log's head."""
    return [Feedback(*row) for row in log.con.execute(_COUNTED)]


_LABELS = """
    SELECT dossier, finding, state IN ('decided', 'upheld') AS confirmed
    FROM dossier_findings JOIN dossiers ON number = dossier
    WHERE state IN ('decided', 'upheld', 'cleared', 'overturned') ORDER BY dossier, finding
"""


def labels(log: AuditLog) -> list[tuple[int, str, bool]]:
    """(dossier, finding, whether it was confirmed) of every decision that stands."""
    return [(dossier, finding, bool(told)) for dossier, finding, told in log.con.execute(_LABELS)]


_REFUTED = """
    SELECT finding, content FROM dossier_findings JOIN dossiers ON number = dossier
    WHERE state IN ('cleared', 'overturned')
    EXCEPT SELECT finding, content FROM dossier_findings JOIN dossiers ON number = dossier
    WHERE state NOT IN ('cleared', 'overturned', 'reversed')
    ORDER BY finding, content
"""


def refuted(con: sqlite3.Connection) -> list[tuple[str, str]]:
    """(finding, content) that a decision refuted and no other dossier holds: what a refresh reads.

    A finding that changed since has another content, so it is judged anew.
    """
    return con.execute(_REFUTED).fetchall()


def of_head(log: AuditLog) -> tuple[str, list[Feedback]]:
    """Head of the log, and what its decisions say: both of one moment."""
    log.con.execute("BEGIN")
    try:
        return log.head(), feedback(log)
    finally:
        log.con.execute("ROLLBACK")

"""Generations that open decisions rest on: what a person saw has to stay until it is over.

A dossier is open while it is to be decided, approved or judged on appeal, and as long as a measure
of it is planned or in force. It rests on every generation that an act of it was made on.
"""

import json
import sqlite3

from regift.enforcement.dossier_rows import APPEALED, AWAITING, OPEN
from regift.enforcement.measures import IN_FORCE, PLANNED


def needed(con: sqlite3.Connection, now_us: int) -> dict[int, list[str]]:
    """Generation -> names of the open dossiers that rest on it, in their order."""
    rows = con.execute(
        """
        WITH live AS (
            SELECT number, generation FROM dossiers
            WHERE state IN (SELECT value FROM json_each(:states)) OR number IN (
                SELECT dossier FROM measures
                WHERE state IN (SELECT value FROM json_each(:measures))
                AND (until_us IS NULL OR until_us > :now)))
        SELECT generation, number FROM live
        UNION
        SELECT json_extract(payload, '$.generation') AS generation, number
        FROM live JOIN dossier_acts ON dossier = number JOIN audit USING (seq)
        WHERE json_extract(payload, '$.generation') IS NOT NULL
        ORDER BY generation, number
        """,
        {
            "states": json.dumps([OPEN, AWAITING, APPEALED]),
            "measures": json.dumps([PLANNED, *IN_FORCE]),
            "now": now_us,
        },
    ).fetchall()
    found: dict[int, list[str]] = {}
    for generation, dossier in rows:
        found.setdefault(int(generation), []).append(f"D-{dossier}")
    return found

"""Dossiers beside the cases of a generation: which belong together, and what changed since (D-10).

A case shows every dossier that shares a finding with it. `attach` makes, in the connection of a
generation, by one join over all cases:

    dossiers(dossier, state, measure, clause, assignee, decided_us)
    dossier_findings(dossier, finding, typology, content)
    case_dossiers(case_id, dossier, state, measure, clause, assignee, decided_us, shared, since,
                  changed)
        shared: findings of both; since: of the case and not of the dossier; changed: of both, with
        another content than was seen
    case_states(case_id, state, dossiers)      cases with a dossier; all others are `open`
        state `review` where dossiers decide differently, else of the dossier that waits most
"""

import re
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from regift.enforcement import dossiers
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.dossier_rows import (
    APPEALED,
    AWAITING,
    CLEARED,
    DECIDED,
    OPEN,
    OVERTURNED,
    REVERSED,
    UPHELD,
)
from regift.enforcement.dossiers import Subject
from regift.loaders.errors import UsageError
from regift.ranking.cases import resolve

Con = duckdb.DuckDBPyConnection

REVIEW = "review"
WAITING = (APPEALED, AWAITING, OPEN, DECIDED, UPHELD, CLEARED, OVERTURNED, REVERSED)
"""States from what waits most for somebody to what is over."""
STANDING = (DECIDED, UPHELD, APPEALED, AWAITING)
"""States in which a decision against somebody stands, or would."""


def attach(con: Con, log: AuditLog) -> None:
    """Make the four tables; the connection has `case_members` and `findings`.

    Cost: the findings of all dossiers, joined once with those of the generation.
    """
    copy(
        con, log, "dossiers", "number AS dossier, state, measure, clause, assignee, decided_us",
        {"dossier": pa.int64(), "decided_us": pa.int64()},
    )  # fmt: skip
    copy(
        con, log, "dossier_findings", "dossier, finding, typology, content", {"dossier": pa.int64()}
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE case_dossiers AS
        WITH mine AS (
            SELECT case_id, dossier, count(*) AS shared,
                   count(*) FILTER (f.content IS DISTINCT FROM d.content) AS changed
            FROM dossier_findings d JOIN case_members USING (finding)
            JOIN findings f USING (finding) GROUP BY ALL),
        sizes AS (
            SELECT case_id, count(*) AS size FROM case_members
            WHERE case_id IN (SELECT case_id FROM mine) GROUP BY case_id)
        SELECT case_id, dossier, state, measure, clause, assignee, decided_us,
               shared, size - shared AS since, changed
        FROM mine JOIN sizes USING (case_id) JOIN dossiers USING (dossier)
        ORDER BY case_id, dossier;
        CREATE OR REPLACE TEMP TABLE case_states AS
        SELECT case_id,
               CASE WHEN count(DISTINCT CASE WHEN state IN {STANDING} THEN concat(measure, clause)
                                             WHEN state = '{CLEARED}' THEN '' END) > 1
                    THEN '{REVIEW}'
                    ELSE arg_min(state, list_position({list(WAITING)}, state)) END AS state,
               list('D-' || dossier ORDER BY dossier) AS dossiers
        FROM case_dossiers GROUP BY case_id
        """
    )


def copy(con: Con, log: AuditLog, table: str, columns: str, types: dict[str, pa.DataType]) -> None:
    """A table of the casebook as one of a connection; columns are text but for `types`."""
    found = log.con.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2")
    names = [described[0] for described in found.description]
    values = list(zip(*found.fetchall(), strict=True)) or [()] * len(names)
    arrays = [
        pa.array(column, types.get(name, pa.string()))
        for name, column in zip(names, values, strict=True)
    ]
    con.register("_copied", pa.table(dict(zip(names, arrays, strict=True))))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM _copied")
    con.unregister("_copied")


def states(con: Con) -> dict[str, str]:
    """case -> state, of cases with a dossier, after `attach`; every other case is `open`."""
    return dict(con.execute("SELECT case_id, state FROM case_states").fetchall())


def dossiers_of(con: Con, log: AuditLog, case_id: str) -> list[dict[str, Any]]:
    """The dossiers that a case shows, after `attach`: what was decided, and what is new since.

    Each with its `acts`, oldest first.
    """
    found = con.execute(
        "SELECT 'D-' || dossier AS dossier, state, measure, clause, assignee, shared, since, "
        "changed FROM case_dossiers WHERE case_id = ? ORDER BY case_dossiers.dossier",
        [case_id],
    )
    names = [described[0] for described in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [{**row, "acts": dossiers.acts(log, int(row["dossier"][2:]))} for row in rows]


def evidence(con: Con) -> dict[int, tuple[str, list[str]]]:
    """dossier -> how much of its evidence is there (`whole`, `part`, `gone`) and its cases now."""
    rows = con.execute(
        """
        SELECT dossier, CASE count(f.finding) WHEN 0 THEN 'gone' WHEN count(*) THEN 'whole'
                                              ELSE 'part' END,
               list(DISTINCT m.case_id ORDER BY m.case_id) FILTER (m.case_id IS NOT NULL)
        FROM dossier_findings d LEFT JOIN findings f USING (finding)
        LEFT JOIN case_members m USING (finding) GROUP BY dossier ORDER BY dossier
        """
    ).fetchall()
    return {dossier: (there, cases or []) for dossier, there, cases in rows}


def asks_reversal(con: Con) -> list[int]:
    """Dossiers whose decision stands although none of their findings exists any more."""
    rows = con.execute(
        f"""
        SELECT dossier FROM dossiers WHERE state IN {STANDING} AND dossier NOT IN (
            SELECT dossier FROM dossier_findings SEMI JOIN findings USING (finding))
        ORDER BY dossier
        """
    ).fetchall()
    return [dossier for (dossier,) in rows]


def subject_of(con: Con, log: AuditLog, text: str, generation: int) -> Subject:
    """The case or dossier that a C-id, a prefix of one, or a D-id names, as it is shown now.

    UsageError when there is none, or a prefix names several cases. After `attach`.
    """
    if named := re.fullmatch(r"D-(\d{1,18})", text):
        dossier = dossiers.get(log, int(named[1]))
        cases = con.execute(
            "SELECT DISTINCT case_id FROM case_dossiers WHERE dossier = ? ORDER BY case_id",
            [dossier.number],
        ).fetchall()
        return Subject(
            dossier.number, dossier.case_id, generation, _findings(con, [c for (c,) in cases])
        )
    case_id = resolve(con, text)
    return Subject(None, case_id, generation, _findings(con, [case_id]))


def case_of(con: Con, log: AuditLog, text: str) -> str:
    """The one case that a C-id, a prefix of one, or a D-id names. After `attach`.

    UsageError when there is none, or a dossier whose evidence is gone or lies in several cases.
    """
    if not text.startswith("D-"):
        return resolve(con, text)
    number = subject_of(con, log, text, 0).number
    cases = [
        case
        for (case,) in con.execute(
            "SELECT case_id FROM case_dossiers WHERE dossier = ? ORDER BY case_id", [number]
        ).fetchall()
    ]
    if len(cases) != 1:
        why = f"has become {' and '.join(cases)}: name one" if cases else "has no case any more"
        raise UsageError(f"{text} {why}; `regift case dossiers` tells of it")
    return str(cases[0])


def _findings(con: Con, cases: Sequence[str]) -> tuple[dossiers.Finding, ...]:
    rows = con.execute(
        "SELECT DISTINCT finding, typology, content FROM case_members JOIN findings USING (finding)"
        " WHERE case_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY finding",
        [list(cases)],
    ).fetchall()
    return tuple(rows)


def accounts_of(con: Con, subject: Subject) -> dict[str, bool]:
    """Accounts of the cases of a subject, by id -> whether the gate proposes a measure."""
    rows = con.execute(
        """
        SELECT account, count(measure) > 0 FROM proposals
        WHERE case_id IN (SELECT case_id FROM case_members
                          WHERE finding IN (SELECT unnest(?::VARCHAR[])))
        GROUP BY account ORDER BY account
        """,
        [[finding for finding, _, _ in subject.findings]],
    ).fetchall()
    return dict(rows)

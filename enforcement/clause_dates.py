"""Whether a clause was in force when what a measure is for happened."""

from zoneinfo import ZoneInfo

import duckdb

from regift.enforcement.audit_log import AuditLog
from regift.enforcement.measures import Measure
from regift.enforcement.policy import Policy
from regift.enforcement.policy_rules import span
from regift.graph.connect import row
from regift.loaders.errors import UsageError


def check_in_force(
    con: duckdb.DuckDBPyConnection, log: AuditLog, policy: Policy, measure: Measure, clause: str
) -> None:
    """UsageError unless some version of a clause was in force between the first and last record of
    what the dossier of the measure rests on.

    A measure without a dossier, or whose evidence is gone, rests on nothing that could be asked.
    """
    if clause not in policy.clause_ids:
        raise UsageError(f"there is no clause {clause!r}: there are {', '.join(policy.clause_ids)}")
    seen = log.con.execute(
        "SELECT finding FROM dossier_findings WHERE dossier = ?", (measure.dossier,)
    ).fetchall()
    first_us, last_us = row(
        con,
        "SELECT min(first_us), max(last_us) FROM findings "
        "WHERE finding IN (SELECT unnest(?::VARCHAR[]))",
        [[finding for (finding,) in seen]],
    )
    if first_us is None:
        return
    zone = ZoneInfo(policy.zone)
    spans = [span(each, zone) for each in policy.clauses if each.id == clause]
    if not any(begins <= last_us and (ends is None or first_us < ends) for begins, ends in spans):
        dates = ", ".join(
            f"{each.begins} to {each.ends or 'now'}" for each in policy.clauses if each.id == clause
        )
        raise UsageError(
            f"clause {clause} was not in force when what measure {measure.number} is for happened "
            f"(in force {dates}): name another with --clause"
        )

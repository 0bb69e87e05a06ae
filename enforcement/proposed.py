"""Which proposals of the gate a plan takes: in the order of the ranking, by legal subject.

    proposed(rank, account, case_id, score, measure, clause, why, degree, parts, subject, how,
             dossier, follows, left_out)
        every account with a proposed measure: its severest proposal, as `rank` shows it; where the
        case of that was cleared, reversed or overturned, the severest of its other cases. left_out:
        why a plan leaves it out, null where it does not. dossier: that the measure will belong to,
        null where the plan opens one. follows: number of the milder measure that it steps up from
    taken(...)              the rows of `proposed` that the plan takes

Capacity counts legal subjects that wait for a decision, those of earlier plans too: planning again
adds nothing until people have decided.

Left out is who

    stands       has the same or a severer measure planned or in force
    allowed      is on the allow-list
    busy         has a case whose dossier waits for an approval or an appeal
    merged       has a case with several dossiers: a person says which one goes on
    refused      had it declined, or its case was cleared, reversed or overturned, and the case
                 shows nothing that the dossier has not seen
    ended        had the same or a severer measure, which was closed, and no fact since it began
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from regift.enforcement import allow_list, dossier_cases, facts, legal_subjects
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.dossier_measures import BUSY
from regift.enforcement.dossier_rows import CLEARED, OVERTURNED, REVERSED
from regift.graph.connect import row
from regift.ranking.gate import step_of
from regift.ranking.order import total_order

Con = duckdb.DuckDBPyConnection

REFUSED = (CLEARED, REVERSED, OVERTURNED)
LEFT_OUT = ("stands", "allowed", "busy", "merged", "refused", "ended")
"""Codes of `left_out`, in the order in which they are asked."""

_MEASURE_TYPES = {
    name: pa.int64()
    for name in ("number", "dossier", "approved_us", "effective_us", "due_us", "until_us")
}


def derive(con: Con, run: Mapping[str, Any]) -> None:
    """Make `listed`, all that a plan reads of a generation alone. Cost: a sort of the accounts.

    Each account has as many rows as cases propose something; `choice` 1 is what `rank` shows.
    """
    legal_subjects.derive(con)
    columns = {name for name, *_ in con.execute("DESCRIBE proposals").fetchall()}
    degree = "degree, parts" if "degree" in columns else "NULL::BIGINT AS degree, NULL AS parts"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE listed AS
        WITH ranked AS (
            SELECT row_number() OVER (ORDER BY {total_order("account")}) AS rank, account, score,
                   case_id AS main_case FROM account_scores),
        severest AS (
            SELECT account, case_id, measure, clause, why, {degree},
                   row_number() OVER (PARTITION BY account ORDER BY {step_of("measure")} DESC,
                       (case_id = main_case) DESC, case_id) AS choice
            FROM proposals LEFT JOIN ranked USING (account) WHERE measure IS NOT NULL)
        SELECT rank, account, case_id, score, measure, clause, why, degree, parts, subject, how,
               choice
        FROM severest JOIN ranked USING (account) JOIN legal_subjects USING (account)
        """
    )
    facts.derive(con, run)


def attach(con: Con, log: AuditLog, now_us: int) -> None:
    """Make `measures` and `allow_listed` as the casebook has them, and the dossiers of cases."""
    dossier_cases.attach(con, log)
    dossier_cases.copy(
        con, log, "measures",
        "number, dossier, account, step, clause, state, approved_us, effective_us, due_us, "
        "until_us", _MEASURE_TYPES,
    )  # fmt: skip
    names = pa.array([account for account, _, _ in allow_list.allowed(log.con, now_us)])
    con.register("_names", pa.table({"account": names.cast(pa.string())}))
    con.execute("CREATE OR REPLACE TEMP TABLE allow_listed AS FROM _names")
    con.unregister("_names")


def choose(con: Con, capacity: int | None, line: Decimal | None) -> None:
    """Make `proposed` and `taken`, after `derive` and `attach`."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE proposed AS
        WITH stands AS (
            SELECT account, max({step_of("step")}) AS most,
                   arg_max(number, ({step_of("step")}, number)) AS follows
            FROM measures WHERE state NOT IN ('closed', 'reversed') GROUP BY account),
        since AS (
            SELECT account, max(last_us) AS last_fact_us FROM facts GROUP BY account),
        ended AS (
            SELECT account, max({step_of("step")}) AS most
            FROM measures LEFT JOIN since USING (account)
            WHERE state = 'closed'
                AND coalesce(last_fact_us <= coalesce(effective_us, approved_us), true)
            GROUP BY account),
        of_case AS (
            SELECT case_id, count(*) AS dossiers, min(dossier) AS dossier,
                   bool_or(state IN {BUSY}) AS busy, bool_or(state IN {REFUSED}) AS refused,
                   bool_or(since > 0 OR changed > 0) AS news
            FROM case_dossiers GROUP BY case_id),
        declined AS (
            SELECT account, dossier, max({step_of("step")}) AS most FROM measures
            WHERE state = 'reversed' GROUP BY ALL)
        SELECT l.* EXCLUDE (choice), dossier, follows,
               CASE WHEN {step_of("l.measure")} <= stands.most THEN 'stands'
                    WHEN account IN (SELECT account FROM allow_listed) THEN 'allowed'
                    WHEN busy THEN 'busy' WHEN dossiers > 1 THEN 'merged'
                    WHEN NOT news AND (refused OR {step_of("l.measure")} <= declined.most)
                        THEN 'refused'
                    WHEN {step_of("l.measure")} <= ended.most THEN 'ended' END AS left_out
        FROM listed l LEFT JOIN stands USING (account) LEFT JOIN ended USING (account)
        LEFT JOIN of_case USING (case_id) LEFT JOIN declined USING (account, dossier)
        WHERE $line IS NULL OR score >= $line
        QUALIFY row_number() OVER (PARTITION BY account
            ORDER BY coalesce(refused AND NOT news, false), choice) = 1
        """,
        {"line": line},
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE taken AS
        WITH waiting AS (
            SELECT DISTINCT subject FROM measures JOIN legal_subjects USING (account)
            WHERE state = 'planned'),
        fresh AS (
            SELECT subject, row_number() OVER (ORDER BY min(rank)) AS place
            FROM proposed ANTI JOIN waiting USING (subject)
            WHERE left_out IS NULL GROUP BY subject)
        SELECT p.* FROM proposed p LEFT JOIN fresh USING (subject)
        WHERE left_out IS NULL AND ($capacity IS NULL OR place IS NULL
            OR place <= $capacity - (SELECT count(*) FROM waiting))
        """,
        {"capacity": capacity},
    )


ORDER = "min(rank) OVER (PARTITION BY subject), rank"
"""Of `taken`: legal subjects by the best rank in each, then by rank."""


def left(con: Con) -> dict[str, int]:
    """How many proposals the plan does not take: by code of `left_out`, and `beyond` capacity."""
    counts = dict(
        con.execute(
            "SELECT left_out, count(*) FROM proposed WHERE left_out IS NOT NULL GROUP BY left_out"
        ).fetchall()
    )
    beyond = row(
        con,
        "SELECT count(*) FROM proposed ANTI JOIN taken USING (account) WHERE left_out IS NULL",
    )[0]
    told = {code: int(counts[code]) for code in LEFT_OUT if code in counts}
    return {**told, **({"beyond": int(beyond)} if beyond else {})}

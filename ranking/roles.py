"""What each account of a case does in it, read from the flow of the case (definition D-10).

    case_accounts(case_id, account, role)

    organiser   a finding of the case names it so, or issuer; or it issued an item of the case, or
                is said to have; or it has a cooperation certificate
    broker      a finding of the case names it broker, or router of a payment
    relay       money came in and went out, the smaller sum at least half of the larger one; or an
                item of the case came to it and went on
    sink        more money came in than went out
    receiver    an item of the case came to it
    source      money or an item of the case went out

The first that fits. Money is that of the transfers that the case rests on; in several currencies,
that with the largest sum of in and out (of equals the first by code). Items of the case are those
that its findings name, with all their moves: who gives one on had got it before. Moves to oneself
count for nothing. Who is on no such record keeps the role that carries most in the findings of the
case. The role of a finding, not this one, decides what the finding weighs (D-12) and what may be
proposed (D-14).
"""

import duckdb

from regift.ranking.cases import role_percent_sql

ROLES = ("organiser", "broker", "relay", "sink", "receiver", "source")
"""Roles that the flow gives, in the order in which they are tried."""

_MONEY = """
    moved AS (
        SELECT DISTINCT case_id, record, source, target, value_minor, currency
        FROM case_members JOIN evidence USING (finding) JOIN evidence_records USING (tbl, record)
        WHERE tbl = 'transfers' AND source <> target),
    ends AS (
        SELECT case_id, target AS account, currency, value_minor AS came, 0 AS went FROM moved
        UNION ALL SELECT case_id, source, currency, 0, value_minor FROM moved),
    money AS (
        SELECT case_id, account, sum(came)::HUGEINT AS came, sum(went)::HUGEINT AS went
        FROM ends GROUP BY case_id, account, currency
        QUALIFY row_number() OVER (PARTITION BY case_id, account
                                   ORDER BY sum(came + went) DESC, currency) = 1)"""

_ITEMS = """
    things AS (
        SELECT DISTINCT case_id, unnest(items) AS item
        FROM case_members JOIN weighed USING (finding)),
    hops AS (
        SELECT case_id, kind, source, target
        FROM things JOIN gifts USING (item) WHERE source <> target),
    given AS (
        SELECT case_id, account, sum(got) AS got, sum(gave) AS gave, bool_or(issued) AS issued
        FROM (SELECT case_id, target AS account, 1 AS got, 0 AS gave, false AS issued FROM hops
              UNION ALL SELECT case_id, source, 0, 1, kind = 'issue' FROM hops
              UNION ALL SELECT case_id, issuer, 0, 0, true FROM things JOIN items USING (item)
                        WHERE issuer IS NOT NULL)
        GROUP BY ALL)"""


def derive(con: duckdb.DuckDBPyConnection) -> None:
    """Make `case_accounts` from `case_members`, `subjects`, `weighed` and the records.

    Cost: one join of the evidence with its records, one of the items of cases with their moves.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE case_accounts AS
        WITH {_MONEY}, {_ITEMS},
        named AS (
            SELECT case_id, account, bool_or(role IN ('organiser', 'issuer')) AS organises,
                   bool_or(role IN ('broker', 'router')) AS brokers,
                   first(role ORDER BY {role_percent_sql("role")} DESC, role) AS carries
            FROM (SELECT DISTINCT case_id, account, role
                  FROM case_members JOIN subjects USING (finding)) GROUP BY ALL)
        SELECT case_id, account, CASE
                   WHEN organises OR issued
                        OR account IN (SELECT account FROM certificates) THEN 'organiser'
                   WHEN brokers THEN 'broker'
                   WHEN (came > 0 AND went > 0 AND 2 * least(came, went) >= greatest(came, went))
                        OR (got > 0 AND gave > 0) THEN 'relay'
                   WHEN came > went THEN 'sink'
                   WHEN got > 0 THEN 'receiver'
                   WHEN went > 0 OR gave > 0 THEN 'source'
                   ELSE carries END AS role
        FROM named LEFT JOIN money USING (case_id, account) LEFT JOIN given USING (case_id, account)
        """
    )

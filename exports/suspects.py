"""The accounts that findings name, in the order of the ranking.

    rank, account, score, case, measure, clause, why, findings, facts, by_typology, roles,
    case_role, first_at, last_at, complete, items, records, finding_ids

rank: place in the whole ranking of accounts, whatever the filter; measure: null where nothing may
be proposed, `why` says why; findings: how many name the account; facts: how many of those are facts
of the records and no judgement of likelihood; by_typology: how many of each, by name; roles: those
that findings give it; case_role: what it does in its case (D-10), null without one; complete: no
bound touched what its findings rest on; records: ids of all gifts and transfers in their evidence,
sorted; finding_ids: the findings, earliest first, which say for each record what it proves.
"""

import duckdb
import pyarrow as pa

from regift.exports.chosen import Filter
from regift.queries.shown import define_macros
from regift.ranking.gate import step_of
from regift.ranking.order import total_order
from regift.ranking.rank import NO_CASE


def suspects(con: duckdb.DuckDBPyConnection, chosen: Filter) -> pa.Table:
    """One row per account with a finding that passes the filter, strongest evidence first.

    con: of a generation, with the tables of `ranking.derive`. With a filter on an account the
    others of its findings are listed too: the filter is on findings.
    Cost: linear in the evidence of the chosen findings, times the accounts each names.
    """
    chosen.define(con)
    define_macros(con)
    return con.sql(
        f"""
        WITH named AS (
            SELECT account, s.finding, list(DISTINCT role ORDER BY role) AS roles
            FROM subjects s SEMI JOIN chosen USING (finding) GROUP BY ALL),
        counted AS (
            SELECT account, typology, count(*) AS n
            FROM named JOIN findings USING (finding) GROUP BY ALL),
        by_typology AS (
            SELECT account, map(list(typology ORDER BY typology), list(n ORDER BY typology))
                AS by_typology
            FROM counted GROUP BY account),
        records AS (
            SELECT account, list(DISTINCT record ORDER BY record) AS records
            FROM named JOIN evidence USING (finding)
            WHERE tbl IN ('gifts', 'transfers') GROUP BY account),
        items AS (
            SELECT account, list(DISTINCT item ORDER BY item) AS items
            FROM (SELECT account, unnest(f.items) AS item
                  FROM named JOIN findings f USING (finding)) GROUP BY account),
        summed AS (
            SELECT account, count(*) AS findings, count(*) FILTER (fact) AS facts,
                   list_sort(list_distinct(flatten(list(roles)))) AS roles,
                   min(first_us) AS first_us, max(last_us) AS last_us,
                   bool_and(complete) AS complete,
                   list(finding ORDER BY first_us, finding) AS finding_ids
            FROM named JOIN findings USING (finding)
                 JOIN (SELECT finding, fact FROM weighed) USING (finding) GROUP BY account),
        ranked AS (
            SELECT row_number() OVER (ORDER BY {total_order("account")}) AS rank, account, score,
                   case_id
            FROM account_scores),
        severest AS (
            SELECT account, measure, clause, why FROM proposals LEFT JOIN ranked USING (account)
            QUALIFY row_number() OVER (PARTITION BY account ORDER BY {step_of("measure")} DESC,
                (proposals.case_id = ranked.case_id) DESC, proposals.case_id) = 1)
        SELECT rank, s.account, score::VARCHAR AS score, ranked.case_id AS case, measure, clause,
               coalesce(why, '{NO_CASE}') AS why, s.findings, facts, by_typology, roles,
               c.role AS case_role, iso(first_us) AS first_at, iso(last_us) AS last_at, complete,
               coalesce(items, []) AS items, coalesce(records, []) AS records, finding_ids
        FROM summed s LEFT JOIN by_typology USING (account) LEFT JOIN records USING (account)
        LEFT JOIN items USING (account) LEFT JOIN ranked USING (account)
        LEFT JOIN severest USING (account)
        LEFT JOIN case_accounts c ON c.account = s.account AND c.case_id = ranked.case_id
        ORDER BY rank, account
        """
    ).to_arrow_table()

"""The accounts that findings name, in plain count order.

    rank, account, findings, facts, by_typology, roles, first_at, last_at, complete, items, records,
    finding_ids

findings: how many name the account; facts: how many of those are facts of the records and no
judgement of likelihood; by_typology: how many of each, by name; complete: no bound touched what its
findings rest on; records: ids of all gifts and transfers in their evidence, sorted;
finding_ids: the findings, earliest first, which say for each record what it proves.
"""

from collections.abc import Collection

import duckdb
import pyarrow as pa

from regift.exports.chosen import Filter
from regift.queries.shown import define_macros


def suspects(con: duckdb.DuckDBPyConnection, chosen: Filter, facts: Collection[str]) -> pa.Table:
    """One row per account with a finding that passes the filter, most findings first.

    con: has `findings`, `subjects` and `evidence`; facts: names of the typologies whose findings
    are facts. Order: findings, facts, both falling, then account. With a filter on an account the
    others of its findings are listed too: the filter is on findings.
    Cost: linear in the evidence of the chosen findings, times the accounts each names.
    """
    chosen.define(con)
    define_macros(con)
    return con.sql(
        """
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
            SELECT account, count(*) AS findings,
                   count(*) FILTER (list_contains($facts, typology)) AS facts,
                   list_sort(list_distinct(flatten(list(roles)))) AS roles,
                   min(first_us) AS first_us, max(last_us) AS last_us,
                   bool_and(complete) AS complete,
                   list(finding ORDER BY first_us, finding) AS finding_ids
            FROM named JOIN findings USING (finding) GROUP BY account)
        SELECT row_number() OVER (ORDER BY s.findings DESC, facts DESC, account) AS rank,
               account, s.findings, facts, by_typology, roles, iso(first_us) AS first_at,
               iso(last_us) AS last_at, complete, coalesce(items, []) AS items,
               coalesce(records, []) AS records, finding_ids
        FROM summed s LEFT JOIN by_typology USING (account) LEFT JOIN records USING (account)
        LEFT JOIN items USING (account) ORDER BY rank
        """,
        params={"facts": list(facts)},
    ).to_arrow_table()

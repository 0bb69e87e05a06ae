"""The findings as one flat table: every number beside the records it was made from.

    finding, typology, accounts, roles, records, evidence, items, first_at, last_at, amount,
    currency, length, instances, level, clause, complete, detail, content

accounts and roles in the order of the pattern; records: ids of the witness in order; evidence: the
same as `table:role:record`, since a gift and a transfer may share an id; amount: decimal text in
major units; detail: JSON; content: hash of the finding as it was when the list was made.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from regift.exports.chosen import Filter
from regift.queries.shown import define_macros


def findings(
    con: duckdb.DuckDBPyConnection, chosen: Filter, clauses: Mapping[str, str]
) -> pa.Table:
    """The findings that pass the filter, earliest first.

    con: has `findings`, `subjects`, `evidence` and `currencies`, as a snapshot of a generation has.
    clauses: typology -> the clause shown, as `queries.search.clauses` gives.
    Cost: one pass over the evidence of the chosen findings.
    """
    chosen.define(con)
    define_macros(con)
    return con.sql(
        """
        WITH who AS (
            SELECT finding, list(account ORDER BY ord) AS accounts, list(role ORDER BY ord) AS roles
            FROM subjects SEMI JOIN chosen USING (finding) GROUP BY finding),
        proof AS (
            SELECT finding, list(record ORDER BY ord) AS records,
                   list(tbl || ':' || role || ':' || record ORDER BY ord) AS evidence
            FROM evidence SEMI JOIN chosen USING (finding) GROUP BY finding)
        SELECT f.finding, f.typology, coalesce(accounts, []) AS accounts,
               coalesce(roles, []) AS roles, coalesce(records, []) AS records,
               coalesce(evidence, []) AS evidence, coalesce(f.items, []) AS items,
               iso(f.first_us) AS first_at, iso(f.last_us) AS last_at,
               decimal_text(f.amount_minor, c.digits) AS amount, f.currency,
               f.length, f.instances, f.level,
               $clauses[list_position($typologies, f.typology)] AS clause,
               f.complete, f.detail, f.content
        FROM findings f SEMI JOIN chosen USING (finding)
        LEFT JOIN who USING (finding) LEFT JOIN proof USING (finding)
        LEFT JOIN currencies c ON c.currency = f.currency
        ORDER BY f.first_us, f.finding
        """,
        params={"typologies": list(clauses), "clauses": list(clauses.values())},
    ).to_arrow_table()

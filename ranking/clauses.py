"""Which clause conduct is judged by: the one in force when it happened, in its channel.

    conduct(finding, account, clause, lack)     every finding and account that it names

When: at the last event of the finding. Channel: that of its last gift, which is the one recorded or
else the kind of the giver; without gifts the kind of the account named; else `unknown`.
lack says why it does not count: null where it does. What people refuted counts no more, as long as
the finding stays what they saw. Nothing but clause and measure depends on this table.
"""

import duckdb
import pyarrow as pa

from regift.loaders.tables import CHANNELS
from regift.ranking.gate_rules import GateRules

Con = duckdb.DuckDBPyConnection

NOT_IN_FORCE = "not in force"
NO_CLAUSE = "no clause of the policy covers it"
REFUTED = "refuted by a decision"


def derive(con: Con, rules: GateRules) -> None:
    """Make `conduct` of weighed, subjects, evidence, gifts, account_kinds and refuted.

    Cost: linear in subjects; with a policy also one scan of gifts.
    """
    _conduct(con, rules)
    con.execute(
        f"UPDATE conduct SET lack = '{REFUTED}' WHERE finding IN "
        "(SELECT finding FROM findings SEMI JOIN refuted USING (finding, content))"
    )


def _conduct(con: Con, rules: GateRules) -> None:
    if rules.clauses is None:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE conduct AS SELECT DISTINCT finding, account, clause, "
            "NULL::VARCHAR AS lack FROM subjects JOIN weighed USING (finding)"
        )
        return
    _in_force(con, rules)
    channels = ", ".join(f"'{channel}'" for channel in CHANNELS)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE conduct AS
        WITH given AS (
            SELECT finding, arg_max(
                coalesce(g.channel, if(k.kind IN ({channels}), k.kind, NULL), 'unknown'),
                (g.at_us, coalesce(g.seq, 0), g.record_id)) AS channel
            FROM evidence e JOIN gifts g ON g.record_id = e.record
            LEFT JOIN account_kinds k ON k.account = g.source
            WHERE e.tbl = 'gifts' GROUP BY finding),
        named AS (
            SELECT DISTINCT finding, account, typology, last_us,
                   coalesce(given.channel, if(k.kind IN ({channels}), k.kind, NULL), 'unknown')
                       AS channel
            FROM subjects JOIN weighed USING (finding) LEFT JOIN given USING (finding)
            LEFT JOIN account_kinds k USING (account)),
        there AS (
            SELECT n.*, v.clause, v.place,
                   last_us >= from_us AND coalesce(last_us < until_us, true) AS holds
            FROM named n LEFT JOIN in_force v
            ON v.typology = n.typology AND coalesce(v.channel = n.channel, true))
        SELECT finding, account, if(holds, clause, NULL) AS clause,
               CASE WHEN clause IS NULL THEN '{NO_CLAUSE}'
                    WHEN NOT holds THEN '{NOT_IN_FORCE}' END AS lack
        FROM there QUALIFY row_number() OVER (
            PARTITION BY finding, account ORDER BY coalesce(holds, false) DESC, place, clause) = 1
        """
    )
    con.execute("DROP TABLE in_force")


def _in_force(con: Con, rules: GateRules) -> None:
    rows = rules.clauses or ()
    given = pa.table(
        {
            "clause": pa.array([row.clause for row in rows], pa.string()),
            "typology": pa.array([row.typology for row in rows], pa.string()),
            "place": pa.array([row.place for row in rows], pa.int64()),
            "channel": pa.array([row.channel for row in rows], pa.string()),
            "from_us": pa.array([row.from_us for row in rows], pa.int64()),
            "until_us": pa.array([row.until_us for row in rows], pa.int64()),
        }
    )
    con.register("_given", given)
    con.execute("CREATE OR REPLACE TEMP TABLE in_force AS SELECT * FROM _given")
    con.unregister("_given")

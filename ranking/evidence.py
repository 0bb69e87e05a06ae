"""What findings rest on, laid out for cases and scores: records with their ends, and weights.

evidence_records(tbl, record, at_us, source, target, item, value_minor, currency)
    gifts and transfers that a finding names as evidence
weighed(finding, typology, family, layer, clause, kappa_percent, fact, lfdr_bp, pair_rate,
        opens, first_us, last_us, complete, items, lower_bound, associated)
    one row a finding: what its typology and its own detail say about its weight. pair_rate is the
    habit that thins it out: of a `plain` paid gift, or of a finding without tiers that is no fact
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from regift.loaders.errors import RegiftError
from regift.queries.typology import Typology
from regift.ranking.constants import LFDR_UNCALIBRATED_BP, PLAIN_RATE_NO_CASE

Con = duckdb.DuckDBPyConnection


def derive(con: Con, typologies: Mapping[str, Typology]) -> None:
    """Make `evidence_records` and `weighed`.

    A finding of a typology that `typologies` lacks is a RegiftError: it could not be weighed.
    Cost: one scan of gifts and transfers, one pass over findings.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE evidence_records AS
        SELECT 'gifts' AS tbl, record_id AS record, at_us, source, target, item,
               price_minor AS value_minor, currency
        FROM gifts WHERE record_id IN (SELECT record FROM evidence WHERE tbl = 'gifts')
        UNION ALL
        SELECT 'transfers', record_id, at_us, source, target, NULL, amount_minor, currency
        FROM transfers WHERE record_id IN (SELECT record FROM evidence WHERE tbl = 'transfers')
        """
    )
    con.register("_given", _declared(typologies))
    con.execute("CREATE OR REPLACE TEMP TABLE declared AS SELECT * FROM _given")
    con.unregister("_given")
    unknown = con.execute(
        "SELECT typology FROM findings ANTI JOIN declared USING (typology) ORDER BY 1 LIMIT 1"
    ).fetchall()
    if unknown:
        raise RegiftError(f"findings of {unknown[0][0]!r} cannot be ranked: no such typology")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE weighed AS
        WITH told AS (
            SELECT *, detail ->> '$.tier' AS tier,
                   TRY_CAST(detail ->> '$.pair_rate' AS DECIMAL(18,6)) AS rate
            FROM findings)
        SELECT finding, typology, family, layer, clause, kappa_percent, first_us, last_us, complete,
               coalesce(items, []) AS items,
               fact AND (typology <> 'paid_gift' OR coalesce(tier = 'price', false)) AS fact,
               CASE WHEN coalesce(tier, 'plain') = 'plain' AND (typology = 'paid_gift' OR NOT fact)
                    THEN rate END AS pair_rate,
               coalesce(tier = 'plain' AND rate >= {PLAIN_RATE_NO_CASE}, false) IS FALSE AS opens,
               CASE WHEN fact AND (typology <> 'paid_gift' OR coalesce(tier = 'price', false))
                    THEN 0 ELSE {LFDR_UNCALIBRATED_BP} END AS lfdr_bp,
               coalesce(detail ->> '$.lower_bound' = 'true', false) AS lower_bound,
               coalesce(detail ->> '$.linked' = 'associated', false) AS associated
        FROM told JOIN declared USING (typology)
        """
    )


def _declared(typologies: Mapping[str, Typology]) -> pa.Table:
    """Name, family, layer, first clause, kappa and whether it is a fact, of every typology.

    Of `paid_gift` only findings with a matching price are facts (D-14), whatever it declares.
    """
    known = list(typologies.values())
    return pa.table(
        {
            "typology": pa.array([t.name for t in known], pa.string()),
            "family": pa.array([t.family for t in known], pa.string()),
            "layer": pa.array([t.layer for t in known], pa.string()),
            "clause": pa.array([t.clauses[0] if t.clauses else None for t in known], pa.string()),
            "kappa_percent": pa.array([t.kappa_percent for t in known], pa.int64()),
            "fact": pa.array([t.fact or t.name == "paid_gift" for t in known], pa.bool_()),
        }
    )

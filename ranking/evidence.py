"""What findings rest on, laid out for cases and scores: records with their ends, and weights.

evidence_records(tbl, record, at_us, source, target, item, value_minor, currency)
    gifts and transfers that a finding names as evidence
weighed(finding, typology, family, layer, clause, kappa_percent, fact, stratum, lfdr_bp,
        uncalibrated, pair_rate, novelty_bp, gate_bp, opens, first_us, last_us, complete, items,
        lower_bound, associated)
    one row a finding: what its typology, its own detail and the calibration say about its weight.
    pair_rate is the habit that thins it out: of a `plain` paid gift, or of a finding without tiers
    that is no fact; novelty_bp what the classes of its pairs leave (queries/habit.py), and gate_bp
    how much novelty tells in this store
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from regift.loaders.errors import RegiftError
from regift.queries.typology import Typology
from regift.ranking import decided
from regift.ranking.calibration import Calibration
from regift.ranking.constants import (
    LFDR_UNCALIBRATED_BP,
    NOVELTY_FIRST_TENTHS,
    NOVELTY_REPEATED_MOST,
    NOVELTY_REPEATED_TENTHS,
    PLAIN_RATE_NO_CASE,
)

Con = duckdb.DuckDBPyConnection


SUCCESSOR_STRATUM = "successor|1"
"""Of `evasion`: no calibration has it, and that chance makes the other forms says nothing of it."""

FACT_SQL = "(typology <> 'paid_gift' OR coalesce(tier = 'price', false))"
"""Of a typology of facts: whether the finding is one. Needs its `tier` (D-14)."""

STRATUM_SQL = """coalesce(detail ->> '$.stratum', tier,
    if(length = 1 AND (detail ->> '$.form') IS NULL, 'all',
       concat_ws('|', detail ->> '$.form', least(length, 6))))"""
"""Stratum of a finding in a calibration, of the row of `findings` and its `tier`: where a typology
names none, longer patterns and other forms are more by chance or less."""


def _novelty_sql() -> str:
    """SQL of novelty in basis points from `detail`: 10,000 where it does not tell its pairs.

    Exact: 8 tenths and three times a tenth are 8 basis points.
    """
    repeated = "WHEN {} THEN {}"
    powers = [
        NOVELTY_REPEATED_TENTHS**n * 10 ** (NOVELTY_REPEATED_MOST - n)
        for n in range(NOVELTY_REPEATED_MOST + 1)
    ]
    cases = " ".join(repeated.format(n, power) for n, power in enumerate(powers))
    return (
        f"(if(coalesce((detail ->> '$.pairs[1]')::BIGINT, 0) > 0, {NOVELTY_FIRST_TENTHS}, 10) * "
        f"CASE least(coalesce((detail ->> '$.pairs[2]')::BIGINT, 0), {NOVELTY_REPEATED_MOST}) "
        f"{cases} END)::BIGINT"
    )


def derive(
    con: Con, typologies: Mapping[str, Typology], calibration: Calibration | None = None
) -> None:
    """Make `evidence_records` and `weighed`, `demoted` (ranking/switches.py) and `decided`.

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
    _calibrated(con, calibration)
    gate = calibration.gate_bp if calibration else 10_000
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE weighed AS
        WITH read AS (
            SELECT *, detail ->> '$.tier' AS tier,
                   TRY_CAST(detail ->> '$.pair_rate' AS DECIMAL(18,6)) AS rate
            FROM findings),
        told AS (
            SELECT read.* EXCLUDE (detail), declared.* EXCLUDE (typology, fact),
                   {STRATUM_SQL} AS stratum, fact AND {FACT_SQL} AS fact, fact AS facts_too,
                   {_novelty_sql()} AS novelty_bp, (detail ->> '$.pairs') IS NOT NULL AS paired,
                   coalesce(detail ->> '$.lower_bound' = 'true', false) AS lower_bound,
                   coalesce(detail ->> '$.linked' = 'associated', false) AS associated
            FROM read JOIN declared USING (typology))
        SELECT finding, typology, family, layer, clause, kappa_percent, first_us, last_us, complete,
               coalesce(items, []) AS items, fact, if(fact, NULL, stratum) AS stratum,
               CASE WHEN coalesce(tier, 'plain') = 'plain'
                         AND (typology = 'paid_gift' OR NOT facts_too) THEN rate END AS pair_rate,
               if(fact, 10000, novelty_bp) AS novelty_bp,
               if(paired AND NOT fact, {gate}, 10000)::BIGINT AS gate_bp,
               coalesce(tier = 'plain' AND rate >= {PLAIN_RATE_NO_CASE}, false) IS FALSE AS opens,
               CASE WHEN fact THEN 0
                    WHEN stratum = '{SUCCESSOR_STRATUM}' THEN {LFDR_UNCALIBRATED_BP}
                    ELSE coalesce(c.lfdr_bp, d.lfdr_bp, {LFDR_UNCALIBRATED_BP}) END::BIGINT
                   AS lfdr_bp,
               NOT fact AND c.lfdr_bp IS NULL AS uncalibrated, lower_bound, associated
        FROM told LEFT JOIN calibrated c USING (typology, stratum)
        LEFT JOIN demoted d USING (typology)
        """
    )
    con.execute("DROP TABLE calibrated")


def _calibrated(con: Con, calibration: Calibration | None) -> None:
    """`calibrated(typology, stratum, lfdr_bp)`, `demoted(typology, lfdr_bp, findings, ...)`, and
    `decided(typology, stratum, chance_bp, confirmed, refuted)` (ranking/decided.py)."""
    known = calibration.typologies if calibration else {}
    strata = [
        (name, key, stratum.lfdr_bp)
        for name, each in known.items()
        for key, stratum in each.strata.items()
    ]
    said = calibration.decisions.get("typologies", {}) if calibration else {}
    refuted = {name: each["refuted"] for name, each in said.items()}
    off = [
        (name, t.lfdr_bp, t.observed, t.by_chance, t.kept, refuted.get(name, 0))
        for name, t in known.items()
        if t.demoted
    ]
    text, whole = pa.string(), pa.int64()
    for table, names, types, rows in (
        ("calibrated", ("typology", "stratum", "lfdr_bp"), (text, text, whole), strata),
        ("demoted", ("typology", "lfdr_bp", "findings", "by_chance", "kept", "refuted"),
         (text, whole, whole, text, whole, whole), off),
        ("decided", ("typology", "stratum", "chance_bp", "confirmed", "refuted"),
         (text, text, whole, whole, whole), decided.rows(calibration)),
    ):  # fmt: skip
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        given = {
            name: pa.array(column, kind)
            for name, kind, column in zip(names, types, columns, strict=True)
        }
        con.register("_given", pa.table(given))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM _given")
        con.unregister("_given")


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

"""Families that switch themselves off: what is ordinary here is evidence against nobody (D-12).

    switched_off(family, tbl, records, of)
    demoted(typology, lfdr_bp, findings, by_chance, kept, refuted)     made by ranking/evidence.py

A family is off when its statistical findings rest on more than 5 % of the records of a table. Facts
of the same family stay. In a table of fewer than 1,000 records 5 % is less than a handful of rings
and says nothing, so there no family is off. What is off has no weight and opens no case; its
findings stay listed, and the run, `rank` and `status` say which families are off and why. The same
holds of strata more than half of which chance explains, with what people refuted (D-11), and of
what has no stratum in a typology that is so as a whole: that is *demoted*. `kept` findings of the
calibration's sample are in strata of it that count all the same.
"""

import duckdb

from regift.ranking.constants import COMMON_PERCENT, DEMOTED_BP, LEAST_RECORDS

Con = duckdb.DuckDBPyConnection

COUNTS_SQL = (
    f"(w.fact OR (w.lfdr_bp <= {DEMOTED_BP} AND w.family NOT IN (SELECT family FROM switched_off)))"
)
"""Whether a row `w` of `weighed` has any weight and may open a case."""


def derive(con: Con) -> None:
    """Make `switched_off` of `weighed`, `evidence`, `gifts` and `transfers`.

    Cost: one pass over the evidence of statistical findings.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE switched_off AS
        WITH sizes AS (
            SELECT 'gifts' AS tbl, count(*) AS of FROM gifts
            UNION ALL SELECT 'transfers', count(*) FROM transfers),
        rests AS (
            SELECT family, tbl, count(DISTINCT record) AS records
            FROM evidence JOIN (SELECT finding, family FROM weighed
                                WHERE NOT fact AND lfdr_bp <= {DEMOTED_BP})
                USING (finding) GROUP BY family, tbl)
        SELECT family, tbl, records, of FROM rests JOIN sizes USING (tbl)
        WHERE of >= {LEAST_RECORDS} AND 100 * records > {COMMON_PERCENT} * of
        """
    )


def told(con: Con) -> list[str]:
    """One sentence for each family that is off, and for each typology that is demoted.

    `con` has `switched_off` and `demoted`.
    """
    rows = con.execute("SELECT family, tbl, records, of FROM switched_off ORDER BY ALL").fetchall()
    demoted = con.execute(
        "SELECT typology, findings, by_chance, kept, refuted FROM demoted ORDER BY typology"
    ).fetchall()
    return [
        f"{family} is switched off: it rests on {records:,} of {of:,} {tbl}, more than "
        f"{COMMON_PERCENT} %, and so tells nobody apart; facts keep their weight"
        for family, tbl, records, of in rows
    ] + [
        f"{typology} is demoted: chance makes {by_chance} where {findings:,} are found"
        + (f" and people refuted {refuted:,} of its dossiers: together" if refuted else ",")
        + " more than half, so they have no weight and open no case"
        + (f"; {kept:,} in other strata keep theirs" if kept else "")
        for typology, findings, by_chance, kept, refuted in demoted
    ]

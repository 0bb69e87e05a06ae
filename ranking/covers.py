"""Rings of a case that are another ring of it with a detour (definition D-10).

    covers(case_id, finding, covered)      covered: told under `finding`, not beside it

A ring goes under the ring of its case that has fewer records and at least half of the other's own:
of several the one that shares most, then the one with fewest records, then the earliest. It weighs
nothing twice as it is: on a record a family says only what its strongest finding says.
"""

import duckdb

from regift.ranking.constants import RING_TYPOLOGIES

_RINGS = ", ".join(f"'{typology}'" for typology in RING_TYPOLOGIES)


def derive(con: duckdb.DuckDBPyConnection) -> None:
    """Make `covers` of `case_members`, `weighed` and `evidence`.

    Cost: the pairs of rings of one case that share a record.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE covers AS
        WITH rings AS (
            SELECT DISTINCT case_id, finding, first_us, tbl, record
            FROM case_members JOIN weighed USING (finding) JOIN evidence USING (finding)
            WHERE typology IN ({_RINGS})),
        sized AS (SELECT *, count(*) OVER (PARTITION BY finding) AS records FROM rings),
        shared AS (
            SELECT long.case_id, short.finding, long.finding AS covered, count(*) AS common,
                   short.records, long.records AS of, short.first_us
            FROM sized long JOIN sized short USING (case_id, tbl, record)
            WHERE short.records < long.records
            GROUP BY ALL)
        SELECT case_id, finding, covered FROM shared WHERE 2 * common >= of
        QUALIFY row_number() OVER (
            PARTITION BY covered ORDER BY common DESC, records, first_us, finding) = 1
        """
    )

"""Scores of cases, accounts, entities and operators, and the reasons that add up to them (D-12).

    S = sum of the strong records (z >= 0.3), plus the single strongest of the weak ones
    score = 100 * (1 - exp(-S)), told to a tenth

S is an int64 of nano-nats. The score is looked up: it is the number of tenths whose lower bound S
reaches, the bounds computed in decimal arithmetic. So no float decides a score or an order.

    counted_records(unit, id, rec, nano)                       records that S adds up
    unit_scores(unit, id, score, s, families, uncalibrated)
    reasons(unit, id, family, term, points, text, findings)    points of a unit add up to its score
"""

from bisect import bisect_right
from decimal import Decimal
from functools import cache

import duckdb
import pyarrow as pa

from regift.ranking.constants import HALVES_NANO, LABEL_FAMILY, NANO, SCORE_TENTHS, STRONG_NANO
from regift.ranking.weights import EXACT

Con = duckdb.DuckDBPyConnection


@cache
def score_bounds() -> tuple[int, ...]:
    """Smallest S, in nano-nats, of each score from 0.1 up: score t/10 begins at t - 1/2 tenths.

    Halves go up: two records of 0.35 make 57.75, shown as 57.8.

    >>> len(score_bounds()), score_bounds()[0], score_bounds()[899]
    (1000, 500026, 2297597452)
    """
    bounds = []
    for tenth in range(1, SCORE_TENTHS + 1):
        chance_left = EXACT.divide(2 * (SCORE_TENTHS - tenth) + 1, 2 * SCORE_TENTHS)
        nano = EXACT.multiply(EXACT.ln(chance_left), -NANO)
        bounds.append(int(nano.to_integral_value("ROUND_CEILING")) - HALVES_NANO)
    return tuple(bounds)


def score_steps() -> pa.Table:
    """The bounds as a table (least, tenths), score 0 included, for an ASOF join."""
    bounds = score_bounds()
    return pa.table({"least": [0, *bounds], "tenths": list(range(len(bounds) + 1))})


def line_bound(line: Decimal) -> int:
    """Smallest S, in nano-nats, whose score is `line` or more; a line is a whole number of tenths.

    >>> line_bound(Decimal("90")), line_bound(Decimal(0))
    (2297597452, 0)
    """
    return (0, *score_bounds())[int(line * 10)]


def score_of(s: int) -> Decimal:
    """The score of S.

    >>> score_of(2_302_585_093), score_of(0)
    (Decimal('90.0'), Decimal('0.0'))
    """
    return Decimal(bisect_right(score_bounds(), s)).scaleb(-1)


def derive(con: Con) -> None:
    """Make the three tables from `unit_evidence` (ranking/units.py).

    Cost: a few aggregations of at most four rows a piece.
    """
    _counted(con)
    _scores(con)
    _reasons(con)


def _counted(con: Con) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE counted_records AS
        WITH best AS (
            SELECT unit, id, rec, family, max(nano) AS nano FROM unit_evidence GROUP BY ALL),
        records AS (SELECT unit, id, rec, sum(nano)::BIGINT AS nano FROM best GROUP BY ALL)
        SELECT unit, id, rec, nano FROM records
        QUALIFY nano >= {STRONG_NANO} OR row_number() OVER (
            PARTITION BY unit, id, nano >= {STRONG_NANO} ORDER BY nano DESC, rec) = 1
        """
    )


def _scores(con: Con) -> None:
    """`unit_scores`: S, its score, how many families it has, whether any of it is uncalibrated."""
    con.register("_steps", score_steps())
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE unit_scores AS
        WITH sums AS (SELECT unit, id, sum(nano)::BIGINT AS s FROM counted_records GROUP BY ALL),
        made AS (
            SELECT unit, id, count(DISTINCT family) AS families,
                   coalesce(bool_or(w.uncalibrated), false) AS uncalibrated
            FROM unit_evidence SEMI JOIN counted_records USING (unit, id, rec)
            LEFT JOIN (SELECT finding, uncalibrated FROM weighed) w USING (finding)
            GROUP BY unit, id)
        SELECT unit, id, (tenths * 0.1)::DECIMAL(5,1) AS score, s, families, uncalibrated
        FROM sums ASOF JOIN _steps ON sums.s >= _steps.least JOIN made USING (unit, id)
        """
    )
    con.unregister("_steps")


def _reasons(con: Con) -> None:
    """One row a family that has points, with its findings and a sentence.

    `term` is the typology of the family that says most here; `findings` are all of the family that
    rest on a counted record, the one that says most first.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE counted_evidence AS
        SELECT u.* FROM unit_evidence u SEMI JOIN counted_records USING (unit, id, rec)
        """
    )
    _points(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE reasons AS
        WITH by_finding AS (
            SELECT unit, id, family, finding, sum(nano) AS says FROM counted_evidence GROUP BY ALL),
        listed AS (
            SELECT unit, id, family, list(finding ORDER BY says DESC, first_us, finding) AS findings
            FROM by_finding LEFT JOIN (SELECT finding, first_us FROM weighed) USING (finding)
            GROUP BY ALL),
        by_typology AS (
            SELECT unit, id, family, typology, sum(nano) AS says FROM (
                SELECT unit, id, family, typology, rec, max(nano) AS nano
                FROM counted_evidence GROUP BY ALL) GROUP BY ALL),
        numbers AS (
            SELECT unit, id, family, typology, count(DISTINCT finding) AS findings
            FROM counted_evidence GROUP BY ALL),
        told AS (
            SELECT unit, id, family, first(typology ORDER BY says DESC, typology) AS term,
                   string_agg(concat(findings, ' ', typology), ', ' ORDER BY says DESC, typology)
                       AS counts
            FROM by_typology JOIN numbers USING (unit, id, family, typology) GROUP BY ALL)
        SELECT unit, id, family, term, points,
               CASE WHEN family = '{LABEL_FAMILY}'
                    THEN concat(len(findings), ' label', if(len(findings) = 1, '', 's'),
                                ' from other systems')
                    ELSE concat(counts, ' on ', records, ' record', if(records = 1, '', 's'),
                                ', strongest ', strongest) END AS text,
               findings
        FROM family_points JOIN listed USING (unit, id, family) JOIN told USING (unit, id, family)
        WHERE points > 0
        """
    )
    con.execute("DROP TABLE counted_evidence; DROP TABLE family_points")


def _points(con: Con) -> None:
    """Make `family_points`: tenths by largest remainder (ties: larger family, then its name)."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE family_points AS
        WITH shares AS (
            SELECT unit, id, family, sum(nano) AS part, count(*) AS records,
                   first(rec ORDER BY nano DESC, rec) AS strongest
            FROM (SELECT unit, id, family, rec, max(nano) AS nano
                  FROM counted_evidence GROUP BY ALL) GROUP BY ALL),
        split AS (
            SELECT *, (score * 10)::HUGEINT AS tenths,
                   (score * 10)::HUGEINT * part // s AS whole,
                   (score * 10)::HUGEINT * part % s AS rest
            FROM shares JOIN unit_scores USING (unit, id)),
        placed AS (
            SELECT *, row_number() OVER (PARTITION BY unit, id
                                         ORDER BY rest DESC, part DESC, family) AS place,
                   tenths - sum(whole) OVER (PARTITION BY unit, id) AS left_over
            FROM split)
        SELECT unit, id, family, records, strongest,
               ((whole + (place <= left_over)::INTEGER) * 0.1)::DECIMAL(5,1) AS points
        FROM placed
        """
    )

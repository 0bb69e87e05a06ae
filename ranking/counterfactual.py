"""What the score of a unit would be without one of its findings, and that of a finding alone.

Taking a finding away changes only the records on which it alone says most of its family. Of those
the weight falls to the second of the family; the rest of the unit stays. So one pass over the
unit's evidence answers for all of them, and the answer is that of scoring again without it: the
same cases, the same other findings.
"""

import duckdb

from regift.ranking.constants import STRONG_NANO
from regift.ranking.score import score_steps

Con = duckdb.DuckDBPyConnection

_WITHOUT = f"""
    WITH tops AS (
        SELECT rec, family, max(nano) AS nano,
               first(finding ORDER BY nano DESC, finding) AS finding,
               coalesce(list(nano ORDER BY nano DESC)[2], 0) AS second
        FROM own_evidence GROUP BY ALL),
    records AS (SELECT rec, sum(nano) AS nano FROM tops GROUP BY ALL),
    weak AS (
        SELECT rec, nano, row_number() OVER (ORDER BY nano DESC, rec) AS place
        FROM records WHERE nano < {STRONG_NANO}),
    lost AS (
        SELECT tops.finding, rec, records.nano AS before,
               records.nano - tops.nano + second AS remains
        FROM tops JOIN records USING (rec) WHERE second < tops.nano),
    changes AS (
        SELECT finding,
               sum(if(remains >= {STRONG_NANO}, remains, 0)
                   - if(before >= {STRONG_NANO}, before, 0)) AS strong,
               max(remains) FILTER (remains < {STRONG_NANO}) AS weakened,
               count(*) FILTER (before < {STRONG_NANO}) AS weak_lost
        FROM lost GROUP BY ALL),
    strongest_left AS (
        SELECT finding, max(weak.nano) AS nano
        FROM (SELECT DISTINCT own.finding, coalesce(weak_lost, 0) AS weak_lost
              FROM own_evidence own LEFT JOIN changes USING (finding)) f
        JOIN weak ON weak.place <= weak_lost + 1
        ANTI JOIN lost ON lost.finding = f.finding AND lost.rec = weak.rec
        GROUP BY ALL),
    sums AS (
        SELECT own.finding,
               (SELECT coalesce(sum(nano), 0) FROM records WHERE nano >= {STRONG_NANO})
               + coalesce(strong, 0)
               + greatest(coalesce(weakened, 0), coalesce(l.nano, 0)) AS s
        FROM (SELECT DISTINCT finding FROM own_evidence) own
        LEFT JOIN changes USING (finding) LEFT JOIN strongest_left l USING (finding))
    SELECT finding, s::BIGINT AS s, (tenths * 0.1)::DECIMAL(5,1) AS score
    FROM sums ASOF JOIN _steps ON sums.s::BIGINT >= _steps.least
    ORDER BY s, finding"""


_ALONE = f"""
    WITH records AS (SELECT rec, max(nano) AS nano FROM pieces WHERE finding = ? GROUP BY rec),
    sums AS (
        SELECT coalesce(sum(nano) FILTER (nano >= {STRONG_NANO}), 0)
               + coalesce(max(nano) FILTER (nano < {STRONG_NANO}), 0) AS s
        FROM records)
    SELECT (tenths * 0.1)::DECIMAL(5,1) FROM sums ASOF JOIN _steps ON sums.s::BIGINT >= least"""


def alone(con: Con, finding: str) -> float:
    """The score of a case that had this finding and no other."""
    con.register("_steps", score_steps())
    ((score,),) = con.execute(_ALONE, [finding]).fetchall()
    con.unregister("_steps")
    return float(score)


def without_each(con: Con) -> list[dict[str, object]]:
    """`{"finding", "score"}` for each finding of `own_evidence`, what matters most first."""
    con.register("_steps", score_steps())
    rows = con.execute(_WITHOUT).fetchall()
    con.unregister("_steps")
    return [{"finding": finding, "score": float(score)} for finding, _, score in rows]

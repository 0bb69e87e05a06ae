"""How much of a value finding habit explains: how often its pairs pay each other anyway.

    |<---- 30 d ---->|<- window ->| first ... last |<- window ->|<---- 30 d ---->|
     counted: payments              the finding                  counted
     of the pair, both ways

`pair_rate` = expected payments of the pair in a window of the typology by that habit: payments
counted, times window / 60 d; the mean over the finding's pairs, rounded down to 4 places. 0: nobody
in it pays the other otherwise. Both sides are looked at, so that the first contact of a pair that
goes on paying each other is no novelty; a window on each side is left out, so that a ring that runs
again and again in one episode is no habit of itself.

It is part of the finding (definition D-11); the score takes exp(-pair_rate) of it (D-12).
Cost: two sorted look-ups for each pair of a finding. Source: pair novelty, the signal that keeps
friends and standing orders out of statistical findings.
"""

from regift.graph.snapshot import DAY_US

HABIT_US = 30 * DAY_US
"""Far enough for weekly habits to show four times on each side, near enough to be of that time."""


def with_pair_rate(rows_sql: str, window_us: int) -> str:
    """SQL of the same rows (`queries/findings.py`) with `pair_rate` in their `detail`.

    rows_sql: rows whose evidence names records of `payments`; window_us: the typology's window.
    """
    return f"""
        WITH given AS (SELECT *, row_number() OVER () AS _n FROM ({rows_sql})),
        named AS (
            SELECT _n, first_us, last_us, unnest(evidence).record AS record_id FROM given),
        pairs AS (
            SELECT DISTINCT _n, first_us, last_us, least(source, target) AS a,
                   greatest(source, target) AS b
            FROM named JOIN payments USING (record_id)),
        paid AS (
            SELECT least(source, target) AS a, greatest(source, target) AS b, at_us
            FROM payments),
        counted AS (
            SELECT a, b, at_us, max(n) AS n FROM (
                SELECT a, b, at_us, count(*) OVER (PARTITION BY a, b ORDER BY at_us) AS n
                FROM paid SEMI JOIN pairs USING (a, b)) GROUP BY ALL),
        asked AS (
            SELECT *, unnest([first_us - {window_us + HABIT_US} - 1, first_us - {window_us} - 1,
                              last_us + {window_us}, last_us + {window_us + HABIT_US}]) AS at_us,
                   unnest([-1, 1, -1, 1]) AS sign
            FROM pairs),
        others AS (
            SELECT _n, a, b, sum(sign * coalesce(n, 0))::BIGINT AS n
            FROM asked ASOF LEFT JOIN counted USING (a, b, at_us) GROUP BY ALL),
        rates AS (
            SELECT _n, (10000 * sum(n)::HUGEINT * {window_us}
                        // ({2 * HABIT_US}::HUGEINT * count(*)))::BIGINT AS rate_e4
            FROM others GROUP BY _n)
        SELECT * EXCLUDE (_n, rate_e4) REPLACE (
            json_merge_patch(coalesce(detail, '{{}}')::JSON, json_object('pair_rate',
                printf('%d.%04d', coalesce(rate_e4, 0) // 10000, coalesce(rate_e4, 0) % 10000)
            ))::VARCHAR AS detail)
        FROM given LEFT JOIN rates USING (_n)
    """

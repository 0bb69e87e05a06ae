"""Degree of a violation: points of what the facts that count say of an account (definition D-14).

    degrees(account, degree, clear_degree, parts, told)
    parts    [{"part", "of", "n", "points"}], the degree is the sum of their points

Read over all facts that name the account, in all its cases, as more than a source and under a
clause that was in force. clear_degree: the same of the facts that are free of doubt. Parts:

clause         of: the clause that weighs most; n: facts under it
facts, items, people    how many: findings, items that they name, other accounts that they name
money          of: currency; n: what gifts (their price) and payments in their evidence are worth
               together, each record once, in minor units; of several currencies the one with most
               points
repetition     n: earlier measures after which something was done again. A measure counts when the
               last event of a fact is later than its approval, and while its clause was in force;
               its points halve with each half-life between it and the newest record, and what is
               left of each is a whole number
confrontation  n: findings of `evasion` that count, and facts whose last event comes after the
               beginning of a measure that is in force

A measure alone adds nothing: what it was taken for is not done again by being punished. Otherwise
each measure would propose the next.
"""

import duckdb
import pyarrow as pa

from regift.loaders.validate import decimals
from regift.queries.shown import define_macros
from regift.ranking.gate_rules import GateRules, Table

Con = duckdb.DuckDBPyConnection

EVASION = "evasion"
DEEPEST = 62
"""Halvings after which nothing is left of any int64."""


def points_sql(column: str, table: Table) -> str:
    """SQL of the points that a table gives for a number.

    >>> points_sql("n", ((3, 1), (10, 2)))
    'CASE WHEN n >= 10 THEN 2 WHEN n >= 3 THEN 1 ELSE 0 END'
    >>> points_sql("n", ())
    '0'
    """
    if not table:
        return "0"
    whens = (f"WHEN {column} >= {least:d} THEN {points:d}" for least, points in reversed(table))
    return f"CASE {' '.join(whens)} ELSE 0 END"


def derive(con: Con, rules: GateRules) -> None:
    """Make `degrees` of `acts` (gate.py), weighed, subjects, evidence, measured and strikes.

    Cost: the subjects and evidence of facts; one scan for the newest record if there are strikes.
    """
    define_macros(con)
    _given(con, rules)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE counted AS
        SELECT grade, account, finding, clause, last_us, fact
        FROM acts CROSS JOIN (VALUES ('all'), ('clear')) grades(grade)
        WHERE lack IS NULL AND (fact OR (typology = '{EVASION}' AND told))
            AND (grade = 'all' OR doubt IS NULL)
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE degrees AS
        WITH facts AS (FROM counted WHERE fact),
        parts AS ({" UNION ALL BY NAME ".join(_parts(rules))}),
        known AS (SELECT DISTINCT grade, account FROM facts),
        shown AS (SELECT *, {_SAID} AS said FROM parts SEMI JOIN known USING (grade, account))
        SELECT account, sum(points) FILTER (grade = 'all')::BIGINT AS degree,
               coalesce(sum(points) FILTER (grade = 'clear'), 0)::BIGINT AS clear_degree,
               list({{'part': part, 'of': of, 'n': n::HUGEINT, 'points': points::BIGINT}}
                    ORDER BY place) FILTER (grade = 'all' AND n > 0) AS parts,
               coalesce(string_agg('; ' || said, '' ORDER BY place)
                   FILTER (grade = 'all' AND points > 0), '') AS told
        FROM shown GROUP BY account
        """
    )
    for table in ("counted", "degree_clauses", "degree_money", "degree_spans"):
        con.execute(f"DROP TABLE {table}")


_SAID = f"""concat(points, CASE part
    WHEN 'clause' THEN ' for clause ' || of
    WHEN 'facts' THEN ' for facts that name the account: ' || n
    WHEN 'items' THEN ' for items: ' || n
    WHEN 'people' THEN ' for other accounts on them: ' || n
    WHEN 'money' THEN concat(' for money: ', decimal_text(n, ({decimals("of")})::BIGINT), ' ', of)
    WHEN 'repetition' THEN ' for earlier measures, done again after them: ' || n
    WHEN 'confrontation' THEN ' for confrontation: ' || n END)"""


def _parts(rules: GateRules) -> list[str]:
    """SQL of the rows of each part: grade, account, place, part, of, n, points."""
    degree = rules.degree
    return [
        """
        SELECT grade, account, 1 AS place, 'clause' AS part, clause AS of, n,
               coalesce(points, 0)::HUGEINT AS points
        FROM (SELECT grade, account, clause, count(*)::HUGEINT AS n FROM facts GROUP BY ALL)
        LEFT JOIN degree_clauses USING (clause)
        QUALIFY row_number() OVER (
            PARTITION BY grade, account ORDER BY coalesce(points, 0) DESC, n DESC, clause) = 1
        """,
        _counted(2, "facts", "count(*)", "facts", degree.facts),
        _counted(3, "items", "count(DISTINCT item)", "(SELECT grade, account, unnest(items) AS "
                 "item FROM facts JOIN weighed USING (finding))", degree.items),
        _counted(4, "people", "count(DISTINCT other)", "(SELECT grade, f.account, s.account AS "
                 "other FROM facts f JOIN subjects s USING (finding) WHERE s.account <> f.account)",
                 degree.people),
        _MONEY,
        f"""
        SELECT grade, account, 6 AS place, 'repetition' AS part, NULL AS of, count(*)::HUGEINT AS n,
               sum({degree.strike:d} >> {_halvings(degree.half_life_us)})::HUGEINT AS points
        FROM strikes s JOIN (SELECT grade, account, max(last_us) AS last_us FROM facts
                             GROUP BY grade, account) USING (account)
        WHERE s.at_us < last_us AND ({str(rules.spans is None).lower()} OR EXISTS (
            SELECT 1 FROM degree_spans d WHERE d.clause = s.clause AND s.at_us >= from_us
                AND coalesce(s.at_us < until_us, true)))
        GROUP BY grade, account
        """,
        _counted(7, "confrontation", "count(*)", "counted LEFT JOIN (SELECT account, "
                 "min(since_us) AS since_us FROM measured GROUP BY account) USING (account) "
                 "WHERE NOT fact OR last_us > since_us", degree.confrontation),
    ]  # fmt: skip


def _counted(place: int, part: str, count: str, relation: str, table: Table) -> str:
    return f"""
        SELECT grade, account, {place} AS place, '{part}' AS part, NULL AS of,
               {count}::HUGEINT AS n, ({points_sql(f"({count})", table)})::HUGEINT AS points
        FROM {relation} GROUP BY grade, account
        """


_MONEY = """
    SELECT grade, account, 5 AS place, 'money' AS part, s.currency AS of, n,
           coalesce(m.points, 0)::HUGEINT AS points
    FROM (SELECT grade, account, currency, sum(value_minor)::HUGEINT AS n FROM (
              SELECT DISTINCT grade, account, tbl, record, value_minor, r.currency
              FROM facts JOIN evidence USING (finding)
              JOIN evidence_records r USING (tbl, record)
              WHERE value_minor IS NOT NULL AND r.currency IS NOT NULL)
          GROUP BY ALL) s
    LEFT JOIN degree_money m ON m.currency = s.currency AND s.n >= m.least
    QUALIFY row_number() OVER (
        PARTITION BY grade, account ORDER BY coalesce(m.points, 0) DESC, s.currency) = 1
"""


def _halvings(half_life_us: int | None) -> str:
    """SQL of how often a strike is halved by the time of the newest record."""
    if half_life_us is None:
        return "0"
    newest = (
        "SELECT max(at_us) FROM (SELECT at_us FROM gifts UNION ALL SELECT at_us FROM transfers)"
    )
    return f"least(greatest(({newest}) - s.at_us, 0) // {half_life_us:d}, {DEEPEST})"


def _given(con: Con, rules: GateRules) -> None:
    """The rules that hold words of a user's, as tables."""
    degree, text, whole = rules.degree, pa.string(), pa.int64()
    money = [(currency, *row) for currency, table in degree.money for row in table]
    for name, columns, types, rows in (
        ("degree_clauses", ("clause", "points"), (text, whole), degree.clause),
        ("degree_money", ("currency", "least", "points"), (text, whole, whole), money),
        ("degree_spans", ("clause", "from_us", "until_us"), (text, whole, whole),
         rules.spans or ()),
    ):  # fmt: skip
        by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
        con.register("_given", pa.table(
            {c: pa.array(values, t) for c, t, values in zip(columns, types, by_column, strict=True)}
        ))  # fmt: skip
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM _given")
        con.unregister("_given")

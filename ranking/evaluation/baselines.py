"""Lists that anybody can make, to be beaten: of accounts, and of records.

    counterparties      how many others
    amount              money moved, of the currency that an account moves most of
    count               gifts and transfers
    in_out              how nearly as much money goes out as comes in
    velocity            most records within 24 hours (ten days on a clock of a day)
    large_amounts       transfers among the largest hundredth of their currency
    under_threshold     transfers in the tenth below 1, 2 or 5 times a power of ten
    isolation_forest    features of each account alone (ranking/evaluation/baselines_forest.py)
    flow_density        dense flow through a middle (ranking/evaluation/baselines_flow.py)

The first four rank by one sum, the next three are the rules that need no graph, the last two are
published methods. None reads a label. One pass of SQL each; accounts of no record are last.
"""

from collections.abc import Callable, Sequence

import duckdb

from regift.loaders.errors import UsageError
from regift.ranking.evaluation import baselines_flow, baselines_forest
from regift.ranking.evaluation.measures import Ints
from regift.ranking.evaluation.population import COUNTERPARTIES, RECORDS, levels_by, record_levels

Con = duckdb.DuckDBPyConnection

DAY_US = 86_400_000_000
LEAST_MAJOR = 100
"""Nobody writes a rule for amounts of less than a hundred."""

_ENDS = f"""
    SELECT account, count(*) AS n FROM (
        SELECT source AS account FROM ({RECORDS}) UNION ALL SELECT target FROM ({RECORDS}))
    GROUP BY account
"""
_SUMS = """
    SELECT account, max(minor) AS n FROM (
        SELECT account, currency, sum(amount_minor) AS minor FROM (
            SELECT source AS account, currency, amount_minor FROM transfers UNION ALL
            SELECT target, currency, amount_minor FROM transfers) GROUP BY ALL)
    GROUP BY account
"""
_IN_OUT = """
    SELECT account, max(1000000000 * least(came, went) // greatest(came, went)) AS n FROM (
        SELECT account, currency, sum(came)::HUGEINT AS came, sum(went)::HUGEINT AS went FROM (
            SELECT source AS account, currency, 0 AS came, amount_minor AS went FROM transfers
            UNION ALL SELECT target, currency, amount_minor, 0 FROM transfers) GROUP BY ALL)
    GROUP BY account
"""
_LARGE = """
    WITH bounds AS (
        SELECT currency, quantile_disc(amount_minor, 0.99) AS least
        FROM transfers GROUP BY currency)
    SELECT account, count(*) AS n FROM (
        SELECT unnest([source, target]) AS account FROM transfers JOIN bounds USING (currency)
        WHERE amount_minor >= least) GROUP BY account
"""
_UNDER = f"""
    SELECT account, count(*) AS n FROM (
        SELECT unnest([source, target]) AS account FROM transfers, (
            SELECT unnest([1, 2, 5]) * (10::HUGEINT ** p)::HUGEINT AS threshold
            FROM range(2, 12) t(p))
        WHERE threshold >= 100 * {LEAST_MAJOR} AND amount_minor < threshold
            AND 10 * amount_minor >= 9 * threshold) GROUP BY account
"""
_ONE_OFF = f"""
    SELECT rec, -count(*) OVER (PARTITION BY least(source, target), greatest(source, target)) AS n
    FROM ({RECORDS})
"""
_DEGREES = f"""
    WITH degrees AS MATERIALIZED ({COUNTERPARTIES})
    SELECT rec, coalesce(s.counterparties, 0) + coalesce(t.counterparties, 0) AS n
    FROM ({RECORDS}) r LEFT JOIN degrees s ON s.account = r.source
        LEFT JOIN degrees t ON t.account = r.target
"""


def _velocity(con: Con, clock_us: int) -> Ints:
    window = 10 * DAY_US if clock_us >= DAY_US else DAY_US
    return levels_by(
        con,
        f"""
        SELECT account, max(n) AS n FROM (
            SELECT account, count(*) OVER (
                PARTITION BY account ORDER BY at_us
                RANGE BETWEEN {window} PRECEDING AND CURRENT ROW) AS n
            FROM (SELECT unnest([source, target]) AS account, at_us FROM gifts UNION ALL
                  SELECT unnest([source, target]), at_us FROM transfers)) GROUP BY account
        """,
    )


def _by(sql: str) -> Callable[[Con, int], Ints]:
    return lambda con, clock_us: levels_by(con, sql)


LISTS: dict[str, Callable[[Con, int], Ints]] = {
    "counterparties": _by(COUNTERPARTIES),
    "amount": _by(_SUMS),
    "count": _by(_ENDS),
    "in_out": _by(_IN_OUT),
    "velocity": _velocity,
    "large_amounts": _by(_LARGE),
    "under_threshold": _by(_UNDER),
    "isolation_forest": lambda con, clock_us: baselines_forest.levels(con),
    "flow_density": lambda con, clock_us: baselines_flow.levels(con),
}
"""Name -> levels of `population` (ranking/evaluation/population.py), by connection and clock."""


def lists(con: Con, names: Sequence[str], clock_us: int) -> tuple[dict[str, Ints], list[str]]:
    """Levels of the lists asked for, and a line for each that cannot run here.

    UsageError for an unknown name. Cost: a scan or a sort of the records each.
    """
    unknown = [name for name in names if name not in LISTS]
    if unknown:
        raise UsageError(f"no baseline {unknown[0]!r}: there are {', '.join(LISTS)}")
    not_run = []
    if "isolation_forest" in names and not baselines_forest.installed():
        names = [name for name in names if name != "isolation_forest"]
        not_run.append(
            "isolation_forest: scikit-learn is not there, pip install 'regift[evaluate]'"
        )
    return {name: LISTS[name](con, clock_us) for name in names}, not_run


def record_lists(con: Con) -> dict[str, Ints]:
    """Levels of records: by how seldom the pair meets, by amount, by counterparties of both."""
    amount = f"SELECT rec, value_minor AS n FROM ({RECORDS})"
    return {
        "one_off": record_levels(con, _ONE_OFF),
        "amount": record_levels(con, amount),
        "degree_sum": record_levels(con, _DEGREES),
    }

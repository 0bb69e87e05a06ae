"""Isolation Forest on what each account does by itself: a published baseline without a graph.

Features, per account: records, money, counterparties, distinct days and largest amount, in and out;
share of counterparties met both ways. Amounts and counts as log(1 + x). scikit-learn, which
`regift[evaluate]` brings; 200 trees, seed 0.

Source: Liu, Ting and Zhou 2008. Floats: it decides nothing, it is to be beaten.
"""

from importlib.util import find_spec

import duckdb
import numpy as np

from regift.ranking.evaluation.measures import Floats, Ints, levels_of
from regift.ranking.evaluation.population import RECORDS

Con = duckdb.DuckDBPyConnection

TREES = 200
SEED = 0

_FEATURES = f"""
    WITH ends AS (
        SELECT source AS account, target AS other, 1 AS went, value_minor FROM ({RECORDS})
        UNION ALL SELECT target, source, 0, value_minor FROM ({RECORDS})),
    pairs AS (
        SELECT account, other, count(*) FILTER (went = 1) AS n_out,
               count(*) FILTER (went = 0) AS n_in,
               coalesce(sum(value_minor) FILTER (went = 1), 0)::DOUBLE AS sum_out,
               coalesce(sum(value_minor) FILTER (went = 0), 0)::DOUBLE AS sum_in,
               coalesce(max(value_minor), 0)::DOUBLE AS largest
        FROM ends GROUP BY ALL),
    features AS (
        SELECT account, sum(n_out) AS n_out, sum(n_in) AS n_in, sum(sum_out) AS sum_out,
               sum(sum_in) AS sum_in, count(*) FILTER (n_out > 0) AS to_others,
               count(*) FILTER (n_in > 0) AS from_others,
               count(*) FILTER (n_in > 0 AND n_out > 0) AS both_ways, max(largest) AS largest,
               max(n_out + n_in) AS busiest
        FROM pairs GROUP BY account)
    SELECT coalesce(COLUMNS(f.* EXCLUDE (account)), 0)::DOUBLE
    FROM population LEFT JOIN features f USING (account) ORDER BY population.account
"""


def installed() -> bool:
    """Whether scikit-learn is there."""
    return find_spec("sklearn") is not None


def features(con: Con) -> Floats:
    """Features of the population, one row an account, as log(1 + x)."""
    table = con.sql(_FEATURES).to_arrow_table()
    columns = [column.to_numpy() for column in table.columns]
    return np.log1p(np.column_stack(columns).astype(np.float64))


def levels(con: Con) -> Ints:
    """Levels of the population, the most unusual first. Needs scikit-learn.

    Cost: 200 trees over 256 accounts each, and every account down every tree.
    """
    from sklearn.ensemble import IsolationForest

    given = features(con)
    forest = IsolationForest(n_estimators=TREES, random_state=SEED)
    unusual = -forest.fit(given).score_samples(given)
    return levels_of(unusual)

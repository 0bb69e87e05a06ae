"""Lockstep: accounts that act on the same targets in the same hours, again and again.

            shop, 9h   x, 10h   y, 14h   y, 15h
    ann        *         *        *               3 of 4 in common with bob: at least `jaccard`
    bob        *         *        *        *      and at least `min_matches`: they match
    cat        ...                                four that hang together: a finding

An action is a target and a bucket of time in which an account pays it, or gives or sells it
something; how often does not matter. Actions of more than `crowd` accounts are left out, as if
nobody had them: everybody is at a sale. Two accounts match by the actions they have in common,
compared with all that either has, as integers. A finding is a connected component of matches.
Definition D-18.

Evidence: of each account each action it has in common with an account that it matches, by its first
record. detail: targets (how many), matches (pairs that match).

Cost: pairs are made only inside an action of at most `crowd` accounts, so (crowd - 1) / 2 for each
account and action at most, however many accounts there are; accounts with fewer than `min_matches`
actions in common with anybody are left out before.
Sources: Beutel et al. 2013, CopyCatch; Cao et al. 2014, SynchroTrap (actions by target and hour,
Jaccard similarity, single linkage).
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.union_find import join_guarded
from regift.queries.findings import Findings, collect
from regift.queries.params import count, duration, ratio
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """What acting alike is."""

    bucket_us: int = duration("1h", "actions on one target in one such span of time are one")
    crowd: int = count(50, "an action of more accounts than that tells nothing and is left out")
    min_matches: int = count(3, "fewest actions that two accounts have in common")
    jaccard_bp: int = ratio("0.7", "least share of the actions of either that both have")
    min_accounts: int = count(4, "fewest accounts that hang together")

    def __post_init__(self) -> None:
        if not self.bucket_us:
            raise ValueError("bucket is more than 0: actions are counted in spans of time")


# The first record of each account and action, its item last in `place`: it decides nothing there.
# Times before 1970 are negative, and `//` cuts towards zero: hence the remainder is made positive.
_ACTIONS = """
    CREATE OR REPLACE TEMP TABLE _ls_actions AS
    WITH records AS (
        SELECT 'transfers' AS tbl, record_id, at_us, seq, source, target, NULL::VARCHAR AS item
        FROM payments
        UNION ALL
        SELECT 'gifts', record_id, at_us, seq, source, target, item FROM custody
        WHERE kind IN ('gift', 'sale') AND undone IS DISTINCT FROM 'return' AND source <> target),
    acts AS (
        SELECT source AS account, target,
               (at_us - (at_us % $bucket + $bucket) % $bucket) // $bucket AS bucket,
               min((at_us, tbl, seq, record_id, item)) AS place
        FROM records GROUP BY ALL)
    SELECT dense_rank() OVER (ORDER BY account) - 1 AS node,
           dense_rank() OVER (ORDER BY target, bucket) - 1 AS action, account, target, place
    FROM (FROM acts QUALIFY count(*) OVER (PARTITION BY target, bucket) <= $crowd)
"""

_MATCHES = """
    CREATE OR REPLACE TEMP TABLE _ls_matches AS
    WITH own AS (SELECT node, count(*) AS actions FROM _ls_actions GROUP BY node),
    common AS (
        SELECT node, action FROM (
            SELECT node, action, count(*) OVER (PARTITION BY action) AS had_by FROM _ls_actions)
        WHERE had_by > 1 QUALIFY count(*) OVER (PARTITION BY node) >= $min_matches),
    pairs AS (
        SELECT x.node AS a, y.node AS b, count(*) AS m
        FROM common x JOIN common y ON y.action = x.action AND y.node > x.node GROUP BY a, b)
    SELECT a, b FROM pairs JOIN own x ON x.node = a JOIN own y ON y.node = b
    WHERE m >= $min_matches
      AND 10000 * m >= $jaccard_bp * (x.actions + y.actions - m)
"""

# `members`: node, component (its smallest node), of components that are large enough.
_ROWS = """
    WITH sides AS (
        SELECT a AS node, b AS other FROM _ls_matches
        UNION ALL SELECT b, a FROM _ls_matches),
    members AS (FROM _ls_members),
    shown AS (
        SELECT component, x.* FROM members JOIN _ls_actions x USING (node)
        WHERE (x.node, x.action) IN (
            SELECT (s.node, mine.action)
            FROM sides s JOIN _ls_actions mine ON mine.node = s.node
                 JOIN _ls_actions theirs ON theirs.node = s.other AND theirs.action = mine.action)),
    proof AS (
        SELECT component, min(place[1]) AS first_us, max(place[1]) AS last_us,
               list_sort(list(DISTINCT place[5]) FILTER (place[5] IS NOT NULL)) AS items,
               count(DISTINCT action) AS instances, count(DISTINCT target) AS aims,
               list({'tbl': place[2], 'record': place[4], 'role': 'action'} ORDER BY place)
                   AS evidence
        FROM shown GROUP BY component),
    accounts AS (
        SELECT component, list(account ORDER BY account) AS accounts
        FROM members JOIN (SELECT DISTINCT node, account FROM _ls_actions) USING (node)
        GROUP BY component),
    targets AS (
        SELECT component, list(target ORDER BY place) AS others FROM (
            SELECT component, target, min(place) AS place FROM shown GROUP BY component, target)
        JOIN accounts USING (component) WHERE NOT list_contains(accounts, target)
        GROUP BY component),
    counted AS (
        SELECT component, count(*) AS matches FROM _ls_matches JOIN members ON node = a
        GROUP BY component)
    SELECT [accounts[1], evidence[1].tbl || ':' || evidence[1].record] AS anchor,
           accounts[1] AS unit, first_us, last_us, NULL AS amount_minor, NULL AS currency,
           len(accounts) AS length, instances, NULL AS level, true AS complete,
           coalesce(items, []) AS items,
           json_object('targets', aims, 'matches', matches) AS detail,
           accounts || coalesce(others, []) AS accounts,
           list_transform(accounts, lambda account: 'member')
               || list_transform(coalesce(others, []), lambda account: 'target') AS roles,
           evidence
    FROM proof JOIN accounts USING (component) JOIN counted USING (component)
         LEFT JOIN targets USING (component)
"""

WORK_TABLES = ("_ls_actions", "_ls_matches")


def find(graph: Snapshot, params: Params) -> Findings:
    """Components of accounts that act alike."""
    con = graph.con
    con.execute(_ACTIONS, {"bucket": min(params.bucket_us, LONGEST_US), "crowd": params.crowd})
    con.execute(
        _MATCHES,
        {"min_matches": max(1, params.min_matches), "jaccard_bp": params.jaccard_bp},
    )
    con.register("_ls_members", _members(con, params.min_accounts))
    found = collect(con, TYPOLOGY.name, TYPOLOGY.prefix, _ROWS)
    con.unregister("_ls_members")
    for table in WORK_TABLES:
        con.execute(f"DROP TABLE {table}")
    return found


def _members(con: duckdb.DuckDBPyConnection, min_accounts: int) -> pa.Table:
    """(node, component) of each account in a component that is large enough."""
    joined = con.sql("SELECT a, b FROM _ls_matches ORDER BY a, b").to_arrow_table()
    ends = [joined[side].to_numpy() for side in ("a", "b")]
    nodes, codes = np.unique(np.concatenate(ends), return_inverse=True)
    left, right = codes[: len(joined)].astype(np.int64), codes[len(joined) :].astype(np.int64)
    none = np.zeros(0, np.int64)
    component, _ = join_guarded(len(nodes), left, right, len(nodes), none, none)
    large: Any = np.bincount(component, minlength=len(nodes))[component] >= min_accounts
    return pa.table({"node": nodes[large], "component": component[large]})


TYPOLOGY = Typology(
    name="lockstep",
    prefix="ls",
    layer="identity",
    family="synchrony",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="smallest member, first record",
    params=Params,
    find=find,
    reads=("payments", "custody"),
    nulls=("time", "rewire"),
    texts={
        "en": "acts on the same targets in the same hours as other accounts",
        "zh": "与其他账号在相同时段对相同对象反复采取相同行动",
    },
)

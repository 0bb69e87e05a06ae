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

from regift.graph.connect import count as count_rows
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.union_find import join_guarded
from regift.queries import scopes
from regift.queries.findings import Findings, collect
from regift.queries.params import count, duration, ratio
from regift.queries.typology import Redo, Typology


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


# Times before 1970 are negative, and `//` cuts towards zero: hence the remainder is made positive.
_BUCKET = "(at_us - (at_us % $bucket + $bucket) % $bucket) // $bucket"

_RECORDS = f"""
    SELECT 'transfers' AS tbl, record_id, at_us, seq, source AS account, target,
           NULL::VARCHAR AS item, {_BUCKET} AS bucket
    FROM payments
    UNION ALL
    SELECT 'gifts', record_id, at_us, seq, source, target, item, {_BUCKET} FROM custody
    WHERE kind IN ('gift', 'sale') AND undone IS DISTINCT FROM 'return' AND source <> target
"""

# Only what several do can be done in common; `crowded` says that too many do it. Most actions are
# one account's alone: they are dropped before anything is numbered or sorted.
_SHARED = f"""
    CREATE OR REPLACE TEMP TABLE _ls_shared AS
    WITH records AS ({_RECORDS}),
    several AS (
        SELECT target, bucket FROM records GROUP BY target, bucket
        HAVING min(account) <> max(account)),
    had AS (
        SELECT target, bucket, count(DISTINCT account) AS had_by
        FROM records SEMI JOIN several USING (target, bucket) GROUP BY target, bucket)
    SELECT target, bucket, had_by > $crowd AS crowded FROM had
"""

# The first record of each account and shared action, its item last in `place`: it decides nothing
# there. `actions`: how many the account has, shared or not.
_ACTIONS = f"""
    CREATE OR REPLACE TEMP TABLE _ls_actions AS
    WITH records AS ({_RECORDS}),
    acts AS (
        SELECT account, target, bucket, min((at_us, tbl, seq, record_id, item)) AS place
        FROM records JOIN _ls_shared USING (target, bucket) WHERE NOT crowded GROUP BY ALL),
    enough AS (
        FROM acts QUALIFY count(*) OVER (PARTITION BY account) >= $min_matches),
    own AS (
        SELECT account, count(*) AS actions FROM (
            SELECT DISTINCT account, target, bucket FROM records
            SEMI JOIN enough USING (account)
            ANTI JOIN (FROM _ls_shared WHERE crowded) USING (target, bucket))
        GROUP BY account)
    SELECT dense_rank() OVER (ORDER BY account) - 1 AS node,
           dense_rank() OVER (ORDER BY target, bucket) - 1 AS action, account, target, place,
           actions
    FROM enough JOIN own USING (account)
"""

_MATCHES = """
    CREATE OR REPLACE TEMP TABLE _ls_matches AS
    WITH own AS (SELECT DISTINCT node, actions FROM _ls_actions),
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

WORK_TABLES = ("_ls_shared", "_ls_actions", "_ls_matches")

# Whoever has `min_matches` actions in common with somebody that is looked at, and everybody of a
# finding before with one of them. `_ls_looked` grows by it until nothing comes.
_MORE = f"""
    INSERT INTO _ls_looked
    WITH records AS ({_RECORDS}),
    mine AS (SELECT DISTINCT account, target, bucket FROM records SEMI JOIN _ls_looked
             USING (account)),
    met AS (
        SELECT y.account FROM records y JOIN mine x
            ON y.target = x.target AND y.bucket = x.bucket AND y.account <> x.account
        GROUP BY x.account, y.account
        HAVING count(DISTINCT (y.target, y.bucket)) >= $min_matches),
    before AS (
        SELECT finding, account FROM {scopes.OLD}.subjects
        SEMI JOIN (FROM {scopes.OLD}.findings WHERE typology = 'lockstep') USING (finding)
        WHERE role = 'member')
    SELECT DISTINCT account FROM (
        FROM met UNION ALL
        SELECT account FROM before SEMI JOIN (
            SELECT finding FROM before SEMI JOIN _ls_looked USING (account)) USING (finding))
    WHERE account NOT IN (FROM _ls_looked)
"""


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """Who has, or had, an action that changed, and all that may hang together with them.

    They are seen with all their records, and each of their actions with all who have it. Somebody
    else who is seen, then, matches none of them, and what he is seen to match otherwise is no news.
    """
    con, bucket = graph.con, {"bucket": min(params.bucket_us, LONGEST_US)}
    least = max(1, params.min_matches)
    changed = _RECORDS.replace("FROM payments", "FROM changed_payments")
    changed = changed.replace("FROM custody", "FROM changed_custody")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _ls_looked AS
        WITH changed AS (SELECT DISTINCT account, target, bucket FROM ({changed}))
        SELECT account FROM changed UNION
        SELECT account FROM ({_RECORDS}) SEMI JOIN changed USING (target, bucket)
        """,
        bucket,
    )
    every = count_rows(con, "account_kinds")
    while True:
        looked = count_rows(con, "_ls_looked")
        con.execute(_MORE, bucket | {"min_matches": least})
        more = count_rows(con, "_ls_looked") - looked
        if not more:
            break
        if 10 * (looked + more) > every:
            return None
    mine = f"SELECT DISTINCT target, bucket FROM ({_RECORDS}) SEMI JOIN _ls_looked USING (account)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE _ls_done AS {mine}", bucket)
    seen = (
        "FROM whole_{} WHERE source IN (FROM _ls_looked) OR "
        f"(target, {_BUCKET.replace('$bucket', str(bucket['bucket']))}) IN (FROM _ls_done)"
    )
    sees = {table: seen.format(table) for table in ("payments", "custody")}
    return Redo(sees=sees, named="role = 'member' AND account IN (FROM _ls_looked)")


def find(graph: Snapshot, params: Params) -> Findings:
    """Components of accounts that act alike."""
    con = graph.con
    bucket, least = {"bucket": min(params.bucket_us, LONGEST_US)}, max(1, params.min_matches)
    con.execute(_SHARED, bucket | {"crowd": params.crowd})
    con.execute(_ACTIONS, bucket | {"min_matches": least})
    con.execute(_MATCHES, {"min_matches": least, "jaccard_bp": params.jaccard_bp})
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
    redo=redo,
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

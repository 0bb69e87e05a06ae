"""Escrow broker: one account stands between many who give paid gifts and many who get them.

    g1 --x--> M --x--> r1      each gift is paid for (`paid_gift`), M passes each item on at most
    g2 --y--> M --y--> r2      `window` later: one chain an item
    ...                        10 givers and 10 receivers of such chains within one `window`

A chain is a gift to M and the item's very next ledger row, a gift by M, both of them found as paid
gifts by that typology's default parameters; giver, M and receiver are of three entities. A root is
the first gift of a chain for which the chains that lie whole in [root, root + `window`], ends
included, have givers of at least `min_givers` entities and receivers of at least `min_receivers`.
Merchants and platforms are no brokers: handing on is their trade. Definition D-18.

One finding an episode of roots of M; it shows the chains of the root that has the most.
detail: chains, givers, receivers (entities). `instances`: roots.

Cost: the matching of `paid_gift`, one sort of the items with paid gifts, n log n in the chains.
Sources: middlemen of gift-only platforms, who take item and money from both sides, and the rule
against services for secondary trading, statement of 2022-03-30 (docs/typologies.md).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph import episodes, spans
from regift.graph.snapshot import Snapshot
from regift.queries import paid_gift
from regift.queries.findings import Findings, collect
from regift.queries.params import build, count, duration
from regift.queries.typology import Typology

Longs = NDArray[Any]


@dataclass(frozen=True)
class Params:
    """How many givers and receivers, in how short a time."""

    window_us: int = duration("7d", "time in which the chains lie, inclusive")
    min_givers: int = count(10, "fewest entities that give to the broker")
    min_receivers: int = count(10, "fewest entities that get from the broker")


# `place` numbers the chains of a broker; giver and receiver entities are numbered with the broker.
_CHAINS = """
    CREATE OR REPLACE TEMP TABLE _eb_chains AS
    WITH paid AS (
        SELECT DISTINCT record_id, item FROM _pg_gifts SEMI JOIN _pg_matches USING (g)),
    rows AS (
        SELECT *, lead(record_id) OVER hops AS out_record, lead(kind) OVER hops AS out_kind,
               lead(at_us) OVER hops AS out_us, lead(seq) OVER hops AS out_seq,
               lead(source) OVER hops AS out_source, lead(target) OVER hops AS receiver,
               lead(target_entity) OVER hops AS receiver_entity
        FROM custody SEMI JOIN paid USING (item)
        WINDOW hops AS (PARTITION BY item ORDER BY ord)),
    chains AS (
        SELECT target AS broker, item, source AS giver, source_entity AS giver_entity, receiver,
               receiver_entity, record_id AS in_record, at_us AS in_us, seq AS in_seq, out_record,
               out_us, out_seq
        FROM rows r JOIN account_kinds k ON k.account = r.target
        WHERE r.kind = 'gift' AND out_kind = 'gift' AND out_source = target
          AND out_us - at_us <= $window
          AND (k.kind IS NULL OR k.kind NOT IN ('merchant', 'platform'))
          AND source_entity <> target_entity AND receiver_entity <> target_entity
          AND source_entity <> receiver_entity
          AND record_id IN (SELECT record_id FROM paid)
          AND out_record IN (SELECT record_id FROM paid))
    SELECT *, row_number() OVER (ORDER BY broker, in_us, in_seq, in_record) - 1 AS place,
           dense_rank() OVER (ORDER BY broker) - 1 AS who,
           dense_rank() OVER (ORDER BY broker, giver_entity) - 1 AS giver_number,
           dense_rank() OVER (ORDER BY broker, receiver_entity) - 1 AS receiver_number
    FROM chains
"""

_ROWS = """
    WITH shown AS (
        SELECT root, first_root, instances, chains, givers, receivers, c.*
        FROM (SELECT *, unnest(range(low, high)) AS place FROM _eb_roots) JOIN _eb_chains c
            USING (place)
        WHERE out_us <= until_us),
    legs AS (
        SELECT root, item, in_record AS record, in_us AS at_us, in_seq AS seq, 'in' AS role,
               giver AS account, 'giver' AS part FROM shown
        UNION ALL
        SELECT root, item, out_record, out_us, out_seq, 'out', receiver, 'receiver' FROM shown),
    records AS (
        SELECT root, list_sort(list(DISTINCT item)) AS items, min(at_us) AS first_us,
               max(at_us) AS last_us, list({'tbl': 'gifts', 'record': record, 'role': role}
                                           ORDER BY at_us, seq, record) AS evidence
        FROM legs GROUP BY root),
    parts AS (
        SELECT root, account, min(part) AS part,
               arg_min((at_us, seq, record), (part, at_us, seq, record)) AS place
        FROM legs GROUP BY root, account),
    accounts AS (
        SELECT root, list(account ORDER BY part, place) AS accounts,
               list(part ORDER BY part, place) AS roles FROM parts GROUP BY root),
    brokers AS (
        SELECT DISTINCT root, broker, first_root, instances, chains, givers, receivers FROM shown)
    SELECT [broker, first_root] AS anchor, broker AS unit, first_us, last_us, NULL AS amount_minor,
           NULL AS currency, 2 AS length, instances, NULL AS level, true AS complete, items,
           json_object('chains', chains, 'givers', givers, 'receivers', receivers) AS detail,
           [broker] || accounts AS accounts, ['broker'] || roles AS roles, evidence
    FROM brokers JOIN records USING (root) JOIN accounts USING (root)
"""


def _entities(number: Longs, who: Longs, low: Longs, high: Longs) -> Longs:
    """How many entities of its broker are on some chain that the window of each chain holds.

    number: entity and broker; low, high: times of the roots whose windows hold the chain.
    """
    of, begin, end = spans.covered(number, low, high, 1)
    broker = np.zeros(int(number.max(initial=0)) + 1, np.int64)
    broker[number] = who
    found: Longs = spans.stabbed(broker[of], begin, end, who, high)
    return found


def _roots(graph: Snapshot, params: Params, window_us: int) -> pa.Table:
    """One row an episode: its first root, the root that is shown, places [low, high) of chains."""
    chains = graph.con.sql(
        "SELECT who, giver_number, receiver_number, in_us, out_us, in_record FROM _eb_chains "
        "ORDER BY place"
    ).to_arrow_table()
    names = ("who", "giver_number", "receiver_number", "in_us", "out_us")
    who, giver, receiver, in_us, out_us = (chains[name].to_numpy() for name in names)
    givers, receivers = (
        _entities(number, who, out_us - window_us, in_us) for number in (giver, receiver)
    )
    number = spans.stabbed(who, out_us - window_us, in_us, who, in_us)
    root = np.flatnonzero((givers >= params.min_givers) & (receivers >= params.min_receivers))
    episode = episodes.split(who[root], in_us[root], window_us)
    shown = root[episodes.shown(episode, number[root])]
    times = np.unique(in_us)
    keys = spans.keys(who, in_us, times)
    ends = spans.keys(who[shown], in_us[shown] + window_us, times, "right")
    return pa.table(
        {
            "root": chains["in_record"].take(pa.array(shown)),
            "first_root": chains["in_record"].take(
                pa.array(root[np.flatnonzero(np.diff(episode, prepend=-1))])
            ),
            "instances": np.bincount(episode) if len(root) else root,
            "chains": number[shown],
            "givers": givers[shown],
            "receivers": receivers[shown],
            "low": np.searchsorted(keys, keys[shown]),
            "high": np.searchsorted(keys, ends),
            "until_us": in_us[shown] + window_us,
        }
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes in which an account passes on paid gifts of many to many."""
    con, window_us = graph.con, min(params.window_us, spans.LONGEST_US)
    clock = graph.settings.clock_unit_us
    paid_gift.matched(graph, build(paid_gift.Params, {}, clock_unit_us=clock, name="paid_gift"))
    con.execute(_CHAINS, {"window": window_us})
    con.register("_eb_roots", _roots(graph, params, window_us))
    found = collect(con, TYPOLOGY.name, TYPOLOGY.prefix, _ROWS)
    con.unregister("_eb_roots")
    con.execute("DROP TABLE _eb_chains")
    return found


TYPOLOGY = Typology(
    name="escrow_broker",
    prefix="eb",
    layer="item",
    family="broker",
    kappa_percent=80,
    fact=False,
    clauses=("R2",),
    partition="whole",
    anchor="account, first root of the episode",
    params=Params,
    find=find,
    reads=("custody", "items", "payments", "links", "entity_of", "account_kinds"),
    nulls=("recipients", "time"),
    texts={
        "en": "stands between many givers and many receivers of gifts that are paid for",
        "zh": "在众多赠送人与受赠人之间居中转手已付款的赠品",
    },
)

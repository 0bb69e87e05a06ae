"""Zero-risk ring: entities trade among themselves and end where they began (definition D-18).

    a --x, 100--> b --y, 95--> c --z, 104--> a      everyone gave one item and got one, paid 100 and
                                                    got 104, ...: nobody risked anything

Class of an item: its collection, else the item itself. Time is cut into buckets of `window`, from
1970 on. The trades (moves) of one class and bucket make a graph of entities; in each strongly
connected component of it the inner trades stand in total order. A prefix of them is balanced if
every entity gave as many items as it got, and what it paid is what it got but for `margin` of the
mean price at most (inclusive), over the trades with a price, which must all be in one currency; of
gifts alone no price is asked. One finding a component: the longest balanced prefix of at least
`min_trades` trades.

detail: collection, priced (trades with a price), traded_minor, traded_currency (their sum).

Cost: linear in the trades for the components, n log n for the prefixes (`balance_kernels.py`).
Source: volume matching of von Wachter et al. 2022 (arXiv 2202.03866) and of Victor and Weintraud
2021 (arXiv 2102.07001), who search buckets of time for sets of trades in which positions net out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.balance_kernels import components, longest_balanced
from regift.graph.index_kernels import group_by
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.queries.findings import Findings, collect
from regift.queries.moves import MOVES
from regift.queries.params import count, duration, ratio
from regift.queries.typology import Redo, Typology

Longs = NDArray[Any]


@dataclass(frozen=True)
class Params:
    """How long, how many trades, how near to nothing gained or lost."""

    window_us: int = duration("7d", "length of the buckets into which time is cut, from 1970 on")
    min_trades: int = count(3, "fewest trades of a ring")
    margin_bp: int = ratio("0.1", "largest gain or loss of an entity, as a share of the mean price")


# `class` numbers class and bucket together; a remainder of % has the sign of the dividend.
_TRADES = f"""
    CREATE OR REPLACE TEMP TABLE _zr_trades AS
    WITH trades AS (
        SELECT record_id, at_us, seq, item, collection, source, target, source_entity,
               target_entity, CASE WHEN price_minor > 0 THEN price_minor ELSE 0 END AS price,
               CASE WHEN price_minor > 0 THEN coalesce(currency, '') END AS currency,
               CASE WHEN collection IS NULL THEN item END AS alone,
               at_us - ((at_us % $bucket) + $bucket) % $bucket AS bucket
        FROM custody WHERE {MOVES})
    SELECT row_number() OVER (ORDER BY at_us, seq, record_id) - 1 AS trade,
           dense_rank() OVER (ORDER BY collection, alone, bucket) - 1 AS class,
           dense_rank() OVER (ORDER BY currency) - 1 AS money, * EXCLUDE (alone, bucket)
    FROM trades
"""
_NODES = """
    CREATE OR REPLACE TEMP TABLE _zr_nodes AS
    SELECT class, entity, row_number() OVER () - 1 AS node FROM (
        SELECT class, source_entity AS entity FROM _zr_trades
        UNION SELECT class, target_entity FROM _zr_trades)
"""
_ARCS = """
    SELECT s.node AS giver, t.node AS taker, price, money
    FROM _zr_trades x JOIN _zr_nodes s ON s.class = x.class AND s.entity = source_entity
        JOIN _zr_nodes t ON t.class = x.class AND t.entity = target_entity ORDER BY trade
"""

_ROWS = """
    WITH shown AS (FROM _zr_rings JOIN _zr_trades USING (trade)),
    ends AS (
        SELECT ring, source AS account, source_entity AS entity, 2 * trade AS place FROM shown
        UNION ALL SELECT ring, target, target_entity, 2 * trade + 1 FROM shown),
    members AS (
        SELECT ring, account, any_value(entity) AS entity, min(place) AS place
        FROM ends GROUP BY ring, account),
    accounts AS (
        SELECT ring, list(account ORDER BY place) AS accounts, count(DISTINCT entity) AS entities
        FROM members GROUP BY ring),
    rings AS (
        SELECT ring, arg_min(record_id, trade) AS first_record, min(at_us) AS first_us,
               max(at_us) AS last_us, count(*) AS trades, list_sort(list(DISTINCT item)) AS items,
               any_value(collection) AS collection, count(*) FILTER (price > 0) AS priced,
               sum(price) AS traded, max(currency) AS currency,
               list({'tbl': 'gifts', 'record': record_id, 'role': 'trade'} ORDER BY trade)
                   AS evidence
        FROM shown GROUP BY ring)
    SELECT ['gifts:' || first_record] AS anchor, coalesce(collection, items[1]) AS unit, first_us,
           last_us, NULL AS amount_minor, NULL AS currency, entities AS length, trades AS instances,
           NULL AS level, true AS complete, items,
           json_object('collection', collection, 'priced', priced,
                       'traded_minor', traded::VARCHAR,
                       'traded_currency', nullif(currency, '')) AS detail,
           accounts, list_transform(accounts, lambda account: 'member') AS roles, evidence
    FROM rings JOIN accounts USING (ring)
"""


def _rings(graph: Snapshot, params: Params) -> pa.Table:
    """Ring and trade of every trade of a balanced prefix."""
    con = graph.con
    nodes = int(con.sql("SELECT count(*) FROM _zr_nodes").fetchall()[0][0])
    arcs = con.sql(_ARCS).to_arrow_table()
    giver, taker, price, money = (
        arcs[name].to_numpy().astype(np.int64) for name in ("giver", "taker", "price", "money")
    )
    start, arc = group_by(giver.astype(np.int32), nodes)
    ring_of = components(np.asarray(start, np.int64), taker[arc])
    inner = np.flatnonzero(ring_of[giver] == ring_of[taker])
    # Stable, so that the trades of a ring keep their order.
    inner = inner[np.argsort(ring_of[giver[inner]], kind="stable")]
    size = np.bincount(ring_of, minlength=1)
    by_ring = np.argsort(ring_of, kind="stable")
    local = np.empty(nodes, np.int64)
    local[by_ring] = np.arange(nodes) - np.repeat(np.cumsum(size) - size, size)
    ring = ring_of[giver[inner]]
    starts = np.concatenate(([0], np.cumsum(np.bincount(ring, minlength=len(size)))))
    ends = np.stack((local[giver[inner]], local[taker[inner]]))
    longest = longest_balanced(
        starts, ends, size, price[inner], money[inner], params.margin_bp, max(params.min_trades, 1)
    )
    kept = np.arange(len(inner)) - starts[ring] < longest[ring]
    return pa.table({"ring": ring[kept], "trade": inner[kept]})


def redo(graph: Snapshot, params: Params) -> Redo:
    """Classes and buckets in which a row of the ledger came or left."""
    bucket = min(max(params.window_us, 1), LONGEST_US)
    of = f"(coalesce(collection, item), (at_us - (at_us % {bucket} + {bucket}) % {bucket}))"
    found = of.replace("coalesce(collection, item)", "unit").replace("at_us", "first_us")
    changed = f"IN (SELECT {of} FROM changed_custody)"
    return Redo(
        sees={"custody": f"FROM whole_custody WHERE {of} {changed}"}, owned=f"{found} {changed}"
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Rings of entities whose trades leave everybody where they were."""
    con = graph.con
    con.execute(_TRADES, {"bucket": min(max(params.window_us, 1), LONGEST_US)})
    con.execute(_NODES)
    con.register("_zr_rings", _rings(graph, params))
    found = collect(con, TYPOLOGY.name, TYPOLOGY.prefix, _ROWS)
    con.unregister("_zr_rings")
    con.execute("DROP TABLE _zr_trades; DROP TABLE _zr_nodes")
    return found


TYPOLOGY = Typology(
    name="zero_risk_ring",
    prefix="zr",
    layer="item",
    family="ring",
    kappa_percent=70,
    fact=False,
    clauses=("R5",),
    partition="whole",
    redo=redo,
    anchor="gifts:record_id of the first trade",
    params=Params,
    find=find,
    reads=("custody",),
    nulls=("recipients", "time"),
    texts={
        "en": "trades in a ring that leaves every member with as many items and as much money",
        "zh": "成员之间循环交易，结束时各方藏品数量与资金基本不变",
    },
)

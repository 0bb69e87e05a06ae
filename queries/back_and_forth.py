"""Back and forth: two sides pass items to and fro (definition D-18).

    ann --x--> bob, bob --x--> ann                                  form `item`: x went and came
    ann --x--> bob, bob --y--> ann, ann --z--> bob, bob --u--> ann  form `pair`: 3 alternations

A side is an entity or, with `linked`, all accounts that links of either grade join, unless these
are more than the workspace's `entity_max`: then a chance link would make one side of a town. The
moves of a pair of sides fall into episodes: a gap of more than `window` begins a new one. One
finding an episode in which an item goes one way and at its next move the other, or in which at
least `min_alternations` moves (inclusive) change direction and the two directions are alike in
number: the fewer at least `balance` times the more. It shows every move of the episode.

detail: form (item | pair; item if both), there, back (moves in the direction of the first one, and
against it). `instances`: changes of direction.

Cost: two sorts of the ledger's moves; links are joined by union-find.
Sources: trades to and fro between two accounts, the commonest wash trade of collectibles: von
Wachter et al. 2022 (arXiv 2202.03866); La Morgia et al. 2023 (arXiv 2208.12797).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.graph.union_find import join_guarded
from regift.queries import scopes
from regift.queries.findings import Findings, collect
from regift.queries.moves import MOVES
from regift.queries.params import count, duration, flag, ratio
from regift.queries.typology import Redo, Typology


@dataclass(frozen=True)
class Params:
    """What counts as to and fro."""

    window_us: int = duration("30d", "longest gap between moves of one episode, inclusive")
    min_alternations: int = count(3, "fewest changes of direction, if no single item comes back")
    balance_bp: int = ratio("0.7", "least ratio of the moves one way and the other")
    linked: bool = flag(True, "linked accounts are one side")


def _rows(window_us: int, least: int, balance_bp: int) -> str:
    """The query; `p` and `q` name the sides of a pair, `way` is the direction."""
    return f"""
    WITH ends AS (
        SELECT record_id, item, at_us, seq, source, target,
               coalesce(a.side, source_entity) AS sa, coalesce(b.side, target_entity) AS sb
        FROM custody LEFT JOIN _bf_sides a ON a.account = source
            LEFT JOIN _bf_sides b ON b.account = target
        WHERE {MOVES}),
    ordered AS (
        SELECT *, least(sa, sb) AS p, greatest(sa, sb) AS q, sa < sb AS way,
               row_number() OVER pair AS place,
               at_us - lag(at_us) OVER pair <= {window_us:d} AS goes_on
        FROM ends WHERE sa <> sb
        WINDOW pair AS (PARTITION BY least(sa, sb), greatest(sa, sb)
                        ORDER BY at_us, seq, record_id)),
    numbered AS (
        SELECT *, count(*) FILTER (goes_on IS NOT true)
                      OVER (PARTITION BY p, q ORDER BY place) AS episode FROM ordered),
    turned AS (
        SELECT *, first(way) OVER episodes AS there, way <> lag(way) OVER episodes AS turns,
               way <> lag(way) OVER (PARTITION BY p, q, episode, item ORDER BY place) AS comes_back
        FROM numbered WINDOW episodes AS (PARTITION BY p, q, episode ORDER BY place)),
    counted AS (
        SELECT p, q, episode, coalesce(bool_or(comes_back), false) AS by_item,
               count(*) FILTER (turns) AS turns, count(*) FILTER (way = there) AS there,
               count(*) FILTER (way <> there) AS back, min(at_us) AS first_us,
               max(at_us) AS last_us, list_sort(list(DISTINCT item)) AS items,
               arg_min([least(source, target), greatest(source, target), record_id], place)
                   AS anchor,
               list({{'tbl': 'gifts', 'record': record_id,
                      'role': CASE WHEN way = there THEN 'there' ELSE 'back' END}}
                    ORDER BY place) AS evidence
        FROM turned GROUP BY p, q, episode),
    found AS (
        FROM counted WHERE by_item OR (turns >= {least:d} AND
            10000 * least(there, back) >= {balance_bp:d} * greatest(there, back))),
    members AS (
        SELECT p, q, episode, account, min(place) AS place FROM (
            SELECT p, q, episode, source AS account, 2 * place AS place FROM turned
            UNION ALL SELECT p, q, episode, target, 2 * place + 1 FROM turned)
        SEMI JOIN found USING (p, q, episode) GROUP BY p, q, episode, account),
    accounts AS (
        SELECT p, q, episode, list(account ORDER BY place) AS accounts FROM members
        GROUP BY p, q, episode)
    SELECT anchor, anchor[1] AS unit, first_us, last_us, NULL AS amount_minor, NULL AS currency,
           2 AS length, turns AS instances, NULL AS level, true AS complete, items,
           json_object('form', CASE WHEN by_item THEN 'item' ELSE 'pair' END,
                       'there', there, 'back', back) AS detail,
           accounts, list_transform(accounts, lambda account: 'member') AS roles, evidence
    FROM found JOIN accounts USING (p, q, episode)
    """


def _define_sides(graph: Snapshot, linked: bool) -> None:
    """`_bf_sides(account, side)`: accounts whose side is not their entity but what links join."""
    con = graph.con
    nodes = con.sql(
        "SELECT a AS account FROM links UNION SELECT b FROM links ORDER BY account"
    ).to_arrow_table()
    con.register("_bf_nodes", nodes.append_column("node", pa.array(np.arange(len(nodes)))))
    joins = con.sql(
        "SELECT x.node AS a, y.node AS b FROM links l "
        "JOIN _bf_nodes x ON x.account = l.a JOIN _bf_nodes y ON y.account = l.b"
    ).to_arrow_table()
    none = np.zeros(0, np.int64)
    left, right = (joins[end].to_numpy().copy() for end in ("a", "b"))
    label, _ = join_guarded(len(nodes), left, right, max(len(nodes), 1), none, none)
    small = (np.bincount(label, minlength=1)[label] <= graph.settings.entity_max) & linked
    names = nodes["account"].combine_chunks()
    sides = pa.table({"account": names, "side": names.take(pa.array(label))})
    con.unregister("_bf_nodes")
    con.register("_bf_found", sides.filter(pa.array(small)))
    con.execute("CREATE OR REPLACE TEMP TABLE _bf_sides AS FROM _bf_found")
    con.unregister("_bf_found")


def redo(graph: Snapshot, params: Params) -> Redo:
    """Pairs with a side that has a touched account."""
    sees = scopes.sides(graph.con, "custody")
    return Redo(sees=sees, named="account IN (FROM touched_sides)")


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of two sides that pass items to and fro."""
    _define_sides(graph, params.linked)
    window_us, least = min(params.window_us, LONGEST_US), max(params.min_alternations, 1)
    rows = _rows(window_us, least, params.balance_bp)
    found = collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, rows)
    graph.con.execute("DROP TABLE _bf_sides")
    return found


TYPOLOGY = Typology(
    name="back_and_forth",
    prefix="bf",
    layer="item",
    family="circulation",
    kappa_percent=40,
    fact=False,
    clauses=("R5", "R4"),
    partition="whole",
    redo=redo,
    anchor="source and target of the first move, sorted, and its record",
    params=Params,
    find=find,
    reads=("custody", "links"),
    nulls=("recipients", "time"),
    texts={
        "en": "two sides pass items to and fro",
        "zh": "双方之间反复来回转移藏品",
    },
)

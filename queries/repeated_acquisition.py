"""Repeated acquisition: one entity gets one and the same item again and again (definition D-18).

    bob --> ann @0d   cat --> ann @9d   bob --> ann @30d      ann got the item 3 times in 30 days
        `-- root: min_times acquisitions in [root, root + window]

An acquisition is a move of the item to an account of the entity: a gift or sale between different
entities, a gift back among them, but none that a platform return undid. Both ends of the window are
in it, and acquisitions of one time share it. Roots with gaps of at most the window are one episode
and one finding; it shows the acquisitions in the window of the root that has the most.

detail: acquisitions (those shown). `instances`: roots.

Cost: two sorts of the ledger's moves; linear in the records shown.
Sources: an item that comes back to an account is the sign of wash trades that needs neither prices
nor payments: von Wachter et al. 2022 (arXiv 2202.03866).
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.queries.findings import Findings, collect
from regift.queries.moves import MOVES
from regift.queries.params import count, duration
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """How often, in how short a time."""

    window_us: int = duration("30d", "time in which the acquisitions lie, inclusive")
    min_times: int = count(3, "fewest acquisitions in the window; less than two is read as two")


def _rows(window_us: int, min_times: int) -> str:
    """The query; `place` numbers the acquisitions of a holder, `low` is where a window begins."""
    return f"""
    WITH acquired AS (
        SELECT item, target_entity AS entity, record_id, at_us, seq, source, target,
               row_number() OVER ordered AS place,
               count(*) OVER (holder ORDER BY at_us
                   RANGE BETWEEN CURRENT ROW AND {window_us:d} FOLLOWING) AS times
        FROM custody WHERE {MOVES}
        WINDOW holder AS (PARTITION BY item, target_entity),
               ordered AS (PARTITION BY item, target_entity ORDER BY at_us, seq, record_id)),
    begun AS (
        SELECT *, min(place) OVER (PARTITION BY item, entity, at_us) AS low FROM acquired),
    roots AS (
        SELECT *, at_us - lag(at_us) OVER (PARTITION BY item, entity ORDER BY place)
                      <= {window_us:d} AS goes_on
        FROM begun WHERE times >= {min_times:d}),
    numbered AS (
        SELECT *, count(*) FILTER (goes_on IS NOT true)
                      OVER (PARTITION BY item, entity ORDER BY place) AS episode FROM roots),
    episodes AS (
        SELECT item, entity, arg_min(record_id, place) AS root, count(*) AS instances,
               arg_min(low, (-times, place)) AS low, max(times) AS most
        FROM numbered GROUP BY item, entity, episode),
    places AS (
        SELECT item, entity, root, instances, most, unnest(range(low, low + most)) AS place
        FROM episodes),
    shown AS (FROM places JOIN acquired USING (item, entity, place)),
    ends AS (
        SELECT root, account, role, min(place) AS place FROM (
            SELECT root, target AS account, 'receiver' AS role, place FROM shown
            UNION ALL SELECT root, source, 'giver', place FROM shown)
        GROUP BY root, account, role),
    accounts AS (
        SELECT root, list(account ORDER BY role DESC, place, account) AS accounts,
               list(role ORDER BY role DESC, place, account) AS roles
        FROM ends GROUP BY root),
    records AS (
        SELECT root, any_value(item) AS item, any_value(instances) AS instances,
               any_value(most) AS most, min(at_us) AS first_us, max(at_us) AS last_us,
               list({{'tbl': 'gifts', 'record': record_id, 'role': 'acquisition'}} ORDER BY place)
                   AS evidence
        FROM shown GROUP BY root)
    SELECT [item, root] AS anchor, item AS unit, first_us, last_us, NULL AS amount_minor,
           NULL AS currency, 1 AS length, instances, NULL AS level, true AS complete,
           [item] AS items, json_object('acquisitions', most) AS detail, accounts, roles, evidence
    FROM records JOIN accounts USING (root)
    """


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes in which an entity got one item `min_times` in a window."""
    window_us, least = min(params.window_us, LONGEST_US), max(params.min_times, 2)
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, _rows(window_us, least))


TYPOLOGY = Typology(
    name="repeated_acquisition",
    prefix="ra",
    layer="item",
    family="circulation",
    kappa_percent=30,
    fact=False,
    clauses=("R5",),
    partition="item",
    anchor="item, first root of the episode",
    params=Params,
    find=find,
    reads=("custody",),
    nulls=("recipients", "time"),
    texts={
        "en": "gets one and the same item again and again within a short time",
        "zh": "短期内多次取得同一件藏品",
    },
)

"""Closed circulation: an item comes back to an entity that held it before (definition D-2).

    ann --> bob --> cat --> ann          one finding, at the hop that closes: ann, bob, cat
             ^       |
             `-------'                   a second finding where an inner loop closes

Found: a hop whose target's entity held the item before, with at least one other entity in between.
Sources and targets both held it; the target of a burn does not. Hop pairs that a platform `return`
undid are skipped; pairs that a gift back undid are not. The witness is the minimal cycle: from the
last place the entity was seen to the hop that closes, every record in between that is not skipped.
Its accounts stand in the order in which they first appear, from the source of the first hop; across
a gap that need not be an account of the entity itself.

detail: issuer, lower_bound (of the closing hop), closed_by (account | entity: whether the very
account got it back), dwell_us (first to last record).

Cost: the last-seen scan is part of the custody walk; witnesses are a join of the closing hops
with the item's hops from `cycle_from` on, linear in the records shown.
Sources: closed cycles of wash traded items, von Wachter et al. 2022 (arXiv 2202.03866); platforms'
automatic returns are no round trip (docs/typologies.md).
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """Nothing to choose: an item came back or it did not."""


_ROWS = """
    WITH closing AS (
        SELECT record_id AS anchor, item, ord AS last_ord, cycle_from, at_us AS last_us, level,
               target, target_entity, issuer, lower_bound
        FROM custody WHERE cycle_from IS NOT NULL AND undone IS DISTINCT FROM 'return'),
    cycle AS (
        SELECT x.anchor, h.ord, h.record_id, h.kind, h.at_us, h.source, h.target, h.source_entity,
               h.target_entity
        FROM closing x JOIN custody h
            ON h.item = x.item AND h.ord BETWEEN x.cycle_from AND x.last_ord
        WHERE h.undone IS DISTINCT FROM 'return'),
    hops AS (
        SELECT anchor, min(at_us) AS first_us, count(*) AS length,
               list({'tbl': 'gifts', 'record': record_id, 'role': kind} ORDER BY ord) AS evidence
        FROM cycle GROUP BY anchor),
    held AS (
        SELECT anchor, account, entity, min(place) AS place FROM (
            SELECT anchor, source AS account, source_entity AS entity, 2 * ord AS place FROM cycle
            UNION ALL SELECT anchor, target, target_entity, 2 * ord + 1 FROM cycle)
        GROUP BY anchor, account, entity),
    accounts AS (
        SELECT anchor, list(account ORDER BY place) AS accounts,
               list(CASE WHEN entity = target_entity THEN 'holder' ELSE 'relay' END ORDER BY place)
                   AS roles,
               bool_or(account = target AND place < 2 * last_ord + 1) AS same_account
        FROM held JOIN closing USING (anchor) GROUP BY anchor)
    SELECT ['gifts:' || anchor] AS anchor, item AS unit, first_us, last_us, NULL AS amount_minor,
           NULL AS currency, length, 1 AS instances, level, true AS complete, [item] AS items,
           json_object('issuer', issuer, 'lower_bound', lower_bound, 'closed_by',
                       CASE WHEN same_account THEN 'account' ELSE 'entity' END,
                       'dwell_us', last_us - first_us) AS detail,
           accounts, roles, evidence
    FROM closing JOIN hops USING (anchor) JOIN accounts USING (anchor)
"""


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding per hop that closes a cycle."""
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, _ROWS)


TYPOLOGY = Typology(
    name="closed_circulation",
    prefix="cc",
    layer="item",
    family="circulation",
    kappa_percent=60,
    fact=False,
    clauses=("R4", "R5"),
    partition="item",
    anchor="gifts:record_id of the hop that closes the cycle",
    params=Params,
    find=find,
    reads=("custody",),
    nulls=("recipients",),
    texts={
        "en": "passes an item round until it is back with an earlier holder",
        "zh": "藏品经多手流转后回到曾持有者手中",
    },
)

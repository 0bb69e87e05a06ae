"""Custody gap: a move that the record cannot explain (definition D-2).

    brand --issue--> ann      zed --gift--> bob       not_holder: ann held it, not zed
    brand --issue--> ann      brand --issue--> bob    double_issue: no burn in between
    ann --burn--> brand       ann --gift--> bob       after_burn: nobody held it

Found: every hop with a gap. Holders compare by entity; a first hop of which nothing is known has
no gap. A record may be missing or late: a gap is a reason to ask, and makes all deeper levels of
the item lower bounds.

detail: gap, holder_before (the account that held it, if known), rule, kind, lower_bound.

Cost: a scan of `custody`.
Sources: provenance of serial-numbered items has one holder at a time (docs/typologies.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from regift.graph.connect import row
from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.typology import Chance, Typology

ORDINARY = 20
"""Where one hop of so many has a gap, the records are incomplete and a gap tells of nobody."""


@dataclass(frozen=True)
class Params:
    """Nothing to choose: the record explains a move or it does not."""


_ROWS = """
    SELECT ['gifts:' || record_id] AS anchor, item AS unit, at_us AS first_us, at_us AS last_us,
           NULL AS amount_minor, NULL AS currency, 1 AS length, 1 AS instances, level,
           true AS complete, [item] AS items,
           json_object('gap', gap, 'holder_before', holder_before, 'rule', rule, 'kind', kind,
                       'lower_bound', lower_bound) AS detail,
           [source, target] AS accounts, ['giver', 'receiver'] AS roles,
           [{'tbl': 'gifts', 'record': record_id, 'role': kind}] AS evidence
    FROM custody WHERE gap IS NOT NULL
"""


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding per hop that the record cannot explain."""
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, _ROWS)


def chance(graph: Snapshot, params: Params, seed: int) -> Mapping[str, Chance]:
    """Records that are missing explain gaps by the share of hops that have one.

    No shuffled world tells: every one that moves a hop makes gaps.
    """
    gaps, hops = row(graph.con, "SELECT count(gap), count(*) FROM custody")
    rate = min(10_000, 10_000 * ORDINARY * gaps // max(hops, 1))
    return {"all": Chance(rate, {"gaps": gaps, "hops": hops})}


TYPOLOGY = Typology(
    name="custody_gap",
    prefix="cg",
    layer="item",
    family="custody",
    kappa_percent=30,
    fact=False,
    clauses=("R5",),
    partition="item",
    anchor="gifts:record_id of the hop",
    params=Params,
    find=find,
    reads=("custody",),
    chance=chance,
    texts={
        "en": "moves an item that it did not hold as far as the records say",
        "zh": "按记录并不持有该藏品却将其转出",
    },
)

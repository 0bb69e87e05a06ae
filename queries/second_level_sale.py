"""Second-level sale: a sale by anybody but the issuer (definition D-2).

    brand --issue--> ann --sale--> bob           found: ann sells
    brand --sale---> ann                         not: first-level transaction (rule 2)
    brand --issue--> ann --sale--> brand         found, unless buy_back
                                   brand --sale--> cat    found, if resale

Found: a hop of kind `sale` by rule 4 or 5 (`internal`, `hop`) that nothing undid. A sale to an
account of the issuer's entity counts unless `buy_back` says that it is first level; a sale by the
issuer of what had come back to it counts if `resale` says that it is second level. A price is not
needed: the record says that it was a sale.

detail: rule, to_issuer, price_minor, currency, lower_bound, issuer, issuer_how, linked.

Cost: a scan of `custody` and a join of the issuers with their entities.
Sources: the rule that public accounts support no second-level transactions, statement of
2022-03-30 and clause of 2022-06-20 (docs/typologies.md).
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.params import flag
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """What a second-level sale is."""

    buy_back: bool = flag(False, "a sale to the issuer is first level, not second")
    resale: bool = flag(False, "what came back to the issuer is sold again at second level")


SOLD_ON = "kind = 'sale' AND rule IN ('internal', 'hop') AND undone IS NULL"
"""What is found unless `buy_back` leaves it out, in SQL over the columns of `custody`."""


SOLD_AGAIN = "kind = 'sale' AND rule = 'issuer' AND reissued AND undone IS NULL"
"""The issuer's sales of what had come back to it: found too if `resale`."""


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding per second-level sale."""
    kept = "NOT to_issuer" if params.buy_back else "true"
    sold = f"({SOLD_ON}) OR ({SOLD_AGAIN})" if params.resale else SOLD_ON
    return collect(
        graph.con,
        TYPOLOGY.name,
        TYPOLOGY.prefix,
        f"""
        WITH sales AS (
            SELECT c.*, coalesce(target_entity = coalesce(e.entity, issuer), false) AS to_issuer
            FROM custody c LEFT JOIN entity_of e ON e.account = c.issuer
            WHERE {sold})
        SELECT ['gifts:' || record_id] AS anchor, item AS unit, at_us AS first_us,
               at_us AS last_us, NULL AS amount_minor, NULL AS currency, 1 AS length,
               1 AS instances, level, true AS complete, [item] AS items,
               json_object('rule', rule, 'to_issuer', to_issuer, 'price_minor', price_minor,
                           'currency', currency, 'lower_bound', lower_bound, 'issuer', issuer,
                           'issuer_how', issuer_how, 'linked', linked) AS detail,
               [source, target] AS accounts, ['seller', 'buyer'] AS roles,
               [{{'tbl': 'gifts', 'record': record_id, 'role': 'sale'}}] AS evidence
        FROM sales WHERE {kept}
        """,
    )


TYPOLOGY = Typology(
    name="second_level_sale",
    prefix="sls",
    layer="item",
    family="sale",
    kappa_percent=70,
    fact=True,
    clauses=("R2", "R3"),
    partition="item",
    anchor="gifts:record_id of the sale",
    params=Params,
    find=find,
    reads=("custody",),
    texts={
        "en": "sells an item at second level: on from somebody else, or anew after it came back",
        "zh": "二级交易：转售他人发行的藏品，或将回流的藏品再次出售",
    },
)

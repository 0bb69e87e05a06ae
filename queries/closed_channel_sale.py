"""Closed-channel sale: trade in a channel that opens no transactions (definition D-2).

    any account --sale, mini_program--> any account               found, the issuer's own included
    brand --issue--> ann --gift, price, mini_program--> bob       found: a priced first-level gift
    brand --issue--> ann --gift, no price, mini_program--> bob    not: what the channel is for

Found: a hop in one of `channels` that is a `sale`, whatever its rule and whether or not it was
undone later (the transaction was made there); or a `gift` with a price above zero, of level <= 1
and not undone (deeper gifts are multi-level gifts). The channel is the record's, else the kind of
the source account; `unknown` is in no list.

detail: channel, rule, price_minor, currency, undone, linked.

Cost: a scan of `custody`.
Sources: the rule that mini programs offer display and first-level gifts only, statement of
2022-03-30 and clause of 2022-06-20 (docs/typologies.md).
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.loaders.tables import CHANNELS
from regift.queries.findings import Findings, collect
from regift.queries.params import words
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """What a closed-channel sale is."""

    channels: tuple[str, ...] = words(
        ("mini_program",), CHANNELS, "channels that open no transactions"
    )

    def __post_init__(self) -> None:
        unknown = set(self.channels) - set(CHANNELS)
        if unknown:
            raise ValueError(f"no channel {', '.join(sorted(unknown))}")


def condition(params: Params) -> str:
    """What is found, in SQL over the columns of `custody`."""
    closed = ", ".join(f"'{channel}'" for channel in params.channels)
    return f"""channel IN ({closed})
          AND (kind = 'sale'
               OR (kind = 'gift' AND price_minor > 0 AND level <= 1 AND undone IS NULL))"""


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding per sale or priced first-level gift in a closed channel."""
    return collect(
        graph.con,
        TYPOLOGY.name,
        TYPOLOGY.prefix,
        f"""
        SELECT ['gifts:' || record_id] AS anchor, item AS unit, at_us AS first_us,
               at_us AS last_us, NULL AS amount_minor, NULL AS currency, 1 AS length,
               1 AS instances, level, true AS complete, [item] AS items,
               json_object('channel', channel, 'rule', rule, 'price_minor', price_minor,
                           'currency', currency, 'undone', undone, 'linked', linked) AS detail,
               [source, target] AS accounts,
               CASE kind WHEN 'sale' THEN ['seller', 'buyer'] ELSE ['giver', 'receiver'] END
                   AS roles,
               [{{'tbl': 'gifts', 'record': record_id, 'role': kind}}] AS evidence
        FROM custody
        WHERE {condition(params)}
        """,
    )


TYPOLOGY = Typology(
    name="closed_channel_sale",
    prefix="ccs",
    layer="item",
    family="sale",
    kappa_percent=70,
    fact=True,
    clauses=("R4",),
    partition="item",
    anchor="gifts:record_id of the sale",
    params=Params,
    find=find,
    reads=("custody",),
    texts={
        "en": "sells an item in a channel that opens no transactions",
        "zh": "在不开放交易的渠道（小程序）出售藏品",
    },
)

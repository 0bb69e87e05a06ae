"""Common exit: several accounts send most of what they ever pay to one and the same account.

    ann --30--> shop                 f got 70 of the 100 that ann paid, exactly `share`: her exit
    ann --40--> f   ann --30--> f
    bob --...-> f   cat --...-> f    the exit of `min_accounts` accounts: a finding of f

What counts are effective payments, red packets and payouts, each currency by itself; of an
account that paid fewer than `min_outs` times nothing is said. An f that is a merchant or a
platform, or exit of more than `hub` accounts, is found nowhere: shops are where most money ends.
The share is compared as integers, and exactly `share` is enough. Definition D-18.

One finding an account f and currency: the last record of each payer to f, in total order. amount:
the sum of these.

detail: total_minor (all that these accounts paid to f), stratum (by number of accounts).

Cost: two aggregations of the transfers by pair and by payer.
Sources: deposit reuse, Victor 2020 (address clustering); collecting accounts of mule networks.
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.kept import keep
from regift.queries.params import count, ratio
from regift.queries.strata import size_stratum
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """What an exit is, and how many accounts share it."""

    share_bp: int = ratio("0.7", "least share of all that an account paid that went to its exit")
    min_outs: int = count(2, "fewest records in which an account paid")
    min_accounts: int = count(3, "fewest accounts with one exit")
    hub: int = count(20, "the exit of more accounts than that is a hub and no finding")


def _exits(params: Params) -> str:
    """The query of what is kept: each exit of each account."""
    return f"""
    WITH moves AS (
        SELECT record_id, at_us, seq, source, target, amount_minor, currency FROM payments
        UNION ALL
        SELECT record_id, at_us, coalesce(seq, 0), source, target, amount_minor, currency
        FROM transfers WHERE kind = 'payout' AND source <> target),
    pairs AS (
        SELECT source AS account, target, currency, count(*) AS outs,
               sum(amount_minor)::HUGEINT AS got, max((at_us, seq, record_id)) AS place,
               arg_max(amount_minor, (at_us, seq, record_id)) AS amount_minor
        FROM moves GROUP BY source, target, currency)
    SELECT account, target, currency, got, amount_minor, place[1] AS at_us, place[2] AS seq,
           place[3] AS record_id
    FROM pairs WINDOW own AS (PARTITION BY account, currency)
    QUALIFY sum(outs) OVER own >= {params.min_outs:d}
        AND 10000 * got >= {params.share_bp:d} * sum(got) OVER own
    """


def _rows(params: Params) -> str:
    """The query of the findings."""
    return f"""
    WITH exits AS (SELECT *, (at_us, seq, record_id) AS place FROM _kept_exits),
    sinks AS (
        SELECT target AS sink, currency, count(*) AS number, min(at_us) AS first_us,
               max(at_us) AS last_us, sum(amount_minor) AS amount_minor, sum(got) AS got,
               list(e.account ORDER BY place) AS payers,
               list({{'tbl': 'transfers', 'record': record_id, 'role': 'exit'}} ORDER BY place)
                   AS evidence
        FROM (FROM exits QUALIFY count(*) OVER (PARTITION BY target, currency)
                  BETWEEN {params.min_accounts:d} AND {params.hub:d}) e
            JOIN account_kinds k ON k.account = target
        WHERE k.kind IS NULL OR k.kind NOT IN ('merchant', 'platform')
        GROUP BY target, currency)
    SELECT [sink, currency, evidence[1].record] AS anchor, sink AS unit, first_us, last_us,
           amount_minor, currency, 1 AS length, number AS instances, NULL AS level,
           true AS complete, [] AS items, json_object(
               'total_minor', got, 'stratum', {size_stratum("number")}) AS detail,
           [sink] || payers AS accounts,
           ['sink'] || list_transform(payers, lambda payer: 'payer') AS roles, evidence
    FROM sinks
    """


def find(graph: Snapshot, params: Params) -> Findings:
    """Accounts that several others send most of what they pay."""
    keep(graph, "exits", _exits(params))
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, _rows(params))


TYPOLOGY = Typology(
    name="common_exit",
    prefix="ce",
    layer="identity",
    family="identity",
    kappa_percent=25,
    fact=False,
    clauses=("R5",),
    partition="account",
    anchor="account, currency, first record",
    params=Params,
    find=find,
    reads=("payments", "transfers", "account_kinds"),
    keeps=("exits",),
    nulls=("rewire",),
    texts={
        "en": "is where several accounts send most of what they pay",
        "zh": "多个账号将其大部分支出汇集至同一账号",
    },
)

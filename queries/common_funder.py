"""Common funder: several accounts have their first money from one, within days of each other.

    f --10--> ann   @0d   ann's first money, and she paid nothing before: an entry
    f --10--> bob   @1d   another
    f --10--> cat   @7d   a third, exactly `window` after the first: a finding of f

The entry of an account is the first effective payment, red packet or top-up that it gets, if it
sent none of these (nor a payout) before. A funder that is a merchant or a platform, or has more
than `hub` entries in all, is found nowhere: shops and pay-in points fund everybody. Windows are
inclusive; entries of one time are in one window. Definition D-18.

One finding an episode of roots, which shows the root with the most entries. amount: their sum.

Cost: a sort of the transfers by account for the first ones, then linear in the entries.
Sources: first funding as a link between accounts, Victor 2020 (address clustering by deposits and
funding); airdrop farms with one source of gas.
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.queries.findings import Findings, collect
from regift.queries.kept import keep
from regift.queries.params import count, duration
from regift.queries.strata import size_stratum
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """How many accounts, how soon after each other."""

    window_us: int = duration("7d", "time in which the accounts get their first money, inclusive")
    min_accounts: int = count(3, "fewest accounts with their first money from one, in the window")
    hub: int = count(20, "an account with more entries than that is a hub and funds nobody")


_ENTRIES = """
    WITH moves AS (
        SELECT record_id, at_us, seq, source, target, amount_minor, currency, kind FROM payments
        UNION ALL
        SELECT record_id, at_us, coalesce(seq, 0), source, target, amount_minor, currency, kind
        FROM transfers WHERE kind IN ('topup', 'payout') AND source <> target),
    ins AS (
        SELECT target AS account, min((at_us, seq, record_id)) AS place,
               arg_min({'source': source, 'amount_minor': amount_minor, 'currency': currency},
                       (at_us, seq, record_id)) AS move
        FROM moves WHERE kind <> 'payout' GROUP BY target),
    outs AS (
        SELECT source AS account, min((at_us, seq, record_id)) AS place
        FROM moves WHERE kind <> 'topup' GROUP BY source)
    SELECT account, move.source AS funder, move.currency AS currency,
           move.amount_minor AS amount_minor, ins.place[1] AS at_us, ins.place[2] AS seq,
           ins.place[3] AS record_id
    FROM ins LEFT JOIN outs USING (account) WHERE outs.place IS NULL OR ins.place < outs.place
"""
"""What is kept: the entry of each account; `ins` and `outs` are its first in total order."""


def _rows(window_us: int, min_accounts: int, hub: int) -> str:
    """The query of the findings."""
    return f"""
    WITH entries AS (SELECT *, (at_us, seq, record_id) AS place FROM _kept_entries),
    funded AS (
        SELECT e.* FROM entries e JOIN account_kinds k ON k.account = funder
        WHERE k.kind IS NULL OR k.kind NOT IN ('merchant', 'platform')
        QUALIFY count(*) OVER (PARTITION BY funder) <= {hub:d}),
    counted AS (
        SELECT *, count(*) OVER (PARTITION BY funder, currency ORDER BY at_us
                      RANGE BETWEEN CURRENT ROW AND {window_us:d} FOLLOWING) AS number FROM funded),
    roots AS (
        SELECT *, at_us - lag(at_us) OVER ordered <= {window_us:d} AS goes_on
        FROM (FROM counted WHERE number >= {min_accounts:d})
        WINDOW ordered AS (PARTITION BY funder, currency ORDER BY place)),
    numbered AS (
        SELECT *, count(*) FILTER (goes_on IS NOT true) OVER (
                      PARTITION BY funder, currency ORDER BY place) AS episode FROM roots),
    episodes AS (
        SELECT funder, currency, episode, min(place)[3] AS first_root, count(*) AS instances,
               arg_min(at_us, (-number, place)) AS begin_us
        FROM numbered GROUP BY funder, currency, episode),
    shown AS (
        SELECT funder, currency, first_root, any_value(instances) AS instances,
               min(at_us) AS first_us, max(at_us) AS last_us, sum(amount_minor) AS amount_minor,
               list(account ORDER BY place) AS accounts,
               list({{'tbl': 'transfers', 'record': record_id, 'role': 'entry'}} ORDER BY place)
                   AS evidence
        FROM episodes JOIN funded USING (funder, currency)
        WHERE at_us BETWEEN begin_us AND begin_us + {window_us:d}
        GROUP BY funder, currency, first_root)
    SELECT [funder, currency, first_root] AS anchor, funder AS unit, first_us, last_us,
           amount_minor, currency, 1 AS length, instances, NULL AS level, true AS complete,
           [] AS items, json_object('funded', len(accounts),
               'stratum', {size_stratum("len(accounts)")}) AS detail,
           [funder] || accounts AS accounts,
           ['payer'] || list_transform(accounts, lambda account: 'receiver') AS roles, evidence
    FROM shown
    """


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of first money from one account."""
    window_us = min(params.window_us, LONGEST_US)
    keep(graph, "entries", _ENTRIES)
    rows = _rows(window_us, params.min_accounts, params.hub)
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, rows)


TYPOLOGY = Typology(
    name="common_funder",
    prefix="cf",
    layer="identity",
    family="identity",
    kappa_percent=25,
    fact=False,
    clauses=("R5",),
    partition="account",
    anchor="account, currency, first root of the episode",
    params=Params,
    find=find,
    reads=("payments", "transfers", "account_kinds"),
    keeps=("entries",),
    nulls=("time", "rewire"),
    texts={
        "en": "gives several accounts their first money within days of each other",
        "zh": "短期内多个账号的首笔资金均来自同一账号",
    },
)

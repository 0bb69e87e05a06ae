"""same_amount: the very same amount from, or to, several different accounts.

    a --777.77--> x        x got 777.77 of three different accounts: one finding (`in`)
    b --777.77--> x        x pays 777.77 to three: another one (`out`)
    c --777.77--> x

Of an account x, a direction, a currency and an amount in minor units: the effective payments and
red packets of x in that direction with exactly that amount, at whatever time. Found: those with at
least `min_accounts` different other ends. If the payments of all that would be found in a direction
are more than `common` of all payments, equal amounts are how people pay there, and nothing of that
direction is found: `chance` tells it. Definition D-18.

One finding an account, currency, direction and amount: x (`sink`, of `out` the `payer`), the others
in the order of their first payments (`source`, `receiver`); all these payments in total order
(`in`, `out`). amount: the amount that all of them have.

detail: direction, counterparties, stratum ("<direction>|<counterparties, 6 for more>|<digits of the
number of payments with that amount in the store, 3 for more>").

Chance (`same_amount_null.py`): round amounts, prices and standing orders repeat by themselves. The
same is counted in ten worlds whose amounts are permuted among all payments of a currency, and ten
where they are among those of each sender; per stratum the larger count is what chance explains.

Cost: one aggregation of the payments by direction; chance: two sorts a world.
Source: equal sums as the mark of fans that one hand steers; our measurements on simulated ledgers.
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.params import count, ratio
from regift.queries.rarity import COMMON
from regift.queries.same_amount_null import CAP, DIGITS, ENDS, chance_by_permutation
from regift.queries.typology import Chance, Typology


@dataclass(frozen=True)
class Params:
    """How many make it a pattern, and when that is rare."""

    min_accounts: int = count(3, "fewest different accounts with the same amount")
    common_bp: int = ratio(COMMON, "largest share of all payments that these may be, a direction")


def _rows(params: Params) -> str:
    return f"""
    WITH ends AS ({ENDS}),
    groups AS (
        SELECT direction, account, currency, amount_minor, count(DISTINCT other) AS others,
               count(*) AS payments
        FROM ends GROUP BY direction, account, currency, amount_minor
        HAVING count(DISTINCT other) >= {params.min_accounts:d}),
    rare AS (
        SELECT * EXCLUDE (payments) FROM groups
        QUALIFY 10000 * sum(payments) OVER (PARTITION BY direction)
                <= {params.common_bp:d} * (SELECT count(*) FROM payments)),
    firsts AS (
        SELECT direction, account, currency, amount_minor, other, any_value(others) AS others,
               min(ord) AS place, min(at_us) AS first_us, max(at_us) AS last_us,
               count(*) AS payments
        FROM ends JOIN rare USING (direction, account, currency, amount_minor)
        GROUP BY direction, account, currency, amount_minor, other),
    parties AS (
        SELECT direction, account, currency, amount_minor, any_value(others) AS others,
               list(other ORDER BY place) AS named, min(first_us) AS first_us,
               max(last_us) AS last_us, sum(payments) AS payments
        FROM firsts GROUP BY direction, account, currency, amount_minor),
    amounts AS (
        SELECT currency, amount_minor, least(length(count(*)::VARCHAR), {DIGITS}) AS digits
        FROM payments SEMI JOIN rare USING (currency, amount_minor)
        GROUP BY currency, amount_minor),
    records AS (
        SELECT direction, account, currency, amount_minor,
               list({{'tbl': 'transfers', 'record': record_id, 'role': direction}} ORDER BY ord)
                   AS evidence
        FROM ends SEMI JOIN rare USING (direction, account, currency, amount_minor)
        GROUP BY direction, account, currency, amount_minor)
    SELECT [account, currency, direction, amount_minor::VARCHAR] AS anchor, account AS unit,
           first_us, last_us, amount_minor, currency, 1 AS length, payments AS instances,
           NULL AS level, true AS complete, [] AS items,
           json_object('direction', direction, 'counterparties', others, 'stratum',
                       concat_ws('|', direction, least(others, {CAP}), digits)) AS detail,
           [account] || named AS accounts,
           [CASE direction WHEN 'in' THEN 'sink' ELSE 'payer' END] || list_transform(named,
               lambda other: CASE direction WHEN 'in' THEN 'source' ELSE 'receiver' END) AS roles,
           evidence
    FROM parties JOIN records USING (direction, account, currency, amount_minor)
        JOIN amounts USING (currency, amount_minor)
    """


def find(graph: Snapshot, params: Params) -> Findings:
    """Equal amounts from or to several; see the head of this file."""
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, _rows(params))


def chance(graph: Snapshot, params: Params, seed: int) -> dict[str, Chance]:
    """What permuted amounts give by themselves, by stratum."""
    return chance_by_permutation(graph, params.min_accounts, params.common_bp, seed)


TYPOLOGY = Typology(
    name="same_amount",
    prefix="sa",
    layer="value",
    family="same_amount",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="whole",
    anchor="account, currency, direction, amount in minor units",
    params=Params,
    find=find,
    reads=("payments",),
    chance=chance,
    texts={
        "en": "The very same amount from, or to, several different accounts",
        "zh": "同一账号与多个不同账号之间出现完全相同的金额",
    },
)

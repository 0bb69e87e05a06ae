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

from regift.graph.connect import count as count_rows
from regift.graph.snapshot import Snapshot
from regift.queries import scopes
from regift.queries.findings import Findings, collect
from regift.queries.kept import keep
from regift.queries.params import count, ratio
from regift.queries.rarity import COMMON, is_common
from regift.queries.same_amount_null import CAP, DIGITS, ENDS, chance_by_permutation
from regift.queries.typology import Chance, Redo, Typology


@dataclass(frozen=True)
class Params:
    """How many make it a pattern, and when that is rare."""

    min_accounts: int = count(3, "fewest different accounts with the same amount")
    common_bp: int = ratio(COMMON, "largest share of all payments that these may be, a direction")


_GROUPS = f"""
    CREATE OR REPLACE TEMP TABLE _sa_groups AS
    SELECT direction, account, currency, amount_minor, count(DISTINCT other) AS others,
           count(*) AS payments
    FROM ({ENDS}) GROUP BY direction, account, currency, amount_minor
    HAVING count(DISTINCT other) >= $min_accounts
"""
"""What would be found in a direction if it is rare there."""

_KEPT = """
    SELECT account, sum(payments) FILTER (direction = 'in')::BIGINT AS ins,
           sum(payments) FILTER (direction = 'out')::BIGINT AS outs
    FROM _sa_groups GROUP BY account
"""
_SUMS = {"in": "sum(ins)", "out": "sum(outs)"}

# `_sa_rare`: the groups that are found. Digits are those of the whole store.
_ROWS = f"""
    WITH ends AS ({ENDS}),
    firsts AS (
        SELECT direction, account, currency, amount_minor, other, any_value(others) AS others,
               min(ord) AS place, min(at_us) AS first_us, max(at_us) AS last_us,
               count(*) AS payments
        FROM ends JOIN _sa_rare USING (direction, account, currency, amount_minor)
        GROUP BY direction, account, currency, amount_minor, other),
    parties AS (
        SELECT direction, account, currency, amount_minor, any_value(others) AS others,
               list(other ORDER BY place) AS named, min(first_us) AS first_us,
               max(last_us) AS last_us, sum(payments) AS payments
        FROM firsts GROUP BY direction, account, currency, amount_minor),
    amounts AS (
        SELECT currency, amount_minor, least(length(count(*)::VARCHAR), {DIGITS}) AS digits
        FROM {{payments}} SEMI JOIN _sa_rare USING (currency, amount_minor)
        GROUP BY currency, amount_minor),
    records AS (
        SELECT direction, account, currency, amount_minor,
               list({{{{'tbl': 'transfers', 'record': record_id, 'role': direction}}}} ORDER BY ord)
                   AS evidence
        FROM ends SEMI JOIN _sa_rare USING (direction, account, currency, amount_minor)
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

# Accounts with a finding of an amount that as many payments have now as need other digits.
_OTHER_DIGITS = f"""
    WITH moved AS (
        SELECT currency, amount_minor, count(*) FILTER (came) - count(*) FILTER (NOT came) AS more
        FROM changed_payments GROUP BY currency, amount_minor),
    counted AS (
        SELECT currency, amount_minor, any_value(more) AS more, count(*) AS n
        FROM whole_payments JOIN moved USING (currency, amount_minor)
        GROUP BY currency, amount_minor),
    turned AS (
        FROM counted WHERE least(length(n::VARCHAR), {DIGITS})
                           <> least(length((n - more)::VARCHAR), {DIGITS}))
    SELECT DISTINCT unit AS account FROM {scopes.OLD}.findings
    SEMI JOIN turned USING (currency, amount_minor) WHERE typology = 'same_amount'
"""


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """Touched accounts, and those whose amounts are not as rare as they were; all if common now."""
    con = graph.con
    near = scopes.accounts(con).sees["payments"]
    with scopes.shown(con, {"payments": near}):
        con.execute(_GROUPS, {"min_accounts": params.min_accounts})
    keep(graph, "equal_amounts", _KEPT)
    if not all(
        scopes.as_rare(graph, "equal_amounts", of, params.common_bp) for of in _SUMS.values()
    ):
        return None
    con.execute(f"CREATE OR REPLACE TEMP TABLE _sa_more AS {_OTHER_DIGITS}")
    more = "(FROM _sa_more)"
    also = f" UNION FROM whole_payments WHERE source IN {more} OR target IN {more}"
    if not count_rows(con, "_sa_more"):
        also = ""
    return Redo(
        sees={"payments": near + also},
        owned=f"unit IN (FROM touched_accounts) OR unit IN {more}",
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Equal amounts from or to several; see the head of this file."""
    con = graph.con
    con.execute(_GROUPS, {"min_accounts": params.min_accounts})
    if graph.before is None:
        keep(graph, "equal_amounts", _KEPT)
    shares = {way: scopes.share(con, "_kept_equal_amounts", of) for way, of in _SUMS.items()}
    rare = [way for way, share in shares.items() if not is_common(*share, params.common_bp)]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _sa_rare AS FROM _sa_groups "
        "WHERE list_contains($rare::VARCHAR[], direction)",
        {"rare": rare},
    )
    rows = _ROWS.format(payments="payments" if graph.before is None else "whole_payments")
    found = collect(con, TYPOLOGY.name, TYPOLOGY.prefix, rows)
    con.execute("DROP TABLE _sa_groups; DROP TABLE _sa_rare")
    return found


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
    partition="account",
    redo=redo,
    keeps=("equal_amounts",),
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

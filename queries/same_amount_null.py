"""What permuted amounts make of same_amount: how often equal sums meet at one account by chance.

Two null models, ten worlds each, of which the one that explains more counts. `anybody`: amounts
permuted among all payments of a currency, for sums that are common everywhere (50.00, 100.00).
`sender`: permuted among the payments of each sender and currency, for senders that pay one sum to
everybody: their payments stay as they are. Who pays whom, and when, is kept in both.

    lfdr of a stratum = (C + 1) / (n * 10 + 1)        n found, C in all ten worlds of one model

rounded down to basis points, at most 1. Permutations are drawn by PCG64 over payments in total
order, so names and the order of rows say nothing. Cost: two sorts of the payments a world.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.snapshot import Snapshot
from regift.queries.rarity import is_common
from regift.queries.typology import Chance

Ints = NDArray[Any]

WORLDS = 10
"""Worlds a model: a single finding that chance never reaches has a rate of 1 / 11."""
CAP = 6
"""Largest number of counterparties that is a stratum of its own; it stands for all above."""

ENDS = """
    SELECT 'in' AS direction, target AS account, source AS other, record_id, at_us, ord,
           currency, amount_minor FROM payments
    UNION ALL
    SELECT 'out', source, target, record_id, at_us, ord, currency, amount_minor FROM payments
"""
"""Each payment twice: seen from the account that it comes in to, and that it goes out from."""

_NUMBERED = """
    WITH accounts AS MATERIALIZED (
        SELECT account, row_number() OVER () - 1 AS number
        FROM (SELECT source AS account FROM payments UNION SELECT target FROM payments)),
    amounts AS MATERIALIZED (
        SELECT currency, amount_minor, row_number() OVER () - 1 AS number
        FROM (SELECT DISTINCT currency, amount_minor FROM payments)),
    currencies AS MATERIALIZED (
        SELECT currency, row_number() OVER () - 1 AS number
        FROM (SELECT DISTINCT currency FROM payments))
    SELECT s.number AS source, t.number AS target, a.number AS amount, c.number AS currency
    FROM payments p JOIN accounts s ON s.account = p.source JOIN accounts t ON t.account = p.target
        JOIN amounts a USING (currency, amount_minor) JOIN currencies c USING (currency)
    ORDER BY ord
"""


def _groups(account: Ints, other: Ints, amount: Ints, least: int) -> tuple[Ints, Ints]:
    """Of each account and amount with at least `least` others: how many they are, and payments."""
    key = account * (int(amount.max()) + 1) + amount
    # Few have as many payments as others are asked for: only those are looked at closely.
    keys, payments = np.unique(key, return_counts=True)
    many = payments >= max(least, 1)
    keys, payments = keys[many], payments[many]
    if not len(keys):
        return keys, payments
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    near = keys[place] == key
    ends = int(other.max()) + 1
    others = np.bincount(np.unique(place[near] * ends + other[near]) // ends, minlength=len(keys))
    enough = others >= least
    return others[enough], payments[enough]


def _strata(others: Ints) -> Ints:
    """How many groups of each stratum, 0 to `CAP`."""
    return np.bincount(np.minimum(others, CAP), minlength=CAP + 1)


def _permuted(amount: Ints, group: Ints, chance: np.random.Generator) -> Ints:
    """The amounts of each group dealt out anew among its payments."""
    lots = chance.permutation(len(amount))
    dealt = np.empty_like(amount)
    dealt[np.argsort(group, kind="stable")] = amount[np.lexsort((lots, group))]
    return dealt


def chance_by_permutation(
    graph: Snapshot, min_accounts: int, common_bp: int, seed: int
) -> dict[str, Chance]:
    """The rate of each stratum that has a group, "<direction>|<counterparties>".

    A direction in which equal amounts are common is not permuted: the rate of its strata is 1.
    """
    table = graph.con.sql(_NUMBERED).to_arrow_table()
    columns = ("source", "target", "amount", "currency")
    source, target, amount, currency = (table[name].to_numpy().astype(np.int64) for name in columns)
    if not len(amount):
        return {}
    models = {"anybody": currency, "sender": source * (int(currency.max()) + 1) + currency}
    answer = {}
    for place, (direction, account, other) in enumerate(
        (("in", target, source), ("out", source, target))
    ):
        others, payments = _groups(account, other, amount, min_accounts)
        found = _strata(others)
        told = {"payments": len(amount), "named": int(payments.sum()), "common_bp": common_bp}
        common = is_common(told["named"], len(amount), common_bp)
        totals = {}
        for model, (name, group) in enumerate(models.items()):
            chance = np.random.Generator(np.random.PCG64([seed, place, model]))
            worlds = () if common else range(WORLDS)
            totals[name] = [
                _strata(_groups(account, other, _permuted(amount, group, chance), min_accounts)[0])
                for _ in worlds
            ]
        for n in np.flatnonzero(found).tolist():
            counts = {name: int(sum(world[n] for world in all_)) for name, all_ in totals.items()}
            answer[f"{direction}|{n}"] = (
                Chance(10_000, told) if common else _rate(int(found[n]), counts, told)
            )
    return answer


def _rate(found: int, counts: dict[str, int], told: dict[str, int]) -> Chance:
    """The rate of a stratum, and the numbers that it comes from."""
    rate = (max(counts.values()) + 1) * 10_000 // (found * WORLDS + 1)
    return Chance(min(10_000, rate), {"found": found, "worlds": WORLDS, **counts, **told})

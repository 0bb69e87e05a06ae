"""What permuted amounts make of same_amount: how often equal sums meet at one account by chance.

Two null models, ten worlds each, of which the one that explains more counts. `anybody`: amounts
permuted among all payments of a currency, for sums that are common everywhere (50.00, 100.00).
`sender`: permuted among the payments of each sender and currency, for senders that pay one sum to
everybody: their payments stay as they are. Who pays whom, and when, is kept in both.

    lfdr of a stratum = (C + 1) / (n * 10 + 1)        n found, C in all ten worlds of one model

rounded down to basis points, at most 1. Permutations are drawn by PCG64 over payments in total
order, so names and the order of rows say nothing. Cost: two sorts of the payments a world.

Both models keep how often an amount is paid at all, so strata part what is paid nearly nowhere else
from the round sums that meet everywhere: three payers of 777.77 are none of the many of 100.00.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
DIGITS = 3
"""An amount is paid by 1 to 9, 10 to 99, or more payments: strata by the digits of that number."""

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


class Side(NamedTuple):
    """Of each payment the account that it is looked at from, and the other end."""

    account: Ints
    other: Ints


class Payments(NamedTuple):
    """All payments in total order, as numbers.

    amount: number of currency and amount; digits: of each such number, its stratum; currency,
    sender: number of the currency, and of sender and currency; sides: by direction.
    """

    amount: Ints
    digits: Ints
    currency: Ints
    sender: Ints
    sides: dict[str, Side]


def _payments(graph: Snapshot) -> Payments:
    table = graph.con.sql(_NUMBERED).to_arrow_table()
    columns = ("source", "target", "amount", "currency")
    source, target, amount, currency = (table[name].to_numpy().astype(np.int64) for name in columns)
    paid = np.bincount(amount)
    digits = np.ones(len(paid), np.int64)
    for n in range(1, DIGITS):
        digits += paid >= 10**n
    sender = source * (int(currency.max(initial=0)) + 1) + currency
    sides = {"in": Side(target, source), "out": Side(source, target)}
    return Payments(amount, digits, currency, sender, sides)


def groups(side: Side, amount: Ints, least: int) -> tuple[Ints, Ints, Ints]:
    """Of each account and amount with at least `least` others: amount, others, payments.

    amount: numbers from 0, one a payment of the side.

    >>> side = Side(np.array([7, 7, 7, 8]), np.array([1, 2, 2, 1]))
    >>> groups(side, np.array([5, 5, 5, 5]), 2)
    (array([5]), array([2]), array([3]))
    """
    amounts = int(amount.max()) + 1
    key = side.account * amounts + amount
    # Few have as many payments as others are asked for: only those are looked at closely.
    keys, payments = np.unique(key, return_counts=True)
    many = payments >= max(least, 1)
    keys, payments = keys[many], payments[many]
    if not len(keys):
        return keys, keys, payments
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    near = keys[place] == key
    ends = int(side.other.max()) + 1
    once = np.unique(place[near] * ends + side.other[near])
    others = np.bincount(once // ends, minlength=len(keys))
    enough = others >= least
    return keys[enough] % amounts, others[enough], payments[enough]


def _strata(digits: Ints, amount: Ints, others: Ints) -> Ints:
    """How many groups have so many others (0 to `CAP`) and an amount of so many digits."""
    strata = np.zeros((CAP + 1, DIGITS + 1), np.int64)
    np.add.at(strata, (np.minimum(others, CAP), digits[amount]), 1)
    return strata


def permuted(amount: Ints, group: Ints, worlds: int, seed: Sequence[int]) -> Iterator[Ints]:
    """The amounts of each group dealt out anew among its payments, once a world."""
    chance = np.random.Generator(np.random.PCG64(seed))
    size = len(amount)
    places = np.argsort(group, kind="stable")
    for _ in range(worlds):
        dealt = np.empty_like(amount)
        dealt[places] = amount[np.argsort(group * size + chance.permutation(size))]
        yield dealt


def _by_chance(
    sides: Mapping[str, Side], payments: Payments, least: int, seed: int
) -> dict[str, dict[str, Ints]]:
    """By direction and model, groups by stratum in all worlds."""
    totals: dict[str, dict[str, Ints]] = {direction: {} for direction in sides}
    models = {"anybody": payments.currency, "sender": payments.sender}
    for number, (name, group) in enumerate(models.items() if sides else ()):
        for by_model in totals.values():
            by_model[name] = np.zeros((CAP + 1, DIGITS + 1), np.int64)
        for dealt in permuted(payments.amount, group, WORLDS, (seed, number)):
            for direction, side in sides.items():
                own, others, _ = groups(side, dealt, least)
                totals[direction][name] += _strata(payments.digits, own, others)
    return totals


def chance_by_permutation(
    graph: Snapshot, min_accounts: int, common_bp: int, seed: int
) -> dict[str, Chance]:
    """The rate of each stratum that has a group, "<direction>|<counterparties>|<digits>".

    A direction in which equal amounts are common is not permuted: the rate of its strata is 1.
    """
    payments = _payments(graph)
    size = len(payments.amount)
    found, told, rare = {}, {}, {}
    for direction, side in payments.sides.items() if size else ():
        own, others, records = groups(side, payments.amount, min_accounts)
        found[direction] = _strata(payments.digits, own, others)
        named = int(records.sum())
        told[direction] = {"payments": size, "named": named, "common_bp": common_bp}
        if len(own) and not is_common(named, size, common_bp):
            rare[direction] = side
    totals = _by_chance(rare, payments, min_accounts, seed)
    return {
        f"{direction}|{n}|{digits}": _rate(
            int(strata[n, digits]),
            {name: int(total[n, digits]) for name, total in totals.get(direction, {}).items()},
            told[direction],
        )
        for direction, strata in found.items()
        for n, digits in np.argwhere(strata).tolist()
    }


def _rate(found: int, counts: Mapping[str, int], told: Mapping[str, int]) -> Chance:
    """The rate of a stratum, and the numbers that it comes from; 1 if nothing was permuted."""
    if not counts:
        return Chance(10_000, told)
    rate = (max(counts.values()) + 1) * 10_000 // (found * WORLDS + 1)
    return Chance(min(10_000, rate), {"found": found, "worlds": WORLDS, **counts, **told})

"""commission_peak, set by set (D-18)."""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations
from typing import Any

from oracles.moves import Records, Shape, described
from oracles.pair_class import class_of
from oracles.records import Row, place

Amounts = dict[str, int]
Set = tuple[Row, ...]
"""Ins and outs in total order."""


def sets(x: str, own: list[Row], params: Any) -> list[Set]:
    """own: the account's rare payments of one currency, in total order."""
    found = []
    for size in range(2, 9):
        for places in combinations(range(len(own)), size):
            chosen = tuple(own[i] for i in places)
            ins = [row for row in chosen if row["target"] == x]
            outs = [row for row in chosen if row["source"] == x]
            if (
                places[-1] - places[0] < 8
                and 1 <= len(ins) <= 4
                and 1 <= len(outs) <= 4
                and max(row["at_us"] for row in ins) < min(row["at_us"] for row in outs)
                and chosen[-1]["at_us"] - chosen[0]["at_us"] <= params.window_us
            ):
                found.append(chosen)
    return found


def bin_of(x: str, chosen: Set, amounts: Amounts) -> int | None:
    """The number of basis points at the lower end of its bin."""
    ins = sum(amounts[row["record_id"]] for row in chosen if row["target"] == x)
    outs = sum(amounts[row["record_id"]] for row in chosen if row["source"] == x)
    if not ins or not Fraction(1, 2) <= Fraction(outs, ins) < Fraction(1005, 1000):
        return None
    return 5 * (Fraction(outs, ins) * 2000).__floor__()


def at_bins(
    own: dict[tuple[str, str], list[Set]], amounts: Amounts
) -> dict[int, dict[tuple[str, str], list[Set]]]:
    """bin -> (account, currency) -> its sets there."""
    found: dict[int, dict[tuple[str, str], list[Set]]] = defaultdict(lambda: defaultdict(list))
    for (x, currency), each in own.items():
        for chosen in each:
            if (bin_ := bin_of(x, chosen, amounts)) is not None:
                found[bin_][x, currency].append(chosen)
    return found


def is_peak(c: int, b: Fraction, params: Any) -> bool:
    return c >= params.min_accounts and c > b and 2 * c > 3 * b and (c - b) ** 2 > 36 * b


def neighbours(bin_: int, counts: dict[int, int]) -> list[int]:
    """Counts of the bins on either side."""
    near = range(max(bin_ - 100, 5000), min(bin_ + 100, 10_045) + 1, 5)
    return sorted(counts.get(other, 0) for other in near if other != bin_)


def shown(sets_: list[Set], own: list[Row]) -> list[Set]:
    """The smallest first, none that shares a payment with one before."""
    at = {row["record_id"]: i for i, row in enumerate(own)}

    def key(chosen: Set) -> tuple[int, int, list[int]]:
        places = [at[row["record_id"]] for row in chosen]
        return len(places), places[0], places[::-1]

    found: list[Set] = []
    for chosen in sorted(sets_, key=key):
        if not any(row in other for other in found for row in chosen):
            found.append(chosen)
    return found


def commission_peak(records: Records, params: Any) -> set[Shape]:
    """(largest sum of ins of a set, lower end of the bin)"""
    every = records.effective.payments
    own: dict[tuple[str, str], list[Row]] = defaultdict(list)
    turned: Amounts = {}
    rare = [
        row
        for row in every
        if row["kind"] in params.kinds and class_of(row, every) in ("one_off", "first")
    ]
    for currency in {row["currency"] for row in rare}:
        same = [row for row in rare if row["currency"] == currency]
        turned |= {a["record_id"]: b["amount_minor"] for a, b in zip(same, same[::-1], strict=True)}
        for row in same:
            own[row["source"], currency].append(row)
            own[row["target"], currency].append(row)
    all_sets = {(x, currency): sets(x, rows, params) for (x, currency), rows in own.items()}
    real = at_bins(all_sets, {row["record_id"]: row["amount_minor"] for row in rare})
    counts = {bin_: len(each) for bin_, each in real.items()}
    other = {bin_: len(each) for bin_, each in at_bins(all_sets, turned).items()}
    found = set()
    for bin_, accounts in real.items():
        near = neighbours(bin_, counts)
        background = max(near[len(near) // 2], other.get(bin_, 0))
        if is_peak(counts[bin_], Fraction(background), params):
            stratum = f"{bin_ // 10_000}.{bin_ % 10_000:04}"
            for (x, currency), each in accounts.items():
                found.add(finding(x, currency, stratum, shown(each, own[x, currency])))
    return found


def finding(x: str, currency: str, stratum: str, taken: list[Set]) -> Shape:
    rows = sorted((row for chosen in taken for row in chosen), key=place)
    accounts = [(x, "relay")]
    accounts += [(row["source"], "source") for row in rows if row["target"] == x]
    accounts += [(row["target"], "receiver") for row in rows if row["source"] == x]
    largest = max(
        sum(row["amount_minor"] for row in chosen if row["target"] == x) for chosen in taken
    )
    return described(
        (x, currency, stratum),
        accounts,
        [("transfers", row, "in" if row["target"] == x else "out") for row in rows],
        2,
        len(taken),
        (largest, stratum),
    )

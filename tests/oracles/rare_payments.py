"""one_off_payment, unusual_amount and same_amount: payments of a rare kind (D-18)."""

from collections import Counter, defaultdict
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from oracles.moves import Record, Records, Shape, described
from oracles.records import Row

EXACT = Context(prec=60)


def common(named: int, paid: list[Row], params: Any) -> bool:
    """Whether so many payments are too many to tell anybody apart."""
    return bool(10_000 * named > params.common_bp * len(paid))


def of_one(row: Row, role: str, other: str, *said: object) -> Shape:
    """The finding of a single payment; other: role of who is paid."""
    accounts = [(row["source"], "payer"), (row["target"], other)]
    return described(
        (f"transfers:{row['record_id']}",),
        accounts,
        [("transfers", row, role)],
        1,
        1,
        (row["amount_minor"], row["currency"], *said),
    )


def one_off(paid: list[Row]) -> list[Row]:
    times = Counter(frozenset((row["source"], row["target"])) for row in paid)
    return [row for row in paid if times[frozenset((row["source"], row["target"]))] == 1]


def one_off_payment(records: Records, params: Any) -> set[Shape]:
    paid = records.effective.payments
    alone = one_off(paid)
    if common(len(alone), paid, params):
        return set()
    found = set()
    for row in alone:
        early = row["at_us"] - min(r["at_us"] for r in paid) < params.settle_us
        late = max(r["at_us"] for r in paid) - row["at_us"] < params.settle_us
        both = {(1, 1): "both", (1, 0): "start", (0, 1): "end", (0, 0): "no"}
        found.add(of_one(row, "one_off", "payee", both[early, late]))
    return found


def size(amount: int) -> int:
    """floor(1000 ln amount)."""
    whole = EXACT.multiply(EXACT.ln(Decimal(amount)), Decimal(1000))
    return int(whole.to_integral_value(ROUND_FLOOR))


def median(values: list[Fraction]) -> Fraction:
    ordered, middle = sorted(values), len(values) // 2
    if len(values) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def apart(paid: list[Row], params: Any) -> list[tuple[Row, Fraction, bool, list[int]]]:
    """Of senders with enough payments: payment, deviations, above, amounts of the sender."""
    own: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in paid:
        own[row["source"], row["currency"]].append(row)
    found = []
    for rows in own.values():
        if len(rows) < params.min_payments:
            continue
        sizes = [Fraction(size(row["amount_minor"])) for row in rows]
        m = median(sizes)
        s = median([abs(each - m) for each in sizes])
        amounts = sorted(row["amount_minor"] for row in rows)
        for row, each in zip(rows, sizes, strict=True):
            deviations = abs(each - m) / (Fraction(14826, 10_000) * s + 50)
            found.append((row, deviations, each > m, amounts))
    return found


def unusual_amount(records: Records, params: Any) -> set[Shape]:
    paid = records.effective.payments
    far = [each for each in apart(paid, params) if each[1] > params.deviations]
    if common(len(far), paid, params):
        return set()
    return {
        of_one(
            row,
            "unusual",
            "counterparty",
            "above" if above else "below",
            int(deviations),
            amounts[(len(amounts) - 1) // 2],
            len(amounts),
        )
        for row, deviations, above, amounts in far
    }


def same(paid: list[Row], params: Any, direction: str) -> dict[tuple[str, str, int], list[Row]]:
    """Payments by account, currency and amount, where enough others have the same."""
    here, there = ("target", "source") if direction == "in" else ("source", "target")
    groups: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in paid:
        groups[row[here], row["currency"], row["amount_minor"]].append(row)
    return {
        key: rows
        for key, rows in groups.items()
        if len({row[there] for row in rows}) >= params.min_accounts
    }


def same_amount(records: Records, params: Any) -> set[Shape]:
    paid = records.effective.payments
    found = set()
    for direction, hub, other, there in (
        ("in", "sink", "source", "source"),
        ("out", "payer", "receiver", "target"),
    ):
        groups = same(paid, params, direction)
        if common(sum(map(len, groups.values())), paid, params):
            continue
        for (x, currency, amount), rows in groups.items():
            others = len({row[there] for row in rows})
            paid_it = [r for r in paid if (r["currency"], r["amount_minor"]) == (currency, amount)]
            stratum = f"{direction}|{min(others, 6)}|{min(len(str(len(paid_it))), 3)}"
            said = (amount, currency, direction, others, stratum)
            shown: list[Record] = [("transfers", row, direction) for row in rows]
            accounts = [(x, hub), *((row[there], other) for row in rows)]
            anchor = (x, currency, direction, str(amount))
            found.add(described(anchor, accounts, shown, 1, len(rows), said))
    return found

"""What the flow patterns of D-8 have in common: which records, what later means, episodes."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from oracles.effective import effective
from oracles.records import Row, Rows, place
from regift.graph.snapshot import Settings
from regift.loaders.currencies import DECIMALS

Roles = tuple[tuple[str, str], ...]


class Pattern(NamedTuple):
    """A finding. accounts, records: (name, role) in the order of the pattern.

    amount: the smallest of a chain, else the value of the root that is shown.
    """

    anchor: tuple[str, ...]
    accounts: Roles
    records: Roles
    amount: int
    length: int
    instances: int
    first_us: int
    last_us: int


class Root(NamedTuple):
    """A record that begins a pattern, its value, and what would be shown of it."""

    row: Row
    value: int
    accounts: list[tuple[str, str]]
    records: list[tuple[Row, str]]


def currencies(rows: Rows, settings: Settings, params: Any) -> list[tuple[str, list[Row]]]:
    """The records that take part, in total order, each currency by itself."""
    least = getattr(params, "min_amount", Decimal(0))
    taking = [
        row
        for row in effective(rows, settings).payments
        if row["kind"] in params.kinds and row["amount_minor"] >= minor(least, row["currency"])
    ]
    codes = sorted({row["currency"] for row in taking})
    return [(code, [row for row in taking if row["currency"] == code]) for code in codes]


def minor(amount: Decimal, currency: str) -> Fraction:
    """An amount of major units in minor units, not rounded."""
    return Fraction(amount) * 10 ** DECIMALS[currency]


def later(b: Row, a: Row, params: Any) -> bool:
    """Whether b is later than a."""
    if params.ties == "order":
        return place(b) > place(a)
    return bool(b["at_us"] > a["at_us"])


def within(row: Row, root: Row, span_us: int) -> bool:
    """Whether row lies in [root.at, root.at + span]."""
    return bool(0 <= row["at_us"] - root["at_us"] <= span_us)


def once(accounts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each account with the first of its roles."""
    roles: dict[str, str] = {}
    for account, role in accounts:
        roles.setdefault(account, role)
    return list(roles.items())


def described(
    anchor: tuple[str, ...], root: Root, *, amount: int, length: int, instances: int
) -> Pattern:
    """The finding that shows a root; its records in total order."""
    shown = sorted(root.records, key=lambda pair: place(pair[0]))
    return Pattern(
        anchor,
        tuple(once(root.accounts)),
        tuple((row["record_id"], role) for row, role in shown),
        amount,
        length,
        instances,
        shown[0][0]["at_us"],
        shown[-1][0]["at_us"],
    )


def episodes(
    subject: tuple[str, ...],
    roots: list[Root],
    window_us: int,
    length: int,
) -> set[Pattern]:
    """One finding an episode; its anchor is the subject and the first root."""
    found: list[list[Root]] = []
    for root in sorted(roots, key=lambda root: place(root.row)):
        if not found or root.row["at_us"] - found[-1][-1].row["at_us"] > window_us:
            found.append([])
        found[-1].append(root)
    patterns = set()
    for episode in found:
        best = max(episode, key=lambda root: root.value)  # the first of the largest
        anchor = (*subject, episode[0].row["record_id"])
        patterns.add(
            described(anchor, best, amount=best.value, length=length, instances=len(episode))
        )
    return patterns

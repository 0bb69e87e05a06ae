"""What the patterns of D-18 have in common: the ledger with its entities, moves, episodes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from oracles.custody import Hop, Ledger, custody, hops
from oracles.effective import Effective, effective
from oracles.entities import Entities, entities
from oracles.patterns import once
from oracles.records import Judgements, Row, Rows, account_kinds, place
from regift.graph.snapshot import Settings

Record = tuple[str, Row, str]
"""table, row, role"""


class Shape(NamedTuple):
    """A finding. accounts: (name, role); records: (table, id, role); both in their order.

    items: those of its gifts, sorted; said: what the pattern says besides.
    """

    anchor: tuple[str, ...]
    accounts: tuple[tuple[str, str], ...]
    records: tuple[tuple[str, str, str], ...]
    length: int
    instances: int
    first_us: int
    last_us: int
    items: tuple[str, ...]
    said: object = None


class Root(NamedTuple):
    """A record that begins a pattern, its value, and what would be shown of it."""

    row: Row
    value: int
    accounts: list[tuple[str, str]]
    records: list[Record]


@dataclass(frozen=True)
class Records:
    """The rows of a world and what the definitions D-1 to D-3 make of them."""

    rows: Rows
    judgements: Judgements
    settings: Settings
    measured: Sequence[tuple[str, int, str, str]] = ()

    @cached_property
    def who(self) -> Entities:
        return entities(self.rows, self.judgements, self.settings)

    @cached_property
    def ledger(self) -> Ledger:
        return custody(self.rows, self.judgements, self.settings)

    @cached_property
    def effective(self) -> Effective:
        return effective(self.rows, self.settings)

    @cached_property
    def kinds(self) -> dict[str, str | None]:
        return account_kinds(self.rows, self.judgements)

    def of(self, account: str) -> str:
        """The entity of an account."""
        return self.who.of[account]

    def acts(self, account: str) -> bool:
        """Whether an account is neither merchant nor platform."""
        return self.kinds[account] not in ("merchant", "platform")

    @cached_property
    def moves(self) -> list[Hop]:
        """Moves in total order."""
        chosen = [
            hop
            for hop in hops(self.ledger)
            if hop.row["kind"] in ("gift", "sale")
            and hop.rule in ("hop", "issuer", "return")
            and self.of(hop.row["source"]) != self.of(hop.row["target"])
            and hop.undone != "return"
        ]
        return sorted(chosen, key=lambda hop: place(hop.row))

    def after(self, hop: Hop) -> Hop | None:
        """The item's next ledger row."""
        item = self.ledger[hop.row["item"]]
        return item[hop.ord + 1] if hop.ord + 1 < len(item) else None


def described(
    anchor: tuple[str, ...],
    accounts: Iterable[tuple[str, str]],
    records: list[Record],
    length: int,
    instances: int,
    said: object = None,
) -> Shape:
    """The finding; records as they stand."""
    times = [row["at_us"] for _, row, _ in records]
    return Shape(
        anchor,
        tuple(once(accounts)),
        tuple((table, row["record_id"], role) for table, row, role in records),
        length,
        instances,
        min(times),
        max(times),
        tuple(sorted({row["item"] for table, row, _ in records if table == "gifts"})),
        said,
    )


def ends(rows: Iterable[Row], role: str) -> list[tuple[str, str]]:
    """Accounts in the order in which they come on the rows, sources before targets."""
    return [(row[end], role) for row in rows for end in ("source", "target")]


def split(rows: list[Row], window_us: int) -> list[list[Row]]:
    """Rows in total order in episodes: a gap of more than the window begins a new one."""
    found: list[list[Row]] = []
    for row in sorted(rows, key=place):
        if not found or row["at_us"] - found[-1][-1]["at_us"] > window_us:
            found.append([])
        found[-1].append(row)
    return found


def episodes(
    subject: tuple[str, ...],
    roots: list[Root],
    window_us: int,
    length: int,
    said: Callable[[Root], object] = lambda root: root.value,
) -> set[Shape]:
    """One finding an episode of roots: it shows the first of those with the largest value."""
    by_id = {root.row["record_id"]: root for root in roots}
    found = set()
    for episode in split([root.row for root in roots], window_us):
        best = max((by_id[row["record_id"]] for row in episode), key=lambda root: root.value)
        anchor = (*subject, episode[0]["record_id"])
        found.add(described(anchor, best.accounts, best.records, length, len(episode), said(best)))
    return found

"""What a world has so far: rows of gifts and transfers, items, identifiers, and the truth.

Behaviours add whole columns at a time. A row number or an item number is a handle for other rows
only; names are given when the world is written and tell nothing of it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from regift.loaders.simulator.draws import Ints, clock

NONE: Final = -1
GIFT_KINDS: Final = ("issue", "sale", "gift", "return", "burn")
ISSUE, SALE, GIFT, RETURN, BURN = range(5)
RECORD, LEAK = range(2)
TRANSFER_KINDS: Final = ("payment", "red_packet", "refund", "fee", "topup", "payout")
PAYMENT, RED_PACKET, REFUND, FEE, TOPUP, PAYOUT = range(6)
CHANNELS: Final = ("official_account", "mini_program", "personal", "merchant")
OFFICIAL_ACCOUNT, MINI_PROGRAM, PERSONAL, MERCHANT = range(4)
IDENTIFIER_KINDS: Final = ("device", "phone", "payment_card", "ip", "legal_subject")
DEVICE, PHONE, CARD, IP, LEGAL_SUBJECT = range(5)


class Columns:
    """A table that grows by blocks; every block has the same columns of whole numbers."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.rows = 0
        self._blocks: list[dict[str, Ints]] = []

    def add(self, size: int, **values: ArrayLike) -> Ints:
        """Append a copy as a block; single values are repeated. Returns the new row numbers."""
        block = {}
        for name in self.names:
            block[name] = np.full(size, values[name], dtype=np.int64)
        self._blocks.append(block)
        self.rows += size
        return np.arange(self.rows - size, self.rows)

    def column(self, name: str) -> Ints:
        """One whole column."""
        if not self._blocks:
            return np.empty(0, dtype=np.int64)
        return np.concatenate([block[name] for block in self._blocks])


class Transfers(Columns):
    """Money moves; `group` is the number of an innocent or planted group, or NONE.

    part: RECORD is what makes the pattern, LEAK the money that leaves it for elsewhere.
    """

    def __init__(self) -> None:
        super().__init__(
            "at", "source", "target", "amount", "kind", "channel", "refers", "group",
            "part",
        )  # fmt: skip

    def move(
        self,
        activity_s: ArrayLike,
        source: ArrayLike,
        target: ArrayLike,
        amount: ArrayLike,
        kind: ArrayLike,
        channel: ArrayLike,
        *,
        refers: ArrayLike = NONE,
        group: ArrayLike = NONE,
        part: int = RECORD,
    ) -> Ints:
        """Append transfers at activity times."""
        at = clock(activity_s)
        return self.add(
            at.size, at=at, source=source, target=target, amount=amount, kind=kind,
            channel=channel, refers=refers, group=group, part=part,
        )  # fmt: skip


class Gifts(Columns):
    """Item moves; price NONE: the record has none."""

    def __init__(self) -> None:
        super().__init__(
            "at", "source", "target", "item", "kind", "price", "channel", "refers", "group",
            "part",
        )  # fmt: skip

    def move(
        self,
        activity_s: ArrayLike,
        source: ArrayLike,
        target: ArrayLike,
        item: ArrayLike,
        kind: ArrayLike,
        price: ArrayLike,
        channel: ArrayLike,
        *,
        refers: ArrayLike = NONE,
        group: ArrayLike = NONE,
        part: int = RECORD,
    ) -> Ints:
        """Append item moves at activity times."""
        at = clock(activity_s)
        return self.add(
            at.size, at=at, source=source, target=target, item=item, kind=kind, price=price,
            channel=channel, refers=refers, group=group, part=part,
        )  # fmt: skip


@dataclass
class Groups:
    """Groups of one side of the truth: what they are, and who takes part as what."""

    names: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    members: list[tuple[Ints, Ints, str]] = field(default_factory=list)
    items: list[tuple[Ints, Ints]] = field(default_factory=list)
    shared: list[tuple[Ints, Ints, int]] = field(default_factory=list)
    beyond: list[tuple[Ints, str]] = field(default_factory=list)

    def open(self, size: int, name: str, variant: str = "", also: tuple[str, ...] = ()) -> Ints:
        """Begin `size` groups of one kind; returns their numbers."""
        first = len(self.names)
        self.names.extend([(name, variant, also)] * size)
        return np.arange(first, first + size)

    def join(self, groups: Ints, accounts: Ints, role: str) -> None:
        """Accounts take part in groups, pairwise, in this role."""
        self.members.append((groups, accounts, role))

    def hold(self, groups: Ints, items: Ints) -> None:
        """Items belong to groups, pairwise."""
        self.items.append((groups, items))

    def share(self, groups: Ints, accounts: Ints, kind: int) -> None:
        """The pattern rests on identifiers of this kind, of accounts, pairwise with groups."""
        self.shared.append((groups, accounts, kind))

    def exceed(self, groups: Ints, bound: str) -> None:
        """These groups lie beyond a bound that their search has by default."""
        self.beyond.append((groups, bound))

    def sizes(self) -> dict[str, int]:
        """Number of groups by name, sorted."""
        return dict(sorted(Counter(name for name, _, _ in self.names).items()))


class Ledger:
    """All tables of a world and its truth; rows after the mark are the planted stage's."""

    def __init__(self) -> None:
        self.gifts = Gifts()
        self.transfers = Transfers()
        self.items = Columns("collection", "issuer", "issued_at", "price")
        self.identifiers = Columns("account", "kind", "value", "first_seen", "last_seen")
        self.certificates = Columns("account", "number", "partner", "valid_from", "valid_to")
        self.labels = Columns("account", "at", "code", "origin", "score")
        self.innocent = Groups()
        self.planted = Groups()
        self.mark = {"gifts": 0, "transfers": 0}
        self.missing: dict[str, Ints] = {name: np.empty(0, np.int64) for name in self.mark}

    def records(self) -> tuple[tuple[str, Columns], ...]:
        """Both tables of records by name, gifts first."""
        return (("gifts", self.gifts), ("transfers", self.transfers))

    def end_of_innocence(self) -> None:
        """From here on rows belong to the planted stage."""
        self.mark = {"gifts": self.gifts.rows, "transfers": self.transfers.rows}

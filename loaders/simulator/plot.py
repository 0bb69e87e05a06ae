"""What planting needs: actors nobody else uses, start times, items, and shared identifiers.

Actors are ordinary people of the world who go on living as before. Every instance has actors of
its own, at most one of a household, so that no accident joins two instances or undoes a pattern.
"""

import math

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import DAY_S, Floats, Ints, between, clock, moments
from regift.loaders.simulator.innocent import Scene
from regift.loaders.simulator.ledger import (
    DEVICE,
    PAYMENT,
    PHONE,
    RED_PACKET,
    REFUND,
    Groups,
    Ledger,
)
from regift.loaders.simulator.market import Market, acquire
from regift.loaders.simulator.world import World, add_uses


class Plot(Scene):
    """A scene with a pool of unused actors."""

    def __init__(
        self, world: World, market: Market, ledger: Ledger, rng: np.random.Generator
    ) -> None:
        super().__init__(world, market, ledger, rng)
        self._pool = rng.permutation(np.flatnonzero(world.first_of_household))
        self._next = 0
        self._factor = world.size / ranges.SCALES["small"]

    @property
    def truth(self) -> Groups:
        """Groups of the planted side."""
        return self.ledger.planted

    @property
    def used(self) -> Ints:
        """All actors taken so far."""
        return np.asarray(self._pool[: self._next])

    def times(self, per_small_world: int) -> int:
        """How many instances this world gets."""
        return round(per_small_world * self._factor)

    def actors(self, size: int, each: int) -> Ints:
        """Unused people: shape (size, each)."""
        taken = self._pool[self._next : self._next + size * each]
        self._next += size * each
        return np.asarray(taken).reshape(size, each)

    def starts(self, size: int, span_days: float) -> Floats:
        """Activity times from which a pattern of this length still ends inside the world."""
        last = ranges.DAYS - 1 - math.ceil(span_days)
        return moments(self.rng, size, ranges.FIRST_DAY, last)

    def bought(self, person: Ints, before_s: Floats, collections: Ints) -> Ints:
        """Items acquired at first level some days before; not part of the evidence."""
        at = before_s - between(self.rng, (0.1, 7.0), person.size) * DAY_S
        return acquire(self.market, self.ledger, self.rng, person, at, collections)

    def one_person(self, one: Ints, two: Ints) -> None:
        """Two accounts share a phone and a device: one controller (D-3)."""
        for kind in (PHONE, DEVICE):
            add_uses(self.world, self.ledger, self.rng, two, kind, one)

    def share_device(self, one: Ints, two: Ints) -> None:
        """Two accounts share a device only: associated, not one controller (D-3)."""
        add_uses(self.world, self.ledger, self.rng, two, DEVICE, one)

    def money_kind(self, amount: Ints) -> Ints:
        """Payments, and red packets where the amount allows one."""
        small, large = ranges.SHARE_PACKETS
        share = np.where(amount <= ranges.PACKETS_UP_TO, small, large)
        allowed = amount <= ranges.PACKET_MAX
        packet = allowed & (self.rng.uniform(size=amount.size) < share)
        return np.where(packet, RED_PACKET, PAYMENT)

    def join_path(self, groups: Ints, path: Ints, inner: str, first: str, last: str) -> None:
        """Join the accounts of paths, one path a row, with the roles of ends and middle."""
        end = path.shape[1] - 1
        for place in range(end + 1):
            role = first if place == 0 else last if place == end else inner
            self.truth.join(groups, path[:, place], role)

    def quiet(self, size: int, span_days: float) -> tuple[Ints, Floats]:
        """Unused people and start times with no incoming money from a day before to the end.

        Money that came in shortly before would be taken first (FIFO) and break a pass-through.
        """
        transfers = self.ledger.transfers
        kept = transfers.column("kind") != REFUND
        span = np.int64(4 * ranges.DAYS * DAY_S)
        first = clock(0.0) - DAY_S * 10
        seen = np.sort(
            transfers.column("target")[kept] * span + transfers.column("at")[kept] - first
        )
        candidates = np.asarray(self._pool[self._next :])
        start = self.starts(candidates.size, span_days)
        low = candidates * span + clock(start - 1.2 * DAY_S) - first
        high = candidates * span + clock(start + (span_days + 0.3) * DAY_S) - first
        silent = np.searchsorted(seen, low) == np.searchsorted(seen, high)
        chosen = np.flatnonzero(silent)[:size]
        if chosen.size < size:
            raise ValueError("the world is too small for its planted pass-through accounts")
        self._pool = np.concatenate(
            [self._pool[: self._next], candidates[chosen], np.delete(candidates, chosen)]
        )
        self._next += size
        return candidates[chosen], start[chosen]

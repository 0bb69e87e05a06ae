"""What planting needs: actors nobody else uses, start times, items, and shared identifiers.

Actors are ordinary people of the world who go on living as before. Every instance has actors of
its own, at most one of a household, so that no accident joins two instances or undoes a pattern.
"""

import math
from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    START_S,
    Floats,
    Ints,
    Mask,
    between,
    clock,
    counts,
    moments,
)
from regift.loaders.simulator.ledger import (
    DEVICE,
    GIFT,
    PAYMENT,
    PHONE,
    RED_PACKET,
    REFUND,
    Groups,
    Ledger,
)
from regift.loaders.simulator.market import Market, acquire
from regift.loaders.simulator.scene import Scene
from regift.loaders.simulator.world import World, add_uses

# Times that are tried for those who are not quiet at the first, and people looked at for one place.
TRIES: Final = 60
CANDIDATES: Final = 250


class Plot(Scene):
    """A scene with a pool of unused actors."""

    def __init__(
        self, world: World, market: Market, ledger: Ledger, rng: np.random.Generator
    ) -> None:
        super().__init__(world, market, ledger, rng)
        self._pool = rng.permutation(np.flatnonzero(world.first_of_household))
        self._next = 0
        self._factor = world.size / ranges.SCALES["small"]
        self.parameters = world.parameters

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

    @property
    def unused(self) -> Ints:
        """Those nobody took so far, in random order."""
        return np.asarray(self._pool[self._next :])

    def take(self, chosen: Ints) -> None:
        """These unused people are used from now on."""
        rest = self.unused
        rest = rest[~np.isin(rest, chosen)]
        self._pool = np.concatenate([self._pool[: self._next], chosen, rest])
        self._next += chosen.size

    def sizes(self, total: int, span: tuple[int, int]) -> list[tuple[int, int]]:
        """So many instances, each of a drawn size: (size, how many of it)."""
        drawn, number = np.unique(counts(self.rng, span, total), return_counts=True)
        return list(zip(drawn.tolist(), number.tolist(), strict=True))

    def gaps(self, days: tuple[float, float], hops: int) -> tuple[float, float]:
        """Bounds of a gap in seconds, so that this many of them stay inside the world."""
        high = min(days[1], ranges.LONGEST_DAYS / max(hops, 1))
        return min(days[0], high) * DAY_S, high * DAY_S

    def actors(self, size: int, each: int) -> Ints:
        """Unused people: shape (size, each)."""
        taken = self._pool[self._next : self._next + size * each]
        if taken.size < size * each:
            raise ValueError("the world has too few people for all that is planted")
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
        Not everybody is ever so quiet: those who are not get other times, a few times over.
        """
        seen = self._seen(("target",))
        people, times = np.empty(0, np.int64), np.empty(0)
        for _ in range(TRIES):
            candidates = self.unused
            start = self.starts(candidates.size, span_days)
            silent = np.flatnonzero(
                _silent(seen, candidates, start - 1.2 * DAY_S, start + (span_days + 0.3) * DAY_S)
            )[: size - people.size]
            people = np.concatenate([people, candidates[silent]])
            times = np.concatenate([times, start[silent]])
            self.take(candidates[silent])
            if people.size == size:
                return people, times
        raise ValueError("the world is too small for its planted pass-through accounts")

    def idle(self, starts: Floats, each: int, span_days: float) -> Ints:
        """Unused people with no payment in or out for so long from each start: (starts, each)."""
        return self._unseen(self._seen(("target", "source")), starts, each, span_days)

    def ungiven(self, starts: Floats, each: int, span_days: float) -> Ints:
        """Unused people who get no gift for so long from each start: shape (starts, each)."""
        gifts = self.ledger.gifts
        given = gifts.column("kind") == GIFT
        # What their second account gets, they get.
        owner = np.arange(self.world.size)
        second = np.flatnonzero(self.world.second_account) + 1
        owner[second] = second - 1
        target = owner[gifts.column("target")[given]]
        seen = np.sort(_key(target, gifts.column("at")[given]))
        return self._unseen(seen, starts, each, span_days)

    def _unseen(self, seen: Ints, starts: Floats, each: int, span_days: float) -> Ints:
        """Of the first unused people those who were not seen; of more people if need be."""
        rows = np.empty((starts.size, each), dtype=np.int64)
        for row, start in enumerate(starts):
            looked_at, chosen = CANDIDATES * each, np.empty(0, np.int64)
            while chosen.size < each:
                candidates = self.unused[:looked_at]
                low = np.full(candidates.size, start)
                silent = _silent(seen, candidates, low, low + span_days * DAY_S)
                chosen = candidates[silent][:each]
                if chosen.size < each and candidates.size < looked_at:
                    raise ValueError("the world is too small for people who are idle for so long")
                looked_at *= 4
            self.take(chosen)
            rows[row] = chosen
        return rows

    def fewest(self, number: Ints, size: int) -> Ints:
        """The unused people of whom this number (by account) is smallest; they are taken."""
        candidates = self.unused
        chosen = candidates[np.argsort(number[candidates], kind="stable")[:size]]
        self.take(chosen)
        return np.asarray(chosen)

    def _seen(self, ends: tuple[str, ...]) -> Ints:
        """Account and time of all payments but refunds, as sorted numbers of `_key`."""
        transfers = self.ledger.transfers
        kept = transfers.column("kind") != REFUND
        at = transfers.column("at")[kept]
        return np.sort(np.concatenate([_key(transfers.column(end)[kept], at) for end in ends]))


def _key(accounts: Ints, at: Ints) -> Ints:
    """Account and time in one number; times up to ten days before the world are kept apart."""
    return np.asarray(accounts * (4 * ranges.DAYS * DAY_S) + at - START_S + 10 * DAY_S)


def _silent(seen: Ints, accounts: Ints, low_s: Floats, high_s: Floats) -> Mask:
    """Whether nothing was seen of these accounts between these activity times."""
    low = np.searchsorted(seen, _key(accounts, clock(low_s)))
    return np.asarray(low == np.searchsorted(seen, _key(accounts, clock(high_s))))

"""What every group of behaviours acts with: people, their friends, payments, bought items."""

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import DAY_S, Floats, Ints
from regift.loaders.simulator.everyday import other_than
from regift.loaders.simulator.ledger import NONE, PAYMENT, RECORD, Ledger
from regift.loaders.simulator.market import Market, acquire, give, money_channels
from regift.loaders.simulator.world import World


class Scene:
    """What every behaviour needs: the world, its market and ledger, and a random stream."""

    def __init__(
        self, world: World, market: Market, ledger: Ledger, rng: np.random.Generator
    ) -> None:
        self.world = world
        self.market = market
        self.ledger = ledger
        self.rng = rng

    def persons(self, size: int | tuple[int, ...]) -> Ints:
        """People, each equally likely."""
        return self.rng.integers(0, self.world.persons, size)

    def friends(self, source: Ints) -> Ints:
        """One contact of each of these people."""
        slot = self.rng.integers(0, ranges.CONTACTS, source.size)
        return other_than(self.world.persons, self.world.contacts[source, slot], source)

    def ring_of_friends(self, size: int, members: int) -> Ints:
        """Groups of distinct people who live near each other on the ring: shape (size, members)."""
        step = np.cumsum(self.rng.integers(1, 12, (size, members)), axis=1)
        return np.asarray((self.persons(size)[:, None] + step) % self.world.persons)

    def join_all(self, groups: Ints, accounts: Ints, role: str) -> None:
        """Join a matrix of accounts, one row a group, to the innocent side."""
        for place in range(accounts.shape[1]):
            self.ledger.innocent.join(groups, accounts[:, place], role)

    def bought_and_given(
        self, giver: Ints, receiver: Ints, activity_s: Floats, group: Ints
    ) -> Ints:
        """A newly bought item is given once, at that time: a first-level gift. Its items."""
        collections = self.market.pick(self.rng, giver.size)
        before = activity_s - self.rng.uniform(0.1, 3.5, giver.size) * DAY_S
        items = acquire(self.market, self.ledger, self.rng, giver, before, collections)
        price = self.market.price[collections]
        give(self.ledger, self.rng, activity_s, giver, receiver, items, price, group=group)
        return items

    def pay(
        self,
        activity_s: Floats,
        source: Ints,
        target: Ints,
        amount: Ints,
        group: Ints,
        *,
        kind: Ints | int = PAYMENT,
        refers: Ints | int = NONE,
        part: int = RECORD,
    ) -> Ints:
        """Transfers of a group."""
        channel = money_channels(self.rng, source.size)
        return self.ledger.transfers.move(
            activity_s,
            source,
            target,
            amount,
            kind,
            channel,
            refers=refers,
            group=group,
            part=part,
        )

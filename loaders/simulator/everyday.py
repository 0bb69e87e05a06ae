"""Everyday life: shopping, paying friends, collecting, and giving a collectible away once."""

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    Ints,
    lognormal,
    moments,
    packets,
    payments,
    weighted,
)
from regift.loaders.simulator.ledger import (
    FEE,
    PAYMENT,
    PAYOUT,
    RED_PACKET,
    TOPUP,
    Ledger,
)
from regift.loaders.simulator.market import Market, acquire, give, money_channels
from regift.loaders.simulator.world import World, stream


def add_everyday(world: World, market: Market, ledger: Ledger) -> None:
    """All records that belong to no group."""
    rng = stream(world.seed, "everyday")
    _shopping(world, ledger, rng)
    _paying_friends(world, ledger, rng)
    _platforms(world, ledger, rng)
    _collecting(world, market, ledger, rng)


def active_persons(world: World, rng: np.random.Generator, size: int) -> Ints:
    """People drawn by how active they are."""
    return weighted(rng, world.activity[: world.persons], size)


def other_than(persons: int, chosen: Ints, source: Ints) -> Ints:
    """The chosen people; who would deal with himself deals with his neighbour."""
    return np.asarray(np.where(chosen == source, (chosen + 1) % persons, chosen))


def _shopping(world: World, ledger: Ledger, rng: np.random.Generator) -> None:
    size = round(world.size * ranges.RETAIL)
    sellers = ("merchant", "official_account", "mini_program")
    merchants = np.concatenate([world.of_kind(kind) for kind in sellers])
    popularity = lognormal(rng, 1.0, ranges.POPULARITY_SIGMA, merchants.size)
    ledger.transfers.move(
        moments(rng, size),
        active_persons(world, rng, size),
        merchants[weighted(rng, popularity, size)],
        payments(rng, size),
        PAYMENT,
        money_channels(rng, size),
    )


def _paying_friends(world: World, ledger: Ledger, rng: np.random.Generator) -> None:
    for per_account, kind, amounts in (
        (ranges.FRIEND_PAYMENTS, PAYMENT, payments),
        (ranges.FRIEND_PACKETS, RED_PACKET, packets),
    ):
        size = round(world.size * per_account)
        source = active_persons(world, rng, size)
        target = world.contacts[source, rng.integers(0, ranges.CONTACTS, size)]
        ledger.transfers.move(
            moments(rng, size),
            source,
            other_than(world.persons, target, source),
            amounts(rng, size),
            kind,
            money_channels(rng, size),
        )


def _platforms(world: World, ledger: Ledger, rng: np.random.Generator) -> None:
    size = round(world.size * ranges.PLATFORM_MOVES)
    person = active_persons(world, rng, size)
    platform = rng.choice(world.of_kind("platform"), size)
    kind = rng.choice((TOPUP, PAYOUT, FEE), size)
    comes_in = kind == TOPUP
    amount = payments(rng, size)
    ledger.transfers.move(
        moments(rng, size),
        np.where(comes_in, platform, person),
        np.where(comes_in, person, platform),
        np.where(kind == FEE, np.maximum(amount // 100, 1), amount),
        kind,
        money_channels(rng, size),
    )


def _collecting(world: World, market: Market, ledger: Ledger, rng: np.random.Generator) -> None:
    size = round(world.persons * ranges.ACQUISITIONS)
    free = round(size * ranges.SHARE_FREE_COLLECTIONS)
    person = active_persons(world, rng, size)
    at = moments(rng, size)
    collections = np.concatenate([market.pick(rng, size - free), market.pick(rng, free, free=True)])
    items = acquire(market, ledger, rng, person, at, collections)
    later = at + rng.uniform(0.2, 30.0, size) * DAY_S
    given = np.flatnonzero(
        (rng.uniform(size=size) < ranges.SHARE_GIVEN) & (later < ranges.DAYS * DAY_S)
    )
    source = person[given]
    friend = world.contacts[source, rng.integers(0, ranges.CONTACTS, given.size)]
    collector = world.collectors[source, rng.integers(0, ranges.COLLECTOR_CONTACTS, given.size)]
    to_friend = rng.uniform(size=given.size) < ranges.SHARE_GIVEN_TO_FRIENDS
    target = other_than(world.persons, np.where(to_friend, friend, collector), source)
    give(ledger, rng, later[given], source, target, items[given], market.price[collections[given]])

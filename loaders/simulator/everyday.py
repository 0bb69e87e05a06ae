"""Everyday life: shopping, paying friends, collecting, and giving a collectible away once."""

from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    Ints,
    between,
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

# What is given on a festival day was bought in the days before it, seconds.
BOUGHT: Final = (0.1 * DAY_S, 4.0 * DAY_S)


def add_everyday(world: World, market: Market, ledger: Ledger) -> None:
    """All records that belong to no group."""
    rng = stream(world.seed, "everyday")
    _shopping(world, ledger, rng)
    _paying_friends(world, ledger, rng)
    _platforms(world, ledger, rng)
    _collecting(world, market, ledger, rng)
    for day in world.parameters.festival_days:
        _festival(world, market, ledger, rng, day)


def active_persons(world: World, rng: np.random.Generator, size: int) -> Ints:
    """People drawn by how active they are."""
    return weighted(rng, world.activity[: world.persons], size)


def other_than(persons: int, chosen: Ints, source: Ints) -> Ints:
    """The chosen people; who would deal with himself deals with his neighbour."""
    return np.asarray(np.where(chosen == source, (chosen + 1) % persons, chosen))


def _shopping(world: World, ledger: Ledger, rng: np.random.Generator) -> None:
    size = round(world.size * world.parameters.retail)
    sellers = ("merchant", "official_account", "mini_program")
    merchants = np.concatenate([world.of_kind(kind) for kind in sellers])
    popularity = lognormal(rng, 1.0, world.parameters.popularity_sigma, merchants.size)
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
        (world.parameters.friend_payments, PAYMENT, payments),
        (world.parameters.friend_packets, RED_PACKET, packets),
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
    size = round(world.size * world.parameters.platform_moves)
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
    size = round(world.persons * world.parameters.acquisitions)
    free = round(size * ranges.SHARE_FREE_COLLECTIONS)
    person = active_persons(world, rng, size)
    at = moments(rng, size)
    collections = np.concatenate([market.pick(rng, size - free), market.pick(rng, free, free=True)])
    items = acquire(market, ledger, rng, person, at, collections)
    later = at + rng.uniform(0.2, 30.0, size) * DAY_S
    given = np.flatnonzero(
        (rng.uniform(size=size) < world.parameters.share_given) & (later < ranges.DAYS * DAY_S)
    )
    source = person[given]
    friend = world.contacts[source, rng.integers(0, ranges.CONTACTS, given.size)]
    collector = world.collectors[source, rng.integers(0, ranges.COLLECTOR_CONTACTS, given.size)]
    to_friend = rng.uniform(size=given.size) < ranges.SHARE_GIVEN_TO_FRIENDS
    target = other_than(world.persons, np.where(to_friend, friend, collector), source)
    give(ledger, rng, later[given], source, target, items[given], market.price[collections[given]])


def _festival(
    world: World, market: Market, ledger: Ledger, rng: np.random.Generator, day: int
) -> None:
    """One day with many times the red packets and the gifts of an ordinary one."""
    share = (world.parameters.festival_times - 1.0) / ranges.DAYS
    size = round(world.size * world.parameters.friend_packets * share)
    source = active_persons(world, rng, size)
    target = world.contacts[source, rng.integers(0, ranges.CONTACTS, size)]
    ledger.transfers.move(
        (day + rng.uniform(size=size)) * DAY_S,
        source,
        other_than(world.persons, target, source),
        packets(rng, size),
        RED_PACKET,
        money_channels(rng, size),
    )
    rate = world.parameters.acquisitions * world.parameters.share_given
    size = round(world.persons * rate * share)
    source = active_persons(world, rng, size)
    at = (day + rng.uniform(size=size)) * DAY_S
    collections = market.pick(rng, size)
    items = acquire(market, ledger, rng, source, at - between(rng, BOUGHT, size), collections)
    friend = world.contacts[source, rng.integers(0, ranges.CONTACTS, size)]
    target = other_than(world.persons, friend, source)
    give(ledger, rng, at, source, target, items, market.price[collections])

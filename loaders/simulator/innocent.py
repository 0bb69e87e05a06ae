"""Innocent look-alikes: behaviour that resembles a planted pattern and breaks no rule.

Each kind makes numbered groups, so that a false alarm can be named by what it was. A group without
records stands for the whole traffic of its accounts (merchants). Nothing here is kept from
coinciding by accident with a pattern: accidents are what precision is about.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    between,
    counts,
    dress,
    log_counts,
    moments,
    packets,
    payments,
)
from regift.loaders.simulator.everyday import other_than
from regift.loaders.simulator.innocent_groups import GROUPS
from regift.loaders.simulator.ledger import (
    DEVICE,
    GIFT,
    ISSUE,
    MINI_PROGRAM,
    NONE,
    RED_PACKET,
    REFUND,
    RETURN,
    Ledger,
)
from regift.loaders.simulator.market import Market, acquire, give, new_items
from regift.loaders.simulator.scene import Scene
from regift.loaders.simulator.world import World, stream


def add_innocent(world: World, market: Market, ledger: Ledger) -> None:
    """All look-alikes, in proportion to the world."""
    scene = Scene(world, market, ledger, stream(world.seed, "innocent"))
    for kind, per_thousand in world.parameters.innocent.items():
        KINDS[kind](scene, max(1, round(per_thousand * world.size / 1000)))
    merchants = world.of_kind("merchant")
    ledger.innocent.join(ledger.innocent.open(merchants.size, "merchant"), merchants, "merchant")
    _households(scene)


def _households(scene: Scene) -> None:
    """Families that share a device: nothing but living together, and no records of their own."""
    world = scene.world
    used = scene.ledger.identifiers
    shared = (used.column("kind") == DEVICE) & (used.column("value") // world.size == 2)
    home = world.household[used.column("account")[shared]]
    found, place = np.unique(home, return_inverse=True)
    groups = scene.ledger.innocent.open(found.size, "household_device")
    scene.ledger.innocent.join(groups[place], used.column("account")[shared], "family")


def _family_red_packets(scene: Scene, size: int) -> None:
    world, rng = scene.world, scene.rng
    heads = np.flatnonzero(
        world.first_of_household & (world.household_size > 1) & ~world.second_account
    )
    one = rng.permutation(heads)[:size]
    groups = scene.ledger.innocent.open(one.size, "family_red_packets")
    scene.join_all(groups, np.column_stack([one, one + 1]), "family")
    each = np.repeat(np.arange(one.size), counts(rng, ranges.FAMILY_PACKETS, one.size))
    back = rng.integers(0, 2, each.size)
    scene.pay(
        moments(rng, each.size),
        one[each] + back,
        one[each] + 1 - back,
        packets(rng, each.size),
        groups[each],
        kind=RED_PACKET,
    )
    gives = np.flatnonzero(rng.uniform(size=one.size) < ranges.SHARE_FAMILY_GIFT)
    at = moments(rng, gives.size, 4)
    scene.bought_and_given(one[gives], one[gives] + 1, at, groups[gives])


def _festival_gifting(scene: Scene, size: int) -> None:
    rng = scene.rng
    giver = scene.persons(size)
    groups = scene.ledger.innocent.open(size, "festival_gifting")
    scene.ledger.innocent.join(groups, giver, "giver")
    each = np.repeat(np.arange(size), counts(rng, ranges.FESTIVAL_PACKETS, size))
    day = rng.choice(scene.world.parameters.festival_days, size)
    at = (day[each] + rng.uniform(size=each.size)) * DAY_S
    friend = scene.friends(giver[each])
    scene.ledger.innocent.join(groups[each], friend, "friend")
    scene.pay(at, giver[each], friend, packets(rng, each.size), groups[each], kind=RED_PACKET)
    some = np.flatnonzero(rng.uniform(size=each.size) < 0.3)
    scene.bought_and_given(giver[each[some]], friend[some], at[some] + 600.0, groups[each[some]])


def _refund(scene: Scene, size: int) -> None:
    rng = scene.rng
    person = scene.persons(size)
    merchant = rng.choice(scene.world.of_kind("merchant"), size)
    groups = scene.ledger.innocent.open(size, "refund")
    scene.ledger.innocent.join(groups, person, "customer")
    scene.ledger.innocent.join(groups, merchant, "merchant")
    at = moments(rng, size, 0, ranges.DAYS - 7)
    amount = payments(rng, size)
    paid = scene.pay(at, person, merchant, amount, groups)
    named = np.where(rng.uniform(size=size) < 0.7, paid, NONE)
    later = at + rng.uniform(0.01, 6.0, size) * DAY_S
    scene.pay(later, merchant, person, amount, groups, kind=REFUND, refers=named)


def _collector_swap(scene: Scene, size: int) -> None:
    one = scene.persons(size)
    slot = scene.rng.integers(0, ranges.COLLECTOR_CONTACTS, size)
    two = other_than(scene.world.persons, scene.world.collectors[one, slot], one)
    groups = scene.ledger.innocent.open(size, "collector_swap")
    scene.join_all(groups, np.column_stack([one, two]), "collector")
    at = moments(scene.rng, size, 4, ranges.DAYS - 3)
    back = at + scene.rng.uniform(0.01, 2.0, size) * DAY_S
    for giver, receiver, when in ((one, two, at), (two, one, back)):
        scene.ledger.innocent.hold(groups, scene.bought_and_given(giver, receiver, when, groups))


def _payroll(scene: Scene, size: int) -> None:
    rng = scene.rng
    employer = rng.choice(scene.world.of_kind("merchant"), size)
    groups = scene.ledger.innocent.open(size, "payroll")
    scene.ledger.innocent.join(groups, employer, "employer")
    each = np.repeat(np.arange(size), counts(rng, scene.world.parameters.payroll_staff, size))
    staff = scene.persons(each.size)
    scene.ledger.innocent.join(groups[each], staff, "staff")
    wage = dress(rng, between(rng, ranges.SALARY, size))
    for day in ranges.PAY_DAYS:
        at = (day + 0.2) * DAY_S + rng.uniform(0, 7200.0, each.size)
        scene.pay(at, employer[each], staff, wage[each], groups[each])


def _give_away(scene: Scene, size: int) -> None:
    """Brands, and most mini programs, give items of free collections to many: level 0."""
    rng = scene.rng
    brands = rng.choice(scene.market.brands, size)
    issuers = np.concatenate([brands, scene.market.giving_programs])
    size = issuers.size
    collections = scene.market.add(rng, issuers, free=True)
    groups = scene.ledger.innocent.open(size, "give_away")
    scene.ledger.innocent.join(groups, issuers, "issuer")
    each = np.repeat(np.arange(size), log_counts(rng, ranges.GIVE_AWAY_ITEMS, size))
    items = new_items(scene.market, scene.ledger, collections[each])
    day = moments(rng, size, 0, ranges.DAYS - 1)
    scene.ledger.gifts.move(
        day[each] + rng.uniform(0, 0.9, each.size) * DAY_S,
        issuers[each],
        scene.persons(each.size),
        items,
        np.where(rng.uniform(size=size) < 0.6, ISSUE, GIFT)[each],
        NONE,
        rng.choice((MINI_PROGRAM, NONE), each.size),
        group=groups[each],
    )


def _gift_return(scene: Scene, size: int) -> None:
    """A gift goes back within the return window (24 h), by the platform or by hand."""
    rng = scene.rng
    giver = scene.persons(size)
    receiver = scene.friends(giver)
    collections = scene.market.pick(rng, size)
    price = scene.market.price[collections]
    groups = scene.ledger.innocent.open(size, "gift_return")
    scene.join_all(groups, np.column_stack([giver, receiver]), "collector")
    at = moments(rng, size, 4, ranges.DAYS - 3)
    before = at - between(rng, (0.1, 3.5), size) * DAY_S
    items = acquire(scene.market, scene.ledger, rng, giver, before, collections)
    scene.ledger.innocent.hold(groups, items)
    given = give(scene.ledger, rng, at, giver, receiver, items, price, group=groups)
    back = at + between(rng, (0.01, 0.5), size) * DAY_S
    formal = rng.uniform(size=size) < 0.6
    scene.ledger.gifts.move(
        back[formal], receiver[formal], giver[formal], items[formal], RETURN, NONE, NONE,
        refers=given[formal], group=groups[formal],
    )  # fmt: skip
    hand = ~formal
    give(
        scene.ledger, rng, back[hand], receiver[hand], giver[hand], items[hand], price[hand],
        group=groups[hand], priced=False,
    )  # fmt: skip
    again = np.flatnonzero(rng.uniform(size=size) < 0.5)
    give(
        scene.ledger, rng, back[again] + between(rng, (0.5, 1.4), again.size) * DAY_S,
        giver[again], scene.friends(giver[again]), items[again], price[again],
        group=groups[again],
    )  # fmt: skip


def _salary_rent(scene: Scene, size: int) -> None:
    """Pay comes in, rent goes out the same day, the landlord pays his loan: every month."""
    rng = scene.rng
    tenant, landlord = scene.ring_of_friends(size, 2).T
    shops = scene.world.of_kind("merchant")
    employer, lender = rng.choice(shops, size), rng.choice(shops, size)
    groups = scene.ledger.innocent.open(size, "salary_rent")
    scene.ledger.innocent.join(groups, tenant, "tenant")
    scene.ledger.innocent.join(groups, landlord, "landlord")
    wage = dress(rng, between(rng, ranges.SALARY, size))
    rent = dress(rng, wage * between(rng, ranges.RENT_SHARE, size))
    for day in ranges.PAY_DAYS:
        at = (day + 0.2) * DAY_S + rng.uniform(0, 7200.0, size)
        scene.pay(at, employer, tenant, wage, groups)
        at = at + between(rng, (0.05, 0.6), size) * DAY_S
        scene.pay(at, tenant, landlord, rent, groups)
        at = at + between(rng, (0.05, 0.6), size) * DAY_S
        scene.pay(at, landlord, lender, dress(rng, rent * 0.95), groups)


def _roommates(scene: Scene, size: int) -> None:
    """One pays the bill, the others pay their equal part back to him."""
    rng = scene.rng
    people = scene.ring_of_friends(size, ranges.ROOMMATES + 1)
    groups = scene.ledger.innocent.open(size, "roommates")
    scene.join_all(groups, people, "roommate")
    shop = rng.choice(scene.world.of_kind("merchant"), size)
    for month in range(3):
        at = moments(rng, size, month * 28, month * 28 + 25)
        part = payments(rng, size)
        scene.pay(at, people[:, 0], shop, part * (ranges.ROOMMATES + 1), groups)
        for mate in range(1, ranges.ROOMMATES + 1):
            later = at + between(rng, (0.01, 2.5), size) * DAY_S
            scene.pay(later, people[:, mate], people[:, 0], part, groups)


def _lucky_money(scene: Scene, size: int) -> None:
    """A sum thrown into a group chat: random parts, taken within minutes, some thrown back."""
    rng = scene.rng
    people = scene.ring_of_friends(size, ranges.LUCKY_GROUP[1] + 1)
    groups = scene.ledger.innocent.open(size, "lucky_money")
    each = np.repeat(np.arange(size), counts(rng, ranges.LUCKY_GROUP, size))
    place = np.arange(each.size) - np.searchsorted(each, each) + 1
    at = moments(rng, size, 0, ranges.DAYS - 1)
    taker = people[each, place]
    scene.ledger.innocent.join(groups, people[:, 0], "sender")
    scene.ledger.innocent.join(groups[each], taker, "taker")
    when = at[each] + rng.uniform(0, 900.0, each.size)
    scene.pay(when, people[each, 0], taker, packets(rng, each.size), groups[each], kind=RED_PACKET)
    thanks = np.flatnonzero(rng.uniform(size=each.size) < 0.2)
    scene.pay(
        when[thanks] + between(rng, (400.0, 9000.0), thanks.size), taker[thanks],
        people[each[thanks], 0], packets(rng, thanks.size), groups[each[thanks]], kind=RED_PACKET,
    )  # fmt: skip


def _second_account(scene: Scene, size: int) -> None:
    """An item moves to one's own second account (no level), then to a collector (level 1)."""
    rng = scene.rng
    owner = rng.permutation(np.flatnonzero(scene.world.second_account))[:size]
    slot = rng.integers(0, ranges.COLLECTOR_CONTACTS, owner.size)
    target = scene.world.collectors[owner, slot]
    inside = (target == owner) | (target == owner + 1)
    target = np.where(inside, (owner + 2) % scene.world.persons, target)
    groups = scene.ledger.innocent.open(owner.size, "second_account")
    scene.join_all(groups, np.column_stack([owner, owner + 1]), "owner")
    scene.ledger.innocent.join(groups, target, "collector")
    at = moments(rng, owner.size, 4, ranges.DAYS - 5)
    items = scene.bought_and_given(owner, owner + 1, at, groups)
    scene.ledger.innocent.hold(groups, items)
    later = at + between(rng, (0.02, 4.0), owner.size) * DAY_S
    none = np.full(owner.size, NONE, dtype=np.int64)
    give(scene.ledger, rng, later, owner + 1, target, items, none, group=groups)


def _friend_loan(scene: Scene, size: int) -> None:
    lender = scene.persons(size)
    borrower = scene.friends(lender)
    groups = scene.ledger.innocent.open(size, "friend_loan")
    scene.ledger.innocent.join(groups, lender, "lender")
    scene.ledger.innocent.join(groups, borrower, "borrower")
    amount = payments(scene.rng, size)
    at = moments(scene.rng, size, 0, ranges.DAYS - 1 - ranges.LOAN_DAYS[1])
    scene.pay(at, lender, borrower, amount, groups)
    later = at + between(scene.rng, ranges.LOAN_DAYS, size) * DAY_S
    scene.pay(later, borrower, lender, amount, groups)


def _group_buy(scene: Scene, size: int) -> None:
    """Neighbours pay the organiser, who orders for all of them: money in, nearly all out."""
    rng = scene.rng
    people = scene.ring_of_friends(size, ranges.GROUP_BUYERS[1] + 1)
    groups = scene.ledger.innocent.open(size, "group_buy")
    buyers = counts(rng, ranges.GROUP_BUYERS, size)
    each = np.repeat(np.arange(size), buyers)
    place = np.arange(each.size) - np.searchsorted(each, each) + 1
    scene.ledger.innocent.join(groups, people[:, 0], "organiser")
    scene.ledger.innocent.join(groups[each], people[each, place], "buyer")
    at = moments(rng, size, 0, ranges.DAYS - 2)
    part = payments(rng, size)
    scene.pay(
        at[each] + rng.uniform(0, 0.5, each.size) * DAY_S, people[each, place],
        people[each, 0], part[each], groups[each],
    )  # fmt: skip
    shop = rng.choice(scene.world.of_kind("merchant"), size)
    total = dress(rng, part * buyers * between(rng, (0.95, 1.0), size))
    scene.pay(at + 0.6 * DAY_S, people[:, 0], shop, total, groups)


KINDS: Final[dict[str, Callable[[Scene, int], None]]] = {
    "family_red_packets": _family_red_packets,
    "festival_gifting": _festival_gifting,
    "refund": _refund,
    "collector_swap": _collector_swap,
    "payroll": _payroll,
    "give_away": _give_away,
    "gift_return": _gift_return,
    "salary_rent": _salary_rent,
    "roommates": _roommates,
    "lucky_money": _lucky_money,
    "second_account": _second_account,
    "friend_loan": _friend_loan,
    "group_buy": _group_buy,
    **GROUPS,
}

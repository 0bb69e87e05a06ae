"""More innocent look-alikes: people who share a purpose, and accounts that many deal with.

As in `innocent`: each kind makes numbered groups and breaks no rule.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    Floats,
    Ints,
    between,
    counts,
    dress,
    moments,
    payments,
)
from regift.loaders.simulator.ledger import BURN, GIFT, MINI_PROGRAM, NONE, RED_PACKET
from regift.loaders.simulator.market import acquire, new_items
from regift.loaders.simulator.scene import Scene

WEEK_S: Final = 7.0 * DAY_S


def _spread(scene: Scene, bounds: tuple[int, int], size: int) -> tuple[Ints, Ints]:
    """Members of groups of drawn sizes: the group of each, and its place in it from 1."""
    each = np.repeat(np.arange(size), counts(scene.rng, bounds, size))
    return each, np.arange(each.size) - np.searchsorted(each, each) + 1


def _circle(
    scene: Scene, kind: str, bounds: tuple[int, int], size: int, head: str, member: str
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Groups of friends round one of them: group numbers, heads, group of each, members, each."""
    people = scene.ring_of_friends(size, bounds[1] + 1)
    groups = scene.ledger.innocent.open(size, kind)
    each, place = _spread(scene, bounds, size)
    members = people[each, place]
    scene.ledger.innocent.join(groups, people[:, 0], head)
    scene.ledger.innocent.join(groups[each], members, member)
    return groups, people[:, 0], groups[each], members, each


def _pooled_present(scene: Scene, size: int) -> None:
    """Friends pay one of them equal parts; he buys a collectible and gives it to the child."""
    groups, head, of, members, each = _circle(
        scene, "pooled_present", ranges.PRESENT_GIVERS, size, "organiser", "giver"
    )
    at = moments(scene.rng, size, 4, ranges.DAYS - 4)
    part = payments(scene.rng, size)
    paid = at[each] + scene.rng.uniform(0, 1.5, each.size) * DAY_S
    scene.pay(paid, members, head[each], part[each], of)
    child = scene.friends(head)
    scene.ledger.innocent.join(groups, child, "receiver")
    items = scene.bought_and_given(head, child, at + 2.0 * DAY_S, groups)
    scene.ledger.innocent.hold(groups, items)


def _campaign(scene: Scene, size: int) -> None:
    """A brand sends many people the same item, or the same red packet, within hours."""
    rng = scene.rng
    brand = rng.choice(scene.market.brands, size)
    collections = scene.market.add(rng, brand, free=True)
    groups = scene.ledger.innocent.open(size, "campaign")
    scene.ledger.innocent.join(groups, brand, "issuer")
    each, _ = _spread(scene, scene.world.parameters.campaign_size, size)
    reached = scene.persons(each.size)
    scene.ledger.innocent.join(groups[each], reached, "receiver")
    at = moments(rng, size, 1, ranges.DAYS - 1)[each] + rng.uniform(0, 0.2 * DAY_S, each.size)
    money = (np.arange(size) % 2 == 1)[each]
    amount = rng.choice(ranges.CAMPAIGN_PACKETS, size)[each]
    scene.pay(
        at[money], brand[each[money]], reached[money], amount[money], groups[each[money]],
        kind=RED_PACKET,
    )  # fmt: skip
    item = ~money
    items = new_items(scene.market, scene.ledger, collections[each[item]])
    channel = rng.choice((MINI_PROGRAM, NONE), items.size)
    scene.ledger.gifts.move(
        at[item], brand[each[item]], reached[item], items, GIFT, NONE, channel,
        group=groups[each[item]],
    )  # fmt: skip


def _street_vendor(scene: Scene, size: int) -> None:
    """A person with a stall: many customers, few of them often, and a supplier every week."""
    rng = scene.rng
    vendor = scene.persons(size)
    groups = scene.ledger.innocent.open(size, "street_vendor")
    scene.ledger.innocent.join(groups, vendor, "vendor")
    each, _ = _spread(scene, scene.world.parameters.vendor_customers, size)
    buyer = scene.persons(each.size)
    other = buyer != vendor[each]
    each, buyer = each[other], buyer[other]
    at = moments(rng, each.size)
    scene.pay(at, buyer, vendor[each], payments(rng, each.size), groups[each])
    supplier = rng.choice(scene.world.of_kind("merchant"), size)
    for week in range(ranges.DAYS // 7):
        at = (week + rng.uniform(0, 1, size)) * WEEK_S
        scene.pay(at, vendor, supplier, payments(rng, size) * 8, groups)


def _rotating_savings(scene: Scene, size: int) -> None:
    """Every week all members pay one of them, each in turn: money goes round by agreement."""
    rng = scene.rng
    most = ranges.SAVERS[1]
    people = scene.ring_of_friends(size, most)
    members = counts(rng, ranges.SAVERS, size)
    groups = scene.ledger.innocent.open(size, "rotating_savings")
    part = payments(rng, size) * 4
    start = rng.uniform(0, ranges.DAYS - 7 * most - 2, size) * DAY_S
    for taker in range(most):
        in_it = np.flatnonzero(members > taker)
        scene.ledger.innocent.join(groups[in_it], people[in_it, taker], "member")
        for payer in range(most):
            pays = in_it[(members[in_it] > payer) & (payer != taker)]
            at = start[pays] + taker * WEEK_S + rng.uniform(0, DAY_S, pays.size)
            scene.pay(at, people[pays, payer], people[pays, taker], part[pays], groups[pays])


def _purchasing_agent(scene: Scene, size: int) -> None:
    """An agent is paid, orders at a shop within a day, and keeps one share of every order."""
    rng = scene.rng
    agent = scene.persons(size)
    groups = scene.ledger.innocent.open(size, "purchasing_agent")
    scene.ledger.innocent.join(groups, agent, "agent")
    each, _ = _spread(scene, ranges.AGENT_ORDERS, size)
    client = scene.friends(agent[each])
    scene.ledger.innocent.join(groups[each], client, "client")
    at = moments(rng, each.size, 0, ranges.DAYS - 1)
    amount = payments(rng, each.size) * 3
    scene.pay(at, client, agent[each], amount, groups[each])
    keeps = between(rng, ranges.AGENT_KEEPS, size)
    shop = rng.choice(scene.world.of_kind("merchant"), size)
    spent = np.maximum(np.rint(amount * (1.0 - keeps[each])), 1.0).astype(np.int64)
    later = at + between(rng, (0.01, 0.9), each.size) * DAY_S
    scene.pay(later, agent[each], shop[each], spent, groups[each])


def _class_fee(scene: Scene, size: int) -> None:
    """Parents pay the class teacher one amount within a day; she pays for the outing."""
    groups, head, of, members, each = _circle(
        scene, "class_fee", ranges.CLASS_SIZE, size, "teacher", "parent"
    )
    at = moments(scene.rng, size, 0, ranges.DAYS - 5)
    fee = payments(scene.rng, size)
    paid = at[each] + scene.rng.uniform(0, 0.8, each.size) * DAY_S
    scene.pay(paid, members, head[each], fee[each], of)
    shop = scene.rng.choice(scene.world.of_kind("merchant"), size)
    total = fee * np.bincount(each, minlength=size)
    scene.pay(at + 3.0 * DAY_S, head, shop, total, groups)


def _pocket_money(scene: Scene, size: int) -> None:
    """A parent pays the same few the same amount every week."""
    _, head, of, members, each = _circle(
        scene, "pocket_money", ranges.PURSE, size, "parent", "child"
    )
    amount = payments(scene.rng, size)
    for week in range(ranges.DAYS // 7):
        at = (week * 7 + 4.4) * DAY_S + scene.rng.uniform(0, 4000.0, each.size)
        scene.pay(at, head[each], members, amount[each], of)


def _large_purchase(scene: Scene, size: int) -> None:
    """A deposit and the balance within a week, now and then just below a round number."""
    rng = scene.rng
    buyer, seller = scene.ring_of_friends(size, 2).T
    groups = scene.ledger.innocent.open(size, "large_purchase")
    scene.ledger.innocent.join(groups, buyer, "buyer")
    scene.ledger.innocent.join(groups, seller, "seller")
    at = moments(rng, size, 0, ranges.DAYS - 8)
    price = between(rng, ranges.LARGE_PURCHASE, size)
    for share, days in ((0.1, 0.0), (0.45, 3.0), (0.45, 6.0)):
        scene.pay(at + days * DAY_S, buyer, seller, dress(rng, price * share), groups)


def _landlord(scene: Scene, size: int) -> None:
    """Several tenants pay one landlord every month, far more than they pay anybody else."""
    _, head, of, members, each = _circle(
        scene, "landlord", ranges.TENANTS, size, "landlord", "tenant"
    )
    rent = dress(scene.rng, between(scene.rng, ranges.SALARY, size) * 0.5)
    for day in ranges.PAY_DAYS:
        at = (day + 1.0) * DAY_S + scene.rng.uniform(0, 2.0 * DAY_S, each.size)
        scene.pay(at, members, head[each], rent[each], of)


def _weekly_drop(scene: Scene, size: int) -> None:
    """A shop releases something every week at one minute, and the same fans are there."""
    rng = scene.rng
    shop = rng.choice(scene.world.of_kind("merchant"), size)
    groups = scene.ledger.innocent.open(size, "weekly_drop")
    scene.ledger.innocent.join(groups, shop, "merchant")
    each, _ = _spread(scene, ranges.DROP_BUYERS, size)
    fan = scene.persons(each.size)
    scene.ledger.innocent.join(groups[each], fan, "fan")
    weeks = counts(rng, ranges.DROP_WEEKS, size)
    start = rng.uniform(0, 20, size) * DAY_S
    price = payments(rng, size)
    for week in range(ranges.DROP_WEEKS[1]):
        there = np.flatnonzero((weeks[each] > week) & (rng.uniform(size=each.size) < 0.9))
        at: Floats = start[each[there]] + week * WEEK_S + rng.uniform(0, 900.0, there.size)
        scene.pay(at, fan[there], shop[each[there]], price[each[there]], groups[each[there]])


def _burned(scene: Scene, size: int) -> None:
    """A holder redeems an item for the thing itself: it is burned."""
    rng = scene.rng
    holder = scene.persons(size)
    collections = scene.market.pick(rng, size)
    groups = scene.ledger.innocent.open(size, "burned")
    scene.ledger.innocent.join(groups, holder, "holder")
    at = moments(rng, size, 4)
    before = at - between(rng, (0.1, 3.5), size) * DAY_S
    items = acquire(scene.market, scene.ledger, rng, holder, before, collections)
    scene.ledger.innocent.hold(groups, items)
    issuer = scene.market.issuer[collections]
    scene.ledger.gifts.move(at, holder, issuer, items, BURN, NONE, NONE, group=groups)


GROUPS: Final[dict[str, Callable[[Scene, int], None]]] = {
    "pooled_present": _pooled_present,
    "campaign": _campaign,
    "street_vendor": _street_vendor,
    "rotating_savings": _rotating_savings,
    "purchasing_agent": _purchasing_agent,
    "class_fee": _class_fee,
    "pocket_money": _pocket_money,
    "large_purchase": _large_purchase,
    "landlord": _landlord,
    "weekly_drop": _weekly_drop,
    "burned": _burned,
}

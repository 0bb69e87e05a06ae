"""Planted circulation of items: chains, sales, closed channels, rings, issuers without certificate.

Levels, sales, rings and certificate gaps are those of DEFINITIONS D-2. Every instance lists the
records that make the pattern; the first-level purchase before it is background.
"""

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import DAY_S, START_S, Floats, Ints, between, dress, log_counts
from regift.loaders.simulator.ledger import (
    GIFT,
    MINI_PROGRAM,
    NONE,
    SALE,
)
from regift.loaders.simulator.market import certify, give, new_items, sale_channels
from regift.loaders.simulator.plot import Plot


def plant_items(plot: Plot) -> None:
    """All planted patterns of the item layer but paid gifts."""
    _chains(plot)
    _behind_account(plot)
    _second_level_sales(plot)
    _closed_channels(plot)
    _wash_rings(plot)
    _wash_second_account(plot)
    _uncertified(plot)


def hops(
    plot: Plot, path: Ints, times: Floats, items: Ints, collections: Ints, groups: Ints
) -> None:
    """Gift the items along the paths, one path a row, one column of times a hop."""
    price = plot.market.price[collections]
    for hop in range(path.shape[1] - 1):
        give(
            plot.ledger, plot.rng, times[:, hop], path[:, hop], path[:, hop + 1], items, price,
            group=groups,
        )  # fmt: skip
    plot.truth.hold(groups, items)


def steps(start: Floats, gaps_s: Floats) -> Floats:
    """Times of hops: the start, then one gap after the other; shape (size, hops)."""
    later = start[:, None] + np.cumsum(gaps_s, axis=1)
    return np.asarray(np.concatenate([start[:, None], later], axis=1))


def _chains(plot: Plot) -> None:
    """A first-level gift is passed on and on: quick relays and slow chains in turn."""
    for level, count in plot.parameters.chains.items():
        for quick in (False, True):
            size = (plot.times(count) + quick) // 2
            low, high = plot.gaps(plot.parameters.chain_gap_days, level - 1)
            if quick:
                low, high = (x * 60.0 for x in plot.parameters.relay_gap_minutes)
            start = plot.starts(size, (level - 1) * high / DAY_S)
            # What a relay was given besides within the day, and kept, would make it no relay.
            span = 1.0 + (level - 1) * high / DAY_S + 0.1
            inner = (
                plot.ungiven(start - DAY_S, level - 1, span)
                if quick
                else plot.actors(size, level - 1)
            )
            ends = plot.actors(size, 2)
            path = np.column_stack([ends[:, 0], inner, ends[:, 1]])
            collections = plot.market.pick(plot.rng, size)
            items = plot.bought(path[:, 0], start, collections)
            also = ("relay_gifting",) if quick and level >= 3 else ()
            name = f"level_{level}_quick" if quick else f"level_{level}"
            groups = plot.truth.open(size, "multi_level_gift", name, also)
            plot.join_path(groups, path, "intermediary", "giver", "receiver")
            times = steps(start, between(plot.rng, (low, high), (size, level - 1)))
            hops(plot, path, times, items, collections, groups)


def _behind_account(plot: Plot) -> None:
    """x > a, a > a's second account, that > b: three hops on paper, level 2 by controller."""
    size = plot.times(ranges.BEHIND_ACCOUNT)
    path = plot.actors(size, 4)
    start = plot.starts(size, 9)
    plot.one_person(path[:, 1], path[:, 2])
    collections = plot.market.pick(plot.rng, size)
    items = plot.bought(path[:, 0], start, collections)
    groups = plot.truth.open(size, "multi_level_gift", "behind_account")
    plot.join_path(groups, path, "controller", "giver", "receiver")
    times = steps(start, between(plot.rng, (0.05 * DAY_S, 4.0 * DAY_S), (size, 2)))
    hops(plot, path, times, items, collections, groups)


def sell(
    plot: Plot, at: Floats, source: Ints, target: Ints, items: Ints, price: Ints,
    channel: Ints | int, groups: Ints,
) -> None:  # fmt: skip
    """A sale between these accounts."""
    plot.ledger.gifts.move(at, source, target, items, SALE, price, channel, group=groups)


def asked_price(plot: Plot, list_price: Ints) -> Ints:
    """What a reseller asks: round the list price, often a little more."""
    ratio = between(plot.rng, plot.parameters.paid_ratio, list_price.size)
    asked = dress(plot.rng, list_price * ratio)
    ends_like_list = plot.rng.uniform(size=asked.size) < 0.7
    return np.where(ends_like_list, np.maximum(asked // 100, 10) * 100 - 10, asked)


def _second_level_sales(plot: Plot) -> None:
    """A buyer sells on: at once, after a gift, or one buyer after the other."""
    for variant, count in plot.parameters.second_level_sales.items():
        size = plot.times(count)
        path = plot.actors(size, 2 if variant == "direct" else 3)
        start = plot.starts(size, 6)
        collections = plot.market.pick(plot.rng, size)
        items = plot.bought(path[:, 0], start, collections)
        groups = plot.truth.open(size, "second_level_sale", variant)
        plot.join_path(groups, path, "reseller", "seller", "buyer")
        plot.truth.hold(groups, items)
        later = start + between(plot.rng, (0.01 * DAY_S, 5.0 * DAY_S), size)
        price = plot.market.price[collections]
        if variant == "after_gift":
            give(plot.ledger, plot.rng, start, path[:, 0], path[:, 1], items, price, group=groups)
        else:
            asked, channel = asked_price(plot, price), sale_channels(plot.rng, size)
            sell(plot, start, path[:, 0], path[:, 1], items, asked, channel, groups)
        if variant != "direct":
            asked, channel = asked_price(plot, price), sale_channels(plot.rng, size)
            sell(plot, later, path[:, 1], path[:, 2], items, asked, channel, groups)


def _closed_channels(plot: Plot) -> None:
    """Sales, and a priced first-level gift, in mini programs, which open no transactions."""
    rng, market = plot.rng, plot.market
    size = plot.times(plot.parameters.closed_channel["issuer_sale"])
    issuers = rng.permutation(market.idle_programs)[:size]
    collections = market.add(rng, issuers)
    groups = plot.truth.open(size, "closed_channel_sale", "issuer_sale")
    plot.truth.join(groups, issuers, "issuer")
    each = np.repeat(np.arange(size), log_counts(rng, ranges.CLOSED_SALES, size))
    buyers = plot.persons(each.size)
    items = new_items(market, plot.ledger, collections[each])
    at = plot.starts(size, 14)[each] + between(rng, (0, 14.0 * DAY_S), each.size)
    channel = rng.choice((MINI_PROGRAM, NONE), each.size)
    price = market.price[collections[each]]
    sell(plot, at, issuers[each], buyers, items, price, channel, groups[each])
    plot.truth.hold(groups[each], items)

    for variant in ("user_sale", "priced_gift"):
        size = plot.times(plot.parameters.closed_channel[variant])
        pair = plot.actors(size, 2)
        start = plot.starts(size, 1)
        collections = market.pick(rng, size)
        items = plot.bought(pair[:, 0], start, collections)
        sale = variant == "user_sale"
        also = ("second_level_sale",) if sale else ()
        groups = plot.truth.open(size, "closed_channel_sale", variant, also)
        plot.join_path(groups, pair, "", "seller", "buyer")
        plot.truth.hold(groups, items)
        price = market.price[collections]
        plot.ledger.gifts.move(
            start, pair[:, 0], pair[:, 1], items, SALE if sale else GIFT,
            asked_price(plot, price) if sale else price, MINI_PROGRAM, group=groups,
        )  # fmt: skip


def _wash_rings(plot: Plot) -> None:
    """An item goes round a ring of accounts and comes home: as gifts, or as sales."""
    for length, count in plot.parameters.wash_rings.items():
        for sold in (False, True):
            size = (plot.times(count) + (not sold)) // 2
            ring = plot.actors(size, length)
            low, high = plot.parameters.wash_gap_hours
            gap = plot.gaps((low / 24.0, high / 24.0), length)
            start = plot.starts(size, length * gap[1] / DAY_S)
            times = steps(start, between(plot.rng, gap, (size, length - 1)))
            collections = plot.market.pick(plot.rng, size)
            items = plot.bought(ring[:, 0], start, collections)
            also = ("second_level_sale",) if sold else ("multi_level_gift",)
            variant = f"{'sale' if sold else 'gift'}_ring_{length}"
            groups = plot.truth.open(size, "closed_circulation", variant, also)
            plot.join_path(groups, ring, "member", "member", "member")
            closed = np.column_stack([ring, ring[:, 0]])
            if not sold:
                hops(plot, closed, times, items, collections, groups)
                continue
            plot.truth.hold(groups, items)
            for hop in range(length):
                asked = asked_price(plot, plot.market.price[collections])
                channel = sale_channels(plot.rng, size)
                at = times[:, hop]
                sell(plot, at, closed[:, hop], closed[:, hop + 1], items, asked, channel, groups)


def _wash_second_account(plot: Plot) -> None:
    """a > b > c > a's second account: closed by controller, not by account."""
    size = plot.times(ranges.WASH_SECOND_ACCOUNT)
    path = plot.actors(size, 4)
    plot.one_person(path[:, 0], path[:, 3])
    start = plot.starts(size, 9)
    collections = plot.market.pick(plot.rng, size)
    items = plot.bought(path[:, 0], start, collections)
    groups = plot.truth.open(size, "closed_circulation", "to_second_account", ("multi_level_gift",))
    plot.join_path(groups, path, "member", "controller", "controller")
    times = steps(start, between(plot.rng, (0.05 * DAY_S, 4.0 * DAY_S), (size, 2)))
    hops(plot, path, times, items, collections, groups)


def _uncertified(plot: Plot) -> None:
    """Publishers sell collectibles: never certified, certificate run out, or not begun."""
    rng, market = plot.rng, plot.market
    never = market.publishers[market.publishers.size // 3 :]
    free = rng.permutation(never)
    for variant, count in plot.parameters.uncertified.items():
        size = plot.times(count)
        issuers, free = free[:size], free[size:]
        start = plot.starts(size, 30)
        first_s = START_S + np.asarray(start // DAY_S, dtype=np.int64) * DAY_S
        if variant == "expired":
            end = first_s - rng.integers(0, 60, size) * DAY_S
            certify(plot.ledger, rng, issuers, end - 365 * DAY_S, end)
        if variant == "not_yet_valid":
            begin = first_s + rng.integers(32, 90, size) * DAY_S
            certify(plot.ledger, rng, issuers, begin, begin + 365 * DAY_S)
        groups = plot.truth.open(size, "uncertified_issue", variant)
        plot.truth.join(groups, issuers, "issuer")
        each = np.repeat(np.arange(size), log_counts(rng, ranges.UNCERTIFIED_SALES, size))
        collections = market.add(rng, issuers)[each]
        items = new_items(market, plot.ledger, collections)
        at = start[each] + between(rng, (0, 30.0 * DAY_S), each.size)
        buyers = plot.persons(each.size)
        price = market.price[collections]
        sell(
            plot, at, issuers[each], buyers, items, price, sale_channels(rng, each.size),
            groups[each],
        )  # fmt: skip
        plot.truth.hold(groups[each], items)

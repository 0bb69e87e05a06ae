"""The market of collectibles: who may issue, collections, first-level acquisitions.

Whatever is planted later buys its items here like everybody else, with the same prices, channels
and kinds of record.
"""

from dataclasses import dataclass

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    START_S,
    Floats,
    Ints,
    dress,
    lognormal,
    prices,
    weighted,
)
from regift.loaders.simulator.ledger import (
    GIFT,
    ISSUE,
    MERCHANT,
    MINI_PROGRAM,
    NONE,
    OFFICIAL_ACCOUNT,
    PERSONAL,
    SALE,
    Ledger,
)
from regift.loaders.simulator.world import World, stream


@dataclass
class Market:
    """Collections and their issuers; arrays are indexed by collection number and grow.

    price: list price, NONE of free collections. release: when it came out, seconds.
    brands sell and are certified; publishers are the other official accounts. giving_programs
    give items away once, idle_programs issue nothing. sigma: how uneven popularity is.
    """

    brands: Ints
    publishers: Ints
    giving_programs: Ints
    idle_programs: Ints
    issuer: Ints
    price: Ints
    release: Ints
    popularity: Floats
    sigma: float

    def add(self, rng: np.random.Generator, issuers: Ints, *, free: bool = False) -> Ints:
        """One new collection for each issuer; returns their numbers."""
        first = self.issuer.size
        none = np.full(issuers.size, NONE, dtype=np.int64)
        self.issuer = np.concatenate([self.issuer, issuers])
        self.price = np.concatenate([self.price, none if free else prices(rng, issuers.size)])
        out = START_S - rng.integers(DAY_S, 300 * DAY_S, issuers.size)
        self.release = np.concatenate([self.release, out])
        popularity = lognormal(rng, 1.0, self.sigma, issuers.size)
        self.popularity = np.concatenate([self.popularity, popularity])
        return np.arange(first, first + issuers.size)

    def pick(self, rng: np.random.Generator, size: int, *, free: bool = False) -> Ints:
        """Collections of certified brands, popular ones more often."""
        sold_by_brand = np.isin(self.issuer, self.brands) & ((self.price == NONE) == free)
        collections = np.flatnonzero(sold_by_brand)
        return np.asarray(collections[weighted(rng, self.popularity[collections], size)])


def make_market(world: World, ledger: Ledger) -> Market:
    """Brands with certificates, publishers some of whom once had one, and the collections."""
    rng = stream(world.seed, "market")
    official = rng.permutation(world.of_kind("official_account"))
    cut = round(official.size * ranges.SHARE_BRANDS)
    programs = rng.permutation(world.of_kind("mini_program"))
    giving = round(programs.size * ranges.SHARE_GIVING_PROGRAMS)
    none = np.empty(0, dtype=np.int64)
    market = Market(
        brands=official[:cut],
        publishers=official[cut:],
        giving_programs=programs[:giving],
        idle_programs=programs[giving:],
        issuer=none,
        price=none,
        release=none,
        popularity=np.empty(0),
        sigma=world.parameters.popularity_sigma,
    )
    series = np.repeat(market.brands, ranges.COLLECTIONS_PER_BRAND)
    free = rng.uniform(size=series.size) < ranges.SHARE_FREE_COLLECTIONS
    free[:: ranges.COLLECTIONS_PER_BRAND] = False
    market.add(rng, series[~free])
    market.add(rng, series[free], free=True)
    certify(
        ledger,
        rng,
        market.brands,
        START_S - rng.integers(DAY_S, 600 * DAY_S, market.brands.size),
        ranges.END_S + rng.integers(DAY_S, 400 * DAY_S, market.brands.size),
    )
    lapsed = market.publishers[: market.publishers.size // 3]
    end = START_S + rng.integers(-200 * DAY_S, ranges.DAYS * DAY_S, lapsed.size)
    certify(ledger, rng, lapsed, end - 365 * DAY_S, end)
    return market


def certify(
    ledger: Ledger, rng: np.random.Generator, accounts: Ints, valid_from: Ints, valid_to: Ints
) -> None:
    """Cooperation certificates; periods begin and end at midnight of the written time zone."""
    size = accounts.size
    ledger.certificates.add(
        size,
        account=accounts,
        number=ledger.certificates.rows + np.arange(size),
        partner=rng.integers(0, 12, size),
        valid_from=valid_from - (valid_from - START_S) % DAY_S,
        valid_to=valid_to - (valid_to - START_S) % DAY_S,
    )


def acquire(
    market: Market,
    ledger: Ledger,
    rng: np.random.Generator,
    persons: Ints,
    activity_s: Floats,
    collections: Ints,
    *,
    group: Ints | int = NONE,
) -> Ints:
    """First-level acquisitions from the issuer, one new item each; returns the items.

    Priced collections: a sale, or an issue with a price; free ones: an issue without.
    """
    items = new_items(market, ledger, collections)
    price = market.price[collections]
    coupon = rng.uniform(size=persons.size) < 0.2
    paid = np.where(coupon, dress(rng, price * rng.uniform(0.7, 1.0, persons.size)), price)
    by_issue = (price == NONE) | (rng.uniform(size=persons.size) < ranges.SHARE_PAID_ISSUE)
    ledger.gifts.move(
        activity_s,
        market.issuer[collections],
        persons,
        items,
        np.where(by_issue, ISSUE, SALE),
        np.where(price == NONE, NONE, paid),
        sale_channels(rng, persons.size),
        group=group,
    )
    return items


def new_items(market: Market, ledger: Ledger, collections: Ints) -> Ints:
    """One new item of each of these collections."""
    return ledger.items.add(
        collections.size,
        collection=collections,
        issuer=market.issuer[collections],
        issued_at=market.release[collections],
        price=market.price[collections],
    )


def sale_channels(rng: np.random.Generator, size: int) -> Ints:
    """Channel words of sales and issues: never a mini program, which opens no sales."""
    return rng.choice((OFFICIAL_ACCOUNT, PERSONAL, NONE), size, p=(0.5, 0.15, 0.35))


def give(
    ledger: Ledger,
    rng: np.random.Generator,
    activity_s: Floats,
    source: Ints,
    target: Ints,
    items: Ints,
    list_price: Ints,
    *,
    group: Ints | int = NONE,
    priced: bool | None = None,
) -> Ints:
    """Gifts as people make them; some records repeat the list price (never in a mini program).

    priced: force the price onto the record, or off it.
    """
    size = items.size
    shown = rng.uniform(size=size) < ranges.SHARE_GIFT_PRICED
    if priced is not None:
        shown = np.full(size, priced)
    price = np.where(shown, list_price, NONE)
    channel = np.where(
        price == NONE,
        rng.choice((PERSONAL, MINI_PROGRAM, OFFICIAL_ACCOUNT, NONE), size, p=(0.3, 0.2, 0.1, 0.4)),
        rng.choice((PERSONAL, OFFICIAL_ACCOUNT, NONE), size, p=(0.4, 0.15, 0.45)),
    )
    return ledger.gifts.move(activity_s, source, target, items, GIFT, price, channel, group=group)


def money_channels(rng: np.random.Generator, size: int) -> Ints:
    """Channel words of payments between any two accounts."""
    return rng.choice((PERSONAL, MERCHANT, NONE), size, p=(0.3, 0.1, 0.6))

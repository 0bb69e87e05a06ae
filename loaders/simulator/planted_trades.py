"""Planted trades of items: to and fro, rings without risk, brokers, gaps of custody, evasion.

Definitions D-2 and D-18. Gifts that come back wait longer than the return window of 24 hours, or
they would be undone.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import DAY_S, Floats, Ints, between, counts, dress
from regift.loaders.simulator.flow import send
from regift.loaders.simulator.ledger import (
    BURN,
    ISSUE,
    MINI_PROGRAM,
    NONE,
    OFFICIAL_ACCOUNT,
    PERSONAL,
)
from regift.loaders.simulator.market import give, sale_channels
from regift.loaders.simulator.planted_items import asked_price, hops, sell, steps
from regift.loaders.simulator.plot import Plot

# A way back is later than the return window; acquisitions of one item lie within 30 days.
BACK_DAYS: Final = (1.2, 6.0)


def plant_trades(plot: Plot) -> None:
    """All of them."""
    for name, plant in KINDS.items():
        plant(plot, name, plot.times(plot.parameters.trades[name]))


def _gift(
    plot: Plot, at: Floats, giver: Ints, receiver: Ints, items: Ints, price: Ints, groups: Ints
) -> None:
    give(plot.ledger, plot.rng, at, giver, receiver, items, price, group=groups)


def _there_and_back(plot: Plot, name: str, size: int) -> None:
    """The same two items go to a friend and come back."""
    pair = plot.actors(size, 2)
    groups = plot.truth.open(size, "back_and_forth", "item", ("multi_level_gift",))
    plot.join_path(groups, pair, "", "member", "member")
    start = plot.starts(size, 15)
    for _ in range(2):
        collections = plot.market.pick(plot.rng, size)
        at = start + between(plot.rng, (0.0, 2.0), size) * DAY_S
        items = plot.bought(pair[:, 0], at, collections)
        gap = between(plot.rng, BACK_DAYS, (size, 1)) * DAY_S
        path = np.column_stack([pair, pair[:, 0]])
        hops(plot, path, steps(at, gap), items, collections, groups)


def _to_and_fro(plot: Plot, name: str, size: int) -> None:
    """Two accounts give each other other items in turn, as often one way as the other."""
    pair = plot.actors(size, 2)
    groups = plot.truth.open(size, "back_and_forth", "pair")
    plot.join_path(groups, pair, "", "member", "member")
    at = plot.starts(size, 26)
    times = 2 * counts(plot.rng, (2, 3), size)
    for turn in range(6):
        now = np.flatnonzero(times > turn)
        giver, receiver = pair[now, turn % 2], pair[now, 1 - turn % 2]
        collections = plot.market.pick(plot.rng, now.size)
        items = plot.bought(giver, at[now], collections)
        price = plot.market.price[collections]
        _gift(plot, at[now], giver, receiver, items, price, groups[now])
        plot.truth.hold(groups[now], items)
        at[now] += between(plot.rng, (0.2, 4.0), now.size) * DAY_S


def _again_and_again(plot: Plot, name: str, size: int) -> None:
    """One item comes to one account three times, over two others."""
    people = plot.actors(size, 4)
    groups = plot.truth.open(size, name, "same_item", ("multi_level_gift",))
    plot.join_path(groups, people, "member", "giver", "member")
    start = plot.starts(size, 26)
    collections = plot.market.pick(plot.rng, size)
    items = plot.bought(people[:, 0], start, collections)
    gaps = between(plot.rng, BACK_DAYS, (size, 4)) * DAY_S
    hops(plot, people[:, [0, 1, 2, 1, 3, 1]], steps(start, gaps), items, collections, groups)


def _zero_risk(plot: Plot, name: str, total: int) -> None:
    """Everybody passes an item of one collection to the next: in the end nobody gained."""
    rng = plot.rng
    sold = name == "zero_risk_sales"
    for length, size in plot.sizes(total, plot.parameters.zero_risk_sizes):
        ring = plot.actors(size, length)
        also = ("second_level_sale",) if sold else ()
        groups = plot.truth.open(size, "zero_risk_ring", "sales" if sold else "gifts", also)
        plot.join_path(groups, ring, "member", "member", "member")
        # Weeks are counted from 1970 and begin on Thursdays at 8 in the written zone.
        week = rng.integers(1, ranges.DAYS // 7 - 1, size)
        start: Floats = np.asarray(week * 7.0 + 4.0) * DAY_S
        collections = plot.market.pick(rng, size)
        price = asked_price(plot, plot.market.price[collections])
        for turn in range(length * (2 if length == 2 else 1)):
            giver, receiver = ring[:, turn % length], ring[:, (turn + 1) % length]
            at = start + between(rng, (0.0, 5.4), size) * DAY_S
            items = plot.bought(giver, start, collections)
            plot.truth.hold(groups, items)
            if sold:
                paid = np.rint(price * between(rng, (0.98, 1.02), size)).astype(np.int64)
                sell(plot, at, giver, receiver, items, paid, sale_channels(rng, size), groups)
            else:
                # A price on the record would be one that nobody paid back.
                listed = plot.market.price[collections]
                give(
                    plot.ledger, rng, at, giver, receiver, items, listed, group=groups,
                    priced=False,
                )  # fmt: skip


def _escrow_broker(plot: Plot, name: str, total: int) -> None:
    """One account takes items from many, passes them to many, and money goes the other way."""
    rng = plot.rng
    for chains, size in plot.sizes(total, plot.parameters.broker_chains):
        broker = plot.actors(size, 1)[:, 0]
        givers, receivers = plot.actors(size, chains), plot.actors(size, chains)
        groups = plot.truth.open(size, name, "chains", ("paid_gift", "multi_level_gift"))
        plot.truth.join(groups, broker, "broker")
        start = plot.starts(size, 8)
        for giver, receiver in zip(givers.T, receivers.T, strict=True):
            plot.truth.join(groups, giver, "giver")
            plot.truth.join(groups, receiver, "receiver")
            collections = plot.market.pick(rng, size)
            price = plot.market.price[collections]
            at = start + between(rng, (0.0, 4.5), size) * DAY_S
            items = plot.bought(giver, at, collections)
            plot.truth.hold(groups, items)
            on = at + between(rng, (0.05, 1.5), size) * DAY_S
            paid = dress(rng, price * between(rng, (0.75, 0.95), size))
            asked = dress(rng, price * between(rng, (1.05, 1.4), size))
            _gift(plot, at, giver, broker, items, price, groups)
            send(plot, at + _lag(plot, size), broker, giver, paid, groups)
            _gift(plot, on, broker, receiver, items, price, groups)
            send(plot, on + _lag(plot, size), receiver, broker, asked, groups)


def _lag(plot: Plot, size: int) -> Floats:
    """A payment follows its gift within hours."""
    return between(plot.rng, (120.0, 8 * 3600.0), size)


def _custody_gap(plot: Plot, name: str, size: int) -> None:
    """An item is given by who gave it away already, issued twice, or given after it was burned."""
    rng = plot.rng
    variant = name.removeprefix("custody_")
    people = plot.actors(size, 3)
    groups = plot.truth.open(size, "custody_gap", variant)
    plot.join_path(groups, people, "receiver", "giver", "receiver")
    start = plot.starts(size, 7)
    later = start + between(rng, BACK_DAYS, size) * DAY_S
    # Free items come by an issue, paid ones by a sale: only a second issue is one too many.
    collections = plot.market.pick(rng, size, free=variant == "double_issue")
    items = plot.bought(people[:, 0], start, collections)
    plot.truth.hold(groups, items)
    price = plot.market.price[collections]
    issuer = plot.market.issuer[collections]
    if variant == "after_burn":
        plot.ledger.gifts.move(start, people[:, 0], issuer, items, BURN, NONE, NONE, group=groups)
    else:
        _gift(plot, start, people[:, 0], people[:, 1], items, price, groups)
    if variant == "double_issue":
        plot.ledger.gifts.move(
            later, issuer, people[:, 2], items, ISSUE, NONE, OFFICIAL_ACCOUNT, group=groups
        )
    else:
        _gift(plot, later, people[:, 0], people[:, 2], items, price, groups)


def _reissue(plot: Plot, name: str, size: int) -> None:
    """An item of level 1 goes to its issuer, who gives it back as new."""
    pair = plot.actors(size, 2)
    groups = plot.truth.open(size, "evasion", "reissue")
    plot.join_path(groups, pair, "", "giver", "member")
    start = plot.starts(size, 13)
    collections = plot.market.pick(plot.rng, size)
    items = plot.bought(pair[:, 0], start, collections)
    issuer = plot.market.issuer[collections]
    path = np.column_stack([pair, issuer, pair[:, 1]])
    gaps = between(plot.rng, BACK_DAYS, (size, 2)) * DAY_S
    hops(plot, path, steps(start, gaps), items, collections, groups)


def _other_channel(plot: Plot, name: str, size: int) -> None:
    """A sale where none is open, then one between the same two where it is."""
    rng = plot.rng
    pair = plot.actors(size, 2)
    also = ("closed_channel_sale", "second_level_sale")
    groups = plot.truth.open(size, "evasion", "channel", also)
    plot.join_path(groups, pair, "", "seller", "buyer")
    start = plot.starts(size, 21)
    later = start + between(rng, (0.5, 20.0), size) * DAY_S
    elsewhere = rng.choice((OFFICIAL_ACCOUNT, PERSONAL), size)
    for at, channel in ((start, MINI_PROGRAM), (later, elsewhere)):
        collections = plot.market.pick(rng, size)
        items = plot.bought(pair[:, 0], at, collections)
        plot.truth.hold(groups, items)
        asked = asked_price(plot, plot.market.price[collections])
        sell(plot, at, pair[:, 0], pair[:, 1], items, asked, channel, groups)


KINDS: Final[dict[str, Callable[[Plot, str, int], None]]] = {
    "back_and_forth_item": _there_and_back,
    "back_and_forth_pair": _to_and_fro,
    "repeated_acquisition": _again_and_again,
    "zero_risk_sales": _zero_risk,
    "zero_risk_gifts": _zero_risk,
    "escrow_broker": _escrow_broker,
    "custody_not_holder": _custody_gap,
    "custody_double_issue": _custody_gap,
    "custody_after_burn": _custody_gap,
    "evasion_reissue": _reissue,
    "evasion_channel": _other_channel,
}

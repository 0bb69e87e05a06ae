"""Planted money: payments for gifts, pass-through accounts, layers, scatter and gather.

Definitions D-5 to D-9. Amounts and lags stay inside the defaults of the searches by a margin that
rounding cannot use up; `ranges` says how far.
"""

from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    START_S,
    Floats,
    Ints,
    between,
    clock,
    dress,
    planted_amounts,
)
from regift.loaders.simulator.flow import along, leak, send
from regift.loaders.simulator.ledger import DEVICE, PAYMENT
from regift.loaders.simulator.market import give
from regift.loaders.simulator.planted_items import steps
from regift.loaders.simulator.plot import Plot
from regift.loaders.simulator.world import begin_using

# Records of the chains that leak or are slow.
LAYER_SIZES: Final = (4, 6)


def plant_money(plot: Plot) -> None:
    """All planted patterns with money in them."""
    for variant, count in plot.parameters.paid_gifts.items():
        _paid_gifts(plot, variant, plot.times(count))
    _pass_through(plot)
    _layering(plot)
    _scatter_gather(plot)


def _paid_gifts(plot: Plot, variant: str, size: int) -> None:
    """a gives to b, b pays: directly, to a linked account, through a third, or in parts."""
    rng, market = plot.rng, plot.market
    people = plot.actors(size, 3)
    giver, receiver, third = people.T
    start = plot.starts(size, 5) + 2.0 * DAY_S
    collections = market.pick(rng, size, free=variant == "no_price")
    items = plot.bought(giver, start, collections)
    groups = plot.truth.open(size, "paid_gift", variant)
    plot.truth.join(groups, giver, "giver")
    plot.truth.join(groups, receiver, "receiver")
    plot.truth.hold(groups, items)
    price = market.price[collections]
    shown = {"price": True, "price_of_item": False}.get(variant)
    give(plot.ledger, rng, start, giver, receiver, items, price, group=groups, priced=shown)
    lag = between(rng, plot.parameters.paid_lag_minutes, size) * 60.0
    before = rng.uniform(size=size) < 0.25
    at = start + np.where(before, -lag, lag)
    if variant == "no_price":
        worth = planted_amounts(rng, size)
    else:
        worth = price * between(rng, plot.parameters.paid_ratio, size)
    if variant == "split":
        _in_parts(plot, start, giver, receiver, price, groups)
    elif variant == "linked_account":
        plot.truth.join(groups, third, "controller")
        one = rng.uniform(size=size) < 0.5
        plot.one_person(giver[one], third[one])
        plot.share_device(giver[~one], third[~one])
        send(plot, at, receiver, third, dress(rng, worth), groups)
    elif variant == "routed":
        plot.truth.join(groups, third, "broker")
        first = np.maximum(dress(rng, worth), 1_000)
        kept = first * between(rng, plot.parameters.route_keep, size)
        second = np.minimum(dress(rng, kept), first)
        send(plot, at, receiver, third, first, groups)
        later = at + between(rng, (600.0, 10 * 3600.0), size)
        send(plot, later, third, giver, second, groups)
    else:
        send(plot, at, receiver, giver, dress(rng, worth), groups)


def _in_parts(
    plot: Plot, start: Floats, giver: Ints, receiver: Ints, price: Ints, groups: Ints
) -> None:
    """The price in three to five parts, each of them less than half of it."""
    rng = plot.rng
    parts = rng.choice(ranges.SPLIT_PARTS, giver.size)
    whole = price * between(rng, ranges.SPLIT_RATIO, giver.size)
    each = np.repeat(np.arange(giver.size), parts)
    amount = whole[each] / parts[each] * between(rng, (0.96, 1.04), each.size)
    # Rounding to whole yuan could lift a small part over half the price: cents are kept then.
    tidy = dress(rng, amount)
    amount = np.where(2 * tidy < price[each] * 0.98, tidy, np.asarray(amount, dtype=np.int64))
    at = start[each] + between(rng, (120.0, 30 * 3600.0), each.size)
    send(plot, at, receiver[each], giver[each], amount, groups[each])


def _pass_through(plot: Plot) -> None:
    """A relay account: money from strangers leaves again within hours, nearly whole, repeatedly."""
    for variant, count in plot.parameters.pass_through.items():
        _relays(plot, variant, plot.times(count))
    _relays(plot, "taken_over", plot.times(plot.parameters.taken_over["pass_through"]))


def _relays(plot: Plot, variant: str, size: int) -> None:
    """Relays of one way of relaying."""
    rng, truth = plot.rng, plot.truth
    relay, start = plot.quiet(size, ranges.PASS_EVENTS * ranges.PASS_DAYS[1])
    payers = plot.actors(size, ranges.PASS_EVENTS)
    sinks = plot.actors(size, 2)
    groups = truth.open(size, "pass_through", variant)
    truth.join(groups, relay, "taken_over" if variant == "taken_over" else "relay")
    for people, role in ((payers, "payer"), (sinks, "sink")):
        for column in people.T:
            truth.join(groups, column, role)
    if variant == "taken_over":
        take_over(plot, relay, start, groups)
    at = start
    for event in range(ranges.PASS_EVENTS):
        amount = dress(rng, planted_amounts(rng, size))
        send(plot, at, payers[:, event], relay, amount, groups)
        dwell = between(rng, plot.parameters.pass_dwell_minutes, size) * 60.0
        out = np.minimum(dress(rng, amount * between(rng, plot.parameters.pass_keep, size)), amount)
        if variant == "split_out":
            half = out * 6 // 10
            send(plot, at + dwell, relay, sinks[:, 0], half, groups)
            send(plot, at + dwell + 900.0, relay, sinks[:, 1], out - half, groups)
        else:
            send(plot, at + dwell, relay, sinks[:, event % 2], out, groups)
        at = at + between(rng, ranges.PASS_DAYS, size) * DAY_S


def take_over(plot: Plot, account: Ints, start_s: Floats, groups: Ints) -> None:
    """From its hour on somebody else's device runs the account; its owner had no part in it."""
    thief = plot.actors(account.size, 1)[:, 0]
    plot.truth.join(groups, thief, "controller")
    since = clock(start_s - 1800.0) - START_S
    begin_using(plot.ledger, account, DEVICE, thief, since)
    plot.truth.share(groups, account, DEVICE)


def _layering(plot: Plot) -> None:
    """Money runs through a chain of accounts, hop after hop, and does not come back."""
    low, high = (hours * 3600.0 for hours in plot.parameters.layer_gap_hours)
    for edges, count in plot.parameters.layering.items():
        _layers(plot, edges, plot.times(count), f"edges_{edges}", (low, high))
    more = plot.parameters.more_layers
    for edges, size in plot.sizes(plot.times(more["leak"]), LAYER_SIZES):
        _layers(plot, edges, size, "leak", (low, high))
    for edges, size in plot.sizes(plot.times(more["slow"]), LAYER_SIZES):
        _layers(plot, edges, size, "slow", plot.gaps(plot.parameters.gap_days, edges))


def _layers(plot: Plot, edges: int, size: int, variant: str, gap: tuple[float, float]) -> None:
    path = plot.actors(size, edges + 1)
    gaps = between(plot.rng, gap, (size, edges - 1))
    groups = plot.truth.open(size, "layering_path", variant)
    plot.join_path(groups, path, "intermediary", "source", "sink")
    times = steps(plot.starts(size, edges * gap[1] / DAY_S), gaps)
    amount = along(plot, path, times, groups, leaking=variant == "leak")
    waited = np.diff(clock(times), axis=1).max(axis=1)
    plot.truth.exceed(groups[waited > ranges.LAYER_GAP_S], "gap")
    one, two = amount[:, :-1], amount[:, 1:]
    kept = 10_000 * np.minimum(one, two) >= ranges.LAYER_KEEP_BP * np.maximum(one, two)
    plot.truth.exceed(groups[~kept.all(axis=1)], "keep")


def _scatter_gather(plot: Plot) -> None:
    """One account pays several, and each of them pays the same other account."""
    for width, count in plot.parameters.scatter_gather.items():
        _branches(plot, width, plot.times(count), f"width_{width}", leaking=False)
    total = plot.times(plot.parameters.more_scatter["leak"])
    for width, size in plot.sizes(total, plot.parameters.gather_width):
        _branches(plot, width, size, "leak", leaking=True)


def _branches(plot: Plot, width: int, size: int, variant: str, *, leaking: bool) -> None:
    rng = plot.rng
    ends, middle = plot.actors(size, 2), plot.actors(size, width)
    start = plot.starts(size, 3)
    groups = plot.truth.open(size, "scatter_gather", variant)
    plot.truth.join(groups, ends[:, 0], "source")
    plot.truth.join(groups, ends[:, 1], "sink")
    for column in middle.T:
        plot.truth.join(groups, column, "intermediary")
        out = start + between(rng, (0, 12 * 3600.0), size)
        back = out + between(rng, (1200.0, 24 * 3600.0), size)
        amount = dress(rng, planted_amounts(rng, size))
        send(plot, out, ends[:, 0], column, amount, groups, PAYMENT)
        kept = amount * between(rng, plot.parameters.pass_keep, size)
        if leaking:
            kept -= leak(plot, amount, column, (out + back) / 2, groups)
        tidy = dress(rng, kept)
        tidy = np.where(tidy <= amount, tidy, np.asarray(kept, dtype=np.int64))
        send(plot, back, column, ends[:, 1], tidy, groups, PAYMENT)

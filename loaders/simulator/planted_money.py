"""Planted money: payments for gifts, cycles, pass-through accounts, layers, scatter and gather.

Definitions D-5 to D-9. Amounts and lags stay inside the defaults of the searches by a margin that
rounding cannot use up; `ranges` says how far.
"""

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import DAY_S, Floats, Ints, between, dress, planted_amounts
from regift.loaders.simulator.ledger import PAYMENT
from regift.loaders.simulator.market import give
from regift.loaders.simulator.planted_items import steps
from regift.loaders.simulator.plot import Plot


def plant_money(plot: Plot) -> None:
    """All planted patterns with money in them."""
    for variant, count in ranges.PAID_GIFTS.items():
        _paid_gifts(plot, variant, plot.times(count))
    _money_cycles(plot)
    _pass_through(plot)
    _layering(plot)
    _scatter_gather(plot)


def _pay(
    plot: Plot, at: Floats, source: Ints, target: Ints, amount: Ints, groups: Ints,
    kind: Ints | int | None = None,
) -> None:  # fmt: skip
    chosen = plot.money_kind(amount) if kind is None else kind
    plot.pay(at, source, target, amount, groups, kind=chosen)


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
    lag = between(rng, ranges.PAID_LAG_MINUTES, size) * 60.0
    before = rng.uniform(size=size) < 0.25
    at = start + np.where(before, -lag, lag)
    if variant == "no_price":
        worth = planted_amounts(rng, size)
    else:
        worth = price * between(rng, ranges.PAID_RATIO, size)
    if variant == "split":
        _in_parts(plot, start, giver, receiver, price, groups)
    elif variant == "linked_account":
        plot.truth.join(groups, third, "controller")
        one = rng.uniform(size=size) < 0.5
        plot.one_person(giver[one], third[one])
        plot.share_device(giver[~one], third[~one])
        _pay(plot, at, receiver, third, dress(rng, worth), groups)
    elif variant == "routed":
        plot.truth.join(groups, third, "broker")
        first = np.maximum(dress(rng, worth), 1_000)
        second = np.minimum(dress(rng, first * between(rng, ranges.ROUTE_KEEP, size)), first)
        _pay(plot, at, receiver, third, first, groups)
        later = at + between(rng, (600.0, 10 * 3600.0), size)
        _pay(plot, later, third, giver, second, groups)
    else:
        _pay(plot, at, receiver, giver, dress(rng, worth), groups)


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
    _pay(plot, at, receiver[each], giver[each], amount, groups[each])


def _along(plot: Plot, path: Ints, times: Floats, groups: Ints, keep: Ints | Floats) -> None:
    """Pay along paths, one path a row; each hop keeps its share of the amount before."""
    rng = plot.rng
    base = planted_amounts(rng, path.shape[0])
    for hop in range(path.shape[1] - 1):
        if hop:
            base = base * keep[:, hop - 1]
        _pay(plot, times[:, hop], path[:, hop], path[:, hop + 1], dress(rng, base), groups)


def _money_cycles(plot: Plot) -> None:
    """Money returns to where it began within three days, most of it kept at every hop."""
    for length, count in ranges.MONEY_CYCLES.items():
        size = plot.times(count)
        ring = plot.actors(size, length)
        hours = between(plot.rng, ranges.CYCLE_HOURS, size)
        share = plot.rng.dirichlet(np.full(length - 1, 3.0), size)
        gaps = np.maximum(share * hours[:, None] * 3600.0, 600.0)
        groups = plot.truth.open(size, "money_cycle", f"length_{length}")
        plot.join_path(groups, ring, "member", "organiser", "member")
        times = steps(plot.starts(size, 4), gaps)
        keep = between(plot.rng, ranges.HOP_KEEP, (size, length))
        _along(plot, np.column_stack([ring, ring[:, 0]]), times, groups, keep)


def _pass_through(plot: Plot) -> None:
    """A relay account: money from strangers leaves again within hours, nearly whole, repeatedly."""
    rng = plot.rng
    span = ranges.PASS_EVENTS * ranges.PASS_DAYS[1]
    for variant, count in ranges.PASS_THROUGH.items():
        size = plot.times(count)
        relay, start = plot.quiet(size, span)
        payers = plot.actors(size, ranges.PASS_EVENTS)
        sinks = plot.actors(size, 2)
        groups = plot.truth.open(size, "pass_through", variant)
        plot.truth.join(groups, relay, "relay")
        for column in payers.T:
            plot.truth.join(groups, column, "payer")
        for column in sinks.T:
            plot.truth.join(groups, column, "sink")
        at = start
        for event in range(ranges.PASS_EVENTS):
            amount = dress(rng, planted_amounts(rng, size))
            _pay(plot, at, payers[:, event], relay, amount, groups)
            dwell = between(rng, ranges.PASS_DWELL_MINUTES, size) * 60.0
            out = np.minimum(dress(rng, amount * between(rng, ranges.PASS_KEEP, size)), amount)
            if variant == "split_out":
                half = out * 6 // 10
                _pay(plot, at + dwell, relay, sinks[:, 0], half, groups)
                _pay(plot, at + dwell + 900.0, relay, sinks[:, 1], out - half, groups)
            else:
                _pay(plot, at + dwell, relay, sinks[:, event % 2], out, groups)
            at = at + between(rng, ranges.PASS_DAYS, size) * DAY_S


def _layering(plot: Plot) -> None:
    """Money runs through a chain of accounts, hop after hop, and does not come back."""
    for edges, count in ranges.LAYERING.items():
        size = plot.times(count)
        path = plot.actors(size, edges + 1)
        low, high = (hours * 3600.0 for hours in ranges.LAYER_GAP_HOURS)
        gaps = between(plot.rng, (low, high), (size, edges - 1))
        groups = plot.truth.open(size, "layering_path", f"edges_{edges}")
        plot.join_path(groups, path, "intermediary", "source", "sink")
        times = steps(plot.starts(size, 4), gaps)
        _along(plot, path, times, groups, between(plot.rng, ranges.HOP_KEEP, (size, edges)))


def _scatter_gather(plot: Plot) -> None:
    """One account pays several, and each of them pays the same other account."""
    rng = plot.rng
    for width, count in ranges.SCATTER_GATHER.items():
        size = plot.times(count)
        ends, middle = plot.actors(size, 2), plot.actors(size, width)
        start = plot.starts(size, 3)
        groups = plot.truth.open(size, "scatter_gather", f"width_{width}")
        plot.truth.join(groups, ends[:, 0], "source")
        plot.truth.join(groups, ends[:, 1], "sink")
        for column in middle.T:
            plot.truth.join(groups, column, "intermediary")
            out = start + between(rng, (0, 12 * 3600.0), size)
            back = out + between(rng, (1200.0, 24 * 3600.0), size)
            amount = dress(rng, planted_amounts(rng, size))
            _pay(plot, out, ends[:, 0], column, amount, groups, PAYMENT)
            kept = dress(rng, amount * between(rng, ranges.PASS_KEEP, size))
            _pay(plot, back, column, ends[:, 1], np.minimum(kept, amount), groups, PAYMENT)

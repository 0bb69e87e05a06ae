"""Planted identity patterns: farms, lockstep groups, common funders and exits, accounts taken over.

Definitions D-3 and D-18. What these rest on is partly what people did besides, so they choose the
people in whose lives the pattern is not drowned, as those who open accounts for it would.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import (
    DAY_S,
    START_S,
    Ints,
    between,
    counts,
    dress,
    planted_amounts,
    unclock,
)
from regift.loaders.simulator.flow import send
from regift.loaders.simulator.ledger import (
    CARD,
    DEVICE,
    PAYMENT,
    PAYOUT,
    RED_PACKET,
    TOPUP,
)
from regift.loaders.simulator.market import give
from regift.loaders.simulator.planted_items import hops, steps
from regift.loaders.simulator.planted_money import take_over
from regift.loaders.simulator.plot import Plot
from regift.loaders.simulator.world import add_uses


def plant_identity(plot: Plot) -> None:
    """All of them; after the others, because they look at what their people did."""
    _stolen_items(plot, plot.times(plot.parameters.taken_over["multi_level_gift"]))
    for name, plant in KINDS.items():
        size = plot.times(plot.parameters.identity[name])
        for members, number in plot.sizes(size, _members(plot, name)):
            plant(plot, members, number)


def _members(plot: Plot, name: str) -> tuple[int, int]:
    parameters = plot.parameters
    return parameters.farm_sizes if name == "shared_controller" else parameters.identity_group


def _stolen_items(plot: Plot, size: int) -> None:
    """A thief gives the items of an account that he took over to himself, and passes them on."""
    path = plot.actors(size, 3)
    groups = plot.truth.open(size, "multi_level_gift", "taken_over")
    plot.join_path(groups, path, "intermediary", "taken_over", "receiver")
    start = plot.starts(size, 8)
    take_over(plot, path[:, 0], start, groups)
    for _ in range(2):
        collections = plot.market.pick(plot.rng, size)
        at = start + between(plot.rng, (0.0, 0.2), size) * DAY_S
        items = plot.bought(path[:, 0], at, collections)
        gap = between(plot.rng, (0.1, 5.0), (size, 1)) * DAY_S
        hops(plot, path, steps(at, gap), items, collections, groups)


def _farm(plot: Plot, members: int, size: int) -> None:
    """One person's accounts, by device and card, collect items and hand them to the first."""
    farm = plot.actors(size, members)
    groups = plot.truth.open(size, "shared_controller", "farm")
    plot.join_path(groups, farm, "member", "member", "member")
    for kind in (DEVICE, CARD):
        for place in range(members):
            # The first one may have no card of its own: then this is it.
            if place or kind == CARD:
                add_uses(
                    plot.world, plot.ledger, plot.rng, farm[:, place], kind,
                    farm[:, 0] + (3 * plot.world.size if kind == CARD else 0),
                )  # fmt: skip
            plot.truth.share(groups, farm[:, place], kind)
    start = plot.starts(size, 12)
    for place in range(1, members):
        collections = plot.market.pick(plot.rng, size, free=True)
        at = start + between(plot.rng, (0.0, 10.0), size) * DAY_S
        items = plot.bought(farm[:, place], at, collections)
        plot.truth.hold(groups, items)
        price = plot.market.price[collections]
        give(plot.ledger, plot.rng, at, farm[:, place], farm[:, 0], items, price, group=groups)


def _sums(plot: Plot, kinds: tuple[int, ...], weight: Ints | None = None) -> Ints:
    """Per account: payments out of these kinds, or what they come to."""
    transfers = plot.ledger.transfers
    chosen = np.isin(transfers.column("kind"), kinds)
    source = transfers.column("source")[chosen]
    amount = None if weight is None else weight[chosen]
    return np.bincount(source, amount, plot.world.size).astype(np.int64)


def _lockstep(plot: Plot, members: int, size: int) -> None:
    """Accounts that do little else pay the same shops in the same minutes, again and again."""
    rng = plot.rng
    own = _sums(plot, (PAYMENT, RED_PACKET))
    own += np.bincount(plot.ledger.gifts.column("source"), minlength=plot.world.size)
    group = plot.fewest(own, size * members).reshape(size, members)
    groups = plot.truth.open(size, "lockstep", f"accounts_{members}")
    for column in group.T:
        plot.truth.join(groups, column, "member")
    actions = counts(rng, ranges.LOCKSTEP_ACTIONS, size)
    shops = rng.choice(plot.world.of_kind("merchant"), (size, 4))
    for action in range(ranges.LOCKSTEP_ACTIONS[1]):
        now = np.flatnonzero(actions > action)
        # A quarter of an hour after a full hour of the clock, so that all fall into one.
        day = rng.integers(ranges.FIRST_DAY, ranges.DAYS - 1, now.size)
        hour = rng.integers(10, 22, now.size)
        amount = dress(rng, planted_amounts(rng, now.size))
        for column in group[now].T:
            at = day * DAY_S + unclock(hour * 3600.0 + rng.uniform(60, 3000, now.size))
            send(plot, at, column, shops[now, action % 4], amount, groups[now], PAYMENT)


def _common_funder(plot: Plot, members: int, size: int) -> None:
    """Accounts that nobody has paid yet get their first money from one, within days."""
    rng = plot.rng
    transfers = plot.ledger.transfers
    first = np.full(plot.world.size, ranges.END_S, dtype=np.int64)
    counted = np.isin(transfers.column("kind"), (PAYMENT, RED_PACKET, TOPUP, PAYOUT))
    at = transfers.column("at")[counted]
    for end in ("source", "target"):
        np.minimum.at(first, transfers.column(end)[counted], at)
    funded = plot.fewest(-first, size * members).reshape(members, size).T
    funder = plot.actors(size, 1)[:, 0]
    groups = plot.truth.open(size, "common_funder", f"accounts_{members}")
    plot.truth.join(groups, funder, "payer")
    # Whole days: the clock bends hours, not midnights.
    end = (first[funded].min(axis=1) - START_S) // DAY_S * DAY_S
    start = np.maximum(end - 4.0 * DAY_S, 0.0)
    for column in funded.T:
        plot.truth.join(groups, column, "receiver")
        at_s = start + between(rng, (0.05, 0.95), size) * (end - start)
        send(plot, at_s, funder, column, dress(rng, planted_amounts(rng, size)), groups)


def _common_exit(plot: Plot, members: int, size: int) -> None:
    """Accounts send most of all that they ever pay to one."""
    rng = plot.rng
    kinds = (PAYMENT, RED_PACKET, PAYOUT)
    paid = _sums(plot, kinds, plot.ledger.transfers.column("amount"))
    payers = plot.fewest(paid, size * members).reshape(size, members)
    sink = plot.actors(size, 1)[:, 0]
    groups = plot.truth.open(size, "common_exit", f"accounts_{members}")
    plot.truth.join(groups, sink, "sink")
    start = plot.starts(size, 20)
    for column in payers.T:
        plot.truth.join(groups, column, "payer")
        # Three times what they paid elsewhere is three quarters of all; rounding costs little.
        part = np.maximum(paid[column] * between(rng, (1.1, 1.6), size), ranges.PLANTED_MIN)
        for _ in range(3):
            at = start + between(rng, (0.0, 20.0), size) * DAY_S
            send(plot, at, column, sink, dress(rng, part), groups, PAYMENT)


KINDS: Final[dict[str, Callable[[Plot, int, int], None]]] = {
    "shared_controller": _farm,
    "lockstep": _lockstep,
    "common_funder": _common_funder,
    "common_exit": _common_exit,
}

"""Planted flows of money besides rings and chains: many to one, one to many, peels, prepayment.

Definitions D-8 and D-18 (fans, gather-scatter, structuring, peel chain, issuance shape) and the
biclique: two or more who each pay the same two or more.
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
    planted_amounts,
)
from regift.loaders.simulator.flow import send
from regift.loaders.simulator.ledger import PAYMENT
from regift.loaders.simulator.plot import Plot


def plant_flows(plot: Plot) -> None:
    """All of them; those that need quiet people choose first."""
    for name, plant in KINDS.items():
        plant(plot, name, plot.times(plot.parameters.flows[name]))


def _join(plot: Plot, groups: Ints, people: Ints, role: str) -> None:
    """Join a matrix of accounts, one row a group."""
    for column in people.T:
        plot.truth.join(groups, column, role)


def _amounts(plot: Plot, size: int) -> Ints:
    return dress(plot.rng, planted_amounts(plot.rng, size))


def _peel_chain(plot: Plot, name: str, total: int) -> None:
    """A sum moves on within hours and loses a small part to somebody at every hop."""
    rng = plot.rng
    for hops, size in plot.sizes(total, plot.parameters.peel_hops):
        span = hops * 0.3 + 2.5
        start = plot.starts(size, span)
        inner = plot.idle(start, hops - 1, span)
        path = np.column_stack([plot.actors(size, 1), inner, plot.actors(size, 1)])
        groups = plot.truth.open(size, name, f"hops_{hops}")
        plot.join_path(groups, path, "relay", "source", "sink")
        at, amount = start + 600.0, _amounts(plot, size) * 4
        for hop in range(hops):
            send(plot, at, path[:, hop], path[:, hop + 1], amount, groups, PAYMENT)
            if hop == hops - 1:
                break
            peels = counts(rng, ranges.PEELS, size)
            share = between(rng, ranges.PEEL_SHARE, size)
            gone = _peel(plot, path[:, hop + 1], at, amount, peels, share, groups)
            amount = amount - gone
            at = at + between(rng, (3.0, 7.0), size) * 3600.0


def _peel(
    plot: Plot, account: Ints, at: Floats, amount: Ints, peels: Ints, share: Floats, groups: Ints
) -> Ints:
    """Small parts go to new people within two hours; returns what is gone."""
    gone = np.zeros(account.size, dtype=np.int64)
    for number in range(int(peels.max(initial=0))):
        now = np.flatnonzero(peels > number)
        part = np.floor(amount[now] * share[now] / peels[now]).astype(np.int64)
        receiver = plot.actors(now.size, 1)[:, 0]
        plot.truth.join(groups[now], receiver, "receiver")
        when = at[now] + between(plot.rng, (900.0, 7200.0), now.size)
        send(plot, when, account[now], receiver, part, groups[now], PAYMENT)
        gone[now] += part
    return gone


def _gather_scatter(plot: Plot, name: str, total: int) -> None:
    """Several pay one within a day or two, who pays several others."""
    rng = plot.rng
    for width, size in plot.sizes(total, plot.parameters.gather_width):
        # What it got or spent besides would be taken first, or take from this.
        start = plot.starts(size, 4)
        middle = plot.idle(start - 3.0 * DAY_S, 1, 7.0)[:, 0]
        sources, receivers = plot.actors(size, width), plot.actors(size, width)
        groups = plot.truth.open(size, name, f"width_{width}")
        plot.truth.join(groups, middle, "relay")
        _join(plot, groups, sources, "source")
        _join(plot, groups, receivers, "receiver")
        whole = np.zeros(size, dtype=np.int64)
        for column in sources.T:
            amount = _amounts(plot, size) * 2
            at = start + between(rng, (0.0, 1.5), size) * DAY_S
            send(plot, at, column, middle, amount, groups)
            whole += amount
        kept = whole * between(rng, plot.parameters.pass_keep, size)
        share = rng.dirichlet(np.full(width, 4.0), size)
        for place, column in enumerate(receivers.T):
            part = np.maximum(np.floor(kept * share[:, place]), 1.0).astype(np.int64)
            at = start + between(rng, (1.7, 3.5), size) * DAY_S
            send(plot, at, middle, column, part, groups)


def _fan(plot: Plot, name: str, total: int) -> None:
    """Many strangers pay one, or one pays many, within hours: one amount, or any."""
    rng = plot.rng
    typology, _, amounts = name.rpartition("_")
    # What many pay one is often a price: only the other way are equal amounts a sign.
    also = ("same_amount",) if name == "fan_out_equal" else ()
    for width, size in plot.sizes(total, plot.parameters.fan_width):
        hub, others = plot.actors(size, 1)[:, 0], plot.actors(size, width)
        inward = typology == "fan_in"
        groups = plot.truth.open(size, typology, amounts, also)
        plot.truth.join(groups, hub, "sink" if inward else "payer")
        _join(plot, groups, others, "source" if inward else "receiver")
        start = plot.starts(size, 1)
        same = _amounts(plot, size)
        for column in others.T:
            amount = same if amounts == "equal" else _amounts(plot, size)
            at = start + between(rng, (0.0, 0.6), size) * DAY_S
            source, target = (column, hub) if inward else (hub, column)
            send(plot, at, source, target, amount, groups)


def _structuring(plot: Plot, name: str, total: int) -> None:
    """A large sum in parts that stay below the line, out of one account or into one."""
    rng = plot.rng
    inward = name == "structuring_in"
    for events, size in plot.sizes(total, plot.parameters.under_events):
        hub, others = plot.actors(size, 1)[:, 0], plot.actors(size, 3)
        groups = plot.truth.open(size, "structuring", "under_in" if inward else "under_out")
        plot.truth.join(groups, hub, "sink" if inward else "payer")
        _join(plot, groups, others, "source" if inward else "receiver")
        start = plot.starts(size, 6)
        for event in range(events):
            amount = dress(rng, between(rng, ranges.UNDER_LINE, size) * ranges.LINE_MINOR)
            at = start + between(rng, (0.0, 5.5), size) * DAY_S
            other = others[:, event % 3]
            source, target = (other, hub) if inward else (hub, other)
            send(plot, at, source, target, amount, groups, PAYMENT)


def _issuance_shape(plot: Plot, name: str, total: int) -> None:
    """Many prepay one over weeks; some who came early are paid once others have joined."""
    rng = plot.rng
    for payers, size in plot.sizes(total, plot.parameters.issuance_payers):
        hub, others = plot.actors(size, 1)[:, 0], plot.actors(size, payers)
        groups = plot.truth.open(size, name, "scheme")
        plot.truth.join(groups, hub, "organiser")
        _join(plot, groups, others, "source")
        start = plot.starts(size, 29)
        joins = np.sort(between(rng, (0.0, 20.0), (size, payers)), axis=1) * DAY_S
        stake = _amounts(plot, size)
        for column, joined in zip(others.T, joins.T, strict=True):
            amount = dress(rng, stake * between(rng, (0.8, 1.25), size))
            send(plot, start + joined, column, hub, amount, groups)
        served = np.floor(between(rng, ranges.ISSUANCE_SERVED, size) * payers).astype(np.int64)
        for place in range(payers - 1):
            now = np.flatnonzero(served > place)
            # After the next one has joined, before the month is over.
            begin = joins[now, place + 1] + 600.0
            at = start[now] + begin + between(rng, (0.05, 0.9), now.size) * (
                28.0 * DAY_S - begin
            )  # fmt: skip
            amount = dress(rng, stake[now] * between(rng, (0.2, 0.6), now.size))
            send(plot, at, hub[now], others[now, place], amount, groups[now])


def _biclique(plot: Plot, name: str, total: int) -> None:
    """Each of a few pays each of a few others once, within two weeks."""
    for width, size in plot.sizes(total, plot.parameters.biclique_width):
        sources, targets = plot.actors(size, width), plot.actors(size, width)
        groups = plot.truth.open(size, name, f"width_{width}")
        _join(plot, groups, sources, "source")
        _join(plot, groups, targets, "receiver")
        start = plot.starts(size, 14)
        for source in sources.T:
            for target in targets.T:
                at = start + between(plot.rng, (0.0, 14.0), size) * DAY_S
                send(plot, at, source, target, _amounts(plot, size), groups)


def _commission(plot: Plot, name: str, size: int) -> None:
    """Relays of one operation, over weeks: one payment in, one out, one rate for all of them."""
    rng, number = plot.rng, plot.parameters.commission_relays
    relays = plot.actors(size, number)
    sources, sinks = plot.actors(size, 2), plot.actors(size, 2)
    groups = plot.truth.open(size, name, "one_rate")
    for people, role in ((relays, "relay"), (sources, "source"), (sinks, "sink")):
        _join(plot, groups, people, role)
    start = plot.starts(size, 41)
    ratio = np.empty((size, number))
    for place, relay in enumerate(relays.T):
        at = start + between(rng, (0.0, 40.0), size) * DAY_S
        dwell = between(rng, plot.parameters.pass_dwell_minutes, size) * 60.0
        amount = _amounts(plot, size) * 3
        off = between(rng, (-1.0, 1.0), size) * plot.parameters.commission_jitter
        kept = np.minimum(1.0 - plot.parameters.commission + off, 1.0)
        out = np.rint(amount * kept).astype(np.int64)
        send(plot, at, sources[:, place % 2], relay, amount, groups)
        send(plot, at + dwell, relay, sinks[:, place // 2 % 2], out, groups)
        ratio[:, place] = out / amount
    bins = np.floor(ratio * ranges.COMMISSION_BINS)
    most = np.sort(bins, axis=1)[:, number // 2]
    inside = (bins == most[:, None]).mean(axis=1)
    plot.truth.exceed(groups[inside < ranges.COMMISSION_INSIDE], "bin")


KINDS: Final[dict[str, Callable[[Plot, str, int], None]]] = {
    "peel_chain": _peel_chain,
    "gather_scatter": _gather_scatter,
    "fan_in_equal": _fan,
    "fan_in_mixed": _fan,
    "fan_out_equal": _fan,
    "fan_out_mixed": _fan,
    "structuring_out": _structuring,
    "structuring_in": _structuring,
    "issuance_shape": _issuance_shape,
    "biclique": _biclique,
    "commission_peak": _commission,
}

"""Planted rings of money: cycles of every size, slow ones, leaking ones, ones that run again.

Definitions D-5 and D-6. A ring that is larger, slower or lossier than its search allows by default
says so in the truth.
"""

import numpy as np

from regift.loaders.simulator import ranges
from regift.loaders.simulator.draws import DAY_S, Floats, Ints, between, clock, counts
from regift.loaders.simulator.flow import along
from regift.loaders.simulator.ledger import DEVICE
from regift.loaders.simulator.planted_items import steps
from regift.loaders.simulator.plot import Plot
from regift.loaders.simulator.world import add_uses


def plant_rings(plot: Plot) -> None:
    """All planted cycles of money."""
    for length, count in plot.parameters.money_cycles.items():
        _ring(plot, length, plot.times(count), f"length_{length}")
    for variant, count in plot.parameters.ring_variants.items():
        low, high = plot.parameters.ring_sizes
        # A ring of two that is slow or leaks is a debt paid back.
        for length, size in plot.sizes(plot.times(count), (max(low, 3), high)):
            _ring(plot, length, size, variant)


def _ring(plot: Plot, length: int, size: int, variant: str) -> None:
    """Money returns to where it began, most of it kept at every hop."""
    ring = plot.actors(size, length)
    also = ("repeated_ring",) if variant == "repeated" else ()
    groups = plot.truth.open(size, "money_cycle", variant, also)
    plot.join_path(groups, ring, "member", "organiser", "member")
    if length > ranges.CYCLE_LENGTH:
        plot.truth.exceed(groups, "max_length")
    if variant == "shared_device":
        _one_device(plot, ring, groups)
    gaps = _gaps(plot, length, size, variant)
    runs = np.ones(size, dtype=np.int64)
    span = 4.0 if variant != "slow" else float(gaps.sum(axis=1).max(initial=0.0)) / DAY_S
    if variant == "repeated":
        runs = counts(plot.rng, plot.parameters.repeats, size)
        span = plot.parameters.repeats[1] * (plot.parameters.repeat_days[1] + 3.0)
    start = plot.starts(size, span)
    slow, lossy = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    for run in range(int(runs.max(initial=0))):
        now = np.flatnonzero(runs > run)
        times = steps(start[now], gaps[now])
        closed = np.column_stack([ring[now], ring[now, 0]])
        amount = along(plot, closed, times, groups[now], leaking=variant == "leak")
        at = clock(times)
        slow[now] |= at[:, -1] - at[:, 0] > ranges.CYCLE_WINDOW_S
        lossy[now] |= 10_000 * amount.min(axis=1) < ranges.CYCLE_KEEP_BP * amount.max(axis=1)
        start[now] = times[:, -1] + between(plot.rng, plot.parameters.repeat_days, now.size) * DAY_S
        gaps = _gaps(plot, length, size, variant)
    plot.truth.exceed(groups[slow], "window")
    plot.truth.exceed(groups[lossy], "keep")


def _gaps(plot: Plot, length: int, size: int, variant: str) -> Floats:
    """Seconds between hops, shape (size, length - 1): days each, or hours altogether."""
    if variant == "slow":
        return between(plot.rng, plot.gaps(plot.parameters.gap_days, length), (size, length - 1))
    hours = between(plot.rng, plot.parameters.cycle_hours, size)
    share = plot.rng.dirichlet(np.full(length - 1, 3.0), size)
    return np.maximum(share * hours[:, None] * 3600.0, 600.0)


def _one_device(plot: Plot, ring: Ints, groups: Ints) -> None:
    """All members were seen on the first one's device: associated, by one identifier."""
    for place in range(ring.shape[1]):
        if place:
            add_uses(plot.world, plot.ledger, plot.rng, ring[:, place], DEVICE, ring[:, 0])
        plot.truth.share(groups, ring[:, place], DEVICE)

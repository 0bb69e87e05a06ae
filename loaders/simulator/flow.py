"""How planted money moves: along paths, with commissions, jitter and what leaks from it."""

import numpy as np

from regift.loaders.simulator.draws import Floats, Ints, between, dress, planted_amounts
from regift.loaders.simulator.ledger import LEAK
from regift.loaders.simulator.plot import Plot


def send(
    plot: Plot, at: Floats, source: Ints, target: Ints, amount: Ints, groups: Ints,
    kind: Ints | int | None = None,
) -> None:  # fmt: skip
    """Planted payments; without a kind, red packets among them."""
    chosen = plot.money_kind(amount) if kind is None else kind
    plot.pay(at, source, target, amount, groups, kind=chosen)


def along(plot: Plot, path: Ints, times: Floats, groups: Ints, *, leaking: bool = False) -> Ints:
    """Pay along paths, one path a row; returns the amounts, shape (size, hops).

    Each hop keeps its share of the amount before, give or take the jitter; of what leaks, an equal
    part goes elsewhere from every account on the way.
    """
    rng, hops = plot.rng, path.shape[1] - 1
    size = path.shape[0]
    amount = np.empty((size, hops), dtype=np.int64)
    amount[:, 0] = dress(rng, planted_amounts(rng, size))
    share = between(rng, plot.parameters.leak, size) / max(hops - 1, 1)
    base = amount[:, 0].astype(np.float64)
    for hop in range(hops):
        if hop:
            jitter = plot.parameters.amount_jitter
            keep = between(rng, plot.parameters.hop_keep, size)
            base = base * keep * (1.0 + between(rng, (-jitter, jitter), size))
            if leaking:
                when = (times[:, hop - 1] + times[:, hop]) / 2
                base -= leak(plot, amount[:, 0], path[:, hop], when, groups, share)
            amount[:, hop] = dress(rng, base)
        send(plot, times[:, hop], path[:, hop], path[:, hop + 1], amount[:, hop], groups)
    return amount


def leak(
    plot: Plot, whole: Ints, account: Ints, at: Floats, groups: Ints, share: Floats | None = None
) -> Ints:
    """Part of the money goes to a friend of who has it; returns how much, never above the share."""
    if share is None:
        share = between(plot.rng, plot.parameters.leak, whole.size)
    gone = np.maximum(np.floor(whole * share), 1.0)
    tidy = dress(plot.rng, gone)
    amount = np.where(tidy <= gone, tidy, gone).astype(np.int64)
    plot.pay(at, account, plot.friends(account), amount, groups, part=LEAK)
    return amount

"""Parameters of one world: fixed for the split `development`, drawn for `evaluation`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from regift.loaders.errors import UsageError
from regift.loaders.simulator import evaluation_ranges as drawn
from regift.loaders.simulator import ranges

SPLITS: Final = ("development", "evaluation")
Bounds = tuple[float, float]
Span = tuple[int, int]
Counts = Mapping[str, int]
Sizes = Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What a split decides; everything else stands in `ranges`, where each is explained."""

    split: str = "development"
    retail: float = ranges.RETAIL
    friend_payments: float = ranges.FRIEND_PAYMENTS
    friend_packets: float = ranges.FRIEND_PACKETS
    platform_moves: float = ranges.PLATFORM_MOVES
    acquisitions: float = ranges.ACQUISITIONS
    share_given: float = ranges.SHARE_GIVEN
    popularity_sigma: float = ranges.POPULARITY_SIGMA
    festival_times: float = ranges.FESTIVAL_TIMES
    festival_days: tuple[int, ...] = ranges.FESTIVAL_DAYS
    amount_jitter: float = ranges.AMOUNT_JITTER
    share_missing: float = ranges.SHARE_MISSING
    commission: float = ranges.COMMISSION
    commission_jitter: float = ranges.COMMISSION_JITTER
    commission_relays: int = ranges.COMMISSION_RELAYS
    relay_gap_minutes: Bounds = ranges.RELAY_GAP_MINUTES
    chain_gap_days: Bounds = ranges.CHAIN_GAP_DAYS
    gap_days: Bounds = ranges.GAP_DAYS
    paid_ratio: Bounds = ranges.PAID_RATIO
    paid_lag_minutes: Bounds = ranges.PAID_LAG_MINUTES
    route_keep: Bounds = ranges.ROUTE_KEEP
    wash_gap_hours: Bounds = ranges.WASH_GAP_HOURS
    cycle_hours: Bounds = ranges.CYCLE_HOURS
    hop_keep: Bounds = ranges.HOP_KEEP
    pass_keep: Bounds = ranges.PASS_KEEP
    pass_dwell_minutes: Bounds = ranges.PASS_DWELL_MINUTES
    layer_gap_hours: Bounds = ranges.LAYER_GAP_HOURS
    leak: Bounds = ranges.LEAK
    missing_records: Bounds = ranges.MISSING_RECORDS
    repeat_days: Bounds = ranges.REPEAT_DAYS
    ring_sizes: Span = ranges.RING_SIZES
    repeats: Span = ranges.REPEATS
    gather_width: Span = ranges.GATHER_WIDTH
    fan_width: Span = ranges.FAN_WIDTH
    under_events: Span = ranges.UNDER_EVENTS
    peel_hops: Span = ranges.PEEL_HOPS
    issuance_payers: Span = ranges.ISSUANCE_PAYERS
    biclique_width: Span = ranges.BICLIQUE_WIDTH
    zero_risk_sizes: Span = ranges.ZERO_RISK_SIZES
    broker_chains: Span = ranges.BROKER_CHAINS
    farm_sizes: Span = ranges.FARM_SIZES
    identity_group: Span = ranges.IDENTITY_GROUP
    campaign_size: Span = ranges.CAMPAIGN_SIZE
    payroll_staff: Span = ranges.PAYROLL_STAFF
    vendor_customers: Span = ranges.VENDOR_CUSTOMERS
    chains: Sizes = field(default_factory=lambda: dict(ranges.CHAINS))
    wash_rings: Sizes = field(default_factory=lambda: dict(ranges.WASH_RINGS))
    money_cycles: Sizes = field(default_factory=lambda: dict(ranges.MONEY_CYCLES))
    layering: Sizes = field(default_factory=lambda: dict(ranges.LAYERING))
    scatter_gather: Sizes = field(default_factory=lambda: dict(ranges.SCATTER_GATHER))
    innocent: Counts = field(default_factory=lambda: dict(ranges.INNOCENT))
    second_level_sales: Counts = field(default_factory=lambda: dict(ranges.SECOND_LEVEL_SALES))
    closed_channel: Counts = field(default_factory=lambda: dict(ranges.CLOSED_CHANNEL))
    paid_gifts: Counts = field(default_factory=lambda: dict(ranges.PAID_GIFTS))
    pass_through: Counts = field(default_factory=lambda: dict(ranges.PASS_THROUGH))
    uncertified: Counts = field(default_factory=lambda: dict(ranges.UNCERTIFIED))
    ring_variants: Counts = field(default_factory=lambda: dict(ranges.RING_VARIANTS))
    taken_over: Counts = field(default_factory=lambda: dict(ranges.TAKEN_OVER))
    more_layers: Counts = field(default_factory=lambda: dict(ranges.MORE_LAYERS))
    more_scatter: Counts = field(default_factory=lambda: dict(ranges.MORE_SCATTER))
    flows: Counts = field(default_factory=lambda: dict(ranges.FLOWS))
    trades: Counts = field(default_factory=lambda: dict(ranges.TRADES))
    identity: Counts = field(default_factory=lambda: dict(ranges.IDENTITY))

    def told(self) -> dict[str, Any]:
        """All of them as truth.json has them: numbers, lists of numbers, numbers by name."""
        return asdict(self)


def parameters_of(split: str, seed: int) -> Parameters:
    """The parameters of a split; of `development` the same for every seed.

    UsageError for an unknown split.

    >>> parameters_of("development", 1).ring_sizes
    (3, 6)
    """
    if split not in SPLITS:
        raise UsageError(f"no split {split!r}: choose one of {', '.join(SPLITS)}")
    if split == "development":
        return Parameters()
    rng = np.random.default_rng([seed, 97])
    fixed = Parameters()
    low, high = drawn.FESTIVALS
    days = rng.choice(np.arange(*drawn.FESTIVAL_SPAN), rng.integers(low, high + 1), replace=False)
    values: dict[str, Any] = {"split": split, "festival_days": tuple(sorted(days.tolist()))}
    for name, bounds in drawn.VALUES.items():
        values[name] = round(float(rng.uniform(*bounds)), 5)
    for name, (fewest, most) in drawn.COUNTS.items():
        values[name] = int(rng.integers(fewest, most + 1))
    for name, ends in drawn.BOUNDS.items():
        values[name] = tuple(round(float(rng.uniform(*end)), 3) for end in ends)
    for name, spans in drawn.SPANS.items():
        values[name] = tuple(int(rng.integers(a, b + 1)) for a, b in spans)
    for name, (sizes, instances) in drawn.SIZES.items():
        values[name] = _sizes(rng, sizes, instances)
    for name, bounds in drawn.FACTORS.items():
        values[name] = {
            key: max(1, round(count * float(rng.uniform(*bounds))))
            for key, count in getattr(fixed, name).items()
        }
    return Parameters(**values)


def _sizes(rng: np.random.Generator, sizes: Span, instances: Span) -> dict[int, int]:
    """So many instances, each of a size of its own: size -> how many."""
    number = int(rng.integers(instances[0], instances[1] + 1))
    found, count = np.unique(rng.integers(sizes[0], sizes[1] + 1, number), return_counts=True)
    return dict(zip(found.tolist(), count.tolist(), strict=True))

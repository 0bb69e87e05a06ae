"""What the parameters of the split `evaluation` are drawn from, one draw a parameter and seed.

Whoever tunes a search or a score does it on the split `development`, whose parameters are fixed in
`ranges`. Sizes are accounts of one instance; the bounds that searches have by default are not
heeded, and truth.json says of each instance which of them it lies beyond.
"""

from types import MappingProxyType
from typing import Final

# Whole everyday life: rates per account, and how uneven it is.
VALUES: Final = MappingProxyType(
    {
        "retail": (2.5, 8.0),
        "friend_payments": (2.5, 8.0),
        "friend_packets": (1.0, 4.0),
        "platform_moves": (0.4, 1.6),
        "acquisitions": (1.5, 3.0),
        "share_given": (0.30, 0.60),
        "popularity_sigma": (0.9, 1.6),
        "festival_times": (2.0, 15.0),
        "amount_jitter": (0.0, 0.06),
        "share_missing": (0.08, 0.25),
        "commission": (0.005, 0.05),
        "commission_jitter": (0.0, 0.0006),
    }
)
# Whole numbers, both ends included.
COUNTS: Final = MappingProxyType({"commission_relays": (24, 36)})
# Least and largest end of a pair of bounds.
BOUNDS: Final = MappingProxyType(
    {
        "relay_gap_minutes": ((3, 20), (300, 1_300)),
        "chain_gap_days": ((1.0, 2.0), (4.0, 7.0)),
        "gap_days": ((1.0, 2.0), (4.0, 7.0)),
        "paid_ratio": ((0.55, 0.80), (1.2, 1.9)),
        "paid_lag_minutes": ((1, 60), (1_000, 2_800)),
        "route_keep": ((0.85, 0.93), (0.97, 1.0)),
        "wash_gap_hours": ((0.5, 12.0), (30.0, 168.0)),
        "cycle_hours": ((1.0, 6.0), (24.0, 66.0)),
        "hop_keep": ((0.950, 0.975), (0.990, 1.0)),
        "pass_keep": ((0.920, 0.950), (0.970, 0.995)),
        "pass_dwell_minutes": ((3, 20), (120, 1_200)),
        "layer_gap_hours": ((0.2, 2.0), (8.0, 40.0)),
        "leak": ((0.01, 0.05), (0.10, 0.20)),
        "missing_records": ((0.05, 0.15), (0.20, 0.40)),
        "repeat_days": ((3.0, 5.0), (7.0, 12.0)),
    }
)
# Least and largest end of a pair of whole numbers.
SPANS: Final = MappingProxyType(
    {
        "ring_sizes": ((2, 4), (5, 12)),
        "repeats": ((2, 2), (2, 4)),
        "gather_width": ((3, 4), (5, 8)),
        "fan_width": ((8, 10), (11, 12)),
        "under_events": ((3, 3), (4, 6)),
        "peel_hops": ((4, 4), (5, 8)),
        "issuance_payers": ((20, 22), (24, 30)),
        "biclique_width": ((2, 2), (2, 4)),
        "zero_risk_sizes": ((2, 3), (5, 12)),
        "broker_chains": ((10, 10), (11, 14)),
        "farm_sizes": ((2, 2), (3, 5)),
        "identity_group": ((4, 4), (5, 8)),
        "campaign_size": ((40, 80), (120, 300)),
        "payroll_staff": ((5, 10), (25, 60)),
        "vendor_customers": ((40, 80), (120, 300)),
    }
)
# (smallest, largest size), (fewest, most instances): how many of each size is drawn.
SIZES: Final = MappingProxyType(
    {
        "chains": ((2, 11), (4, 8)),
        "wash_rings": ((3, 12), (2, 4)),
        "money_cycles": ((2, 12), (5, 9)),
        "layering": ((4, 11), (2, 3)),
        "scatter_gather": ((3, 10), (1, 3)),
    }
)
# Counts of a development world times one draw for each of them, at least one.
FACTORS: Final = MappingProxyType(
    {
        "innocent": (0.5, 2.0),
        "second_level_sales": (0.3, 0.9),
        "closed_channel": (0.3, 0.9),
        "paid_gifts": (0.2, 0.8),
        "pass_through": (0.2, 0.8),
        "uncertified": (0.3, 1.3),
        "ring_variants": (0.6, 1.8),
        "taken_over": (0.6, 1.8),
        "more_layers": (0.6, 1.8),
        "more_scatter": (0.6, 1.8),
        "flows": (0.6, 1.8),
        "trades": (0.6, 1.8),
        "identity": (0.6, 1.8),
    }
)
# Festival days: so many, between these days.
FESTIVALS: Final = (1, 4)
FESTIVAL_SPAN: Final = (5, 80)

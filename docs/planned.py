"""The typologies and policy rows that regift is to cover, whether they are there yet or not.

Kept by hand; `feature_table.py` sets them against what the code registers, so a row can say
`works` only when the code has it.
"""

TYPOLOGIES = {
    "multi_level_gift": ("item", "custody level beyond the allowed one"),
    "second_level_sale": ("item", "a sale by anyone but the issuer"),
    "closed_channel_sale": ("item", "a sale, or a priced gift, where no transactions are open"),
    "paid_gift": ("item", "a gift one way and its payment the other, matched one to one"),
    "closed_circulation": ("item", "an item comes back to an earlier holder"),
    "back_and_forth": ("item", "two accounts pass items to and fro"),
    "repeated_acquisition": ("item", "an account acquires one item three times or more"),
    "zero_risk_ring": ("item", "accounts trade among themselves and end where they began"),
    "relay_gifting": ("item", "three or more quick gift hops, nobody in between keeps anything"),
    "escrow_broker": ("item", "one account stands between many givers and receivers"),
    "custody_gap": ("item", "moves that the record cannot explain"),
    "uncertified_issue": ("item", "a first-level sale that no certificate covered at that moment"),
    "money_cycle": ("value", "money goes round in order of time, amounts roughly kept"),
    "pass_through": ("value", "money leaves soon after it came, nearly whole, again and again"),
    "layering_path": ("value", "a path in time through three or more pass-through accounts"),
    "scatter_gather": ("value", "a sum is split over many accounts and collected again"),
    "gather_scatter": ("value", "many pay one account, which pays many"),
    "fan_in": ("value", "a burst of distinct payers, against the account's own history"),
    "fan_out": ("value", "a burst of distinct payees, against the account's own history"),
    "structuring": ("value", "amounts kept under a threshold"),
    "peel_chain": ("value", "a large remainder moves on while small parts peel off"),
    "biclique": ("value", "several accounts pay the same several others, once"),
    "commission_peak": ("value", "passed on at a ratio that too many accounts share"),
    "repeated_ring": ("value", "money goes round the same accounts again and again"),
    "issuance_shape": ("value", "many prepay one; payouts come from later entrants"),
    "one_off_payment": ("value", "the only payment of two accounts, where that is rare"),
    "unusual_amount": ("value", "an amount far from what its sender always pays"),
    "same_amount": ("value", "the very same amount from, or to, several accounts"),
    "shared_controller": ("identity", "accounts joined by identifiers that few share"),
    "lockstep": ("identity", "accounts act on the same targets in the same hours"),
    "common_funder": ("identity", "many accounts have their first value from one"),
    "common_exit": ("identity", "many accounts send their last value to one"),
    "evasion": ("identity", "an item made new by a round trip, a sale moved to another channel"),
}
"""Name -> layer and one line."""

POLICY = {
    "R1": (
        "business in issuance, trading or financing is handled",
        ("uncertified_issue", "issuance_shape", "second_level_sale"),
        ("enforce",),
    ),
    "R2": (
        "services and content for secondary trading are handled alike",
        ("paid_gift", "second_level_sale", "escrow_broker"),
        ("enforce",),
    ),
    "R3": (
        "official accounts: first-level transactions only, with a filed certificate",
        ("uncertified_issue", "second_level_sale"),
        ("certificate", "enforce"),
    ),
    "R4": (
        "mini programs: display and first-level gifts only",
        ("multi_level_gift", "second_level_sale", "closed_channel_sale"),
        ("rank", "enforce"),
    ),
    "R5": (
        "bypassing: steps up the ladder",
        ("closed_circulation", "money_cycle", "pass_through", "evasion"),
        ("rank", "enforce"),
    ),
    "R6": ("graduated measures, due dates, appeals, audit", (), ("enforce", "case", "audit")),
    "R7": ("scale: slices, increments, ranking to capacity", (), ("refresh", "rank", "calibrate")),
}
"""Row of the policy -> its rule, and the typologies and commands that all must be there."""

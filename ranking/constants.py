"""Every number that cases, scores and proposals use, with its reason or its source.

Nothing here is a float: shares are percent or basis points, evidence is counted in nano-nats, that
is in billionths of -ln(1 - z), so that sums do not depend on their order.
"""

from typing import Any

DAY_US = 86_400_000_000

CASE_GAP_US = 30 * DAY_US
"""D-10: findings on one item or account belong together within 30 days."""
CASE_HUB = 100
"""D-10: an account or record that more findings name joins nothing weak: a shop would make one
case of a town."""
CASE_MAX = 200
"""D-10: accounts a case may hold; more cannot be read by one reviewer."""
LEADING_ROLES = (
    "organiser",
    "issuer",
    "broker",
    "seller",
    "giver",
    "holder",
    "relay",
    "sink",
    "payer",
)
"""D-10: roles in which one account can be what a finding is about, the one that acts most first."""
RING_TYPOLOGIES = ("closed_circulation", "money_cycle", "repeated_ring", "zero_risk_ring")
"""D-10: patterns that come back to where they began: one with a detour is no second one."""
SHORTEST_ID = 6
"""D-10: hex digits of a case's id that listings show at least."""
ID_DIGITS = 16
"""D-4: hex digits of a finding's id, which are those of its case."""

NANO = 1_000_000_000
STRONG_NANO = 356_674_940
"""-ln(1 - 0.3) = 356,674,943.9 nano-nats (D-12: strong from z = 0.3), less 4 because each of up to
eight family terms of a record is rounded by at most a half."""
HALVES_NANO = 100
"""Scores that lie exactly between two tenths go up although each of up to 200 terms of S was
rounded; in points this is at most 0.00001."""
LARGEST_NANO = 9_210_340_372
"""-ln(1 - 0.9999): no single finding is surer than that, whatever its kappa."""
SCORE_TENTHS = 1000
"""A score is told to a tenth: 0.0 to 100.0."""

EXAMPLE_LINE = "60"
"""example: the score from which listings show a row as above the line. One fact passes it alone
(kappa 70 and more); of what may be chance, one family does not without a calibration (at most 47),
two or more do."""

LFDR_UNCALIBRATED_BP = 5000
"""D-11: without a calibration half of what a statistical typology finds may be chance."""
DEMOTED_BP = 5000
"""D-11: a typology more than half of whose findings chance explains has no weight."""
GATE_LEAST_BP = 500
"""D-12: novelty tells little where most payments are the only one of their pair, never nothing."""
NOVELTY_FIRST_TENTHS = 8
"""D-12: the first payment of a pair that pays again may be the beginning of an acquaintance."""
NOVELTY_REPEATED_TENTHS = 1
"""D-12: who pays each other anyway needs no ring to do so. For each such payment of a finding."""
NOVELTY_REPEATED_MOST = 3
"""More such payments lessen it no more."""
PLAIN_RATE_NO_CASE = "0.2"
"""D-9: a `plain` paid gift between people who pay each other this often opens no case."""

LABEL_FAMILY = "external"
LABEL_KAPPA_PERCENT = 30
"""D-14: somebody else's signal; one term an account, and alone no case."""

ROLE_PERCENT = {
    "organiser": 100,
    "broker": 100,
    "relay": 100,
    "sink": 100,
    "giver": 100,
    "receiver": 100,
    "payer": 100,
    "payee": 100,
    "router": 80,
    "counterparty": 60,
    "source": 30,
    "target": 30,
}
"""How much of a finding an account in that role carries. Who runs, passes on or takes the value
acts, in full. A router of one payment may be a friend who paid for another. Who got a sum that is
unusual for its sender did nothing unusual: of those on AMLSim's 20K runs one in eight is labelled,
of the senders all. A source may be the victim, and the shop that many accounts act upon in one hour
too: 0.3 keeps them visible, and with kappa below 1 their single finding is never strong."""
OTHER_ROLE_PERCENT = 100
"""A role that the table does not name says nothing that would lessen it."""
SOURCE_ROLE = "source"
ALWAYS_MEASURED_ROLES = ("organiser", "broker")

LEFT_OUT_KINDS = ("personal",)
"""D-14, switch *who is measured*: personal accounts, and accounts of unknown kind, are evidence."""

MEASURES = ("notice", "rectify", "restrict", "take_down", "ban")
"""From mild to severe (D-14)."""
EXAMPLE_LADDER = ((1, "notice"), (6, "rectify"), (11, "restrict"), (20, "take_down"))
"""example: points of degree -> highest measure proposed. The rule says "by degree" and gives no
numbers; a policy pack replaces these. One fact is a notice; of one clause three on one item are
worth `rectify` and ten `restrict`; `take_down` needs scale, repetition or confrontation besides;
`ban` is for people alone."""
EXAMPLE_DEGREE: dict[str, Any] = {
    "clause": (("R1", 3), ("R2", 3), ("R3", 2), ("R4", 2), ("R5", 1)),
    "facts": ((1, 1), (3, 4), (10, 9), (30, 12)),
    "items": ((3, 1), (10, 2), (30, 3)),
    "people": ((5, 1), (20, 2), (50, 3)),
    "money": (("CNY", ((100_000, 1), (1_000_000, 2), (10_000_000, 4))),),
    "confrontation": ((1, 3), (3, 5)),
    "strike": 3,
    "half_life_us": 180 * DAY_US,
}
"""example: what degree is made of (ranking/degree.py)."""
SHAKY_CAP = "rectify"
"""D-14: incomplete evidence, a custody gap in the chain or a one-identifier link allow no more."""
CALIBRATED_CAP = "rectify"
"""example: D-14: two families that chance does not explain allow this much, and no more: they are
no facts."""
CHANCE_MOST_BP = 1000
"""D-14: a finding counts for that if chance explains at most a tenth of its stratum."""
UNCALIBRATED_CAP = "notice"
"""D-14: two families without a calibration allow no more."""
STATISTICAL = (
    "fan_in",
    "fan_out",
    "issuance_shape",
    "one_off_payment",
    "same_amount",
    "unusual_amount",
)
"""Typologies that compare with a habit and show no act: alone they pass no gate (D-14)."""
IDENTITY_LAYER = "identity"
COMMON_PERCENT = 5
"""D-12: a family that rests on a larger share of the records switches itself off."""
LEAST_RECORDS = 1000
"""Below it the share says nothing: one ring of six is 5 % of 120 records."""

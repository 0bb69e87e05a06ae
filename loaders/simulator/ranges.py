"""Every range the simulator draws from, in one place and frozen.

The searches and the score are judged on worlds made from these numbers, so the numbers were fixed
before the score was written. `tests/loaders/test_simulator.py` pins a digest of them: to change
one is a decision that makes earlier results incomparable, never a way to make a result better.

Days are counted from the first day of the world, money in minor units, counts per 1,000 accounts.
Source of the lists of behaviours: DESIGN section 6 and the published platform rules on
collectibles; the numbers are the authors' and are no measurement of any platform.
"""

from types import MappingProxyType
from typing import Final

# --- the world -----------------------------------------------------------------------------
# The demo must be made in seconds; the large one must not fit into a spreadsheet.
SCALES: Final = MappingProxyType({"small": 3_000, "medium": 30_000, "large": 300_000})
# Twelve weeks: three pay days and every weekly rhythm many times.
DAYS: Final = 84
# A fixed end, so that no world depends on the day it was made: Monday 2026-06-29, 00:00 +08:00.
END_S: Final = 1_782_662_400
# One zone: offset of the written times, seconds east of UTC.
OFFSET_S: Final = 8 * 3600
# People are most of the world; the rest are those who sell or host.
SHARE_OFFICIAL: Final = 0.020
SHARE_MINI_PROGRAM: Final = 0.012
SHARE_MERCHANT: Final = 0.028
# A handful of platforms, whatever the size: top-ups and payouts pass through them.
PLATFORMS: Final = 4
# Relative activity of the 24 hours: asleep at four, busiest at noon and after eight in the evening.
HOURS: Final = (
    8, 4, 2, 1, 1, 2, 6, 16, 28, 36, 40, 46, 52, 42, 36, 38, 40, 44, 50, 56, 62, 58, 40, 20,
)  # fmt: skip
# Monday to Sunday: a little more at the end of the week.
WEEKDAYS: Final = (10, 10, 10, 11, 13, 15, 14)
# Activity of accounts: log-normal, so that a few do most of it.
ACTIVITY_SIGMA: Final = 0.9
# Popularity of merchants and collections: heavier still.
POPULARITY_SIGMA: Final = 1.2
# Accounts were opened over the five years before the world begins.
OPENED_DAYS: Final = 1_825

# --- households and identifiers ------------------------------------------------------------
# Sizes 1 to 4 of a household, in parts of a hundred.
HOUSEHOLD_SIZES: Final = (62, 20, 11, 7)
# Households of two that are one person with a second account: same phone and same device.
SHARE_SECOND_ACCOUNT: Final = 0.12
# Families that share one tablet, or one card: sharing alone must not convict.
SHARE_FAMILY_DEVICE: Final = 0.30
SHARE_FAMILY_CARD: Final = 0.18
# A second device: a planted shared device must not stand out by count.
SHARE_SECOND_DEVICE: Final = 0.25
# Two numbers are ordinary: a planted shared phone is often somebody's second.
SHARE_SECOND_PHONE: Final = 0.08
# A new telephone in these weeks: a device first seen late is no sign by itself.
SHARE_NEW_DEVICE: Final = 0.10
# A card bound to the account.
SHARE_CARD: Final = 0.60
# Accounts behind one public address: over every cap, and links nobody.
ACCOUNTS_PER_IP: Final = 40
# People pay mostly who they know: neighbours on a ring of people, this far away at most.
CONTACT_REACH: Final = 40
# Six of them: pairs then pay each other several times in twelve weeks.
CONTACTS: Final = 6
# Collectors give to collectors they share no money with.
COLLECTOR_CONTACTS: Final = 3

# --- amounts -------------------------------------------------------------------------------
# Payments: median 68.00, wide. Groceries, meals, small debts.
PAYMENT_MEDIAN: Final = 6_800
PAYMENT_SIGMA: Final = 1.2
# What planted money patterns move is only a little larger: amount alone must not tell.
PLANTED_MEDIAN: Final = 9_000
PLANTED_SIGMA: Final = 1.1
# Nothing planted below 30.00: rounding would break the ratios that define the pattern.
PLANTED_MIN: Final = 3_000
# Red packets: median 26.00, 200.00 at most (the usual limit of one packet).
PACKET_MEDIAN: Final = 2_600
PACKET_SIGMA: Final = 1.0
PACKET_MAX: Final = 20_000
# Collectibles sell for tens of yuan; 9.90 to 999.00.
PRICE_MEDIAN: Final = 5_900
PRICE_SIGMA: Final = 0.8
PRICE_MIN: Final = 990
PRICE_MAX: Final = 99_900
# Monthly pay and the rent that leaves again soon after.
SALARY: Final = (320_000, 1_500_000)
RENT_SHARE: Final = (0.25, 0.95)
# Shares of amounts in whole yuan and in whole tenths; the others keep their cents.
SHARE_WHOLE: Final = 0.45
SHARE_TENTHS: Final = 0.25

# --- everyday life, records per account ----------------------------------------------------
RETAIL: Final = 5.0
FRIEND_PAYMENTS: Final = 5.0
FRIEND_PACKETS: Final = 2.0
PLATFORM_MOVES: Final = 0.8
# First-level acquisitions per person, and the share of them given on once (a first-level gift).
ACQUISITIONS: Final = 2.0
SHARE_GIVEN: Final = 0.45
# Some gifts go to people one also pays: honest coincidences with payments.
SHARE_GIVEN_TO_FRIENDS: Final = 0.15
# Collections per brand, and the share of collections that are given away and have no price.
COLLECTIONS_PER_BRAND: Final = 3
SHARE_FREE_COLLECTIONS: Final = 0.20
# Official accounts that sell collectibles (certified); the others publish, and may be planted.
SHARE_BRANDS: Final = 0.50
# First-level sales whose record is an issue with a price.
SHARE_PAID_ISSUE: Final = 0.12
# Gifts whose record repeats the list price.
SHARE_GIFT_PRICED: Final = 0.30
# Complaints about anybody, and about actors: labels are weak.
LABELS: Final = 0.02
LABELS_PLANTED: Final = 0.05

# --- innocent look-alikes, groups per 1,000 accounts ---------------------------------------
INNOCENT: Final = MappingProxyType(
    {
        "family_red_packets": 45,  # money both ways, all the time
        "festival_gifting": 12,  # bursts out to many on one day
        "refund": 60,  # money back
        "collector_swap": 14,  # items both ways, no money
        "payroll": 1,  # one to many, equal amounts
        "give_away": 4,  # a brand's items to many, level 0
        "gift_return": 16,  # an item back to its giver within the day
        "salary_rent": 16,  # nearly all of it out again, monthly
        "roommates": 14,  # many to one, equal amounts
        "lucky_money": 14,  # one to a group in a minute, random amounts
        "second_account": 6,  # an item through one's own second account
        "friend_loan": 18,  # the same amount back later
        "group_buy": 5,  # many to one, and the sum to a merchant
        "pooled_present": 4,  # many to one, who buys an item and gives it away
        "campaign": 1,  # the same item, or the same red packet, to many within hours
        "street_vendor": 2,  # a person whom many pay: a hub that is no merchant
        "rotating_savings": 2,  # every member gets everybody's part once: money goes round
        "purchasing_agent": 3,  # money in, out to a shop, a fixed commission kept
        "class_fee": 2,  # equal amounts from many within a day
        "pocket_money": 3,  # equal amounts to the same few, every week
        "large_purchase": 6,  # a deposit and a balance, some of them just under a limit
        "landlord": 3,  # most of what several people pay goes to one
        "weekly_drop": 1,  # the same buyers at the same shop in the same minutes
        "burned": 10,  # an item redeemed by its holder
    }
)
# Packets of one family over the twelve weeks.
FAMILY_PACKETS: Final = (10, 40)
# Families in which an item is given as well.
SHARE_FAMILY_GIFT: Final = 0.10
# 520 (20 May) and the Dragon Boat festival (19 June 2026), counted from day 0 (6 April).
FESTIVAL_DAYS: Final = (44, 74)
# As many as one sends in an evening.
FESTIVAL_PACKETS: Final = (4, 9)
# Small firms; equal wages within one firm.
PAYROLL_STAFF: Final = (8, 30)
# The 15th of each month, counted from day 0.
PAY_DAYS: Final = (9, 39, 70)
# Most mini programs give items away once; those that sell instead are found by it.
GIVE_AWAY_ITEMS: Final = (2, 40)
SHARE_GIVING_PROGRAMS: Final = 0.85
# Besides the one who pays the bill.
ROOMMATES: Final = 3
# Takers of one sum.
LUCKY_GROUP: Final = (5, 10)
# Some come back inside the window of a money cycle, most later.
LOAN_DAYS: Final = (1, 30)
# Neighbours who order together.
GROUP_BUYERS: Final = (4, 9)
# Friends who put together for a present, and parents of one class.
PRESENT_GIVERS: Final = (3, 10)
CLASS_SIZE: Final = (12, 30)
# Those whom one campaign reaches, and the red packets that it pays.
CAMPAIGN_SIZE: Final = (60, 200)
CAMPAIGN_PACKETS: Final = (188, 666, 888, 1_888)
# Customers of one vendor over the twelve weeks.
VENDOR_CUSTOMERS: Final = (60, 200)
# Members of a savings club: one round a week.
SAVERS: Final = (4, 8)
# Orders of one agent, and the share that he keeps of all of them.
AGENT_ORDERS: Final = (6, 20)
AGENT_KEEPS: Final = (0.01, 0.08)
# Children of one purse.
PURSE: Final = (2, 4)
# What flats and cars are paid with: some parts of it lie just below the line.
LARGE_PURCHASE: Final = (1_500_000, 12_000_000)
# Tenants of one landlord.
TENANTS: Final = (3, 6)
# Buyers of one weekly drop, and how many weeks of them.
DROP_BUYERS: Final = (6, 20)
DROP_WEEKS: Final = (3, 8)
# Gifts and red packets of a festival day, in ordinary days' worth.
FESTIVAL_TIMES: Final = 6.0

# --- planted, instances per 3,000 accounts -------------------------------------------------
# Chains of user gifts by the level they reach: deep ones are rarer.
CHAINS: Final = MappingProxyType({2: 4, 3: 3, 4: 2, 5: 2, 6: 1})
# Every second chain is a quick relay, the others take days.
RELAY_GAP_MINUTES: Final = (6, 600)
CHAIN_GAP_DAYS: Final = (1.0, 6.0)
# Chains whose middle is one person with two accounts.
BEHIND_ACCOUNT: Final = 3
# Sold on at once, sold by who got it as a gift, sold on twice.
SECOND_LEVEL_SALES: Final = MappingProxyType({"direct": 4, "after_gift": 2, "sold_on": 2})
# The three ways in which a mini program may not be used.
CLOSED_CHANNEL: Final = MappingProxyType({"issuer_sale": 2, "user_sale": 2, "priced_gift": 2})
# Price on the record, on the item only, nowhere; hidden in three ways.
PAID_GIFTS: Final = MappingProxyType(
    {
        "price": 4,
        "price_of_item": 3,
        "no_price": 3,
        "linked_account": 4,
        "routed": 3,
        "split": 4,
    }
)
# Sales of one mini program that sells.
CLOSED_SALES: Final = (2, 20)
# Planted money goes as red packets as often as other money of its size.
PACKETS_UP_TO: Final = 4_000
SHARE_PACKETS: Final = (0.6, 0.12)
# Paid over list price, between half and double of it, with room for rounding.
PAID_RATIO: Final = (0.6, 1.8)
# Parts of a split sum each stay under half the price, or one alone would match.
SPLIT_RATIO: Final = (0.7, 1.35)
SPLIT_PARTS: Final = (3, 4, 5)
# The payment comes before or after the gift, at most two days away (search: three).
PAID_LAG_MINUTES: Final = (2, 2_400)
# A middleman keeps up to a tenth.
ROUTE_KEEP: Final = (0.90, 0.99)
# Rings by the number of members; half of them gifts, half sales.
WASH_RINGS: Final = MappingProxyType({3: 3, 4: 2, 5: 1})
# Rings that close at the second account of the one who began.
WASH_SECOND_ACCOUNT: Final = 2
# Hours between two hops of a ring of items.
WASH_GAP_HOURS: Final = (1.0, 60.0)
# Cycles by length, up to the default bound of the search.
MONEY_CYCLES: Final = MappingProxyType({2: 2, 3: 3, 4: 2, 5: 2, 6: 1})
# A cycle closes within this many hours; each hop keeps most of the money.
CYCLE_HOURS: Final = (2.0, 56.0)
# Commissions of at most 4.5 % a hop: six hops still keep three quarters.
HOP_KEEP: Final = (0.955, 1.0)
# Relays that send on to one account at a time, or to two at once.
PASS_THROUGH: Final = MappingProxyType({"one_to_one": 4, "split_out": 2})
# One event more than the search asks for.
PASS_EVENTS: Final = 4
# Days between events: what is left of one is older than a day when the next leaves, else
# FIFO would take it first and a small event after a large one would not be one.
PASS_DAYS: Final = (1.5, 2.6)
# Shorter than the least time between events, so that events do not mix.
PASS_DWELL_MINUTES: Final = (4, 360)
# Above the 0.9 of the search by more than rounding takes.
PASS_KEEP: Final = (0.93, 0.99)
# Chains by number of transfers: three to five accounts in the middle.
LAYERING: Final = MappingProxyType({4: 2, 5: 1, 6: 1})
# Money rests less than a night.
LAYER_GAP_HOURS: Final = (0.3, 12.0)
# By the number of accounts between.
SCATTER_GATHER: Final = MappingProxyType({3: 2, 4: 1})
# The three ways to have no certificate at the moment of sale.
UNCERTIFIED: Final = MappingProxyType({"no_certificate": 2, "expired": 2, "not_yet_valid": 2})
# Sales of one uncertified issuer: as few as a small brand, as many as a middling one.
UNCERTIFIED_SALES: Final = (6, 70)
# No pattern takes longer than this, however many hops it has: it must end inside the world.
LONGEST_DAYS: Final = 60.0
# What searches ask for by default; an instance that lies beyond it says so in truth.json.
CYCLE_LENGTH: Final = 6
CYCLE_WINDOW_S: Final = 72 * 3600
CYCLE_KEEP_BP: Final = 5_000
LAYER_GAP_S: Final = 48 * 3600
LAYER_KEEP_BP: Final = 8_000
# Ratios are counted in bins of 5 basis points; less than this share of relays in one is no peak.
COMMISSION_BINS: Final = 2_000
COMMISSION_INSIDE: Final = 0.9
# Planted patterns start when the world has run for a while: they need items bought before.
FIRST_DAY: Final = 8
# Rings of money that are slow (1 to 7 days a hop), leak, run again, or share a device.
RING_VARIANTS: Final = MappingProxyType({"slow": 1, "leak": 1, "repeated": 1, "shared_device": 1})
RING_SIZES: Final = (3, 6)
GAP_DAYS: Final = (1.0, 7.0)
# A ring that runs again does so some days after it closed.
REPEATS: Final = (2, 4)
REPEAT_DAYS: Final = (4.0, 9.0)
# Of the first amount this much goes elsewhere on its way.
LEAK: Final = (0.03, 0.20)
# Amounts on a way are off by this much at most; with HOP_KEEP neighbours stay within 0.8.
AMOUNT_JITTER: Final = 0.0
# Of all instances, those some of whose records are in no file, and the share that is missing.
SHARE_MISSING: Final = 0.04
MISSING_RECORDS: Final = (0.10, 0.35)
# Relays of one operation keep one share of everything, and are off by a little: here by less than
# the half bin of 2.5 basis points, in whose middle the share lies.
COMMISSION_RELAYS: Final = 26
COMMISSION: Final = 0.02025
COMMISSION_JITTER: Final = 0.0002
# Accounts of other people that somebody else runs from some day on.
TAKEN_OVER: Final = MappingProxyType({"pass_through": 1, "multi_level_gift": 1})
# Leaking chains, slow chains, and branches that leak.
MORE_LAYERS: Final = MappingProxyType({"leak": 1, "slow": 1})
MORE_SCATTER: Final = MappingProxyType({"leak": 1})
# The other patterns of flow.
FLOWS: Final = MappingProxyType(
    {
        "gather_scatter": 1,
        "fan_in_equal": 1,
        "fan_in_mixed": 1,
        "fan_out_equal": 1,
        "fan_out_mixed": 1,
        "structuring_out": 1,
        "structuring_in": 1,
        "peel_chain": 1,
        "issuance_shape": 1,
        "biclique": 1,
        "commission_peak": 1,
    }
)
GATHER_WIDTH: Final = (3, 6)
FAN_WIDTH: Final = (10, 12)
# The line, and what stays just below it: above 0.8 of it.
LINE_MINOR: Final = 5_000_000
UNDER_LINE: Final = (0.82, 0.995)
UNDER_EVENTS: Final = (3, 5)
PEEL_HOPS: Final = (4, 6)
PEELS: Final = (1, 3)
# All peels of a hop together: at most a fifth is allowed.
PEEL_SHARE: Final = (0.05, 0.16)
ISSUANCE_PAYERS: Final = (20, 26)
ISSUANCE_SERVED: Final = (0.4, 0.8)
BICLIQUE_WIDTH: Final = (2, 3)
# The other patterns of items.
TRADES: Final = MappingProxyType(
    {
        "back_and_forth_item": 1,
        "back_and_forth_pair": 1,
        "repeated_acquisition": 1,
        "zero_risk_sales": 1,
        "zero_risk_gifts": 1,
        "escrow_broker": 1,
        "custody_not_holder": 1,
        "custody_double_issue": 1,
        "custody_after_burn": 1,
        "evasion_reissue": 1,
        "evasion_channel": 1,
    }
)
ZERO_RISK_SIZES: Final = (3, 6)
BROKER_CHAINS: Final = (10, 12)
# The patterns of identity.
IDENTITY: Final = MappingProxyType(
    {"shared_controller": 1, "lockstep": 1, "common_funder": 1, "common_exit": 1}
)
FARM_SIZES: Final = (2, 5)
IDENTITY_GROUP: Final = (4, 6)
LOCKSTEP_ACTIONS: Final = (16, 22)

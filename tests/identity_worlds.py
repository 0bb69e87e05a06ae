"""Hypothesis strategies: small worlds of accounts that act alike, or have one source or sink.

Whole hours, so that ties are frequent; a few refunds, returns, top-ups, payouts and merchants.
"""

from typing import Any

from build import EPOCH_US
from flows import HOUR_US
from hypothesis import strategies as st
from strategies import World

from regift.graph.snapshot import Settings

NAMES = ("f", "赠", "d'", "b", "E", "w", "a", "Z")
KINDS = ("payment",) * 8 + ("red_packet", "topup", "payout", "refund", "fee")
AMOUNTS = (100, 100, 100, 233, 234, 43, 700, 300)
CURRENCIES = ("CNY",) * 9 + ("USD",)

Move = tuple[str, str, int]
"""source, target, hour"""


def written(
    draw: st.DrawFn, moves: list[Move], gifts: list[Move], accounts: list[str], kinds: Any = KINDS
) -> World:
    """The records of moves and gifts, under ids in any order, that both tables may share."""
    rows: dict[str, list[dict[str, Any]]] = {"transfers": [], "gifts": [], "accounts": []}
    for table, given in (("transfers", moves), ("gifts", gifts)):
        ids = iter(draw(st.permutations([f"r{i:02}" for i in range(len(given))])))
        for source, target, hour in given:
            row = {
                "record_id": next(ids),
                "at_us": EPOCH_US + hour * HOUR_US,
                "source": source,
                "target": target,
                "seq": draw(st.sampled_from((None, None, None, 0, 1))),
            }
            if table == "gifts":
                row["item"] = draw(st.sampled_from(("x", "y", "z", "u", "v", "w")))
                row["kind"] = draw(st.sampled_from(("gift",) * 6 + ("sale", "return", "issue")))
            else:
                row["amount_minor"] = draw(st.sampled_from(AMOUNTS))
                row["currency"] = draw(st.sampled_from(CURRENCIES))
                row["kind"] = draw(st.sampled_from(kinds))
            rows[table].append(row)
    for account in accounts:
        kind = draw(st.sampled_from((None,) * 9 + ("merchant", "platform", "personal")))
        if kind:
            rows["accounts"].append({"account": account, "kind": kind})
    return World(rows, (), Settings(refund_window_us=3 * HOUR_US))


def some(draw: st.DrawFn) -> list[str]:
    """Names in any order: their order must not look like that of use."""
    return draw(st.permutations(NAMES))[: draw(st.integers(4, 7))]


def noise(draw: st.DrawFn, accounts: list[str], most: int) -> list[Move]:
    account = st.sampled_from(accounts)
    return draw(st.lists(st.tuples(account, account, st.integers(0, 12)), max_size=most))


@st.composite
def steps(draw: st.DrawFn) -> World:
    """Some accounts go through one plan of targets and hours, some of them not quite."""
    accounts = some(draw)
    targets = st.sampled_from((*accounts[-2:], *accounts[-2:], "t", "s"))
    plans = [
        draw(st.lists(st.tuples(targets, st.integers(0, 6)), min_size=1, max_size=4))
        for _ in range(draw(st.sampled_from((1, 1, 2))))
    ]
    moves: list[Move] = []
    gifts: list[Move] = []
    for account in accounts:
        for target, hour in draw(st.sampled_from(plans)):
            how = draw(st.sampled_from(("moves", "moves", "moves", "gifts", "none", "late")))
            if how != "none":
                (gifts if how == "gifts" else moves).append(
                    (account, target, hour + (how == "late"))
                )
    kinds = ("payment",) * 10 + ("red_packet", "refund", "topup")
    gifts += noise(draw, accounts, 2)
    return written(draw, moves + noise(draw, accounts, 3), gifts, accounts, kinds)


@st.composite
def funds(draw: st.DrawFn) -> World:
    """One or two accounts send the others money, mostly their first."""
    accounts = some(draw)
    moves: list[Move] = []
    for account in accounts[1:]:
        funder = draw(st.sampled_from((accounts[0], accounts[0], accounts[0], accounts[1])))
        moves.append((funder, account, draw(st.integers(0, 9))))
    return written(draw, moves + noise(draw, accounts, 5), [], accounts)


@st.composite
def drains(draw: st.DrawFn) -> World:
    """Most of what the others pay goes to one or two accounts."""
    accounts = some(draw)
    moves: list[Move] = []
    for account in accounts[1:]:
        for _ in range(draw(st.integers(1, 4))):
            sink = draw(st.sampled_from((accounts[0],) * 5 + (accounts[1],)))
            moves.append((account, sink, draw(st.integers(0, 9))))
    return written(draw, moves + noise(draw, accounts, 4), [], accounts)

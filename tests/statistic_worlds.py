"""Hypothesis strategies: small worlds of rings that run again, bicliques and relayed amounts.

Whole hours, so that ties are frequent; the data begins at hour 0 and most happens on day 20 or
later, so that first contacts count.
"""

from typing import Any

from build import EPOCH_US
from flows import HOUR_US
from hypothesis import strategies as st
from strategies import World

from regift.graph.snapshot import Settings

Move = tuple[str, str, int, int]
"""source, target, hour, amount in minor units"""

NAMES = ("u", "赠", "d'", "b", "E", "w", "a", "Z")
KINDS = ("payment",) * 48 + ("red_packet", "red_packet", "refund", "fee")
CURRENCIES = ("CNY",) * 40 + ("JPY",)
AMOUNTS = (100, 100, 90, 200, 50)
LATE = 480
"""Hours of 20 days."""


def recorded(draw: st.DrawFn, moves: list[Move]) -> World:
    """Moves as records: any ids, few `seq`, rarely another currency or kind."""
    ids = iter(draw(st.permutations([f"t{i:02}" for i in range(len(moves))])))
    rows: list[dict[str, Any]] = [
        {
            "record_id": next(ids),
            "at_us": EPOCH_US + hour * HOUR_US,
            "source": source,
            "target": target,
            "amount_minor": amount,
            "currency": draw(st.sampled_from(CURRENCIES)),
            "kind": draw(st.sampled_from(KINDS)),
            "seq": draw(st.sampled_from((None,) * 4 + (0, 1))),
        }
        for source, target, hour, amount in moves
    ]
    return World({"transfers": rows}, (), Settings(refund_window_us=3 * HOUR_US))


def some(draw: st.DrawFn, least: int, most: int) -> list[str]:
    """Names in any order: their order must not look like that of use."""
    return draw(st.permutations(NAMES))[: draw(st.integers(least, most))]


def noise(draw: st.DrawFn, accounts: list[str], most: int, begin: int) -> list[Move]:
    """Any moves between the accounts, to oneself among them, from an hour on."""
    account = st.sampled_from(accounts)
    hour = st.integers(begin, begin + 12)
    move = st.tuples(account, account, hour, st.sampled_from(AMOUNTS))
    return draw(st.lists(move, max_size=most))


@st.composite
def rounds(draw: st.DrawFn) -> World:
    """One or two rings, each going round some times, a few hops out of step or left out."""
    accounts = some(draw, 3, 6)
    moves: list[Move] = []
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        ring = draw(st.permutations(accounts))[: draw(st.sampled_from((3, 3, 3, 4, 2)))]
        hour = draw(st.integers(0, 3))
        for _ in range(draw(st.sampled_from((2, 2, 3, 4, 1)))):
            for place, source in enumerate(ring):
                target = ring[(place + 1) % len(ring)]
                moves.append((source, target, hour, draw(st.sampled_from(AMOUNTS))))
                hour += draw(st.sampled_from((1,) * 9 + (2, 0)))
            hour += draw(st.sampled_from((0, 0, 0, 1, 2, -1, -2)))
            hour = max(hour, 0)
    return recorded(draw, moves + noise(draw, accounts, 3, 0))


@st.composite
def crowds(draw: st.DrawFn) -> World:
    """Some payers pay the same payees on day 20 or 21, not all of them; one or two groups."""
    accounts = some(draw, 4, 8)
    moves: list[Move] = [("u", "Z", 0, 100)] if draw(st.integers(0, 4)) else []
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        chosen = draw(st.permutations(accounts))
        cut = draw(st.integers(2, max(2, len(chosen) - 2)))
        begin = LATE + draw(st.sampled_from((0, 0, 3, 9, 500, -1)))
        for payer in chosen[:cut]:
            for payee in chosen[cut:]:
                if draw(st.sampled_from((True,) * 6 + (False,))):
                    amount = draw(st.sampled_from(AMOUNTS))
                    moves.append((payer, payee, begin + draw(st.integers(0, 5)), amount))
    if draw(st.integers(0, 3)) == 0:
        moves += noise(draw, accounts, 3, LATE)
    return recorded(draw, moves)


@st.composite
def agents(draw: st.DrawFn) -> World:
    """One to three agents get money from some and pass on most of it to others, once a pair."""
    accounts = [*NAMES, *(f"p{i}" for i in range(6))]
    accounts = draw(st.permutations(accounts))
    moves: list[Move] = [(accounts[-1], accounts[-2], 0, 100)]
    for agent in accounts[: draw(st.integers(1, 3))]:
        others = iter(draw(st.permutations([name for name in accounts[3:] if name != agent])))
        hour = LATE + draw(st.sampled_from((0, 0, 1, -1)))
        for _ in range(draw(st.integers(1, 3))):
            ins = [
                draw(st.sampled_from((1000, 2000, 700, 1234)))
                for _ in range(draw(st.integers(1, 2)))
            ]
            kept = draw(st.sampled_from((9000, 9000, 9000, 5000, 4999, 10_000, 10_049, 10_050)))
            outs = [sum(ins) * kept // 10_000]
            if draw(st.booleans()):
                outs = [outs[0] // 3, outs[0] - outs[0] // 3]
            for amount in ins:
                moves.append((next(others), agent, hour, amount))
                hour += draw(st.sampled_from((0, 1)))
            hour += draw(st.sampled_from((1, 1, 1, 0, 2)))
            for amount in outs:
                moves.append((agent, next(others, accounts[0]), hour, amount))
                hour += draw(st.sampled_from((0, 1)))
    return recorded(draw, [move for move in moves if move[0] != move[1]])

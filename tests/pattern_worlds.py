"""Hypothesis strategies: small worlds that hold a flow pattern of D-8, or nearly one, and noise.

Whole hours, so that ties are frequent; amounts stand in exact ratios (100, 90, 50), or one off.
"""

from typing import Any

from build import EPOCH_US
from flows import HOUR_US
from hypothesis import strategies as st
from strategies import World

from regift.graph.snapshot import Settings

Move = tuple[str, str, int, int]
"""source, target, amount in minor units, hour"""

KINDS = ("payment",) * 24 + ("red_packet", "red_packet", "refund", "fee")
AMOUNTS = (100, 100, 100, 90, 89, 50, 50, 200, 10)
NAMES = ("u", "赠", "d'", "b", "E", "w", "a", "Z")
LAST_HOUR = 14


def names(draw: st.DrawFn, least: int, most: int) -> list[str]:
    """Some names in any order: the order of names must not look like the order of use."""
    return draw(st.permutations(NAMES))[: draw(st.integers(least, most))]


def noise(draw: st.DrawFn, accounts: list[str], most: int) -> list[Move]:
    """Any moves between the accounts, to oneself among them."""
    account = st.sampled_from(accounts)
    hour = st.integers(0, 8)
    move = st.tuples(account, account, st.sampled_from(AMOUNTS), hour)
    return draw(st.lists(move, max_size=most))


def recorded(draw: st.DrawFn, moves: list[Move], kinds: tuple[str, ...] = KINDS) -> World:
    """Moves as records: any ids, few `seq`, a rare second currency; some are refunded."""
    rows: list[dict[str, Any]] = []
    ids = iter(draw(st.permutations([f"t{i:02}" for i in range(2 * len(moves))])))
    for source, target, amount, hour in moves:
        currency = draw(st.sampled_from(("CNY",) * 30 + ("JPY",)))
        row = {
            "record_id": next(ids),
            "at_us": EPOCH_US + max(0, min(hour, LAST_HOUR)) * HOUR_US,
            "source": source,
            "target": target,
            "amount_minor": amount if currency == "CNY" else max(1, amount // 100),
            "currency": currency,
            "kind": draw(st.sampled_from(kinds)),
            "seq": draw(st.sampled_from((None,) * 4 + (0, 1))),
        }
        rows.append(row)
        if draw(st.sampled_from((*[False] * 24, True))):
            back = {"source": target, "target": source, "kind": "refund"}
            at_us = row["at_us"] + draw(st.integers(0, 4)) * HOUR_US
            rows.append(row | back | {"at_us": at_us, "record_id": next(ids)})
    return World({"transfers": rows}, (), Settings(refund_window_us=3 * HOUR_US))


@st.composite
def relays(draw: st.DrawFn) -> World:
    """u to several j to w, some j with parallel moves, and noise."""
    u, w, *middle = names(draw, 4, 7)
    moves: list[Move] = []
    for j in middle:
        hour = draw(st.sampled_from((0, 0, 0, 1, 1, 2)))
        amount = draw(st.sampled_from((100, 100, 100, 200, 50)))
        parts = draw(st.sampled_from(((10,), (10,), (10,), (5, 5), (9, 1))))
        moves += [(u, j, amount * part // 10, hour + late) for late, part in enumerate(parts)]
        hour += draw(st.sampled_from((1, 1, 1, 1, 2, 0)))
        parts = draw(st.sampled_from(((10,), (10,), (9,), (5, 4), (8,), (6, 5), (1,))))
        moves += [(j, w, amount * part // 10, hour + late) for late, part in enumerate(parts)]
    return recorded(draw, moves + noise(draw, [u, w, *middle], 4))


@st.composite
def hubs(draw: st.DrawFn) -> World:
    """Several s to x to several r, and noise."""
    x, *others = names(draw, 3, 7)
    moves: list[Move] = []
    for place in range(draw(st.integers(3, 7))):
        amount = draw(st.sampled_from((100, 100, 200, 90, 50)))
        hour = draw(st.integers(0, 3))
        moves.append((others[place % len(others)], x, amount, hour))
        out = draw(st.sampled_from((10, 10, 9, 9, 8, 0))) * amount // 10
        if out:
            receiver = others[draw(st.integers(0, len(others) - 1))]
            moves.append((x, receiver, out, hour + draw(st.sampled_from((1, 1, 2, 0)))))
    return recorded(draw, moves + noise(draw, [x, *others], 3))


@st.composite
def walks(draw: st.DrawFn) -> World:
    """Money that walks on and on, losing little; walks cross each other and themselves."""
    accounts = names(draw, 3, 7)
    moves: list[Move] = []
    for _ in range(draw(st.integers(1, 3))):
        ways = draw(st.permutations(accounts))
        amount, hour = 1000, draw(st.integers(0, 3))
        for place in range(draw(st.integers(3, 8))):
            ends = [ways[place % len(ways)], ways[(place + 1) % len(ways)]]
            if draw(st.sampled_from((False,) * 15 + (True,))):
                ends[1] = draw(st.sampled_from(accounts))
            moves.append((ends[0], ends[1], amount, hour))
            amount = amount * draw(st.sampled_from((10, 10, 10, 9, 9, 5))) // 10
            hour += draw(st.sampled_from((1, 1, 1, 1, 0, 2)))
    return recorded(draw, moves + noise(draw, accounts, 3))


SPLITS = (
    *[(9000, (1000,)), (9000, (500, 500)), (9000, (500, 400)), (9500, (500,))] * 2,
    (9500, (300, 199, 1)),
    (9000, (600, 500)),
    (8999, (1000,)),
    (5000, (2000,) * 3),
    (5000, (5000,)),
)
"""Remainder and peels of 10,000: all, less and more than is left."""


@st.composite
def peelings(draw: st.DrawFn) -> World:
    """Money that walks on while small parts are peeled off; little noise: another in ends it."""
    accounts = names(draw, 4, 7)
    receivers = [accounts[-1], "r1", "r2", "r3", "r4"]
    moves: list[Move] = []
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        ways = draw(st.permutations(accounts)) if moves else accounts
        amount, hour = 10_000, 4 * bool(moves) + draw(st.integers(0, 2))
        moves.append((ways[0], ways[1], amount, hour))
        for place in range(1, 1 + draw(st.integers(1, 6))):
            source, on, target = (ways[(place + i) % len(ways)] for i in (-1, 0, 1))
            after = draw(st.sampled_from((1,) * 8 + (0, 2)))
            rest, parts = draw(st.sampled_from(SPLITS))
            for part in parts:
                late = draw(st.sampled_from((0, 0, 0, 0, 1)))
                receiver = draw(st.sampled_from(receivers))
                moves.append((on, receiver, amount * part // 10_000 or 1, hour + after + late))
            target = draw(st.sampled_from((target,) * 20 + (source, receivers[0])))
            hour, amount = hour + after, amount * rest // 10_000
            moves.append((on, target, amount, hour))
    return recorded(draw, moves + noise(draw, accounts, 1))


@st.composite
def crowds(draw: st.DrawFn) -> World:
    """Many pay x at once after quiet hours, or are paid; some know when x was opened."""
    x, *others = names(draw, 4, 8)
    moves: list[Move] = []
    for hour in range(draw(st.integers(0, 6))):
        for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2, 3)))):
            moves.append((draw(st.sampled_from(others)), x, 100, hour))
    peak = draw(st.integers(0, 10))
    for other in others:
        moves.append((other, x, 100, peak + draw(st.integers(0, 1))))
    mirrored = [(target, source, amount, hour) for source, target, amount, hour in moves]
    moves = draw(st.sampled_from((moves, mirrored, moves + mirrored, moves + mirrored)))
    world = recorded(draw, moves + noise(draw, [x, *others], 3))
    opened = draw(st.sampled_from((None, None, "unknown", 0, 0, 1, 4, 9)))
    if opened is not None:
        at_us = None if opened == "unknown" else EPOCH_US + int(opened) * HOUR_US - 1
        world.rows["accounts"] = [{"account": x, "kind": None, "opened_at_us": at_us}]
    return world


@st.composite
def slices(draw: st.DrawFn) -> World:
    """Amounts about a threshold of 2.00, one after the other, in and out of x."""
    x, *others = names(draw, 3, 5)
    amounts = st.sampled_from((199, 199, 199, 180, 180, 179, 200))
    moves: list[Move] = []
    for place in range(draw(st.integers(3, 8))):
        other = others[place % len(others)]
        ends = (x, other) if draw(st.booleans()) else (other, x)
        moves.append((*ends, draw(amounts), draw(st.integers(0, 6))))
    return recorded(draw, moves + noise(draw, [x, *others], 3))


@st.composite
def showers(draw: st.DrawFn) -> World:
    """Bursts of red packets by two or three senders to much the same receivers, or to some each."""
    x, y, z, *receivers = names(draw, 7, 8)
    if draw(st.booleans()):
        sent = {x: receivers, y: [receivers[0], z], z: [receivers[1], y]}
    else:
        others = draw(st.permutations([z, *receivers]))
        sent = {x: receivers, y: others, z: draw(st.permutations([x, y, *receivers[:2]]))}
    moves: list[Move] = []
    first = draw(st.integers(0, 3))
    for sender, possible in sent.items():
        hour = first + draw(st.sampled_from((0, 0, 1, 2, 4)))
        for receiver in possible[: draw(st.sampled_from((4, 3, 2)))]:
            amount = draw(st.sampled_from((100, 100, 150, 199, 199, 50, 200)))
            moves.append((sender, receiver, amount, hour + draw(st.sampled_from((0,) * 8 + (1,)))))
    kinds = ("red_packet",) * 40 + ("payment", "refund")
    return recorded(draw, moves + noise(draw, [x, y, z, *receivers], 3), kinds)

"""Hypothesis strategies and rows for payments of a rare kind: habits of few senders, equal sums."""

from typing import Any

from build import EPOCH_US
from hypothesis import strategies as st
from strategies import World

from regift.graph.snapshot import DAY_US, Settings

NAMES = ("f", "赠", "d'", "b", "E", "w", "a", "Z")
KINDS = ("payment",) * 9 + ("red_packet", "refund", "topup")
DAYS = (0, 5, 19, 20, 21, 25, 40, 41)
SUMS = (100, 100, 100, 100, 101, 110, 128, 129, 165, 200, 700, 1, 2**44)


def payment(number: int, source: str, target: str, amount: int, day: int = 0) -> dict[str, Any]:
    """One payment as stored columns."""
    return {
        "record_id": f"t{number:05}", "at_us": EPOCH_US + day * DAY_US, "source": source,
        "target": target, "amount_minor": amount, "currency": "CNY", "kind": "payment",
    }  # fmt: skip


@st.composite
def habits(draw: st.DrawFn, *, senders: int = 3, most: int = 24) -> World:
    """Few senders, mostly of like amounts; ties of time, payments to oneself, a second currency."""
    accounts = draw(st.permutations(NAMES))[: draw(st.integers(2, 7))]
    rows = []
    size = draw(st.integers(0, most))
    for name in draw(st.permutations([f"t{i:02}" for i in range(size)])):
        source = draw(st.sampled_from((*accounts[:senders], *accounts[:senders], *accounts)))
        row = payment(0, source, draw(st.sampled_from(accounts)), draw(st.sampled_from(SUMS)))
        row["record_id"] = name
        row["at_us"] += draw(st.sampled_from(DAYS)) * DAY_US
        row["kind"] = draw(st.sampled_from(KINDS))
        row["currency"] = draw(st.sampled_from(("CNY",) * 9 + ("USD",)))
        row["seq"] = draw(st.sampled_from((None, None, 0, 1)))
        rows.append(row)
    return World({"transfers": rows}, (), Settings(refund_window_us=3 * DAY_US))


COMMON = st.sampled_from((10_000, 10_000, 10_000, 5000, 2500, 1000, 500, 0))

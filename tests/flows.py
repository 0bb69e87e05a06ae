"""Hypothesis strategy: small sets of money moves, dense in ties and short cycles."""

from typing import Any

from build import EPOCH_US
from hypothesis import strategies as st
from strategies import World

from regift.graph.snapshot import Settings

HOUR_US = 3_600_000_000
KINDS = ("payment",) * 6 + ("red_packet", "refund", "fee", "topup", "payout")


@st.composite
def flows(draw: st.DrawFn, *, most: int = 12, kinds: tuple[str, ...] = KINDS) -> World:
    """Transfers between 2 to 5 accounts (self-loops among them) at whole hours 0 to 9."""
    accounts = draw(st.permutations(["a", "b", "赠", "d'", "E"][: draw(st.integers(2, 5))]))
    size = draw(st.integers(0, most))
    ids = draw(st.permutations([f"t{i:02}" for i in range(size)]))
    on = accounts[0]
    rows: list[dict[str, Any]] = []
    for record in ids:
        source = draw(st.sampled_from((on, on, *accounts)))
        on = draw(st.sampled_from(accounts))
        row = {
            "record_id": record,
            "at_us": EPOCH_US + draw(st.integers(0, 9)) * HOUR_US,
            "source": source,
            "target": on,
            "amount_minor": draw(st.sampled_from((100, 100, 100, 90, 199, 200, 201, 50, 60, 10))),
            "currency": draw(st.sampled_from(("CNY",) * 8 + ("JPY",))),
            "kind": draw(st.sampled_from(kinds)),
            "seq": draw(st.sampled_from((None, None, 0, 1))),
        }
        rows.append(row)
    return World({"transfers": rows}, (), Settings(refund_window_us=3 * HOUR_US))

"""Pair rate by hand: a month beyond the window on each side counts, what is nearer does not."""

import json
from typing import Any

from regift.graph.snapshot import DAY_US, snapshot_from_rows
from regift.queries import ALL
from regift.queries.params import build


def transfer(number: int, source: str, target: str, day: float) -> dict[str, Any]:
    return {
        "record_id": f"t{number}",
        "at_us": int((100 + day) * DAY_US),
        "source": source,
        "target": target,
        "amount_minor": 100,
        "currency": "CNY",
        "kind": "payment",
    }


def rate(*others: tuple[str, str, float]) -> str:
    """pair_rate of the cycle a > b > a of days 0 and 1, beside other payments."""
    rows = [transfer(0, "a", "b", 0), transfer(1, "b", "a", 1)]
    rows += [transfer(2 + n, *other) for n, other in enumerate(others)]
    typology = ALL["money_cycle"]
    params = build(typology.params, {"window": "3d"}, clock_unit_us=1, name=typology.name)
    with snapshot_from_rows({"transfers": rows}) as graph:
        found = typology.find(graph, params)
    finding = found.findings.to_pylist()[0]
    return str(json.loads(finding["detail"])["pair_rate"])


def test_no_other_payment_is_no_habit() -> None:
    assert rate() == "0.0000"


def test_a_month_before_and_after_counts_both_ways() -> None:
    assert rate(("a", "b", -33), ("a", "b", 34)) == "0.1000"
    assert rate(("a", "b", -10), ("b", "a", -20), ("b", "a", 20)) == "0.1500"


def test_beyond_the_month_and_inside_the_window_do_not_count() -> None:
    assert rate(("a", "b", -33.5), ("a", "b", 34.5)) == "0.0000"
    assert rate(("a", "b", 0.5), ("a", "b", -2), ("b", "a", 3.5)) == "0.0000"


def test_other_pairs_do_not_count() -> None:
    assert rate(("a", "c", -5), ("c", "b", 5)) == "0.0000"

"""Pair rate by hand: a month beyond the window on each side counts, what is nearer does not.

Classes of pairs and strata against the definition, payment by payment.
"""

import json
from typing import Any

import pyarrow as pa
from examples import examples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from regift.graph.connect import dicts, large_texts
from regift.graph.snapshot import DAY_US, snapshot_from_rows
from regift.queries import ALL
from regift.queries.habit import CLASSES, add_habit, with_pair_rate, with_pairs
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


@st.composite
def payments(draw: Any) -> list[dict[str, Any]]:
    """Some ninety days of a few people, with ties; among them refunds and top-ups."""
    names = st.sampled_from("abcde")
    return [
        transfer(n, draw(names), draw(names), draw(st.integers(-40, 50)))
        | {"kind": draw(st.sampled_from(("payment", "payment", "red_packet", "topup", "refund"))),
           "seq": draw(st.sampled_from((None, 1)))}
        for n in range(draw(st.integers(2, 25)))
    ]  # fmt: skip


def classes_of(
    paid: list[dict[str, Any]], named: list[str], low_us: int, high_us: int
) -> list[int]:
    """Pairs of the named records by class: how many one-off, first, repeated."""
    begin_us = min(r["at_us"] for r in paid)
    numbers = [0, 0, 0]
    for pair in {frozenset((r["source"], r["target"])) for r in paid if r["record_id"] in named}:
        times = [r["at_us"] for r in paid if frozenset((r["source"], r["target"])) == pair]
        before = any(at_us < low_us for at_us in times)
        after = any(at_us > high_us for at_us in times)
        early = min(times) < begin_us + 20 * DAY_US
        numbers[2 if before or (after and early) else 1 if after else 0] += 1
    return numbers


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(payments(), st.data())
def test_classes_and_strata_are_those_of_the_definition(
    rows: list[dict[str, Any]], data: Any
) -> None:
    with snapshot_from_rows({"transfers": rows}) as graph:
        paid = dicts(graph.con, "SELECT * FROM payments")
        assume(paid)
        records = sorted(r["record_id"] for r in paid)
        some = st.lists(st.sampled_from(records), min_size=1, max_size=4, unique=True)
        named = data.draw(st.lists(some, min_size=1, max_size=3))
        spans = data.draw(st.lists(st.integers(0, 40), min_size=len(named), max_size=len(named)))
        asked = pa.table(
            {
                "first_us": [0 for _ in named],
                "last_us": [days * DAY_US for days in spans],
                "length": [len(each) + 4 for each in named],
                "detail": pa.array([None for _ in named], pa.string()),
                "evidence": [
                    [{"tbl": table, "record": record, "role": "hop"} for record in each
                     for table in ("transfers", "gifts")]
                    for each in named
                ],
            }
        )  # fmt: skip
        with large_texts(graph.con):
            found = add_habit(graph.con, asked, with_pairs("", 3 * DAY_US))
    for each, days, detail in zip(named, spans, found["detail"].to_pylist(), strict=True):
        numbers = classes_of(paid, each, -3 * DAY_US, (days + 3) * DAY_US)
        span = next((f"<{limit}d" for limit in (3, 7, 15, 31) if days < limit), ">=31d")
        worst = CLASSES[max(c for c in range(3) if numbers[c])]
        told = json.loads(detail)
        assert told["pairs"] == numbers
        assert told["stratum"] == f"{span}|{worst}|{min(len(each) + 4, 6)}"


def test_paths_have_pairs_and_others_only_their_rate() -> None:
    rows = [transfer(0, "a", "b", 0), transfer(1, "b", "a", 1), transfer(2, "x", "y", -50)]
    with snapshot_from_rows({"transfers": rows}) as graph:
        typology = ALL["money_cycle"]
        params = build(typology.params, {}, clock_unit_us=1, name=typology.name)
        detail = typology.find(graph, params).findings.to_pylist()[0]["detail"]
    assert detail == '{"pair_rate": "0.0000", "pairs": [1, 0, 0], "stratum": "<3d|one_off|2"}'
    assert with_pair_rate("", 1).pairs is False


def test_a_search_that_sees_some_payments_knows_when_all_began() -> None:
    """Day -20 is the begin; of what is seen alone, the payment of day 9 would be an early one."""
    rows = [transfer(0, "a", "b", 9), transfer(1, "a", "b", 40), transfer(2, "x", "y", -20)]
    with snapshot_from_rows({"transfers": rows}) as graph:
        graph.con.execute("ALTER TABLE payments RENAME TO whole_payments")
        graph.con.execute(
            "CREATE TEMP VIEW payments AS SELECT * FROM whole_payments WHERE source = 'a'"
        )
        evidence = [[{"tbl": "transfers", "record": "t0", "role": "hop"}]]
        asked = pa.table(
            {
                "first_us": [0], "last_us": [0], "length": [1], "evidence": evidence,
                "detail": pa.array([None], pa.string()),
            }
        )  # fmt: skip
        with large_texts(graph.con):
            found = add_habit(graph.con, asked, with_pairs("", DAY_US))
    assert json.loads(found["detail"][0].as_py())["pairs"] == [0, 1, 0]

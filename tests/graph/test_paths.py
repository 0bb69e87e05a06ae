"""Traces and paths against every sequence of moves."""

from itertools import pairwise
from typing import Any

import pytest
from build import world
from examples import examples
from flows import HOUR_US, flows
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles.effective import effective
from oracles.paths import best_paths, later, reach, traced
from oracles.records import Row, place
from strategies import World

from regift.graph.networks import to_networkx
from regift.graph.paths import trace_account, trace_path
from regift.graph.temporal import temporal_graph
from regift.loaders.errors import UsageError


def moves_of(world: World, currency: str) -> list[Row]:
    payments = effective(world.rows, world.settings).payments
    return [row for row in payments if row["currency"] == currency]


def turned(rows: list[Row]) -> list[Row]:
    """The same moves with time and direction turned round, in total order."""
    back = [
        row | {"source": row["target"], "target": row["source"], "at_us": -row["at_us"]}
        for row in reversed(rows)
    ]
    return [row | {"seq": i, "record_id": row["record_id"]} for i, row in enumerate(back)]


@settings(max_examples=examples(100), deadline=None)
@given(flows(), st.sampled_from((2, 5, 9)), st.booleans(), st.booleans())
def test_trace_is_that_of_the_definition(
    world: World, hours: int, forward: bool, in_order: bool
) -> None:
    every = effective(world.rows, world.settings).payments
    assume(every)
    account = every[0]["source" if forward else "target"]
    with world.snapshot() as snapshot:
        graph = temporal_graph(snapshot)
    table = trace_account(
        graph, account, forward=forward, within_us=hours * HOUR_US, in_order=in_order
    )
    own = [r["at_us"] for r in every if r["source" if forward else "target"] == account]
    low = own[0] if forward else own[-1] - hours * HOUR_US
    wanted = {}
    for currency in ("CNY", "JPY"):
        rows = [r for r in moves_of(world, currency) if low <= r["at_us"] <= low + hours * HOUR_US]
        amounts = traced(rows, account, forward, in_order)
        found = reach(rows if forward else turned(rows), account, in_order)
        for name, (at, hops, record) in found.items():
            wanted[name, currency] = (abs(at), hops, record, amounts[name])
    assert {
        (r["account"], r["currency"]): (r["at_us"], r["hops"], r["record"], r["amount_minor"])
        for r in table.to_pylist()
    } == wanted
    times = table["at_us"].to_pylist()
    assert times == sorted(times, reverse=not forward)


@settings(max_examples=examples(120), deadline=None)
@given(flows(most=16), st.sampled_from((2, 5, 9)), st.sampled_from((1, 2, 4)), st.booleans())
def test_paths_are_the_best_of_all(
    world: World, hours: int, most_hops: int, in_order: bool
) -> None:
    every = effective(world.rows, world.settings).payments
    names = sorted({r["source"] for r in every} | {r["target"] for r in every})
    assume(len(names) > 1)
    window = hours * HOUR_US
    with world.snapshot() as snapshot:
        graph = temporal_graph(snapshot)
    for goal in names[1:]:
        found = trace_path(
            graph, names[0], goal, within_us=window, max_hops=most_hops, in_order=in_order
        )
        for currency in ("CNY", "JPY"):
            rows = moves_of(world, currency)
            wanted = best_paths(rows, names[0], goal, window, most_hops, in_order)
            paths = [path for path in found if path.currency == currency]
            assert [path.which for path in paths] == (["earliest", "widest"] if wanted else [])
            by_id = {row["record_id"]: row for row in rows}
            for path, key in zip(paths, wanted or (), strict=True):
                steps = [by_id[record] for record in path.records]
                assert _is_path(steps, in_order)
                assert path.accounts == (names[0], *(row["target"] for row in steps))
                assert path.accounts[-1] == goal
                assert path.amount_minor == min(row["amount_minor"] for row in steps)
                end = place(steps[-1]) if in_order else steps[-1]["at_us"]
                assert (end, len(steps), place(steps[0])) == key


def _is_path(steps: list[Row], in_order: bool) -> bool:
    return all(b["source"] == a["target"] and later(b, a, in_order) for a, b in pairwise(steps))


MOVES = {
    "transfers": [
        "t1 payment a>b 100.00 @0h",
        "t2 payment b>c 90.00 @1h",
        "t3 payment b>d 30.00 @2h",
        "t4 payment c>d 5.00 @3h",
        "t5 payment a>b 10.00 @9h currency=USD",
    ]
}


def test_first_in_first_out_follows_the_money() -> None:
    with world(MOVES) as snapshot:
        graph = temporal_graph(snapshot)
    rows: list[Any] = trace_account(graph, "a", within_us=5 * HOUR_US).to_pylist()
    assert [(r["account"], r["hops"], r["record"], r["amount_minor"]) for r in rows] == [
        ("b", 1, "t1", 10_000),
        ("c", 2, "t2", 9_000),
        ("d", 2, "t3", 1_500),
    ]


def test_widest_is_not_earliest() -> None:
    with world(
        {
            "transfers": [
                "t1 payment a>b 1.00 @0h",
                "t2 payment a>c 50.00 @1h",
                "t3 payment c>b 40.00 @2h",
            ]
        }
    ) as snapshot:
        graph = temporal_graph(snapshot)
    earliest, widest = trace_path(graph, "a", "b", within_us=5 * HOUR_US)
    assert (earliest.records, earliest.amount_minor) == (("t1",), 100)
    assert (widest.records, widest.amount_minor) == (("t2", "t3"), 4_000)


def test_unknown_accounts_and_empty_requests_are_usage_errors() -> None:
    with world(MOVES) as snapshot:
        graph = temporal_graph(snapshot)
    with pytest.raises(UsageError, match="'z' has no money moves"):
        trace_account(graph, "z", within_us=1)
    with pytest.raises(UsageError, match="to itself"):
        trace_path(graph, "a", "a", within_us=1)
    with pytest.raises(UsageError, match="max_hops"):
        trace_path(graph, "a", "b", within_us=1, max_hops=0)


def test_an_account_that_only_receives_reaches_nobody() -> None:
    with world(MOVES) as snapshot:
        graph = temporal_graph(snapshot)
    assert trace_account(graph, "d", within_us=HOUR_US).num_rows == 0
    assert trace_account(graph, "a", within_us=HOUR_US, from_us=0).num_rows == 0


def test_networkx_of_a_window_and_of_a_case() -> None:
    with world(MOVES) as snapshot:
        graph = temporal_graph(snapshot)
    start = int(graph.at_us[0])
    network = to_networkx(graph, since_us=start + HOUR_US, until_us=start + 3 * HOUR_US)
    assert sorted(network.edges(keys=True)) == [("b", "c", "CNY"), ("b", "d", "CNY")]
    case = to_networkx(graph, accounts=["a", "b"], records=True)
    assert case.edges["a", "b", "USD"] == {
        "count": 1,
        "amount_minor": 1000,
        "currency": "USD",
        "first_us": start + 9 * HOUR_US,
        "last_us": start + 9 * HOUR_US,
        "records": ["t5"],
    }

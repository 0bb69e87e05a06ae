"""commission_peak against the definition, set by set (D-18), and what permuted amounts explain."""

from typing import Any

from build import EPOCH_US
from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.commission_peak import commission_peak
from shapes_found import agree, names_and_rows_say_nothing
from statistic_worlds import agents, crowds
from strategies import World

from regift import queries
from regift.graph.snapshot import Settings
from regift.queries.commission_peak import WORLDS, Params, chance, find

SEARCH = queries.ALL["commission_peak"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((480 * HOUR_US, 9 * HOUR_US, 4 * HOUR_US, 2 * HOUR_US, 0)),
    min_accounts=st.sampled_from((1, 1, 2, 2, 3, 0)),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment",))),
)


def said(row: dict[str, Any]) -> object:
    return row["amount_minor"], row["detail"]["stratum"]


@settings(max_examples=examples(50), deadline=None)
@given(agents(), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, commission_peak, said)


@settings(max_examples=examples(20), deadline=None)
@given(st.one_of(flows(most=14), crowds()), PARAMS)
def test_findings_of_any_moves_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, commission_peak, said)


@settings(max_examples=examples(15), deadline=None)
@given(agents(), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)


def relayed(number: int, kept_bp: int | None, amount: int | None = None) -> World:
    """As many agents, each passing on its own amount once; without `kept_bp` any share of it."""
    rows: list[dict[str, Any]] = []
    for i in range(number):
        came = amount or 10_000 + 7919 * i % 50_000
        share = 5000 + 613 * i % 5000 if kept_bp is None else kept_bp
        for ends, at, moved in (
            ((f"s{i}", f"x{i}"), 5 * i, came),
            ((f"x{i}", f"r{i}"), 5 * i + 3, came * share // 10_000),
        ):
            row = {"source": ends[0], "target": ends[1], "currency": "CNY", "kind": "payment"}
            row |= {"record_id": f"t{len(rows)}", "amount_minor": moved}
            rows.append(row | {"at_us": EPOCH_US + at * HOUR_US})
    return World({"transfers": rows}, (), Settings())


def test_one_commission_of_many_agents_is_a_peak_that_chance_does_not_explain() -> None:
    with relayed(40, 9002).snapshot() as graph:
        assert len(find(graph, Params())) == 40
        told = chance(graph, Params(), 1)
        assert chance(graph, Params(), 1) == told
        assert chance(graph, Params(), 2).keys() == told.keys()
    (stratum,) = told
    assert stratum == "0.9000"
    assert told[stratum].told["accounts"] == 40
    assert told[stratum].told["worlds"] == WORLDS
    assert told[stratum].lfdr_bp <= 500


def test_many_shares_are_no_peak() -> None:
    with relayed(40, None).snapshot() as graph:
        assert len(find(graph, Params())) == 0
        assert chance(graph, Params(), 1) == {}


def test_chance_explains_a_peak_of_equal_amounts() -> None:
    """All amounts are equal, so that any of them go together: found, if at all, of no weight."""
    with relayed(40, 10_000, 5000).snapshot() as graph:
        assert all(each.lfdr_bp == 10_000 for each in chance(graph, Params(), 1).values())


def test_without_payments_that_count_there_is_nothing_to_explain() -> None:
    """Of an empty array NumPy permutes no copy, and the amounts of a search are read-only."""
    pays = relayed(1, None).rows["transfers"][0]
    again = [pays | {"record_id": f"t{n}", "at_us": EPOCH_US + n} for n in range(3)]
    for rows in ([], again):
        with World({"transfers": rows}, (), Settings()).snapshot() as graph:
            assert chance(graph, Params(), 1) == {}

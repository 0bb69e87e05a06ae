"""biclique against the definition, square by square (D-18)."""

from typing import Any

from build import EPOCH_US
from examples import examples
from flows import HOUR_US, flows
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.biclique import biclique
from oracles.pair_class import class_of
from oracles.records import Rows
from shapes_found import agree, names_and_rows_say_nothing
from statistic_worlds import crowds, rounds
from strategies import World

from regift import queries
from regift.graph.bounds import Bounds
from regift.graph.snapshot import Settings
from regift.graph.temporal import temporal_graph
from regift.queries.biclique import Params, find
from regift.queries.habit import CLASSES
from regift.queries.pair_class import pair_classes

SEARCH = queries.ALL["biclique"]
PARAMS = st.builds(
    Params,
    window_us=st.sampled_from((9 * HOUR_US, 5 * HOUR_US, 3 * HOUR_US, 480 * HOUR_US, HOUR_US)),
    hub=st.sampled_from((100, 100, 100, 3, 2)),
    kinds=st.sampled_from((("payment", "red_packet"), ("payment",))),
)


def said(row: dict[str, Any]) -> object:
    detail = row["detail"]
    assert detail["pairs"][2] == 0
    return row["amount_minor"], detail["payers"], detail["payees"]


@settings(max_examples=examples(50), deadline=None)
@given(crowds(), PARAMS)
def test_findings_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, biclique, said)


@settings(max_examples=examples(15), deadline=None)
@given(flows(most=14), PARAMS)
def test_findings_of_any_moves_are_those_of_the_definition(world: World, params: Params) -> None:
    agree(world, SEARCH, params, biclique, said)


@settings(max_examples=examples(15), deadline=None)
@given(crowds(), PARAMS, st.integers(0, 9))
def test_order_of_rows_and_names_say_nothing(world: World, params: Params, seed: int) -> None:
    names_and_rows_say_nothing(world, SEARCH, params, said, seed)


@settings(max_examples=examples(25), deadline=None)
@given(st.one_of(crowds(), rounds()))
def test_pair_classes_are_those_of_the_definition(world: World) -> None:
    with world.snapshot() as graph:
        kind = pair_classes(graph).kind
        ids = temporal_graph(graph).record_ids.to_pylist()
        payments = graph.con.sql("SELECT * FROM payments WHERE source <> target").to_arrow_table()
    rows = payments.to_pylist()
    wanted = {row["record_id"]: class_of(row, rows) for row in rows}
    assert {
        name: CLASSES[k] for name, k in zip(ids, kind, strict=False) if name in wanted
    } == wanted


def paid(payers: int, payees: int) -> Rows:
    """Every payer pays every payee once, within as many hours."""
    row = {"amount_minor": 100, "currency": "CNY", "kind": "payment"}
    pairs = [(u, w) for u in range(payers) for w in range(payees)]
    return {
        "transfers": [
            row
            | {"record_id": f"t{i}", "source": f"u{u}", "target": f"w{w}"}
            | {"at_us": EPOCH_US + i * HOUR_US}
            for i, (u, w) in enumerate(pairs)
        ]
    }


def test_ten_payers_and_ten_payees_are_one_finding() -> None:
    with World(paid(10, 10), (), Settings()).snapshot() as graph:
        found = find(graph, Params())
    (row,) = found.findings.to_pylist()
    assert (row["length"], int(row["instances"]), len(found.evidence)) == (10, 2025, 100)
    assert row["complete"]


def test_an_account_that_takes_too_many_steps_is_told() -> None:
    """Both are paid by three; of the six payments that one looks at two are enough."""
    with World(paid(3, 2), (), Settings()).snapshot() as graph:
        graph.bounds = Bounds(expansions=2)
        found = find(graph, Params())
    assert found.truncated["expansions"]["accounts"] == ["w0", "w1"]  # type: ignore[index]
    assert len(found) == 0

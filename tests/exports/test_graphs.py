"""Graphs of a window and of findings hold exactly the records they should."""

import io
from collections.abc import Iterator

import networkx as nx
import pytest

from regift.exports import FORMATS
from regift.exports.about import about
from regift.exports.graphs import findings_graph, window_graph
from regift.graph.snapshot import Snapshot, snapshot_from_rows
from regift.graph.store import define_shown

HOUR = 3_600_000_000


@pytest.fixture
def graph() -> Iterator[Snapshot]:
    gift = {"at_us": 0, "source": "brand", "target": "ann", "item": "x", "kind": "issue"}
    pay = {"source": "bob", "target": "ann", "amount_minor": 500, "currency": "CNY"}
    rows = {
        "accounts": [{"account": "brand", "kind": "merchant", "operator": "o1"}],
        "gifts": [
            {**gift, "record_id": "r1"},
            {
                **gift, "record_id": "r2", "at_us": HOUR, "source": "ann", "target": "bob",
                "kind": "gift", "price_minor": 5, "currency": "JPY",
            },
        ],
        "transfers": [
            {**pay, "record_id": "r2", "at_us": HOUR, "kind": "payment"},
            {**pay, "record_id": "r3", "at_us": 2 * HOUR, "kind": "payment"},
            {
                **pay, "record_id": "r4", "at_us": 3 * HOUR, "kind": "refund",
                "source": "ann", "target": "bob", "refers_to": "r3",
            },
        ],
    }  # fmt: skip
    with snapshot_from_rows(rows) as snapshot:
        define_shown(snapshot.con)
        snapshot.con.execute(
            """
            CREATE TABLE evidence AS FROM (VALUES
                ('f1', 0, 'gifts', 'r2', 'gift'), ('f1', 1, 'transfers', 'r3', 'payment'),
                ('f2', 0, 'gifts', 'r1', 'hop'), ('f3', 0, 'identifiers', 'cat phone', 'shared'))
                t(finding, ord, tbl, record, role);
            CREATE TABLE subjects AS FROM (VALUES
                ('f1', 0, 'ann', 'giver'), ('f2', 0, 'brand', 'giver'), ('f3', 0, 'cat', 'member'),
                ('f3', 1, 'bob', 'member')) t(finding, ord, account, role)
            """
        )
        yield snapshot


def keys(found: nx.MultiDiGraph) -> list[tuple[str, str, str]]:
    return list(found.edges(keys=True))


def test_window_takes_its_start_and_not_its_end(graph: Snapshot) -> None:
    found = window_graph(graph.con, HOUR, 3 * HOUR)
    assert sorted(keys(found)) == [
        ("ann", "bob", "gifts:r2"),
        ("bob", "ann", "transfers:r2"),
        ("bob", "ann", "transfers:r3"),
    ]
    assert list(found.nodes) == ["ann", "bob"]
    assert found.edges["ann", "bob", "gifts:r2"] == {
        "table": "gifts",
        "record": "r2",
        "at": "1970-01-01T01:00:00Z",
        "kind": "gift",
        "amount": "5",
        "currency": "JPY",
        "item": "x",
        "level": 1,
        "undone": None,
        "cancelled_by": None,
    }
    assert found.edges["bob", "ann", "transfers:r3"]["cancelled_by"] == "r4"
    assert found.edges["bob", "ann", "transfers:r3"]["amount"] == "5.00"


def test_open_window_is_everything(graph: Snapshot) -> None:
    found = window_graph(graph.con)
    assert len(keys(found)) == 5
    assert found.nodes["brand"] == {"kind": "merchant", "operator": "o1", "entity": "brand"}
    assert found.nodes["ann"] == {"kind": None, "operator": None, "entity": "ann"}


def test_findings_bring_their_evidence_alone(graph: Snapshot) -> None:
    """The transfer r2 shares the id of the gift r2 and is no evidence."""
    assert sorted(keys(findings_graph(graph.con, ["f1"]))) == [
        ("ann", "bob", "gifts:r2"),
        ("bob", "ann", "transfers:r3"),
    ]
    assert keys(findings_graph(graph.con, [])) == []
    assert keys(findings_graph(graph.con, ["f2"])) == [("brand", "ann", "gifts:r1")]


def test_accounts_of_a_finding_without_records_are_in_its_graph(graph: Snapshot) -> None:
    """What rests on identifiers has no edge."""
    found = findings_graph(graph.con, ["f3"])
    assert list(found.nodes) == ["bob", "cat"]
    assert keys(found) == []
    assert list(findings_graph(graph.con, ["f3", "f2"]).nodes) == ["ann", "bob", "brand", "cat"]


def test_graphml_of_a_window_comes_back(graph: Snapshot) -> None:
    out = io.BytesIO()
    known = about("window", generation="1", as_of="1970-01-01T03:00:00Z")
    FORMATS["graphml"].write(window_graph(graph.con), out, known)
    back = nx.read_graphml(io.BytesIO(out.getvalue()), force_multigraph=True)
    assert sorted(back.edges(keys=True)) == sorted(keys(window_graph(graph.con)))
    assert back.edges["ann", "bob", "gifts:r2"]["level"] == 1

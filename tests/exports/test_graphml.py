"""GraphML is read back by networkx with the same nodes, edges and attributes."""

import io

import networkx as nx

from regift.exports import FORMATS
from regift.exports.about import about

ABOUT = about("graph", generation="7", as_of="2026-01-01T00:00:00Z")


def back(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    out = io.BytesIO()
    FORMATS["graphml"].write(graph, out, ABOUT)
    out.seek(0)
    return nx.read_graphml(out, force_multigraph=graph.is_multigraph())


def test_parallel_records_types_and_about_survive() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("红&<\"'>\n", kind="personal", items=["a", "b"], operator=None)
    graph.add_node("b", n=3, hub=True)
    graph.add_edge("红&<\"'>\n", "b", key="r1", amount_minor=10**15, at="2026-01-01T00:00:00Z")
    graph.add_edge("红&<\"'>\n", "b", key="r2", amount_minor=2**63)
    graph.add_edge("b", "b", key="r1")
    found = back(graph)
    assert dict(found.nodes(data=True)) == {
        "红&<\"'>\n": {"kind": "personal", "items": '["a", "b"]'},
        "b": {"n": 3, "hub": True},
    }
    assert sorted((s, t, k) for s, t, k in found.edges(keys=True)) == [
        ("b", "b", "r1"),
        ("红&<\"'>\n", "b", "r1"),
        ("红&<\"'>\n", "b", "r2"),
    ]
    assert found.edges["红&<\"'>\n", "b", "r1"]["amount_minor"] == 10**15
    assert found.edges["红&<\"'>\n", "b", "r2"]["amount_minor"] == str(2**63)
    assert found.graph["regift_filter"] == "everything"
    assert found.graph["regift_truncated"] == "nothing"


def test_what_xml_cannot_hold_is_written_out_and_stays_apart() -> None:
    graph = nx.DiGraph()
    graph.add_edge("a\x00", "a\\x00", why="x\ry\ufffe")
    graph.add_edge("a\x01", "a\x02")
    found = back(graph)
    assert set(found.nodes) == {r"a\x00", r"a\\x00", r"a\x01", r"a\x02"}
    assert found.edges[r"a\x00", r"a\\x00"]["why"] == r"x\x0dy\ufffe"


def test_same_graph_same_bytes() -> None:
    graph = nx.path_graph(["a", "b", "c"], create_using=nx.DiGraph)
    first, second = io.BytesIO(), io.BytesIO()
    FORMATS["graphml"].write(graph, first, ABOUT)
    FORMATS["graphml"].write(graph, second, ABOUT)
    assert first.getvalue() == second.getvalue()

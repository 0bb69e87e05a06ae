"""The temporal graph: what is in it, its order, its indexes."""

import numpy as np
import pyarrow as pa
from build import EPOCH_US, world
from temporal_graphs import graph_of

from regift.graph.effective import define_payments
from regift.graph.snapshot import snapshot_from_rows
from regift.graph.temporal import RELAY_KINDS, TemporalGraph, temporal_graph

MOVES = {
    "transfers": [
        "t9 payment 赠>a 1.00 @1h",
        "t2 red_packet a>b 2.00 @1h seq=-1",
        "t3 payment a>a 3.00 @0h",
        "t4 fee a>b 4.00 @0h",
        "t5 topup b>a 5.00 @0h",
        "t6 payment a>B 6 @2h currency=JPY",
        "t7 payment a>b 7.00 @3h",
        "t8 refund b>a 7.00 @4h",
        "t1 payment 赠>a 8.00 @1h",
    ]
}


def made(kinds: tuple[str, ...] = ("payment", "red_packet")) -> TemporalGraph:
    with world(MOVES) as snapshot:
        return temporal_graph(snapshot, kinds)


def test_only_effective_moves_in_total_order() -> None:
    graph = made()
    assert graph.record_ids.to_pylist() == ["t2", "t1", "t9", "t6"]
    assert graph.accounts.to_pylist() == ["B", "a", "b", "赠"]
    assert graph.source.tolist() == [1, 3, 3, 1]
    assert graph.target.tolist() == [2, 1, 1, 0]
    assert graph.amount_minor.tolist() == [200, 800, 100, 6]
    assert graph.at_us[0] == EPOCH_US + 3_600_000_000
    assert [graph.kinds[kind] for kind in graph.kind] == [
        "red_packet", "payment", "payment", "payment",
    ]  # fmt: skip


def test_entries_and_exits_only_where_they_are_asked_for() -> None:
    assert made(RELAY_KINDS).record_ids.to_pylist() == ["t5", "t2", "t1", "t9", "t6"]
    assert made(("topup",)).record_ids.to_pylist() == ["t5"]
    assert len(made(("payout",))) == 0


def test_currencies_part_the_graph_and_keep_names_and_records() -> None:
    parts = dict(made().by_currency())
    assert sorted(parts) == ["CNY", "JPY"]
    assert parts["JPY"].records_of(np.array([0])).to_pylist() == ["t6"]
    assert parts["CNY"].accounts.to_pylist() == ["B", "a", "b", "赠"]


def test_columns_cannot_be_changed() -> None:
    graph = made()
    assert not any(column.flags.writeable for column in graph.edges)


def test_indexes_hold_every_edge_once_in_order() -> None:
    rng = np.random.default_rng(2)
    graph = graph_of(rng.integers(0, 9, 500), rng.integers(0, 9, 500), rng.integers(0, 50, 500))
    edges = graph.edges
    for account in range(len(graph.accounts)):
        out = edges.out_edge[edges.out_start[account] : edges.out_start[account + 1]]
        into = edges.in_edge[edges.in_start[account] : edges.in_start[account + 1]]
        assert out.tolist() == np.flatnonzero(graph.source == account).tolist()
        assert into.tolist() == np.flatnonzero(graph.target == account).tolist()
    for pair, head in enumerate(edges.pair_head):
        mine = edges.pair_edge[edges.pair_start[pair] : edges.pair_start[pair + 1]]
        same = (graph.source == graph.source[head]) & (graph.target == graph.target[head])
        assert mine.tolist() == np.flatnonzero(same).tolist()
        assert edges.pair_of[mine].tolist() == [pair] * len(mine)
        assert edges.previous[mine].tolist() == [-1, *mine[:-1].tolist()]
        assert edges.pair_edge[edges.pair_place[mine]].tolist() == mine.tolist()
    ordered = [(int(graph.source[h]), int(graph.target[h])) for h in edges.pair_head]
    assert ordered == sorted(set(ordered))
    by_target = [ordered[p][::-1] for p in edges.in_pair]
    assert by_target == sorted(by_target)


def test_entries_and_payments_of_one_time_are_in_total_order_however_payments_lie() -> None:
    rng = np.random.default_rng(5)
    rows = [
        {
            "record_id": f"t{name}", "at_us": int(rng.integers(0, 20)),
            "seq": [None, -1, 1][rng.integers(0, 3)], "source": f"a{rng.integers(0, 4)}",
            "target": f"b{rng.integers(0, 4)}", "amount_minor": int(name), "currency": "CNY",
            "kind": RELAY_KINDS[rng.integers(0, 4)],
        }
        for name in rng.permutation(200)
    ]  # fmt: skip
    ordered = sorted(rows, key=lambda row: (row["at_us"], row["seq"] or 0, row["record_id"]))
    with snapshot_from_rows({"transfers": rows}) as snapshot:
        table = temporal_graph(snapshot, RELAY_KINDS)
        snapshot.con.execute("DROP TABLE payments; DROP TABLE payments_begin")
        define_payments(snapshot.con)  # in no order
        view = temporal_graph(snapshot, RELAY_KINDS)
    for graph in (table, view):
        for name in ("at_us", "amount_minor"):
            assert getattr(graph, name).tolist() == [row[name] for row in ordered]
        assert graph.record_ids.to_pylist() == [row["record_id"] for row in ordered]
        for name in ("source", "target"):
            named = graph.accounts.take(pa.array(getattr(graph, name))).to_pylist()
            assert named == [row[name] for row in ordered]
        assert [RELAY_KINDS[kind] for kind in graph.kind] == [row["kind"] for row in ordered]

"""Refunds and the total order of payments, on cases worked out by hand."""

from typing import Any

from build import time_us, world

from regift.graph.snapshot import Snapshot


def cancelled(*transfers: str, **settings: str) -> dict[str, str]:
    """Refund -> what it cancels."""
    table = {"transfers": list(transfers), "settings": settings}
    with world(table) as graph:
        rows = graph.con.sql("SELECT refund_id, record_id FROM cancelled").fetchall()
    assert len(rows) == len(dict(rows))
    return dict(rows)


def payments(graph: Snapshot) -> list[tuple[Any, ...]]:
    return graph.con.sql("SELECT ord, record_id FROM payments ORDER BY ord").fetchall()


def test_a_refund_takes_the_latest_one_before_it() -> None:
    assert cancelled(
        "t1 payment ann>bob 5 @0d",
        "t2 red_packet ann>bob 5 @1d",
        "r1 refund bob>ann 5 @2d",
        "r2 refund bob>ann 5 @3d",
        "r3 refund bob>ann 5 @4d",
        "t3 payment ann>bob 5 @5d",
    ) == {"r1": "t2", "r2": "t1"}


def test_amount_currency_direction_and_kind_must_fit() -> None:
    assert (
        cancelled(
            "t1 payment ann>bob 5 @0d",
            "t2 payment ann>bob 6 @0d currency=USD",
            "t3 fee ann>bob 6 @0d",
            "t4 topup ann>bob 6 @0d",
            "t5 payment bob>ann 6 @0d",
            "t6 payment cid>ann 6 @0d",
            "r1 refund bob>ann 6 @1d",
        )
        == {}
    )


def test_window_is_inclusive() -> None:
    first = "t1 payment ann>bob 5 @0d"
    assert cancelled(first, "r1 refund bob>ann 5 @7d") == {"r1": "t1"}
    assert cancelled(first, "r1 refund bob>ann 5 @7d1us") == {}
    assert cancelled(first, "r1 refund bob>ann 5 @1h", refund_window="59m") == {}


def test_an_old_transfer_below_a_cancelled_one_is_out_of_the_window() -> None:
    assert cancelled(
        "t1 payment ann>bob 5 @0d",
        "t2 payment ann>bob 5 @6d",
        "r1 refund bob>ann 5 @7d",
        "r2 refund bob>ann 5 @8d",
    ) == {"r1": "t2"}


def test_a_name_beats_the_search_and_may_be_old_and_of_another_amount() -> None:
    assert cancelled(
        "t1 payment ann>bob 9 @0d",
        "t2 payment ann>bob 5 @30d",
        "r1 refund bob>ann 5 @31d refers_to=t1",
        "r2 refund bob>ann 5 @31d1h",
    ) == {"r1": "t1", "r2": "t2"}


def test_a_named_one_is_not_found_again() -> None:
    assert cancelled(
        "t1 payment ann>bob 5 @0d",
        "t2 payment ann>bob 5 @1d",
        "r1 refund bob>ann 5 @2d refers_to=t2",
        "r2 refund bob>ann 5 @3d",
    ) == {"r1": "t2", "r2": "t1"}


def test_a_name_that_does_not_fit_falls_back_to_the_search() -> None:
    others = (
        "t1 payment ann>bob 5 @0d",
        "f1 fee ann>bob 5 @0d",
        "c1 payment ann>cid 5 @0d",
        "b1 payment bob>ann 5 @0d",
        "t9 payment ann>bob 5 @9d",
    )
    for name in ("nowhere", "f1", "c1", "b1", "t9", "r1"):
        found = cancelled(*others, f"r1 refund bob>ann 5 @2d refers_to={name}")
        assert found == {"r1": "t1"}, name


def test_a_name_taken_already_falls_back_to_the_search() -> None:
    assert cancelled(
        "t1 payment ann>bob 5 @0d",
        "t2 payment ann>bob 5 @1d",
        "r1 refund bob>ann 5 @2d refers_to=t1",
        "r2 refund bob>ann 5 @3d refers_to=t1",
    ) == {"r1": "t1", "r2": "t2"}


def test_an_earlier_search_may_take_what_a_later_refund_names() -> None:
    assert cancelled(
        "t1 payment ann>bob 5 @0d",
        "r1 refund bob>ann 5 @1d",
        "r2 refund bob>ann 5 @2d refers_to=t1",
    ) == {"r1": "t1"}


def test_equal_times_go_by_seq_then_by_id() -> None:
    assert cancelled("t1 payment ann>bob 5 @1d", "r1 refund bob>ann 5 @1d") == {}
    assert cancelled("r1 payment ann>bob 5 @1d", "t1 refund bob>ann 5 @1d") == {"t1": "r1"}
    assert cancelled("t1 payment ann>bob 5 @1d", "r1 refund bob>ann 5 @1d seq=1") == {"r1": "t1"}
    assert cancelled(
        "t1 payment ann>bob 5 @1d seq=2",
        "t2 payment ann>bob 5 @1d seq=1",
        "r1 refund bob>ann 5 @1d seq=3",
    ) == {"r1": "t1"}


def test_payments_are_numbered_in_total_order_without_what_does_not_flow() -> None:
    table = {
        "transfers": [
            "p4 payment ann>bob 1 @1d seq=1",
            "p3 red_packet ann>bob 1 @1d",
            "p2 payment bob>cid 1 @1d seq=-1",
            "é payment bob>cid 1 @1d",
            "z payment bob>cid 1 @1d",
            "p1 payment cid>ann 1 @0d currency=JPY",
            "self payment ann>ann 1 @0d",
            "fee fee ann>bob 1 @0d",
            "in topup ann>bob 1 @0d",
            "out payout ann>bob 1 @0d",
            "back refund bob>dan 1 @2d",
            "gone payment dan>bob 1 @1d",
            "lone refund ann>dan 1 @2d",
        ]
    }
    with world(table) as graph:
        assert payments(graph) == [(0, "p1"), (1, "p2"), (2, "p3"), (3, "z"), (4, "é"), (5, "p4")]
        assert graph.con.sql("SELECT * FROM payments WHERE ord = 1").fetchall() == [
            ("p2", time_us("@1d"), -1, 1, "bob", "cid", 100, "CNY", "payment")
        ]


def test_nothing() -> None:
    with world({}) as graph:
        assert payments(graph) == []
        assert graph.con.sql("SELECT * FROM cancelled").fetchall() == []


def test_ids_may_hold_any_text() -> None:
    assert cancelled(
        "o'k-\"赠\" payment 安>b'🎁 5 @0d", "r;-- refund b'🎁>安 5 @1d refers_to=o'k-\"赠\""
    ) == {"r;--": 'o\'k-"赠"'}

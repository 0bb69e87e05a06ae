"""The custody ledger: the rows of D-2's table, each interpretation, ties, and a long item."""

import random
import time
from collections.abc import Iterator
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from build import world

from regift.graph import custody
from regift.graph.custody_kernel import ACCOUNT, GIFT, HOP, walk_items
from regift.graph.snapshot import Snapshot

ONE_ENTITY = ["a phone 1", "a2 phone 1", "a device d", "a2 device d"]
ONE_DEVICE = ["a device d", "a2 device d"]


def hops(*lines: str) -> list[str]:
    """`issue brand>a [@time] [option=..]` -> gifts g0, g1, ... of item x, an hour apart."""
    written = []
    for number, line in enumerate(lines):
        kind, ends, *words = line.split()
        at = next((word for word in words if word.startswith("@")), f"@{number}h")
        rest = " ".join(word for word in words if not word.startswith("@"))
        written.append(f"g{number} {kind} {ends} x {at} {rest}")
    return written


def walked(columns: str, *lines: str, **tables: Any) -> list[Any]:
    """The columns of each hop's ledger row, in the item's order."""
    with world({"gifts": hops(*lines), **tables}) as graph:
        rows = graph.con.execute(f"SELECT {columns} FROM custody ORDER BY ord").fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def test_levels_rise_with_every_gift() -> None:
    assert walked("rule, level", "issue brand>a", "gift a>b", "gift b>c") == [
        ("issue", 0), ("hop", 1), ("hop", 2),
    ]  # fmt: skip


def test_a_sale_on_is_a_level() -> None:
    assert walked("rule, level", "issue brand>m", "sale m>n") == [("issue", 0), ("hop", 1)]


def test_first_sale_presumes_the_issuer() -> None:
    assert walked("rule, level, issuer, issuer_how", "sale brand>p", "gift p>q") == [
        ("issuer", 0, "brand", "presumed"), ("hop", 1, "brand", "presumed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "how"),
    [("official_account", "presumed"), ("merchant", "presumed"), ("personal", None),
     ("mini_program", None), ("platform", None)],
)  # fmt: skip
def test_who_may_be_presumed(kind: str, how: str | None) -> None:
    accounts = [f"brand {kind}"]
    assert walked("issuer_how", "sale brand>p", accounts=accounts) == [how]
    assert walked("issuer_how", "gift brand>p", accounts=accounts) == [None]


def test_issue_to_itself_then_give_away() -> None:
    lines = ("issue brand>brand", "gift brand>a", "gift a>b", "gift b>c")
    assert walked("rule, level, reissued", *lines) == [
        ("issue", 0, False), ("issuer", 0, False), ("hop", 1, False), ("hop", 2, False),
    ]  # fmt: skip


def test_the_target_of_an_issue_is_not_the_issuer() -> None:
    assert walked("issuer", "issue brand>a", "gift a>b") == ["brand", "brand"]


def test_a_gift_back_undoes_and_the_level_goes_on() -> None:
    lines = ("issue brand>a", "gift a>b", "gift b>a", "gift a>b", "gift b>c")
    assert walked("rule, level, undone, partner", *lines) == [
        ("issue", 0, None, None), ("hop", 1, "gift", "g2"), ("return", 0, "gift", "g1"),
        ("hop", 1, None, None), ("hop", 2, None, None),
    ]  # fmt: skip


def test_gifts_back_unwind_the_stack() -> None:
    lines = ("gift a>b", "gift b>c", "gift c>b", "gift b>a", "gift a>d")
    assert walked("level, undone, lower_bound", *lines) == [
        (1, "gift", True), (2, "gift", True), (1, "gift", True), (0, "gift", True),
        (1, None, True),
    ]  # fmt: skip


def test_a_giver_who_does_not_hold() -> None:
    assert walked("level, gap, lower_bound, holder_before", "issue brand>a", "gift z>b") == [
        (0, None, False, None), (1, "not_holder", True, "a"),
    ]  # fmt: skip


def test_a_hop_inside_an_entity_keeps_the_level() -> None:
    lines = ("issue brand>a", "gift a>a2", "gift a2>b")
    assert walked("rule, level, linked, gap", *lines, identifiers=ONE_ENTITY) == [
        ("issue", 0, False, None), ("internal", 0, False, None), ("hop", 1, False, None),
    ]  # fmt: skip


def test_one_shared_device_is_a_level_with_a_note() -> None:
    lines = ("issue brand>a", "gift a>a2", "gift a2>b")
    assert walked("rule, level, linked", *lines, identifiers=ONE_DEVICE) == [
        ("issue", 0, False), ("hop", 1, True), ("hop", 2, False),
    ]  # fmt: skip


def test_holders_compare_by_entity_and_returns_by_account() -> None:
    lines = ("issue brand>b", "gift b>a", "gift a2>b")
    assert walked("rule, level, gap", *lines, identifiers=ONE_ENTITY) == [
        ("issue", 0, None), ("hop", 1, None), ("hop", 2, None),
    ]  # fmt: skip


def test_issue_and_issuers_hops_can_be_returned() -> None:
    lines = ("issue brand>a", "return a>brand", "sale brand>b", "return b>brand")
    assert walked("rule, level, undone, gap", *lines) == [
        ("issue", 0, "return", None), ("return", 0, "return", None),
        ("issuer", 0, "return", None), ("return", 0, "return", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("window", "at", "rule"),
    [("24h", "@25h", "return"), ("24h", "@25h1us", "hop"), ("0", "@1h", "hop")],
)
def test_return_window_is_inclusive_and_0_is_never(window: str, at: str, rule: str) -> None:
    lines = ("issue brand>a", "gift a>b @1h seq=1", f"gift b>a {at} seq=2")
    assert walked("rule", *lines, settings={"return_window": window})[2] == rule


def test_a_return_comes_at_any_age_by_name_or_by_way_back() -> None:
    lines = ("issue brand>a", "gift a>b", "return b>a @900d", "gift a>c @901d")
    assert walked("rule, level", *lines)[2:] == [("return", 0), ("hop", 1)]
    named = ("issue brand>b", "gift b>a", "return a2>b @900d refers_to=g1")
    assert walked("rule, level", *named, identifiers=ONE_ENTITY)[2] == ("return", 0)


def test_a_return_of_nothing_is_a_hop() -> None:
    lines = ("issue brand>a", "gift a>b", "return b>c refers_to=g0", "sale c>b")
    assert walked("rule, level, undone", *lines)[2:] == [("hop", 2, None), ("hop", 3, None)]


def test_a_return_by_name_from_another_holder_is_a_gap() -> None:
    lines = ("issue brand>a", "gift a>b", "return z>a refers_to=g1", "gift a>c")
    assert walked("rule, level, gap, lower_bound", *lines)[2:] == [
        ("return", 0, "not_holder", True), ("hop", 1, None, True),
    ]  # fmt: skip


def test_a_pop_restores_the_lower_bound() -> None:
    lines = ("issue brand>a", "gift z>b", "return b>z", "gift a>c")
    assert walked("rule, level, gap, lower_bound", *lines) == [
        ("issue", 0, None, False), ("hop", 1, "not_holder", True),
        ("return", 0, None, False), ("hop", 1, None, False),
    ]  # fmt: skip


def test_burn_and_what_follows() -> None:
    lines = ("issue brand>a", "gift a>b", "burn b>brand", "gift b>c", "issue brand>d", "gift d>e")
    assert walked("rule, level, gap, lower_bound", *lines) == [
        ("issue", 0, None, False), ("hop", 1, None, False), ("burn", 1, None, False),
        ("hop", 2, "after_burn", True), ("issue", 0, None, False), ("hop", 1, None, False),
    ]  # fmt: skip


def test_burn_by_another_is_a_gap() -> None:
    assert walked("rule, level, gap", "issue brand>a", "burn z>brand")[1] == (
        "burn", 0, "not_holder",
    )  # fmt: skip


def test_issued_twice() -> None:
    lines = ("issue brand>a", "gift a>b", "issue brand>c", "gift c>d", "gift d>e")
    assert walked("level, gap, lower_bound", *lines)[2:] == [
        (0, "double_issue", True), (1, None, True), (2, None, True),
    ]  # fmt: skip


def test_back_at_the_issuer_and_handed_on() -> None:
    lines = ("issue brand>a", "gift a>b", "sale b>brand", "sale brand>c", "gift c>d")
    assert walked("rule, level, reissued", *lines)[2:] == [
        ("hop", 2, False), ("issuer", 0, True), ("hop", 1, False),
    ]  # fmt: skip


def test_the_issuers_next_hop_clears_the_lower_bound() -> None:
    lines = ("issue brand>a", "gift z>brand", "gift brand>c", "gift c>d")
    assert walked("lower_bound", *lines) == [False, True, False, False]


def test_the_items_own_issuer_wins() -> None:
    lines = ("issue agent>a", "gift a>b")
    assert walked("issuer, issuer_how", *lines, items=["x issuer=brand"]) == [
        ("brand", "item"), ("brand", "item"),
    ]  # fmt: skip


def test_channel_of_the_record_else_of_the_giver() -> None:
    accounts = ["shop merchant", "all platform"]
    lines = ("issue shop>a", "gift a>all", "gift all>b", "gift b>c channel=mini_program")
    assert walked("channel", *lines, accounts=accounts) == [
        "merchant", "unknown", "unknown", "mini_program",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "cycles"),
    [
        (("gift a>b", "gift b>c", "gift c>a @9d"), [None, None, 0]),
        (("gift a>b", "return b>a", "gift a>c"), [None, None, None]),
        (("gift a>b", "gift b>a", "gift a>c"), [None, 0, None]),
        (("gift a>b", "gift b>c", "gift c>b @9d", "gift b>a @9d"), [None, None, 1, 0]),
        (("gift a>a", "gift a>b"), [None, None]),
        # Across a gap: the cycle is what is recorded after b got it.
        (("gift a>b", "gift z>c", "gift c>b"), [None, None, 1]),
        (("gift a>b", "gift z>b"), [None, 1]),
        # The target of a burn holds nothing.
        (("issue null>a", "burn a>null", "issue null>b", "burn b>null"), [None] * 4),
    ],
)
def test_closed_circulation(lines: tuple[str, ...], cycles: list[int | None]) -> None:
    assert walked("cycle_from", *lines) == cycles


def test_ties_keep_custody_unbroken() -> None:
    lines = ("gift c>d @1h", "gift b>c @1h", "gift a>b @1h", "issue brand>a @0h")
    assert walked("record_id, level", *lines) == [("g3", 0), ("g2", 1), ("g1", 2), ("g0", 3)]


def test_ties_that_no_order_explains_go_by_record() -> None:
    lines = ("gift c>d @1h", "gift a>b @1h", "issue brand>a @0h")
    assert walked("record_id, gap", *lines) == [("g2", None), ("g0", "not_holder"),
                                                ("g1", "not_holder")]  # fmt: skip


def test_a_tie_decides_the_first_hop() -> None:
    assert walked("record_id, rule", "gift p>q @0h", "sale brand>p @0h") == [
        ("g1", "issuer"), ("g0", "hop"),
    ]  # fmt: skip


def _trails(edges: list[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    for order in permutations(range(len(edges))):
        if all(edges[i][1] == edges[j][0] for i, j in pairwise(order)):
            yield order


def test_ties_are_the_smallest_trail() -> None:
    """Against every order, on 300 random groups of one to seven hops among three accounts."""
    chance = random.Random(7)
    accounts = np.zeros(4, ACCOUNT)
    accounts["entity"] = np.arange(4)
    for _ in range(300):
        edges = [(chance.randrange(3), chance.randrange(3)) for _ in range(chance.randint(1, 7))]
        start = chance.choice([None, 0, 1, 2])
        rows = edges if start is None else [(3, start), *edges]
        table = np.zeros(len(rows), HOP)
        table["source"], table["target"] = np.array(rows).T
        table["at_us"], table["kind"], table["refers"] = 1, GIFT, -1
        table["at_us"][: len(rows) - len(edges)] = 0
        bounds, issuers = np.array([0, len(rows)]), np.array([-1])
        ledger = walk_items(table, accounts, bounds, issuers, 0)
        trails = [t for t in _trails(edges) if start is None or edges[t[0]][0] == start]
        wanted = min(trails, default=tuple(range(len(edges))))
        have = np.argsort(ledger["ord"])[len(rows) - len(edges) :] - (len(rows) - len(edges))
        assert tuple(have.tolist()) == wanted, (edges, start)


def _in_one_second(count: int) -> Snapshot:
    """`count` hops of one item in one second, whose only unbroken order is a shuffled one."""
    graph = world({"gifts": hops("issue brand>u0")})
    graph.con.execute(
        """
        INSERT INTO gifts (record_id, at_us, source, target, item, kind)
        SELECT 'r' || hash(i), 1800000000000000, 'u' || i, 'u' || (i + 1), 'x', 'gift'
        FROM range(?) t(i)
        """,
        [count],
    )
    graph.con.execute(
        """
        INSERT INTO entity_of SELECT DISTINCT target, target FROM gifts
        WHERE target NOT IN (SELECT account FROM entity_of);
        INSERT INTO account_kinds SELECT DISTINCT target, NULL, NULL FROM gifts
        WHERE target NOT IN (SELECT account FROM account_kinds)
        """
    )
    return graph


def test_many_hops_of_one_item_in_one_second() -> None:
    """100,000 hops: a quadratic order would take hours, this takes about a second."""
    with _in_one_second(100_000) as graph:
        began = time.process_time()
        custody.derive(graph.con, graph.settings)
        assert time.process_time() - began < 20
        deepest = graph.con.execute(
            "SELECT source, target, level, ord FROM custody ORDER BY level DESC LIMIT 1"
        ).fetchall()
        gaps = graph.con.execute("SELECT count(*) FROM custody WHERE gap IS NOT NULL").fetchall()
    assert deepest == [("u99999", "u100000", 100_000, 100_000)]
    assert gaps == [(0,)]


def test_only_some_items() -> None:
    """What one item's ledger says does not depend on the others being walked."""
    gifts = [*hops("issue brand>a", "gift a>b"), "y1 issue brand>c y @0h", "y2 gift c>d y @1h"]
    with world({"gifts": gifts, "items": ["y collection=k issuer=brand"]}) as graph:
        whole = graph.con.execute("SELECT * FROM custody WHERE item = 'y' ORDER BY ord").fetchall()
        graph.con.execute("CREATE TEMP TABLE touched AS SELECT 'y' AS item")
        custody.derive(graph.con, graph.settings, items="touched", name="fresh")
        assert graph.con.execute("SELECT * FROM fresh ORDER BY ord").fetchall() == whole
        assert len(whole) == 2


def test_columns_are_as_declared() -> None:
    with world({}) as graph:
        described = graph.con.execute("DESCRIBE custody").fetchall()
    assert ", ".join(f"{name} {kind}" for name, kind, *_ in described) == custody.CUSTODY_DDL

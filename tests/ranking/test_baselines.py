"""Baselines on tiny worlds with answers known by hand; density against plain Python."""

from collections.abc import Sequence
from itertools import product

import duckdb
import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import Record, generation, truth

from regift.loaders.errors import UsageError
from regift.ranking.evaluation import baselines, baselines_flow, baselines_forest, found
from regift.ranking.evaluation.measures import Ints
from regift.ranking.evaluation.population import population_of

HOUR = 3_600_000_000


def ready(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The population of a connection, nobody labelled."""
    found.define(con, truth(), [], 1)
    return population_of(con).accounts


def order(accounts: Sequence[str], level: Ints) -> list[str]:
    """Accounts of each level in one text, best first."""
    return [
        "".join(who for who, at in zip(accounts, level, strict=True) if at == each)
        for each in range(int(level.max()) + 1)
    ]


def listed(name: str, transfers: Sequence[Record], **more: object) -> list[str]:
    with generation("a b c d e", transfers, **more) as con:  # type: ignore[arg-type]
        accounts = ready(con)
        made, not_run = baselines.lists(con, [name], clock_us=1_000_000)
        assert not_run == []
        return order(accounts, made[name])


MONEY = [
    ("t1", "a", "b", 1_000),
    ("t2", "a", "c", 2_000),
    ("t3", "b", "a", 500),
    ("t4", "a", "b", 100),
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("counterparties", ["a", "bc", "de"]),
        ("amount", ["a", "c", "b", "de"]),
        ("count", ["a", "b", "c", "de"]),
        ("in_out", ["b", "a", "c", "de"]),
    ],
)
def test_sums(name: str, expected: list[str]) -> None:
    """In of b 1,100 and out 500; in of a 500 and out 3,100; c sends nothing, d and e are idle."""
    assert listed(name, MONEY) == expected


def test_gifts_count_where_no_money_is_meant() -> None:
    gifts = [("g1", "d", "e", 5)]
    assert listed("counterparties", [], gifts=gifts) == ["de", "abc"]
    assert listed("count", MONEY, gifts=gifts) == ["a", "b", "cde"]
    assert listed("amount", [], gifts=gifts) == ["abcde"]


def test_amounts_of_two_currencies_are_not_added() -> None:
    with generation("a b c", [("t1", "a", "b", 60), ("t2", "a", "b", 50)]) as con:
        con.execute("UPDATE transfers SET currency = 'USD' WHERE record_id = 't2'")
        con.execute("INSERT INTO transfers VALUES ('t3', 0, 'c', 'c', 35, 'CNY')")
        accounts = ready(con)
        made, _ = baselines.lists(con, ["amount"], 1)
    assert order(accounts, made["amount"]) == ["c", "ab"], "c pays itself: 70 against 60"


def test_velocity_is_the_busiest_day_and_both_its_ends_belong_to_it() -> None:
    rows = [("t1", "a", "b", 1), ("t2", "a", "c", 1), ("t3", "a", "d", 1), ("t4", "d", "e", 1)]
    times = {"t1": 0, "t2": 24 * HOUR, "t3": 48 * HOUR + 1, "t4": 48 * HOUR + 2}
    assert listed("velocity", rows, times=times) == ["ad", "bce"]
    with generation("a b c d e", rows, times=times) as con:
        accounts = ready(con)
        made, _ = baselines.lists(con, ["velocity"], clock_us=24 * HOUR)
    assert order(accounts, made["velocity"]) == ["a", "d", "bce"]


def test_large_amounts_are_the_top_hundredth() -> None:
    rows = [(f"t{n}", "a", "b", n) for n in range(1, 100)] + [("x", "c", "d", 1_000)]
    assert listed("large_amounts", rows) == ["abcd", "e"], "two reach 99, one of each pair"
    assert listed("large_amounts", [*rows, ("y", "c", "d", 999)]) == ["cd", "abe"]


def test_under_threshold_is_the_tenth_below_a_round_sum() -> None:
    rows = [
        ("t1", "a", "b", 99_999),
        ("t2", "a", "c", 90_000),
        ("t3", "b", "c", 100_000),
        ("t4", "b", "d", 89_999),
        ("t5", "d", "e", 9_999),
        ("t6", "d", "e", 950),
    ]
    assert listed("under_threshold", rows) == ["a", "bcde"]


def test_records_by_pair_amount_and_degree() -> None:
    with generation("a b c d e", MONEY) as con:
        ready(con)
        made = baselines.record_lists(con)
    assert made["one_off"].tolist() == [1, 0, 1, 1], "a and b meet three times, either way"
    assert made["amount"].tolist() == [1, 0, 2, 3]
    assert made["degree_sum"].tolist() == [0, 0, 0, 0]


def test_an_unknown_list_is_told() -> None:
    with generation("a") as con:
        ready(con)
        with pytest.raises(UsageError, match="no baseline 'luck': there are counterparties, amou"):
            baselines.lists(con, ["luck"], 1)


# --- isolation forest -------------------------------------------------------------------------


def test_who_differs_stands_out_alone() -> None:
    pytest.importorskip("sklearn")
    names = [f"n{i:02}" for i in range(40)]
    rows = [(f"t{i}", names[i], names[(i + 1) % 40], 100 + i % 3) for i in range(40)]
    rows += [(f"x{i}", "n07", names[i], 90_000) for i in range(20, 30)]
    with generation(" ".join(names), rows) as con:
        accounts = ready(con)
        first, again = (baselines.lists(con, ["isolation_forest"], 1)[0] for _ in range(2))
    level = first["isolation_forest"]
    assert accounts[int(np.flatnonzero(level == 0)[0])] == "n07"
    assert level.tolist() == again["isolation_forest"].tolist()


def test_a_method_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines_forest, "installed", lambda: False)
    with generation("a") as con:
        ready(con)
        made, not_run = baselines.lists(con, ["count", "isolation_forest"], 1)
    assert list(made) == ["count"]
    assert not_run == [
        "isolation_forest: scikit-learn is not there, pip install 'regift[evaluate]'"
    ]


# --- dense flow -------------------------------------------------------------------------------


def worth(
    edges: Sequence[tuple[int, int, int]], first: set[int], mid: set[int], last: set[int]
) -> float:
    """g of the definition, from scratch."""
    total = 0.0
    for who in mid:
        came = sum(a for s, t, a in edges if t == who and s in first)
        went = sum(a for s, t, a in edges if s == who and t in last)
        passed, larger = min(came, went), max(came, went)
        total += passed - baselines_flow.LAMBDA * (larger - passed)
    size = len(first) + len(mid) + len(last)
    return total / size if size else 0.0


EDGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 9)).filter(
        lambda edge: edge[0] != edge[1]
    ),
    min_size=1, max_size=5, unique_by=lambda edge: edge[:2],
)  # fmt: skip


@settings(max_examples=examples(25), deadline=None)
@given(EDGES)
def test_what_is_found_is_what_it_says_and_no_set_is_better(
    edges: list[tuple[int, int, int]],
) -> None:
    source, target, minor = (np.array(column) for column in zip(*edges, strict=True))
    best, members = baselines_flow.densest(source, target, minor.astype(float), 4)
    chosen = [set(np.flatnonzero(row).tolist()) for row in members]
    assert best == pytest.approx(worth(edges, *chosen))
    subsets = [{who for who in range(4) if bits >> who & 1} for bits in range(16)]
    optimum = max(worth(edges, *each) for each in product(subsets, repeat=3))
    assert best <= optimum + 1e-9


def test_a_planted_flow_is_the_first_block() -> None:
    """Two sources send through three middles to one sink; noise pays here and there."""
    names = [f"n{i:02}" for i in range(30)]
    rows = [(f"n{i}", names[i], names[(7 * i + 3) % 30], 40) for i in range(30)]
    for middle in ("m1", "m2", "m3"):
        rows += [(f"i{s}{middle}", s, middle, 500) for s in ("s1", "s2")]
        rows += [(f"o{middle}", middle, "k", 1_000)]
    with generation(" ".join([*names, "k", "m1", "m2", "m3", "s1", "s2"]), rows) as con:
        accounts = ready(con)
        made, _ = baselines.lists(con, ["flow_density"], 1)
    assert order(accounts, made["flow_density"])[0] == "km1m2m3s1s2"


def test_no_money_no_block() -> None:
    assert listed("flow_density", []) == ["abcde"]
    assert listed("flow_density", [("t1", "a", "b", 5)]) == ["abcde"], "nobody passes it on"

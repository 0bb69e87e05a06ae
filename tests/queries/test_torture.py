"""Worlds that break searches: each search returns soon, and says truly what it left out.

Complete, with exact counts; or `truncated` names cause and place, and the command exits with 4.
"""

from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torture
from command_line import run
from found import as_dicts

from regift import queries
from regift.graph.bounds import Bounds
from regift.graph.snapshot import Snapshot
from regift.queries.cuts import lines
from regift.queries.findings import Findings
from regift.queries.money_cycle import Params, count_cycles

PATTERNS = (
    "pass_through", "scatter_gather", "gather_scatter", "layering_path", "peel_chain", "fan_in",
    "fan_out", "structuring",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Each search once, so that the guard measures searches and not the compiler."""
    with torture.complete(5) as graph:
        count_cycles(graph, Params())
        for name in ("money_cycle", *PATTERNS):
            queries.ALL[name].find(graph, queries.ALL[name].params())
    with torture.diamonds(3) as graph:
        for name in PATTERNS:
            queries.ALL[name].find(graph, queries.ALL[name].params())


def search(name: str, graph: Snapshot, **given: Any) -> Findings:
    typology = queries.ALL[name]
    with torture.guarded():
        found = typology.find(graph, typology.params(**given))
    # What was cut can be told, and no finding it touched passes for complete.
    assert len(list(lines(found.truncated))) == len(found.truncated)
    return found


def instances(found: Findings) -> list[int]:
    return [int(count) for count in found.findings["instances"].to_pylist()]


def complete(found: Findings) -> bool:
    return found.truncated == {} and all(found.findings["complete"].to_pylist())


def test_diamonds_of_a_few_are_all_found() -> None:
    with torture.diamonds(10) as graph:
        found = search("money_cycle", graph, max_length=0)
        counted = count_cycles(graph, Params(max_length=0))
    assert complete(found)
    assert instances(found) == [1] * 2**10
    assert counted == {
        "count": 2**10, "rings": 2**10, "by_length": {"20": 2**10}, "complete": True,
    }  # fmt: skip


def test_diamonds_beyond_the_longest_cycle_cost_nothing() -> None:
    with torture.diamonds(40) as graph:
        found = search("money_cycle", graph)
    assert complete(found)
    assert len(found) == 0


def test_diamonds_without_a_bound_on_length_are_cut_at_their_root() -> None:
    """2**40 rings of 80 accounts: the two records that leave v0 first begin all of them."""
    with torture.diamonds(40, bounds=Bounds(expansions=50_000)) as graph:
        found = search("money_cycle", graph, max_length=0)
        counted = count_cycles(graph, Params(max_length=0))
    assert set(found.truncated) == {"expansions"}
    cut: Any = found.truncated["expansions"]
    assert cut["roots"] == 2
    assert cut["accounts"] == ["v0"]
    assert 2 <= cut["complete_to_length"] < 80
    assert not any(found.findings["complete"].to_pylist())
    assert not counted["complete"]


def test_hub_without_cash_back_has_no_cycle() -> None:
    with torture.hub(10_000, 0) as graph:
        found = search("money_cycle", graph, max_length=0)
    assert complete(found)
    assert len(found) == 0


def test_hub_with_cash_back_has_one_ring_a_customer() -> None:
    with torture.hub(10_000, 95) as graph:
        found = search("money_cycle", graph)
        below = search("money_cycle", graph, keep_bp=9501)
    assert complete(found)
    assert instances(found) == [1] * 10_000
    assert complete(below)
    assert len(below) == 0


def rings_of_three(accounts: int) -> int:
    """Turns of three that come round in time: each three, each way round, begins at one place."""
    with torture.complete(accounts) as graph:
        rows = graph.con.sql("SELECT source, target, at_us FROM payments").fetchall()
    at = np.zeros((accounts, accounts), np.int64)
    for source, target, at_us in rows:
        at[int(source), int(target)] = at_us
    times = ((at[u, v], at[v, w], at[w, u]) for u, v, w in permutations(range(accounts), 3))
    return sum(bool(a < b < c) for a, b, c in times)


@pytest.mark.parametrize("max_length", [6, 0], ids=["default", "unbounded"])
def test_complete_graph_is_complete_to_the_length_that_it_says(max_length: int) -> None:
    """500 steps a root reach every ring of two; the cut names everybody who begins a longer one."""
    with torture.complete(60, bounds=Bounds(expansions=500)) as graph:
        found = search("money_cycle", graph, max_length=max_length)
    assert set(found.truncated) == {"expansions"}
    cut: Any = found.truncated["expansions"]
    assert cut["accounts"] == sorted(str(u) for u in range(60))
    assert 0 < cut["roots"] <= 60 * 59
    rows = found.findings.to_pylist()
    by_length = Counter(row["length"] for row in rows)
    assert cut["complete_to_length"] >= 2
    assert by_length[2] == 60 * 59 // 2
    if cut["complete_to_length"] >= 3:
        assert by_length[3] == rings_of_three(60)
    assert not any(row["complete"] for row in rows)


def test_complete_graph_short_rings_are_all_found() -> None:
    with torture.complete(60) as graph:
        found = search("money_cycle", graph, max_length=3)
    assert complete(found)
    by_length = Counter(found.findings["length"].to_pylist())
    assert by_length == {2: 60 * 59 // 2, 3: rings_of_three(60)}


def test_a_million_parallel_moves_one_way() -> None:
    with torture.parallel(1_000_000, False) as graph:
        found = search("money_cycle", graph, max_length=0)
    assert complete(found)
    assert len(found) == 0


def test_a_million_parallel_moves_both_ways_are_one_ring() -> None:
    """Half a million each way, by turns: every later record of the other way, from either side."""
    with torture.parallel(1_000_000, True) as graph:
        found = search("money_cycle", graph)
        counted = count_cycles(graph, Params())
    assert complete(found)
    assert instances(found) == [500_000**2]
    assert as_dicts(found)[0]["records"] == ["t00000000", "t00000001"]
    assert counted["by_length"] == {"2": 500_000**2}


def test_ten_thousand_million_instances_of_one_ring() -> None:
    with torture.triangle(100_000) as graph:
        found = search("money_cycle", graph)
        counted = count_cycles(graph, Params())
    assert complete(found)
    assert instances(found) == [10_000_000_000]
    # The earliest completion, of those the one that began last.
    assert as_dicts(found)[0]["records"] == ["t00099999", "t00100000", "t00200000"]
    assert counted == {
        "count": 10_000_000_000, "rings": 1, "by_length": {"3": 10_000_000_000}, "complete": True,
    }  # fmt: skip


WORLDS = {
    "diamonds": lambda: torture.diamonds(40),
    "hub": lambda: torture.hub(10_000, 0),
    "cash back": lambda: torture.hub(10_000, 95),
    "complete": lambda: torture.complete(60),
    "parallel": lambda: torture.parallel(1_000_000, False),
    "both ways": lambda: torture.parallel(1_000_000, True),
    "triangle": lambda: torture.triangle(100_000),
}
FOUND: dict[tuple[str, str], list[int]] = {
    # 40 first halves are in diamonds of 2 relays each, one fewer than wanted; one chain of all.
    ("diamonds", "layering_path"): [160],
    ("complete", "layering_path"): [60 * 59],
    ("triangle", "pass_through"): [100_000],
}
"""Instances of what is found; where the number needs more than a sentence, only that it returns."""
COUNTED = {
    ("cash back", "pass_through"),
    ("cash back", "gather_scatter"),
    ("complete", "pass_through"),
    ("complete", "scatter_gather"),
    ("complete", "gather_scatter"),
}
CUT = {
    ("triangle", "scatter_gather"): {"expansions": ["a"]},
    ("both ways", "scatter_gather"): {"expansions": ["a", "b"]},
}
"""Cause and place of what the bounds of a user cut."""


@pytest.mark.parametrize("kind", WORLDS)
def test_patterns_return_and_say_what_they_cut(kind: str) -> None:
    with WORLDS[kind]() as graph:
        for name in PATTERNS:
            found = search(name, graph)
            if (kind, name) not in COUNTED:
                assert instances(found) == FOUND.get((kind, name), []), name
            places: Any = {cause: cut["accounts"] for cause, cut in found.truncated.items()}  # type: ignore[index]
            assert places == CUT.get((kind, name), {}), name


def test_a_cut_search_exits_with_four(tmp_path: Path) -> None:
    """The command line says which bound cut what, as data and in words."""
    rows = [(u, v) for u in range(12) for v in range(12) if u != v]
    order = np.random.default_rng(5).permutation(len(rows))
    table = tmp_path / "transfers.csv"
    table.write_text(
        "record_id,at,source,target,amount,currency,kind\n"
        + "".join(
            f"t{i},2026-01-01T00:{i // 60:02}:{i % 60:02}Z,u{rows[at][0]},u{rows[at][1]},"
            "1.00,CNY,payment\n"
            for i, at in enumerate(order)
        )
    )
    assert run("load", table, "--table", "transfers", "-w", tmp_path / "w").code == 0
    assert run("refresh", "-w", tmp_path / "w").code == 0
    whole = run("find", "money_cycle", "--set", "max_length=4", "--json", "-w", tmp_path / "w")
    assert whole.code == 0
    cut = run(
        "find", "money_cycle", "--set", "max_length=0", "--json", "--expansions", "20", "-w",
        tmp_path / "w",
    )  # fmt: skip
    assert cut.code == 4
    assert list(cut.rows[-1]) == ["truncated"]
    told = cut.rows[-1]["truncated"]["expansions"]
    assert told["roots"] > 0
    assert told["complete_to_length"] >= 2
    assert "expansions" in cut.stderr

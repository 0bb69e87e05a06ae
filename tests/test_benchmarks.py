"""Benchmarks run at a tiny size: every script starts, engines agree, tables land in the page."""

import importlib
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tree import ROOT

FOLDER = ROOT / "benchmarks"
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
MARKED = re.findall(r"^<!-- (\w+) -->$", PAGE, re.MULTILINE)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Imports a benchmark by name, as its own folder sees it."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def imported(name: str) -> ModuleType:
        return importlib.import_module(name)

    return imported


@pytest.mark.parametrize("name", MARKED)
def test_parts_of_the_page_have_a_script(name: str) -> None:
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", "--help"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "--write" in done.stdout
    assert f"<!-- end {name} -->" in PAGE


def test_a_name_that_is_no_benchmark() -> None:
    done = subprocess.run(
        [sys.executable, FOLDER / "run.py", "--write", "page"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"no benchmark page: there are {', '.join(sorted(MARKED))}\n"


def test_made_up_transfers_follow_from_their_seed(script) -> None:  # type: ignore[no-untyped-def]
    made = script("power_law")
    one, again, other = (made.columns(6_000, 600, 0, seed) for seed in (1, 1, 2))
    assert all((one[name] == again[name]).all() for name in one)
    assert (one["source"] != other["source"]).any()
    assert one["id"].tolist() == list(range(6_000))
    assert min(one["source"].min(), one["target"].min()) >= 0
    assert max(one["source"].max(), one["target"].max()) < 600
    assert one["amount_minor"].min() >= 1
    refunds = np.flatnonzero(one["kind"] == 5)
    pays = {
        (s, t, a)
        for s, t, a, k in zip(
            *(one[name].tolist() for name in ("source", "target", "amount_minor", "kind")),
            strict=True,
        )
        if k == 0
    }
    backs = zip(
        *(one[name][refunds].tolist() for name in ("target", "source", "amount_minor")),
        strict=True,
    )
    assert len(refunds) > 0
    assert pays.issuperset(backs)


def test_each_account_has_one_number(script) -> None:  # type: ignore[no-untyped-def]
    made = script("power_law")
    for accounts in (10, 600, 1_000_000):
        numbers = made._spread(np.arange(accounts), accounts)
        assert len(np.unique(numbers)) == accounts


def test_engines_agree(script) -> None:  # type: ignore[no-untyped-def]
    """regift's three ways, DuckDB's joins and networkx's paths; networkx's static cycles."""
    engines = script("engines")
    world = script("peers").made(3_000)
    answer, _ = engines.cycles_counted(world)
    assert sum(answer.values()) > 0
    for other in ("with_rings", "listed", "in_duckdb", "in_networkx"):
        assert getattr(engines, f"cycles_{other}")(world)[0] == answer
    static, _ = engines.static_in_regift(world)
    assert static.keys() == {2, 3}
    assert engines.static_in_networkx(world)[0] == static


def test_closed_rings_are_the_ends_of_listed_cycles(script) -> None:  # type: ignore[no-untyped-def]
    engines = script("engines")
    world = script("peers").made(3_000)
    graph = engines.graph_of(world)
    listed = engines.Cycles(graph, engines.CycleParams(world.window_us, 0, 0, False))
    start, edges = listed.list_instances(10**9)
    each = [edges[a:b] for a, b in pairwise(start)]
    ends = {(walk[-1], tuple(world.source[walk].tolist())) for walk in each}
    expected = Counter(len(accounts) for _, accounts in ends)
    assert len(expected) > 1
    assert engines.closed_in_regift(world)[0] == expected


def test_reach_is_that_of_a_plain_walk(script) -> None:  # type: ignore[no-untyped-def]
    engines = script("engines")
    world = script("peers").made(2_000)
    expected = []
    for seed in engines.seeds_of(world):
        at = {seed: -1}
        for s, t, time in zip(
            *(c.tolist() for c in (world.source, world.target, world.at_us)), strict=True
        ):
            if s in at and at[s] < time and t not in at:
                at[t] = time
        expected.append(len(at) - 1)
    assert engines.reach_in_regift(world)[0] == expected


def test_engine_that_is_missing_slow_or_wrong_is_a_line(
    script,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peers, spent = script("peers"), script("measuring").Spent(1.5, 1.0, 0.25)
    answers = {"regift": ({2: 3}, spent), "slow": None, "odd": ({2: 4}, spent),
               "mute": (None, spent)}  # fmt: skip
    monkeypatch.setattr(peers, "apart", lambda work, world, limit_s: answers[work])
    asked = (("regift", None, "regift"), ("absent", "no-such-package", "absent"),
             ("slow", None, "slow"), ("odd", None, "odd"), ("mute", None, "mute"))  # fmt: skip
    assert [row[1:] for row in peers.compared(asked, peers.made(100), 60)] == [
        ["regift", "1.500", "1.0", "0.25", "yes"],
        ["absent", "not installed", "", "", ""],
        ["slow", "more than 60", "", "", ""],
        ["odd", "1.500", "1.0", "0.25", "**no**: 4, not 3"],
        ["mute", "1.500", "1.0", "0.25", "none: what its calls and its dynamic graph cost"],
    ]


def test_a_process_that_spends_too_much_gives_none(script) -> None:  # type: ignore[no-untyped-def]
    apart = script("measuring").apart
    assert apart(sum, range(10)) == 45
    assert apart(sum, range(10**12), limit_s=2) is None


def test_tables_land_between_their_markers(
    script,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page, indexes = script("page"), script("indexes")
    copy = tmp_path / "performance.md"
    copy.write_text("before\n<!-- indexes -->\nold\n<!-- end indexes -->\nafter\n")
    monkeypatch.setattr(page, "PAGE", copy)
    indexes.main(["--transfers", "2000", "--repeat", "1", "--write"])
    text = copy.read_text()
    assert text.startswith("before\n<!-- indexes -->\n\n")
    assert text.endswith("\n\n<!-- end indexes -->\nafter\n")
    assert "2,000 edges, the best of 1 turns:" in text
    assert "| all indexes |" in text
    assert "old" not in text


def test_stages_of_a_world(script, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    typologies = script("typologies")
    file = tmp_path / "made.parquet"
    script("power_law").write(file, 2_000)
    spent, found = typologies.searched(file)
    value = {name for name, each in typologies.ALL.items() if each.layer == "value"}
    assert set(spent) == {"effective records", "temporal graph", "indexes"} | value
    assert typologies.whole(spent).cpu == pytest.approx(sum(each.cpu for each in spent.values()))
    assert re.fullmatch(r"1,\d{3} moves, \d+ accounts", found["temporal graph"])
    row = typologies.row("money_cycle", spent["indexes"], spent["indexes"], 0.5, "1 finding")
    assert row[2] == "**1.00** (target 0.5)"

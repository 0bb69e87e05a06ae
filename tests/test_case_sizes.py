"""Cases of real and simulated records do not hang together by chance: none comes near the guard."""

from pathlib import Path

import pytest
from command_line import run
from real_data import real_data
from tree import ROOT

from regift.commands.options import opened
from regift.ranking.constants import CASE_MAX

PUNKS = '[time]\nzone = "UTC"\n[clock]\nunit = "1d"\n'


def sizes(place: Path) -> list[int]:
    """Accounts of every case, the largest first; a join that the guard refused is a failure."""
    _, _, _, graph = opened(place)
    with graph:
        refused = graph.con.execute("SELECT count(*) FROM related_cases").fetchone()
        assert refused == (0,)
        return [n for (n,) in graph.con.execute(
            "SELECT accounts FROM cases ORDER BY accounts DESC").fetchall()]  # fmt: skip


def test_simulated_world(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    assert run("simulate", tmp_path / "world", "--seed", "1").code == 0
    for table in ("gifts", "transfers", "accounts", "items", "identifiers", "certificates"):
        file = tmp_path / "world" / f"{table}.csv"
        assert run("load", file, "--table", table, "-q", "-w", place).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    found = sizes(place)
    assert len(found) > 100
    assert found[0] < CASE_MAX


def test_cryptopunks(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    files = sorted(real_data("cryptopunks_history").glob("Transactions_*.csv"))
    header = "record_id,at,source,target,item,kind\n"
    run("load", "-", "--table", "gifts", "-w", place, stdin=header)
    (place / "regift.toml").write_text(PUNKS)
    assert run("load", *files, "--format", "cryptopunks", "-q", "-w", place).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    found = sizes(place)
    assert len(found) > 1000
    assert found[0] < CASE_MAX // 2


def test_amlsim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_data("amlsim_1k")
    data = real_data("amlsim_20k").parent
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from amlsim_runs import loaded, runs

    for each in runs(data, tmp_path):
        found = sizes(loaded(each, tmp_path / f"workspace-{each.name}").root)
        assert len(found) > 100, each.name
        assert found[0] < CASE_MAX, each.name

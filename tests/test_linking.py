"""Looking alike on real people whose identity is known: the numbers of docs/linking.md hold."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from real_data import real_data
from tree import ROOT

HEAVY = bool(os.environ.get("CI") or os.environ.get("REGIFT_HEAVY"))
SCRIPT = ROOT / "benchmarks" / "linking.py"


@pytest.fixture
def linking(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return import_module("linking")


def test_truth_set_is_read_whole(linking: ModuleType) -> None:
    people = linking.truthset(real_data("senzing_truthset"))
    assert (people.accounts, len(people.pairs)) == (159, 108)
    first = [row for row in people.identifiers if row["account"] == "CUSTOMERS:1001"]
    assert [(row["kind"], row["value"]) for row in first] == [
        ("address", "123 Main Street, Las Vegas NV 89132"),
        ("birth_date", "12/11/1978"),
        ("name", "Robert Smith"),
        ("phone", "702-919-1300"),
    ]


def test_paysim_is_read_whole(linking: ModuleType) -> None:
    people = linking.paysim(real_data("paysim_clients"))
    assert (people.accounts, len(people.pairs), len(people.fraud)) == (1_334, 142, 334)
    assert len({account for pair in people.pairs for account in pair}) == 157


def test_pairs_of_the_truth_set(linking: ModuleType) -> None:
    """Exact counts of this version: a change here is news for docs/linking.md."""
    people = linking.truthset(real_data("senzing_truthset"))
    scored = linking.scored(people)
    right = people.pairs & scored.keys()
    assert (len(scored), len(right)) == (99, 66)
    sure = {pair for pair, (weight, fields) in scored.items() if weight >= 1000 and fields >= 2}
    assert len(sure) == 3
    assert sure <= people.pairs


@pytest.mark.heavy
@pytest.mark.skipif(not HEAVY, reason="trains on all known people: set CI or REGIFT_HEAVY=1")
def test_page_is_up_to_date() -> None:
    for name in ("senzing_truthset", "paysim_clients"):
        real_data(name)
    done = subprocess.run(
        [sys.executable, SCRIPT, "--data", real_data("paysim_clients").parent, "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_absent_data_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--data", tmp_path, "--write"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == ""
    assert done.stderr == f"linking skipped: no real data at {tmp_path / 'senzing_truthset'}\n"

"""The evaluation page: what its benchmark writes has a place there; its tables say what is so."""

import re
import subprocess
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tree import ROOT

from regift.ranking.evaluation.bootstrap import Samples
from regift.ranking.evaluation.evaluate import Judged

PAGE = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Imports a benchmark by name, as its own folder sees it."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))

    def imported(name: str) -> ModuleType:
        return __import__(name)

    return imported


def judged(**ap: float) -> Judged:
    """Lists with these average precisions, in all measures and in every resample."""
    return Judged(
        accounts=1000,
        labelled=100,
        unknown=0,
        lists=[
            {"list": name, "average_precision": value, "low": value, "high": value, "lift": 1.0}
            | {"inside_quintiles": value, "r_precision": value, "quintiles": [value, None] * 2}
            for name, value in ap.items()
        ],
        at=[
            {"list": name, "at": k, "precision": value, "low": 0.0, "high": 1.0, "tied": 1}
            for name, value in ap.items()
            for k in (20, 50, 100)
        ],
        transactions=[],
        recall=[
            {"typology": "money_cycle", "variant": variant, "planted": 2, "found": found}
            | {"missing_planted": 1, "missing_found": 0, "beyond_planted": 0, "beyond_found": 0}
            for variant, found in (("a", 2), ("b", 1))
        ],
        samples={
            name: Samples(np.full(5, value), {20: np.full(5, value)}) for name, value in ap.items()
        },
    )


@pytest.fixture
def result(script: Any) -> Any:
    made = script("judging").Result
    return made(
        "1K", "AMLSim", 50_000, 10, 7, judged(regift=0.5, count=0.2, amount=0.1),
        judged(regift=0.3), [], ["money_cycle"], 1.0, {"cycle": 0.4},
    )  # fmt: skip


def test_every_part_has_a_place(script: Any, result: Any) -> None:
    made = script("evaluation").parts([result], True)
    assert re.findall(r"^<!-- (\w+) -->$", PAGE, re.MULTILINE) == list(made)
    assert re.findall(r"^<!-- end (\w+) -->$", PAGE, re.MULTILINE) == list(made)
    assert "ablation" not in script("evaluation").parts([result], False)


def test_the_goal_is_a_multiple_of_the_best_baseline(script: Any, result: Any) -> None:
    standing = script("standing")
    row = standing.against_goals([result]).splitlines()[-1]
    assert row == (
        "| 1K | count | 0.200 | 0.500 | 2.50 (2.50-2.50) | 0.300 | 1.50 (1.50-1.50) | 5 | **no** |"
    )
    high = replace(result, calibrated=judged(regift=1.0, count=0.2))
    assert standing.against_goals([high]).splitlines()[-1].endswith("| 5 | yes |")
    other = replace(result, name="seed 1", group="simulated")
    assert standing.against_goals([other]).splitlines()[-1].endswith("|  |  |")


def test_simulated_worlds_are_one_mean(script: Any, result: Any) -> None:
    standing = script("standing")
    worlds = [
        replace(result, group="simulated", calibrated=judged(regift=value, count=0.1))
        for value in (0.4, 0.8)
    ]
    rows = standing.list_rows([*worlds, result]).splitlines()
    assert rows[2].startswith("| simulated, mean of 2 | regift, calibrated | 0.600 |")
    assert rows[5].startswith("| 1K | regift, calibrated | 0.500 |")


def test_what_is_lost_is_told(script: Any, result: Any) -> None:
    losses = script("losses")
    text = losses.losses([result])
    assert "Nothing." in text
    assert "| money_cycle | 3 of 4 | 0 of 2 |  |" in text
    assert "| 1K | 7 of 100 | 0 | none | none |" in text
    worse = replace(result, calibrated=judged(regift=0.1, count=0.2, amount=0.3))
    assert "| 1K | AP | 0.100 | 0.300 | amount |" in losses.losses([worse])
    assert "| 1K | P@20 | 0.100 | 0.300 | amount |" in losses.losses([worse])


def test_ablation_is_a_difference(script: Any, result: Any) -> None:
    other = replace(result, name="seed 1", ablated={"ring": 0.55})
    text = script("evaluation").ablation([result, other])
    assert "| cycle | -0.100 |  |" in text
    assert "| ring |  | +0.050 |" in text


def test_the_script_starts_without_data(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "evaluation.py", "--data", tmp_path, "--seeds",
         "--work", tmp_path / "work"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == f"AMLSim left out: no real data at {tmp_path / 'amlsim_20k'}\n"
    assert done.stdout.startswith("| data | accounts |")

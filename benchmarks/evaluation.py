"""What the ranked list is worth, measured: docs/evaluation.md.

    python benchmarks/evaluation.py [--data DIR] [--write | --check] [--ablate] [--work DIR]

Simulated worlds whose parameters the seed draws, and the runs of AMLSim; on each our list with and
without a calibration, all baselines, intervals, and what is lost. `--ablate` scores each data set
again without each family. Prints Markdown; `--write` puts it into the page, and AMLSim in few
columns into README.md; `--check` fails when it differs from what is there. `--work` keeps
workspaces there and uses them again. Two data sets run at a time.
"""

import argparse
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from judging import SEEDS, Result, judge, sources
from losses import losses
from page import ROOT, table
from standing import (
    against_goals,
    amlsim_rows,
    data_rows,
    intervals,
    list_rows,
    planted_goals,
    record_rows,
)

sys.path.insert(0, str(ROOT / "docs"))

from markers import parted, put

PAGE = ROOT / "docs" / "evaluation.md"
README = ROOT / "README.md"
SCALE = "small"


def ablation(results: list[Result]) -> str:
    """How much average precision each family carries, by data set."""
    families = sorted({family for each in results for family in each.ablated})
    rows = []
    for family in families:
        cells = []
        for each in results:
            whole = each.calibrated.lists[0]["average_precision"]
            without = each.ablated.get(family)
            cells.append("" if without is None else f"{without - whole:+.3f}")
        rows.append([family, *cells])
    return table(" | ".join(["without", *(each.name for each in results)]), rows)


def parts(results: list[Result], ablate: bool) -> dict[str, str]:
    """Parts of the page by the name of their markers."""
    made = {
        "data": data_rows(results),
        "goals": against_goals(results),
        "planted": planted_goals(results),
        "lists": list_rows(results),
        "intervals": intervals(results),
        "records": record_rows(results),
        "losses": losses(results),
    }
    return made | ({"ablation": ablation(results)} if ablate else {})


def main(arguments: list[str]) -> int:
    """1 if the page differs under `--check`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true", help="put it into docs/evaluation.md")
    parser.add_argument("--check", action="store_true", help="compare it with docs/evaluation.md")
    parser.add_argument("--ablate", action="store_true", help="also without each family")
    parser.add_argument("--work", type=Path, help="folder for workspaces; default: a temporary one")
    parser.add_argument("--jobs", type=int, default=2, help="data sets at a time")
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS, help="simulated worlds")
    parser.add_argument("--only", nargs="*", help="names of data sets")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = asked.work or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        chosen = [
            each
            for each in sources(asked.data, folder, SCALE, asked.seeds)
            if not asked.only or each.name in asked.only
        ]
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(asked.jobs, mp_context=context) as pool:
            results = list(pool.map(partial(judge, folder=folder, ablate=asked.ablate), chosen))
    made = parts(results, asked.ablate)
    if not (asked.write or asked.check):
        print("\n\n".join(made.values()))
        return 0
    page = PAGE.read_text(encoding="utf-8")
    for marker, text in made.items():
        before, _, after = parted(page, marker)
        page = f"{before}\n{text}\n\n{after}"
    same = put(PAGE, page, asked.check)
    if any(each.name == "1K" for each in results):
        before, _, after = parted(README.read_text(encoding="utf-8"), "amlsim")
        same = put(README, f"{before}\n{amlsim_rows(results)}\n\n{after}", asked.check) and same
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Tables of docs/evaluation.md: our list beside the baselines, and beside the goals set before."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
from judging import SIMULATED, Result
from page import table

from regift.ranking.evaluation.bootstrap import interval
from regift.ranking.evaluation.evaluate import FIRST, OURS

GOALS = {"1K": 5.0, "20K_cycle200": 1.7, "20K_fanin200": 2.0, "20K_fanin200cycle200": 1.4}
"""Average precision over that of the best baseline, set before anything was measured here."""
CALIBRATED, UNCALIBRATED = "regift, calibrated", "regift, uncalibrated"


def groups(results: Sequence[Result]) -> list[tuple[str, list[Result]]]:
    """Simulated worlds together, each run of AMLSim by itself."""
    worlds = [each for each in results if each.group == SIMULATED]
    together = [(f"simulated, mean of {len(worlds)}", worlds)] if worlds else []
    return together + [(each.name, [each]) for each in results if each.group != SIMULATED]


def named(result: Result) -> dict[str, dict[str, Any]]:
    """Rows of `lists` by title, the uncalibrated list second, with precision by place."""
    rows = {}
    for title, judged in ((CALIBRATED, result.calibrated), (UNCALIBRATED, result.uncalibrated)):
        rows[title] = next(row for row in judged.lists if row["list"] == OURS) | _places(judged.at)
    for row in result.calibrated.lists:
        if row["list"] != OURS:
            at = [each for each in result.calibrated.at if each["list"] == row["list"]]
            rows[row["list"]] = row | _places(at)
    return rows


def _places(at: Sequence[dict[str, Any]]) -> dict[str, Any]:
    ours = [row for row in at if row["list"] == at[0]["list"]]
    return {f"at {row['at']}": row["precision"] for row in ours} | {"tied": ours[-1]["tied"]}


def best_baseline(result: Result) -> str:
    """The baseline with the largest average precision."""
    rows = [row for row in result.calibrated.lists if row["list"] != OURS]
    return str(max(rows, key=lambda row: row["average_precision"])["list"])


def data_rows(results: Sequence[Result]) -> str:
    """What the data sets are."""
    rows = [
        [
            each.name, f"{each.calibrated.accounts:,}", f"{each.records:,}",
            f"{each.calibrated.labelled:,}",
            f"{100 * each.calibrated.labelled / each.calibrated.accounts:.1f} %",
            f"{each.instances:,}" if each.instances else "not told",
            ", ".join(each.off) or "none", ", ".join(each.demoted) or "none",
        ]
        for each in results
    ]  # fmt: skip
    return table(
        "data | accounts | gifts and transfers | labelled | base rate | planted instances | "
        "families switched off | typologies demoted",
        rows,
    )


def against_goals(results: Sequence[Result]) -> str:
    """Ratios to the best baseline, with their intervals, beside the goals."""
    rows = []
    for each in results:
        best = best_baseline(each)
        beside = each.calibrated.samples[best].average_precision
        rows.append([each.name, best, f"{_row(each, best)['average_precision']:.3f}"])
        for judged in (each.calibrated, each.uncalibrated):
            ours = next(row for row in judged.lists if row["list"] == OURS)["average_precision"]
            ratio = ours / _row(each, best)["average_precision"]
            low, high = interval(judged.samples[OURS].average_precision / np.maximum(beside, 1e-9))
            rows[-1] += [f"{ours:.3f}", f"{ratio:.2f} ({low:.2f}-{high:.2f})"]
        goal = GOALS.get(each.name)
        ours = next(row for row in each.calibrated.lists if row["list"] == OURS)
        reached = ours["average_precision"] >= (goal or 0) * _row(each, best)["average_precision"]
        rows[-1] += ["" if goal is None else f"{goal:g}"]
        rows[-1] += ["" if goal is None else "yes" if reached else "**no**"]
    return table(
        "data | best baseline | its AP | AP calibrated | ratio | AP uncalibrated | ratio | "
        "goal | reached",
        rows,
    )


def amlsim_rows(results: Sequence[Result]) -> str:
    """The runs of AMLSim in few columns, for the README."""
    rows = []
    for each in (each for each in results if each.group != SIMULATED):
        best = best_baseline(each)
        lists, beside = named(each), _row(each, best)["average_precision"]
        labelled, accounts = each.calibrated.labelled, each.calibrated.accounts
        rows += [
            [
                each.name, f"{labelled:,} of {accounts:,}", title,
                f"{lists[title]['at 50']:.2f}", f"{lists[title]['at 100']:.2f}",
                f"{lists[title]['average_precision']:.3f}",
                f"{lists[title]['average_precision'] / beside:.2f}",
            ]
            for title in (CALIBRATED, UNCALIBRATED, best)
        ]  # fmt: skip
    return table(
        "run | labelled accounts | list | P@50 | P@100 | average precision | of the best baseline",
        rows,
    )


def planted_goals(results: Sequence[Result]) -> str:
    """The simulated worlds beside the goals for patterns all of whose records are there."""
    rows = []
    for each in results:
        judged = each.calibrated
        if not judged.acting:
            continue
        (acting,) = judged.acting
        planted, found = (
            sum(row[key] for row in judged.recall if row["searched"])
            for key in ("planted", "found")
        )
        alike = sum(row["among_first"] for row in judged.look_alikes)
        rows.append([
            each.name, f"{acting['labelled']:,}",
            f"{acting['average_precision']:.3f} ({acting['low']:.3f}-{acting['high']:.3f})",
            f"{acting['at_100']:.2f}", f"{found:,} of {planted:,}",
            f"{judged.evidence['planted'] / max(judged.evidence['records'], 1):.3f}", f"{alike}",
        ])  # fmt: skip
    rows.append(["goal", "", "0.950", "", "95 %", "0.950", "at most 2"])
    return table(
        "data | accounts that act | AP | P@100 | patterns found | evidence of the first 100 "
        "that is planted | look-alikes among the first 100",
        rows,
    )


def _row(result: Result, name: str) -> dict[str, Any]:
    return next(row for row in result.calibrated.lists if row["list"] == name)


def list_rows(results: Sequence[Result]) -> str:
    """Every list on every data set; simulated worlds as their mean."""
    rows = []
    keys = ("average_precision", "lift", "inside_quintiles", "r_precision")
    for title, members in groups(results):
        tables = [named(each) for each in members]
        for name in tables[0]:
            values = {
                key: fmean(rows_of[name][key] for rows_of in tables)
                for key in (*keys, *(f"at {k}" for k in FIRST), "tied")
            }
            rows.append([
                title, name, f"{values['average_precision']:.3f}", f"{values['lift']:.1f}",
                f"{values['inside_quintiles']:.3f}", f"{values['r_precision']:.3f}",
                *(f"{values[f'at {k}']:.2f}" for k in FIRST), f"{values['tied']:,.0f}",
            ])  # fmt: skip
    head = " | ".join(f"P@{k}" for k in FIRST)
    return table(
        f"data | list | AP | lift | AP inside quintiles | R-precision | {head} | "
        f"tied at {FIRST[-1]}",
        rows,
    )


def intervals(results: Sequence[Result]) -> str:
    """Our list with 95 % intervals."""
    rows = []
    for each in results:
        (ours,) = (row for row in each.calibrated.lists if row["list"] == OURS)
        cells = [f"{ours['average_precision']:.3f} ({ours['low']:.3f}-{ours['high']:.3f})"]
        cells += [
            f"{row['precision']:.2f} ({row['low']:.2f}-{row['high']:.2f})"
            for row in each.calibrated.at
            if row["list"] == OURS
        ]
        fifths = ["" if v is None else f"{v:.2f}" for v in ours["quintiles"]]
        rows.append([each.name, *cells, *fifths])
    head = " | ".join(f"P@{k}" for k in FIRST)
    fifths = " | ".join(f"AP in fifth {n}" for n in range(1, 6))
    return table(f"data | AP | {head} | {fifths}", rows)


def record_rows(results: Sequence[Result]) -> str:
    """Average precision over records, where the truth tells records."""
    rows = []
    for each in results:
        for row in each.calibrated.transactions:
            rows.append([
                each.name, row["list"], f"{row['planted']:,} of {row['records']:,}",
                f"{row['average_precision']:.3f}", f"{row['lift']:.1f}",
                f"{row['r_precision']:.3f}",
            ])  # fmt: skip
    return table("data | records by | planted | AP | lift | R-precision", rows)

"""What the list loses on, in numbers: the last part of docs/evaluation.md."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from judging import Result
from page import table
from standing import CALIBRATED, UNCALIBRATED, named

from regift.ranking.evaluation.evaluate import FIRST

MEASURES = ("average_precision", "inside_quintiles", "r_precision", *(f"at {k}" for k in FIRST))
TITLES = {"average_precision": "AP", "inside_quintiles": "AP inside quintiles"} | {
    "r_precision": "R-precision"
}
STATES = (
    ("", "whole"),
    ("missing_", "records missing"),
    ("beyond_", "beyond a bound"),
)


def losses(results: Sequence[Result]) -> str:
    """All tables of the part, with a line before each."""
    texts = [
        "What a baseline is better at than the calibrated list:",
        _or_none(_beaten(results), "data | measure | ours | best | by"),
        "Typologies that do not find every planted instance, all data together: of those whose "
        "records are all there, of those that lack records, and of those beyond a bound:",
        _or_none(_missed(results), "typology | " + " | ".join(title for _, title in STATES)),
        "Instances that a reviewer meets, where they are told, and what the first 100 rest on:",
        _or_none(_read(results), "data | budget | instances met in cases | in accounts | records "
                 "the first 100 rest on | planted of those"),
        "Accounts: labelled ones on no list of ours, and the first 100 that are not labelled:",
        _or_none(_accounts(results), "data | labelled on no list | false of the first 100 | "
                 "look-alikes among them | typologies that name them"),
    ]  # fmt: skip
    return "\n\n".join(texts)


def _or_none(rows: list[list[str]], head: str) -> str:
    return table(head, rows) if rows else "Nothing."


def _beaten(results: Sequence[Result]) -> list[list[str]]:
    rows = []
    for each in results:
        lists = named(each)
        ours = lists.pop(CALIBRATED)
        lists.pop(UNCALIBRATED)
        for measure in MEASURES:
            name = max(lists, key=lambda name: lists[name][measure])
            if lists[name][measure] > ours[measure]:
                title = TITLES.get(measure, measure.replace("at ", "P@"))
                rows.append([
                    each.name, title, f"{ours[measure]:.3f}", f"{lists[name][measure]:.3f}", name,
                ])  # fmt: skip
    return rows


def _missed(results: Sequence[Result]) -> list[list[str]]:
    """Found of planted by typology and state, only typologies that miss something."""
    counts: dict[str, Counter[str]] = {}
    for each in results:
        for row in each.calibrated.recall:
            counts.setdefault(row["typology"], Counter()).update(
                {key: row[key] for key in row if key.endswith(("planted", "found"))}
            )
    rows = []
    for typology, of in sorted(counts.items()):
        if any(of[f"{before}found"] < of[f"{before}planted"] for before, _ in STATES):
            rows.append([typology, *(_part(of, before) for before, _ in STATES)])
    return rows


def _part(of: Counter[str], before: str) -> str:
    planted = of[f"{before}planted"]
    return f"{of[f'{before}found']} of {planted}" if planted else ""


def _read(results: Sequence[Result]) -> list[list[str]]:
    rows = []
    for each in results:
        met = {row["unit"]: row for row in each.calibrated.rings}
        if met:
            evidence = each.calibrated.evidence
            rows.append([
                each.name, str(met["case"]["budget"]),
                *(f"{met[unit]['reached']} of {met[unit]['of']}" for unit in ("case", "account")),
                f"{evidence['records']:,}", _percent(evidence["planted"], evidence["records"]),
            ])  # fmt: skip
    return rows


def _accounts(results: Sequence[Result]) -> list[list[str]]:
    rows = []
    for each in results:
        judged = each.calibrated
        false = judged.false_alarms
        rows.append([
            each.name,
            f"{each.labelled_unseen:,} of {judged.labelled:,}",
            str(len(false)),
            _most(name for row in false for name in row["look_alikes"]),
            _most(name for row in false for name in row["typologies"]),
        ])  # fmt: skip
    return rows


def _most(names: Any) -> str:
    """The five most frequent, with how often."""
    ordered = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {name}" for name, count in ordered[:5]) or "none"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""

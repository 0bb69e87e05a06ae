"""`regift rank`: cases, accounts, entities or operators, best evidence first."""

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
import duckdb

from regift.commands.options import json_option, opened, quiet_option, workspace_option
from regift.commands.output import print_rows, say, say_cut
from regift.commands.wording import headed, lang_option, line_option
from regift.graph.store import Manifest, attach_generation, manifest_of
from regift.loaders.errors import UsageError
from regift.ranking import texts
from regift.ranking.cases import short_ids
from regift.ranking.changes import changed
from regift.ranking.rank import rank, size
from regift.ranking.texts import translated
from regift.ranking.units import UNITS
from regift.refresh.run import truncated_of

SHOWN = ("rank", "id", "case", "score", "measure", "clause", "terms")
CODES = ("measure", "lineage")


@click.command()
@click.option(
    "--unit", type=click.Choice(list(UNITS)), default="account", show_default=True, help="What."
)
@click.option("--top", type=click.IntRange(1), help="Only the first so many.")
@click.option("--min-score", help="Only those of this score and more.")
@click.option("--new-since", type=click.IntRange(1), help="Only those new or changed since then.")
@line_option
@lang_option
@json_option
@quiet_option
@workspace_option
def command(
    unit: str,
    top: int | None,
    min_score: str | None,
    new_since: int | None,
    line: Decimal,
    lang: str,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Rank cases, accounts, entities or operators.

    Scores are bands, not probabilities. `measure` is empty where the evidence may not propose one;
    --json says why. --new-since names a kept generation: rows whose score moved or that are new;
    of cases also what became of them, and those that are gone (that had --min-score).
    """
    least = _least(min_score)
    place, _, manifest, graph = opened(workspace)
    notes: list[str] = []
    with graph:
        rows = rank(graph.con, unit, top=None if new_since else top, min_score=least)
        total = size(graph.con, unit)
        if new_since:
            then = manifest_of(place, new_since)
            attach_generation(graph.con, place, then, "earlier")
            moved = _recalibrated(then, manifest)
            rows = changed(graph.con, unit, rows, recalibrated=moved)
            total += sum(row["rank"] is None for row in rows)
            rows = [row for row in rows if row["rank"] or row["was"] >= (least or 0)][:top]
            if moved:
                notes.append(_other_calibration(then, manifest, lang))
        rows = [_worded(row, line, lang) for row in rows]
        if not manifest.run.get("calibration") and any(row["uncalibrated"] for row in rows):
            notes.append(texts.say(lang, "not_calibrated"))
        shown = rows if as_json else for_people(graph.con, rows)
    _print(shown, as_json, lang, bool(new_since))
    told = {"shown": f"{len(rows):,}", "total": f"{total:,}", "unit": texts.word(lang, unit)}
    above = sum(row["above_line"] for row in rows)
    say(texts.say(lang, "rows", **told, above=f"{above:,}", line=line), quiet)
    for note in notes + [translated(lang, each) for each in manifest.run["switched_off"]]:
        say(note, quiet)
    truncated = truncated_of(manifest)
    for typology, cut in truncated.items():
        say_cut(cut, quiet, f"{typology} was ")
    if truncated:
        sys.exit(4)


def _least(text: str | None) -> Decimal | None:
    """The score of --min-score. No row has the score NaN or more: that would be an empty list."""
    try:
        least = Decimal(text) if text is not None else None
    except InvalidOperation:
        raise UsageError(f"--min-score {text!r} is not a number") from None
    if least is not None and not least.is_finite():
        raise UsageError(f"--min-score {text!r} is not a number")
    return least


def _print(rows: list[dict[str, Any]], as_json: bool, lang: str, since: bool) -> None:
    columns = (*SHOWN, *(("was", "lineage") if since else ()))
    if as_json:
        print_rows(rows, True)
        return
    narrow = [{column: row.get(column) for column in columns} for row in rows]
    print_rows(headed(narrow, lang, CODES), False)


def _worded(row: dict[str, Any], line: Decimal, lang: str) -> dict[str, Any]:
    """The row with its sentences in the language, and where it is as seen from the line."""
    reasons = [each | {"text": translated(lang, each["text"])} for each in row["reasons"]]
    above = Decimal(str(row["score"])) >= line
    told = {"why": translated(lang, row["why"]), "reasons": reasons}
    return row | told | {"line": float(line), "above_line": above}


def _recalibrated(then: Manifest, now: Manifest) -> bool:
    """Whether the two generations were scored with different calibrations."""
    return bool(then.run.get("calibration") != now.run.get("calibration"))


def _other_calibration(then: Manifest, now: Manifest, lang: str) -> str:
    none = texts.say(lang, "no_calibration")
    old, new = (each.run.get("calibration") or none for each in (then, now))
    return texts.say(lang, "calibration_moved", then=then.number, old=old, new=new)


def for_people(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with short ids of cases, and their reasons as one short column, `terms`."""
    short = short_ids(con)
    return [
        {
            **row,
            "id": short.get(row["id"], row["id"]) if row["unit"] == "case" else row["id"],
            "case": short.get(row["case"], row["case"]),
            "terms": {reason["term"]: reason["points"] for reason in row["reasons"]},
        }
        for row in rows
    ]

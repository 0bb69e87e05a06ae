"""`regift rank`: cases, accounts, entities or operators, best evidence first."""

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
import duckdb

from regift.commands.options import json_option, opened, quiet_option, workspace_option
from regift.commands.output import print_rows, say, say_cut
from regift.graph.store import attach_generation, manifest_of
from regift.loaders.errors import UsageError
from regift.ranking.cases import short_ids
from regift.ranking.lineage import lineage
from regift.ranking.rank import rank, size
from regift.ranking.units import UNITS
from regift.refresh.run import truncated_of

SHOWN = ("rank", "id", "case", "score", "measure", "clause", "terms")


@click.command()
@click.option(
    "--unit", type=click.Choice(list(UNITS)), default="account", show_default=True, help="What."
)
@click.option("--top", type=click.IntRange(1), help="Only the first so many.")
@click.option("--min-score", help="Only those of this score and more.")
@click.option("--new-since", type=click.IntRange(1), help="Only those new or changed since then.")
@json_option
@quiet_option
@workspace_option
def command(
    unit: str,
    top: int | None,
    min_score: str | None,
    new_since: int | None,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Rank cases, accounts, entities or operators.

    Scores are bands, not probabilities. `measure` is empty where the evidence may not propose one;
    --json says why. --new-since names a kept generation: rows whose score moved or that are new.
    """
    try:
        least = Decimal(min_score) if min_score is not None else None
    except InvalidOperation:
        raise UsageError(f"--min-score {min_score!r} is not a number") from None
    place, _, manifest, graph = opened(workspace)
    with graph:
        rows = rank(graph.con, unit, top=None if new_since else top, min_score=least)
        total = size(graph.con, unit)
        if new_since:
            then = manifest_of(place, new_since)
            attach_generation(graph.con, place, then, "earlier")
            rows = _changed(graph.con, unit, rows)[:top]
        shown = rows if as_json else for_people(graph.con, rows)
    print_rows(shown, as_json, SHOWN)
    say(f"{len(rows):,} of {total:,} {unit} rows", quiet)
    for line in manifest.run["switched_off"]:
        say(line, quiet)
    truncated = truncated_of(manifest)
    for typology, cut in truncated.items():
        say_cut(cut, quiet, f"{typology} was ")
    if truncated:
        sys.exit(4)


def _changed(
    con: duckdb.DuckDBPyConnection, unit: str, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows that are new or not what they were; of cases `lineage` says what became of them."""
    before = dict(con.execute(_SCORES[unit]).fetchall())
    moved = [row for row in rows if before.get(row["id"]) != Decimal(str(row["score"]))]
    if unit != "case":
        return moved
    members = "SELECT case_id, finding FROM"
    told = lineage(
        con.sql(f"{members} earlier.case_members").to_arrow_table(),
        con.sql(f"{members} case_members").to_arrow_table(),
    ).to_pylist()
    what: dict[str, list[str]] = {}
    for row in told:
        if row["new"]:
            what[row["new"]] = sorted({*what.get(row["new"], ()), *row["what"]})
    scores_moved = {row["id"] for row in moved}
    return [
        {**row, "lineage": what[row["id"]]}
        for row in rows
        if row["id"] in scores_moved or what[row["id"]] != ["same"]
    ]


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


_SCORES = {
    "case": "SELECT case_id, score FROM earlier.cases",
    "account": "SELECT account, score FROM earlier.account_scores",
    "entity": "SELECT id, score FROM earlier.group_scores WHERE unit = 'entity'",
    "operator": "SELECT id, score FROM earlier.group_scores WHERE unit = 'operator'",
}

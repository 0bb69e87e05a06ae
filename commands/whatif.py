"""`regift policy whatif`: the list under another policy, its cost, and how much of it is right."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from regift.commands.options import (
    json_option,
    opened,
    quiet_option,
    settings_given,
    workspace_option,
)
from regift.commands.output import print_json, print_rows, say
from regift.commands.wording import line_option
from regift.enforcement import policy
from regift.enforcement.policy_changes import changed
from regift.graph.workspace import Workspace
from regift.ranking.evaluation.truth import read_truth
from regift.refresh.whatif import compared, judged, made, work


@click.command(name="whatif")
@click.option(
    "--set",
    "given",
    multiple=True,
    required=True,
    metavar="KEY=VALUE",
    help="A switch, STEP.from_points, a parameter (TYPOLOGY.KEY, or KEY for every typology that "
    "has it), or pack=NAME; may be given several times.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Labels of accounts, as `evaluate` takes them; by default decided cases are the labels.",
)
@click.option(
    "--capacity", type=click.IntRange(1), metavar="N",
    help="Say also how much of the first N is right: of accounts by --truth, else of cases.",
)  # fmt: skip
@line_option
@json_option
@quiet_option
@workspace_option
def command(
    given: tuple[str, ...],
    truth: Path | None,
    capacity: int | None,
    line: Decimal,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Who would enter and leave the list under another policy; nothing is written.

    Compares the current generation with what it would be: accounts above the line, cases to read
    and which of them are new, measures by step, and how much of the head of the list is right where
    labels say so. Decided cases are those that somebody read, so they say little of the others.
    """
    known = read_truth(truth) if truth else None
    place = Workspace.open(workspace)
    asked = changed(policy.packs(workspace), policy.in_use(place), settings_given(given))
    _, _, manifest, graph = opened(workspace)
    with graph, made(place, manifest, asked) as con:
        rows, sums = compared(graph.con, con, line)
        reading = work(graph.con, con, line)
        right = judged(place, {"before": graph.con, "after": con}, known, line, capacity)
    if as_json:
        print_json([*rows, {"summary": sums, "work": reading, "precision": right}])
        return
    print_rows(rows, as_json)
    for when, told in sums.items():
        steps = ", ".join(f"{step} {n:,}" for step, n in told["measures"].items()) or "none"
        click.echo(
            f"{when}: {told['findings']:,} findings; above the line of {line} {told['cases']:,} "
            f"cases and {told['accounts']:,} accounts; measures: {steps}"
        )
    click.echo(
        f"cases to read above the line: {reading['before']:,} before, {reading['after']:,} after; "
        f"{reading['new']:,} of them new, {reading['gone']:,} gone"
    )
    _tell(right, capacity)
    say("nothing was written", quiet)


def _tell(right: Mapping[str, Any] | None, capacity: int | None) -> None:
    if right is None:
        click.echo("no labels: nothing said of precision (--truth FILE, or decided cases)")
        return
    by = "the truth" if right["labels"] == "truth" else "decisions"
    for when in ("before", "after"):
        for name, row in right[when].items():
            where = "above the line" if name == "above_line" else f"in the first {capacity:,}"
            click.echo(f"{when}, {where}, by {by}: {_share(row)}")


def _share(row: Mapping[str, Any]) -> str:
    """One precision as people read it.

    >>> row = {"unit": "case", "of": 9, "labelled": 4, "hits": 3, "precision": 0.75, "low": 0.25,
    ...        "high": 1.0, "disputed": 1}
    >>> _share(row)
    '3 of 4 labelled cases (9 in all, 1 disputed), precision 0.75 (0.25-1.00)'
    >>> _share(row | {"labelled": 0, "precision": None, "disputed": 0})
    'nothing is known of 9 cases'
    """
    if row["precision"] is None:
        return f"nothing is known of {row['of']:,} {row['unit']}s"
    disputed = f", {row['disputed']:,} disputed" if row.get("disputed") else ""
    return (
        f"{row['hits']:,} of {row['labelled']:,} labelled {row['unit']}s ({row['of']:,} in all"
        f"{disputed}), precision {row['precision']:.2f} ({row['low']:.2f}-{row['high']:.2f})"
    )

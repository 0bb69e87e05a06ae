"""`regift enforce recheck`: measures that are due, and whether it stopped."""

from pathlib import Path
from typing import Any

import click

from regift.commands.case_decisions import rules_of
from regift.commands.options import json_option, opened, quiet_option, workspace_option
from regift.commands.output import plain, print_rows, say
from regift.enforcement import rechecks
from regift.enforcement.casebook import Casebook
from regift.graph.workspace import now_us, utc_text

SHOWN = ("number", "account", "measure", "due_at", "outcome", "proposed", "planned", "why")


@click.command()
@json_option
@quiet_option
@workspace_option
def recheck(as_json: bool, quiet: bool, workspace: Path) -> None:
    """Look at measures that are due again: did it stop?

    Records what was found and proposes to close, to extend, or the next step of the ladder, which
    is planned. Nothing is closed, extended or in force by it: a person decides.
    """
    place, _, manifest, graph = opened(workspace)
    with graph, Casebook.open(place.casebook) as casebook:
        found = rechecks.recheck(graph.con, casebook, manifest, rules_of(workspace))
    rows = [rechecks.told(each) for each in found]
    print_rows(rows if as_json else [{key: row[key] for key in SHOWN} for row in rows], as_json)
    ends = "there are none" if manifest.as_of_us is None else utc_text(manifest.as_of_us)
    say(
        f"{len(rows):,} measures are due by the clock ({utc_text(now_us())}); records end: {ends}",
        quiet,
    )
    for row in rows:
        if command := _next(row):
            say(plain(f"measure {row['number']}: {command}"), quiet)


def _next(row: dict[str, Any]) -> str | None:
    """The command by which a person follows what is proposed."""
    number = row["number"]
    told = {
        "close": f"`regift enforce close {number} --reason TEXT`",
        "extend": f"`regift enforce extend {number} --due 7d --reason TEXT`",
        "step up": f"{row['step']} is planned: `regift enforce approve {row['planned']} "
        "--reason TEXT` or `decline`",
    }
    return told.get(row["proposed"])

"""`regift refresh`: the scheduled run."""

import sys
from pathlib import Path

import click

from regift.commands import progress
from regift.commands.options import (
    json_option,
    limits_options,
    quiet_option,
    workspace_option,
)
from regift.commands.output import print_json, say, say_cut
from regift.graph.workspace import Workspace
from regift.refresh.run import refresh
from regift.refresh.settings import read_bounds
from regift.refresh.status import status


@click.command()
@click.option("--full", is_flag=True, help="Derive and search everything anew.")
@limits_options
@json_option
@quiet_option
@workspace_option
def command(
    full: bool, limits: dict[str, str | None], as_json: bool, quiet: bool, workspace: Path
) -> None:
    """Take in staged loads and search what they touch.

    Readers keep the generation they opened. Exit code 4: done, but a bound cut something, which
    `status` shows; 5: another refresh holds the lock.
    """
    place = Workspace.open(workspace)
    with progress.shown(read_bounds(place, limits), "searching", quiet) as bounds:
        outcome = refresh(place, full=full, say=lambda line: say(line, quiet), bounds=bounds)
    if as_json:
        print_json([status(place)])
    elif outcome.fresh:
        run = outcome.manifest.run
        say(
            f"generation {outcome.manifest.number}: {run['items_run']:,} of "
            f"{run['items_total']:,} items and {run['slices_run']} of {run['slices_total']} "
            f"slices searched in {run['seconds']} s",
            quiet,
        )
    else:
        say(f"generation {outcome.manifest.number} is up to date: nothing staged", quiet)
    for typology, cut in outcome.truncated.items():
        say_cut(cut, quiet, f"{typology} was ")
    if outcome.truncated:
        sys.exit(4)

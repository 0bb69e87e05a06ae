"""`regift inbox`: load what appears in folders, once."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import plain, print_rows, say
from regift.commands.run_logged import run_logged
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.loaders.tables import TABLES
from regift.refresh.inbox import DID, DONE, Taken, collect, look
from regift.refresh.inbox_settings import WAIT, Inbox, inbox_of, read_inboxes


@click.group()
def command() -> None:
    """Load files that appear in folders, once."""


def folder_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """A folder and how its files are loaded; without one, the inboxes of `regift.toml`."""
    for option in (
        quiet_option,
        json_option,
        workspace_option,
        click.option("--wait", help=f"Leave a file until it is quiet for so long [{WAIT}]."),
        click.option("--max-bad", help="Bad rows to put up with in a file: N or N% [0]."),
        click.option("--encoding", help="Text encoding of the files [utf-8]."),
        click.option("--format", help="A declared public format."),
        click.option("--map", type=click.Path(resolve_path=True), help="Column map (TOML)."),
        click.option("--table", type=click.Choice(list(TABLES)), help="What the rows are."),
        click.argument("folder", required=False, type=click.Path(resolve_path=True)),
    ):
        function = option(function)
    return function


@command.command(name="run")
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for Prometheus, written however the run ends [default: [schedule] metrics].",
)
@folder_options
def run_command(
    metrics: Path | None, as_json: bool, quiet: bool, workspace: Path, **given: str | None
) -> None:
    """Load what is ready in FOLDER, or in every [inbox.NAME] of regift.toml.

    A file goes to `done` or `rejected` in its folder, with a report beside it, and is loaded once,
    also if a run is killed. Files whose names begin with a dot or end in .part or .tmp, and those
    that changed a moment ago, wait. Exit code 3: a file had too many bad rows; 1: one could not be
    read, or a folder is not there.
    """
    # A folder in which somebody wrote regift.toml, and nothing was loaded yet, is completed.
    begun = given["folder"] or Workspace(workspace).settings_file.is_file()
    place = Workspace.create(workspace) if begun else Workspace.open(workspace)
    with run_logged(place, "inbox", metrics) as line:
        taken: list[Taken] = []
        counts = Counter(dict.fromkeys(DID, 0))
        for each in collect(place, _inboxes(place, given)):
            taken.append(each)
            counts[each.did] += 1
            line |= {"files": dict(counts), "rows": sum(one.accepted for one in taken)}
            say(plain(_told(each)), quiet and not each.exit_code)
        if as_json:
            print_rows([vars(each) for each in taken], True)
        codes = {each.exit_code for each in taken} - {0}
        if codes:
            sys.exit(min(codes))


@command.command(name="list")
@click.argument("folder", required=False, type=click.Path(resolve_path=True))
@click.option("--wait", help=f"Leave a file until it is quiet for so long [{WAIT}].")
@json_option
@quiet_option
@workspace_option
def list_command(
    folder: str | None, wait: str | None, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """What lies in FOLDER, or in every inbox: what a run would load now, and what waits."""
    place = Workspace.open(workspace)
    # What the rows are makes no difference here, so nobody has to say it.
    given = {"folder": folder, "wait": wait, "table": next(iter(TABLES)) if folder else None}
    rows = [
        {
            "inbox": each.inbox,
            "file": each.file,
            "state": "ready" if each.did == DONE else each.did,
            "why": each.why,
        }
        for inbox in _inboxes(place, given)
        for each in look(inbox)
    ]
    print_rows(rows, as_json)
    say(f"{sum(row['state'] == 'ready' for row in rows):,} of {len(rows):,} files are ready", quiet)


def _inboxes(place: Workspace, given: dict[str, str | None]) -> tuple[Inbox, ...]:
    """The folder of the command line, else those of the settings."""
    if given["folder"]:
        return (inbox_of(Path(given["folder"]).name, given),)
    wrong = next((key for key, value in given.items() if value is not None), None)
    if wrong:
        raise UsageError(f"--{wrong.replace('_', '-')} goes with a FOLDER; regift.toml says others")
    found = read_inboxes(place)
    if not found:
        raise UsageError(f"name a FOLDER, or write [inbox.NAME] in {place.settings_file}")
    return found


def _told(taken: Taken) -> str:
    """What became of a file, in a line."""
    words = f"{taken.inbox}: {taken.file}: {taken.did}"
    if taken.load:
        words += f", {taken.load}: {taken.accepted:,} rows accepted, {taken.rejected:,} rejected"
    elif taken.did == DONE:
        words += f", nothing new: {taken.duplicates:,} rows already there, {taken.older:,} older"
    return f"{words} ({taken.why})" if taken.why else words

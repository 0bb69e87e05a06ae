"""`regift generations`: states of the workspace that are still there, and why."""

from pathlib import Path

import click

from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import print_rows, say
from regift.graph.workspace import Workspace
from regift.refresh.retention import generations, keep, release


@click.group()
def command() -> None:
    """Earlier states of the workspace: which are kept, and why."""


@command.command(name="list")
@json_option
@quiet_option
@workspace_option
def list_command(as_json: bool, quiet: bool, workspace: Path) -> None:
    """Every generation, oldest first, with what keeps it.

    `regift gc` takes those that nothing keeps. How many stay, and for how long, say `keep` and
    `keep_for` of [generations] in regift.toml.
    """
    rows = generations(Workspace.open(workspace))
    shown = rows if as_json else [row | {"kept_by": "; ".join(row["kept_by"])} for row in rows]
    print_rows(shown, as_json)
    going = sum(not row["kept_by"] for row in rows)
    say(f"{len(rows):,} generations, {going:,} of which `regift gc` takes", quiet)


@command.command(name="keep")
@click.argument("generation", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why, shown by `generations list`.")
@quiet_option
@workspace_option
def keep_command(generation: int, reason: str, quiet: bool, workspace: Path) -> None:
    """Keep a generation, whatever its age, until it is released."""
    keep(Workspace.open(workspace), generation, reason)
    say(f"generation {generation} is kept until `regift generations release`", quiet)


@command.command(name="release")
@click.argument("generation", type=click.IntRange(1))
@quiet_option
@workspace_option
def release_command(generation: int, quiet: bool, workspace: Path) -> None:
    """Let `regift gc` have a generation that was kept by hand."""
    release(Workspace.open(workspace), generation)
    say(f"generation {generation} is no longer kept by hand", quiet)

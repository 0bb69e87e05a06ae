"""`regift status`: what the workspace holds and what its last run did."""

from pathlib import Path

import click

from regift.commands.options import json_option, workspace_option
from regift.commands.output import cell, print_json
from regift.graph.workspace import Workspace
from regift.refresh.status import status


@click.command()
@json_option
@workspace_option
def command(as_json: bool, workspace: Path) -> None:
    """What the workspace holds and what was searched."""
    found = status(Workspace.open(workspace))
    if as_json:
        print_json([found])
        return
    for key, value in found.items():
        if key != "digests":
            click.echo(f"{key:14} {cell(value)}".rstrip())

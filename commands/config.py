"""`regift config`: settings and where each came from."""

from pathlib import Path

import click

from regift.commands.options import json_option, workspace_option
from regift.commands.output import print_rows
from regift.graph.workspace import Workspace
from regift.refresh.settings import origins


@click.group()
def command() -> None:
    """Show settings and where each came from."""


@command.command()
@json_option
@workspace_option
def show(as_json: bool, workspace: Path) -> None:
    """Every setting of the workspace."""
    print_rows(origins(Workspace.open(workspace)), as_json)

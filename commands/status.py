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
            for place, line in enumerate(_lines(value)):
                click.echo(f"{key if place == 0 else '':14} {line}".rstrip())


def _lines(value: object) -> list[str]:
    """A value as lines: an object has one for each of its entries."""
    if isinstance(value, dict) and value:
        return [cell({key: part}) for key, part in value.items()]
    return [cell(value)]

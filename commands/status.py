"""`regift status`: what the workspace holds and what its last run did."""

import sys
from pathlib import Path

import click

from regift.commands.options import json_option, workspace_option
from regift.commands.output import cell, plain, print_json, say
from regift.graph.workspace import Workspace
from regift.refresh.status import problems, status


@click.command()
@click.option("--check", is_flag=True, help="Exit code 1 when a refresh failed or is late.")
@json_option
@workspace_option
def command(check: bool, as_json: bool, workspace: Path) -> None:
    """What the workspace holds and what was searched.

    Also the last run and when the next one is due by `[schedule] every` of regift.toml. What is
    wrong with them is said on stderr; with --check the exit code says it too, for monitoring.
    """
    found = status(Workspace.open(workspace))
    if as_json:
        print_json([found])
    else:
        for key, value in found.items():
            if key != "digests":
                for place, line in enumerate(_lines(value)):
                    click.echo(f"{key if place == 0 else '':14} {line}".rstrip())
    wrong = problems(found)
    for line in wrong:
        say(plain(line))
    if check and wrong:
        sys.exit(1)


def _lines(value: object) -> list[str]:
    """A value as lines: an object has one for each of its entries."""
    if isinstance(value, dict) and value:
        return [cell({key: part}) for key, part in value.items()]
    return [cell(value)]

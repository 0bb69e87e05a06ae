"""`regift gc`: remove what no kept generation names."""

from pathlib import Path

import click

from regift.commands.options import json_option, workspace_option
from regift.commands.output import print_json, say
from regift.graph.collect_garbage import collect_garbage
from regift.graph.workspace import Workspace


@click.command()
@click.option(
    "--keep", type=click.IntRange(1), default=5, show_default=True, help="Generations to keep."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, remove nothing.")
@json_option
@workspace_option
def command(keep: int, dry_run: bool, as_json: bool, workspace: Path) -> None:
    """Remove files that no kept generation needs.

    Rejects, the casebook and loads that no refresh has taken yet always stay.
    """
    place = Workspace.open(workspace)
    removed, size = collect_garbage(place, keep=keep, dry_run=dry_run)
    if as_json:
        print_json([{"removed": removed, "bytes": size, "dry_run": dry_run}])
        return
    for name in removed:
        click.echo(name)
    say(f"{len(removed):,} files, {size:,} bytes {'would go' if dry_run else 'removed'}")

"""`regift gc`: remove what no kept generation names."""

from pathlib import Path

import click

from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import print_json, say
from regift.graph.workspace import Workspace
from regift.refresh.retention import prune


@click.command()
@click.option(
    "--keep",
    type=click.IntRange(1),
    help="Generations to keep [default: [generations] keep of regift.toml, else 5].",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, remove nothing.")
@json_option
@quiet_option
@workspace_option
def command(keep: int | None, dry_run: bool, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Remove files that no kept generation needs.

    Rejects, the casebook and loads that no refresh has taken yet always stay, and so do the
    generations that a reader has open, that somebody keeps by hand, and that an open dossier or a
    measure in force rests on: see `regift generations list`.
    """
    place = Workspace.open(workspace)
    removed, size = prune(place, keep, dry_run)
    if as_json:
        print_json([{"removed": removed, "bytes": size, "dry_run": dry_run}])
        return
    for name in removed:
        click.echo(name)
    say(f"{len(removed):,} files, {size:,} bytes {'would go' if dry_run else 'removed'}", quiet)

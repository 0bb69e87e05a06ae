"""`regift audit`: the log of what people decided."""

from pathlib import Path

import click

from regift.commands.options import workspace_option
from regift.commands.output import say
from regift.enforcement.casebook import Casebook
from regift.graph.store import current_manifest
from regift.graph.workspace import Workspace


@click.group()
def command() -> None:
    """Check the log of what people decided."""


@command.command()
@workspace_option
def verify(workspace: Path) -> None:
    """Check the chain of hashes, and that the head the generation was made at is in it."""
    place = Workspace.open(workspace)
    manifest = current_manifest(place)
    casebook = Casebook.open(place.casebook)
    try:
        rows = casebook.verify(manifest.digests["casebook_head"] if manifest else None)
    finally:
        casebook.close()
    say(f"{rows:,} audit rows, each fits the one before")

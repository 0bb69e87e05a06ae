"""`regift trace`: an item from hand to hand."""

from pathlib import Path

import click

from regift.commands.options import json_option, opened, workspace_option
from regift.commands.output import print_rows, say
from regift.loaders.errors import UsageError
from regift.queries.shown import item_rows


@click.group()
def command() -> None:
    """Follow an item from hand to hand."""


@command.command()
@click.argument("item")
@json_option
@workspace_option
def item(item: str, as_json: bool, workspace: Path) -> None:
    """Every move of an item: who held it, at which level, and what the record cannot explain."""
    _, _, _, graph = opened(workspace)
    with graph:
        rows = item_rows(graph.con, item)
    if not rows:
        raise UsageError(f"no record names the item {item!r}")
    print_rows(
        rows,
        as_json,
        ("ord", "at", "source", "target", "kind", "level", "level_is", "rule", "gap", "undone"),
    )
    first = rows[0]
    known = first["issuer_how"] or "so levels are lower bounds"
    say(f"issuer {first['issuer'] or 'unknown'} ({known})")

"""`regift query`: SQL over one generation, with nothing else in reach."""

import math
from pathlib import Path
from typing import Any

import click

from regift.commands.options import json_option, opened, workspace_option
from regift.commands.output import print_rows
from regift.exports.ask import ask, views


def _plain(value: Any) -> Any:
    """What JSON cannot hold, as text: no number (NaN, Infinity) and bytes (hexadecimal)."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


@click.command()
@click.option("--sql", help="A query over the views that --views lists.")
@click.option("--views", "list_views", is_flag=True, help="List the views and their columns.")
@click.option("--limit", type=click.IntRange(1), help="Show so many rows.")
@json_option
@workspace_option
def command(
    sql: str | None, list_views: bool, limit: int | None, as_json: bool, workspace: Path
) -> None:
    """Ask the generation in SQL, read-only.

    The query sees the views of the current generation and no file, network or setting.
    """
    if (sql is None) == (not list_views):
        raise click.UsageError("give either --sql TEXT or --views")
    place, _, manifest, graph = opened(workspace)
    with graph:
        if list_views:
            print_rows(views(graph), as_json)
            return
        table = ask(graph, place, manifest, str(sql))
    rows = [{key: _plain(value) for key, value in row.items()} for row in table.to_pylist()]
    print_rows(rows[:limit], as_json, table.column_names)
    shown = len(rows) if limit is None else min(limit, len(rows))
    click.echo(f"{shown:,} of {len(rows):,} rows", err=True)

"""`regift query`: SQL over one generation, with nothing else in reach."""

import math
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from regift.commands.options import json_option, opened, workspace_option
from regift.commands.output import print_json, print_rows
from regift.exports.ask import ask, late_text, views
from regift.refresh.input_limits import AskLimits, read_limits

SLACK = 512 << 20
"""What the process may hold beside the memory of the query: threads, plans, what is on its way."""

STATUS = Path("/proc/self/status")


def _plain(value: Any) -> Any:
    """What JSON cannot hold, as text: no number (NaN, Infinity) and bytes (hexadecimal)."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


@click.command()
@click.option("--sql", help="A query over the views that --views lists.")
@click.option("--views", "list_views", is_flag=True, help="List the views and their columns.")
@click.option("--limit", type=click.IntRange(1), help="Show so many rows.")
@click.option("--timeout", metavar="TIME", help="How long the query may run (60s).")
@click.option("--memory", metavar="SIZE", help="How much memory it may take (1GiB).")
@json_option
@workspace_option
def command(
    sql: str | None,
    list_views: bool,
    limit: int | None,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
    workspace: Path,
) -> None:
    """Ask the generation in SQL, read-only.

    The query sees the views of the current generation and no file, network or setting. It is
    stopped when it takes too long or too much memory.
    """
    if (sql is None) == (not list_views):
        raise click.UsageError("give either --sql TEXT or --views")
    place, _, manifest, graph = opened(workspace)
    with graph:
        if list_views:
            print_rows(views(graph), as_json)
            return
        limits = read_limits(place, {"query_time": timeout, "query_memory": memory})[1]
        with _bounded(limits):
            table = ask(graph, place, manifest, str(sql), limits, lambda: _end(limits))
    shown = table.slice(0, limit)
    if as_json:
        print_json(_rows(shown))
    else:
        print_rows(list(_rows(shown)), False, table.column_names)
    click.echo(f"{shown.num_rows:,} of {table.num_rows:,} rows", err=True)


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Row after row, a batch at a time: as Python objects they take ten times the memory."""
    for batch in table.to_batches(4096):
        for row in batch.to_pylist():
            yield {key: _plain(value) for key, value in row.items()}


@contextmanager
def _bounded(limits: AskLimits) -> Iterator[None]:
    """Within this the process may take little more than it has and the query may."""
    if not STATUS.exists():  # not Linux: what DuckDB counts itself stays bounded
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = _private_bytes() + limits.memory + SLACK
    if before != resource.RLIM_INFINITY:
        allowed = min(allowed, before)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))


def _private_bytes() -> int:
    """Writable memory of this process, as RLIMIT_DATA counts it."""
    lines = STATUS.read_text("ascii").splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmData:"))
    return int(kib) << 10


def _end(limits: AskLimits) -> None:
    """The query is inside one step that nothing can stop: nothing is open that this could harm."""
    click.echo(f"regift: {late_text(limits)}", err=True)
    os._exit(1)

"""`regift find`: the findings of one typology."""

import sys
from pathlib import Path
from typing import Any

import click

from regift.commands import progress
from regift.commands.options import (
    check_account,
    json_option,
    limits_options,
    moment_us,
    opened,
    quiet_option,
    settings_given,
    workspace_option,
)
from regift.commands.output import print_columns, print_json, print_json_lines, say, say_cut
from regift.graph.snapshot import Snapshot
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.queries.lines import cells, json_lines
from regift.queries.search import clauses, search
from regift.queries.shown import choose, finding_ids
from regift.queries.typology import Typology
from regift.refresh.settings import params_of


@click.command()
@click.argument("typology")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A parameter.")
@click.option(
    "--compare", multiple=True, metavar="KEY=VALUE", help="Search with this too; say what differs."
)
@click.option("--account", help="Only findings with this account on them.")
@click.option("--since", help="Only findings whose first record is at this time or later.")
@click.option("--until", help="Only findings whose first record is before this time.")
@click.option("--limit", type=click.IntRange(0), help="Show so many; stderr says of how many.")
@click.option("--engine", default="embedded", show_default=True, help="What searches.")
@click.option("--count", "count_only", is_flag=True, help="Exact counts, nothing listed.")
@limits_options
@json_option
@quiet_option
@workspace_option
def command(
    typology: str,
    given: tuple[str, ...],
    compare: tuple[str, ...],
    account: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    engine: str,
    count_only: bool,
    limits: dict[str, str | None],
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Find one typology; a scheduled run's findings are read.

    With the parameters and bounds of the last run its findings are read; with others, or with
    --budget where time cut that run, the generation is searched anew. Times without an offset are
    of the workspace's time zone. Exit code 4: a bound cut something, which is said.
    """
    _, settings, manifest, graph = opened(workspace, limits=limits)
    with graph, progress.shown(graph.bounds, typology, quiet) as graph.bounds:
        changed = settings_given(given)
        params = params_of(settings, typology, changed)
        chosen = ALL[typology]
        if engine not in chosen.engines:
            raise UsageError(
                f"{typology} does not run on engine {engine!r}: it has {', '.join(chosen.engines)}"
            )
        if count_only:
            if account or since or until or compare:
                raise UsageError("--count counts the whole generation: leave out the filters")
            sys.exit(_count(graph, chosen, params, quiet))
        picked: dict[str, Any] = {
            "typology": typology,
            "account": account,
            "since_us": moment_us(since, settings.time_zone) if since else None,
            "until_us": moment_us(until, settings.time_zone) if until else None,
        }
        if account is not None:
            check_account(graph, account)
        run, more_time = dict(manifest.run), limits["budget"] is not None
        prefix, truncated = search(graph, chosen, params, run, more_time=more_time)
        total = choose(graph.con, prefix=prefix, limit=limit, **picked)
        lines = json_lines(graph.con, clauses(ALL), prefix) if as_json else None
        table = None if as_json else cells(graph.con, prefix)
        compared = None
        if compare:
            other = params_of(settings, typology, changed | settings_given(compare, "--compare"))
            there, cut = search(graph, chosen, other, run, prefix="compared_", more_time=more_time)
            compared = _difference(graph, prefix, there, picked, compare)
            if cut:
                compared["truncated"] = cut
    if lines is not None:
        print_json_lines(lines)
    if table is not None:
        print_columns(table)
    shown = total if limit is None else min(limit, total)
    say(f"{shown:,} of {total:,} findings of {typology}", quiet)
    if compared:
        _tell_difference(compared, as_json, quiet)
    if truncated:
        if as_json:
            print_json([{"truncated": truncated}])
        say_cut(truncated, quiet)
    if truncated or (compared and "truncated" in compared):
        sys.exit(4)


def _count(graph: Snapshot, chosen: Typology, params: Any, quiet: bool) -> int:
    """Print exact numbers; gives the exit code."""
    if chosen.count is None:
        raise UsageError(f"{chosen.name} has no --count: it lists every finding once")
    counted = chosen.count(graph, params)
    print_json([{"typology": chosen.name, **counted}])
    say_cut(counted.get("truncated", {}), quiet)
    return 0 if counted["complete"] else 4


def _difference(
    graph: Snapshot, here: str, there: str, picked: dict[str, Any], compare: tuple[str, ...]
) -> dict[str, Any]:
    """Which findings only one of two searches has, by id; of the findings that were asked for."""
    choose(graph.con, prefix=here, **picked)
    ours = finding_ids(graph.con)
    choose(graph.con, prefix=there, **picked)
    theirs = finding_ids(graph.con)
    return {
        "compared": settings_given(compare, "--compare"),
        "findings": len(ours),
        "other": len(theirs),
        "only_here": sorted(set(ours) - set(theirs)),
        "only_there": sorted(set(theirs) - set(ours)),
    }


def _tell_difference(compared: dict[str, Any], as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json([compared])
    changed = ", ".join(f"{key}={value}" for key, value in compared["compared"].items())
    say(
        f"{compared['findings']:,} findings, {compared['other']:,} with {changed}: "
        f"{len(compared['only_there']):,} only there, {len(compared['only_here']):,} only here",
        quiet,
    )
    if "truncated" in compared:
        say_cut(compared["truncated"], quiet, f"with {changed}: ")

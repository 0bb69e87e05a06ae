"""`regift find`: the findings of one typology."""

import sys
from pathlib import Path

import click

from regift.commands.options import (
    check_account,
    json_option,
    moment_us,
    opened,
    quiet_option,
    settings_given,
    workspace_option,
)
from regift.commands.output import print_json, print_rows, say
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.queries.search import clauses, search
from regift.queries.shown import finding_rows
from regift.refresh.settings import params_of

SHOWN = ("finding", "accounts", "items", "first_at", "amount", "currency", "length", "level")


@click.command()
@click.argument("typology")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A parameter.")
@click.option("--account", help="Only findings with this account on them.")
@click.option("--since", help="Only findings whose first record is at this time or later.")
@click.option("--until", help="Only findings whose first record is before this time.")
@click.option("--limit", type=click.IntRange(0), help="Show so many; stderr says of how many.")
@click.option("--engine", default="embedded", show_default=True, help="What searches.")
@click.option("--count", "count_only", is_flag=True, help="Exact counts, nothing listed.")
@json_option
@quiet_option
@workspace_option
def command(
    typology: str,
    given: tuple[str, ...],
    account: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    engine: str,
    count_only: bool,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Find one typology; a scheduled run's findings are read.

    With the parameters of the last run its findings are read; with others the generation is
    searched anew. Times without an offset are of the workspace's time zone.
    """
    _, settings, manifest, graph = opened(workspace)
    with graph:
        params = params_of(settings, typology, settings_given(given))
        chosen = ALL[typology]
        if engine not in chosen.engines:
            raise UsageError(
                f"{typology} does not run on engine {engine!r}: it has {', '.join(chosen.engines)}"
            )
        since_us = moment_us(since, settings.time_zone) if since else None
        until_us = moment_us(until, settings.time_zone) if until else None
        if count_only:
            if account or since or until:
                raise UsageError("--count counts the whole generation: leave out the filters")
            if chosen.count is None:
                raise UsageError(f"{typology} has no --count: it lists every finding once")
            counted = chosen.count(graph, params)
            print_json([{"typology": typology, **counted}])
            sys.exit(0 if counted["complete"] else 4)
        if account is not None:
            check_account(graph, account)
        prefix, truncated = search(graph, chosen, params, dict(manifest.run))
        rows, total = finding_rows(
            graph.con,
            clauses(ALL),
            prefix=prefix,
            typology=typology,
            account=account,
            since_us=since_us,
            until_us=until_us,
            limit=limit,
        )
    print_rows(rows, as_json, SHOWN)
    say(f"{len(rows):,} of {total:,} findings of {typology}", quiet)
    if truncated:
        if as_json:
            print_json([{"truncated": truncated}])
        say(f"cut short: {truncated}", quiet)
        sys.exit(4)

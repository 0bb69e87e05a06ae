"""`regift trace`: an item from hand to hand, money from account to account."""

from pathlib import Path

import click

from regift.commands.options import (
    check_account,
    json_option,
    moment_us,
    opened,
    quiet_option,
    workspace_option,
)
from regift.commands.output import print_rows, say
from regift.loaders.errors import UsageError
from regift.queries.params import duration_us
from regift.queries.shown import item_rows
from regift.queries.traces import account_rows, path_rows


@click.group()
def command() -> None:
    """Follow an item or money from hand to hand."""


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
        raise UsageError(f"no record names the item {item!r}: check how it is written")
    print_rows(
        rows,
        as_json,
        ("ord", "at", "source", "target", "kind", "level", "level_is", "rule", "gap", "undone"),
    )
    first = rows[0]
    known = first["issuer_how"] or "so levels are lower bounds"
    say(f"issuer {first['issuer'] or 'unknown'} ({known})")


@command.command()
@click.argument("account")
@click.option("--forward/--backward", default=True, help="Where its money went, or came from.")
@click.option("--within", default="7d", show_default=True, help="How long to follow it.")
@click.option("--since", help="From this time on; backward: until then.")
@click.option("--limit", type=click.IntRange(0), help="Show so many; stderr says of how many.")
@json_option
@quiet_option
@workspace_option
def account(
    account: str,
    forward: bool,
    within: str,
    since: str | None,
    limit: int | None,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Accounts that the money of ACCOUNT reached, each hop later than the one before.

    Amounts are first in, first out, knowing only the moves inside the time followed.
    """
    _, settings, _, graph = opened(workspace)
    with graph:
        check_account(graph, account)
        rows = account_rows(
            graph,
            account,
            forward=forward,
            within_us=duration_us(within),
            from_us=moment_us(since, settings.time_zone) if since else None,
        )
    shown = rows if limit is None else rows[:limit]
    print_rows(shown, as_json)
    say(f"{len(shown):,} of {len(rows):,} accounts {'reached' if forward else 'behind it'}", quiet)


@command.command()
@click.argument("a")
@click.argument("b")
@click.option("--within", default="7d", show_default=True, help="Longest time from first to last.")
@click.option("--max-hops", type=click.IntRange(1), default=6, show_default=True, help="Bound.")
@click.option("--since", help="Begin at this time or later.")
@json_option
@quiet_option
@workspace_option
def path(
    a: str,
    b: str,
    within: str,
    max_hops: int,
    since: str | None,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """How money could go from A to B: the earliest arrival, and the way that keeps most value."""
    _, settings, _, graph = opened(workspace)
    with graph:
        for end in (a, b):
            check_account(graph, end)
        rows = path_rows(
            graph,
            a,
            b,
            within_us=duration_us(within),
            max_hops=max_hops,
            from_us=moment_us(since, settings.time_zone) if since else None,
        )
    print_rows(rows, as_json)
    if not rows:
        say(f"no path from {a} to {b} within {within} and {max_hops} hops", quiet)

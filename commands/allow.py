"""`regift allow`: accounts that no measure is proposed against, each for a time and a reason."""

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
from regift.commands.output import plain, print_rows, say
from regift.enforcement import allow_list
from regift.enforcement.casebook import Casebook
from regift.graph.workspace import Workspace, now_us, utc_text


@click.group()
def command() -> None:
    """Accounts that no measure is proposed against."""


@command.command()
@click.argument("account")
@click.option("--until", required=True, help="ISO 8601 moment at which the entry ends.")
@click.option("--reason", required=True, help="Why; shown where a measure would be.")
@workspace_option
def add(account: str, until: str, reason: str, workspace: Path) -> None:
    """Put an account on the list. It keeps its findings, score and rank, and gets no measure."""
    place, settings, _, graph = opened(workspace)
    with graph:
        check_account(graph, account)
    until_us = moment_us(until, settings.time_zone)
    with Casebook.open(place.casebook) as casebook:
        seq = allow_list.add(casebook, account, until_us, reason)
    told = f"audit row {seq}: {account} is allowed until {utc_text(until_us)}"
    say(plain(f"{told}; next: `regift refresh`"))


@command.command()
@click.argument("account")
@click.option("--reason", required=True, help="Why; kept in the audit log.")
@workspace_option
def remove(account: str, reason: str, workspace: Path) -> None:
    """Take an account off the list."""
    with Casebook.open(Workspace.open(workspace).casebook) as casebook:
        seq = allow_list.remove(casebook, account, reason)
    say(plain(f"audit row {seq}: {account} is off the allow-list; next: `regift refresh`"))


@command.command(name="list")
@json_option
@quiet_option
@workspace_option
def list_command(as_json: bool, quiet: bool, workspace: Path) -> None:
    """Accounts on the list; those whose time is over count no more."""
    now = now_us()
    with Casebook.read(Workspace.open(workspace).casebook) as casebook:
        rows = [
            {
                "account": each.account,
                "until": utc_text(each.until_us),
                "over": each.until_us <= now,
                "reason": each.reason,
                "added_by": each.added_by,
                "audit": each.audit,
            }
            for each in allow_list.entries(casebook)
        ]
    print_rows(rows, as_json)
    say(f"{len(rows):,} accounts", quiet)

"""`regift audit`: the log of what people decided, of runs and of exports."""

from pathlib import Path

import click

from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import plain, print_rows, say
from regift.enforcement.casebook import Casebook
from regift.enforcement.heads import heads_in
from regift.enforcement.replay import erase as erase_row
from regift.graph.store import current_manifest, load_manifest, published
from regift.graph.workspace import Workspace, utc_text
from regift.loaders.errors import UsageError


@click.group()
def command() -> None:
    """Check the log of what people decided."""


@command.command()
@click.option(
    "--against", type=click.Path(dir_okay=False, path_type=Path), multiple=True,
    help="An export, pack, manifest or older copy: what it names has to be in the log.",
)  # fmt: skip
@workspace_option
def verify(against: tuple[Path, ...], workspace: Path) -> None:
    """Check the chain, every table against the log, and that nothing was cut off.

    The heads that the kept generations were made at have to be in the chain.
    """
    place = Workspace.open(workspace)
    heads = [
        load_manifest(place.generations / f"{number:06d}.json").digests["casebook_head"]
        for number in published(place, current_manifest(place))
    ]
    for path in against:
        heads += heads_in(path)
    with Casebook.read(place.casebook) as casebook:
        rows = casebook.verify(heads)
    say(f"{rows:,} audit rows, each fits the one before")


@command.command(name="list")
@click.option("--limit", type=click.IntRange(1), help="Only the newest so many.")
@json_option
@quiet_option
@workspace_option
def list_command(limit: int | None, as_json: bool, quiet: bool, workspace: Path) -> None:
    """The log, oldest first: who did what and when."""
    with Casebook.read(Workspace.open(workspace).casebook) as casebook:
        rows = casebook.rows()
    shown = [
        {
            "audit": row.seq,
            "at": utc_text(row.at_us),
            "actor": row.actor,
            "action": row.action,
            "payload": dict(row.payload),
        }
        for row in rows[-limit if limit else 0 :]
    ]
    print_rows(shown, as_json)
    say(f"{len(shown):,} of {len(rows):,} audit rows", quiet)


@command.command()
@click.argument("seq", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why; kept in the audit log.")
@workspace_option
def erase(seq: int, reason: str, workspace: Path) -> None:
    """Erase the words of a row: its reason or note; of a row that decided nothing all it says.

    The row stays in the chain by its digest. What was decided stays decided.
    """
    with Casebook.open(_existing(workspace)) as casebook:
        made = erase_row(casebook, seq, reason)
    say(f"audit row {made}: the words of row {seq} are erased; older copies still have them")


@command.command()
@click.option("--reason", required=True, help="Why; kept in the audit log.")
@workspace_option
def clock(reason: str, workspace: Path) -> None:
    """Say that the clock is right where the log is ahead of it, so that it can go on."""
    with Casebook.open(_existing(workspace)) as casebook:
        seq = casebook.accept_clock(reason)
    say(plain(f"audit row {seq}: the clock is right: {reason}"))


def _existing(workspace: Path) -> Path:
    place = Workspace.open(workspace)
    if not place.casebook.exists():
        raise UsageError(f"{place.root} has no audit log yet")
    return place.casebook

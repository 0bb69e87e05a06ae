"""`regift forget`: accounts whose personal data is erased, asked for now and done by a refresh."""

from pathlib import Path

import click

from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import plain, print_rows, say
from regift.enforcement import forgetting
from regift.enforcement.casebook import Casebook
from regift.graph.workspace import Workspace, utc_text
from regift.loaders.errors import UsageError
from regift.refresh import forget


class _Accounts(click.Group):
    """A group in which what is no command's name is an account."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, by its name or the account's."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["account", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_Accounts)
def command() -> None:
    """Accounts whose personal data is erased.

    `regift forget ACCOUNT --reason TEXT` asks for it, the next `regift refresh --full` does it.
    """


@command.command()
@click.argument("account")
@click.option("--reason", help="Why; kept in the audit log.")
@click.option("--dry-run", is_flag=True, help="Say what would go, ask for nothing.")
@json_option
@quiet_option
@workspace_option
def account(
    account: str, reason: str | None, dry_run: bool, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """Ask that an account be forgotten; `account` may be left out.

    Its gifts, transfers, items and certificates stay under a tombstone, so that the chains of
    other people stay what they are; its name, identifiers and labels go, and with them staged
    loads, the text of rejects, older generations and the words of audit rows that name it. The
    same records loaded again do not bring it back.
    """
    place = Workspace.open(workspace)
    if not (reason or dry_run):
        raise UsageError("--reason is missing: it is kept in the audit log")
    rows = forget.what_goes(place, account)
    seq = None if dry_run else forget.ask(place, account, reason or "")
    print_rows([row for row in rows if row["rows"] or as_json], as_json)
    if seq is None:
        say("nothing was asked for: leave out --dry-run", quiet)
    else:
        say(
            plain(
                f"audit row {seq}: {account} waits to be forgotten: {forget.NEXT}; until then "
                "`regift forget cancel` takes it back"
            ),
            quiet,
        )


@command.command()
@click.argument("account")
@click.option("--reason", required=True, help="Why; kept in the audit log.")
@workspace_option
def cancel(account: str, reason: str, workspace: Path) -> None:
    """Let an account be that waits to be forgotten."""
    with Casebook.open(Workspace.open(workspace).casebook) as casebook:
        seq = forgetting.cancel(casebook, account, reason)
    say(plain(f"audit row {seq}: {account} is not forgotten"))


@command.command(name="list")
@json_option
@quiet_option
@workspace_option
def list_command(as_json: bool, quiet: bool, workspace: Path) -> None:
    """Who waits to be forgotten, and what was forgotten: by its tombstone."""
    with Casebook.read(Workspace.open(workspace).casebook) as casebook:
        rows = [
            {
                "account": each.account,
                "state": each.state,
                "asked_at": utc_text(each.asked_us),
                "asked_by": each.asked_by,
                "reason": each.reason,
                "generation": each.generation,
                "ended_at": None if each.ended_us is None else utc_text(each.ended_us),
                "audit": each.seq,
            }
            for each in forgetting.listed(casebook.con)
        ]
    print_rows(rows, as_json)
    say(f"{len(rows):,} accounts", quiet)

"""`regift certificate`: who may sell first-level, and whose proof is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from regift.commands.options import (
    check_account,
    json_option,
    moment_us,
    opened,
    quiet_option,
    workspace_option,
)
from regift.commands.output import plain, print_json, print_rows, print_table, say
from regift.commands.wording import lang_option
from regift.enforcement import certificate_work as work
from regift.enforcement import certificates, policy
from regift.enforcement.casebook import Casebook
from regift.enforcement.certificate_work import Moment
from regift.enforcement.policy import Policy
from regift.graph.connect import row
from regift.graph.snapshot import Snapshot
from regift.graph.workspace import Workspace, now_us, utc_text
from regift.loaders.errors import UsageError
from regift.queries.params import calendar_us
from regift.refresh.settings import params_of

at_option = click.option(
    "--at", "at", metavar="TIME", help="ISO 8601 moment; by default that of the newest record."
)


@click.group()
def command() -> None:
    """Cooperation certificates: who may sell, whose proof is due."""


@dataclass(frozen=True)
class Desk:
    """A generation and what is said of its certificates, at a moment."""

    graph: Snapshot
    moment: Moment
    place: Workspace
    newest: bool
    unseen: int

    @property
    def pack(self) -> Policy:
        """The policy in use."""
        return policy.in_use(self.place)

    def tell(self, quiet: bool) -> None:
        """Which moment is meant, and what a refresh has not seen yet."""
        which = ", that of the newest record" if self.newest else ""
        say(f"certificates and sales as of {utc_text(self.moment.at_us)}{which}", quiet)
        if self.unseen:
            say(f"reviews that count from the next `regift refresh` on: {self.unseen:,}", quiet)


@contextmanager
def desk(workspace: Path, at: str | None) -> Iterator[Desk]:
    """Open a generation to look at its certificates."""
    place, settings, manifest, graph = opened(workspace)
    with graph, Casebook.read(place.casebook) as casebook:
        newest = manifest.as_of_us if manifest.as_of_us is not None else now_us()
        moment = Moment(
            newest if at is None else moment_us(at, settings.time_zone),
            now_us(),
            params_of(settings, "uncertified_issue").grace_us,
        )
        unseen = work.prepare(graph.con, casebook, moment)
        yield Desk(graph, moment, place, at is None and manifest.as_of_us is not None, unseen)


@command.command(name="list")
@click.option("--account", metavar="A", help="Only those of this account.")
@at_option
@json_option
@quiet_option
@workspace_option
def list_command(
    account: str | None, at: str | None, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """Certificates with their state at a moment, and who accepted or refused them."""
    with desk(workspace, at) as there:
        if account is not None:
            check_account(there.graph, account)
        rows = work.registry(there.graph.con, there.moment, account)
        print_rows(rows, as_json, _LISTED)
        unread = sum(1 for each in rows if each["not_read"])
        if unread:
            say(f"scopes with text that restricts nothing (not_read): {unread:,}", quiet)
        there.tell(quiet)
    say(f"{len(rows):,} certificates", quiet)


_LISTED = (
    "certificate", "account", "state", "valid_from", "valid_to", "scope", "not_read", "verdict",
    "reviewed_by",
)  # fmt: skip


@command.command()
@click.option("--within", metavar="D", help="List certificates that end within this duration.")
@at_option
@json_option
@quiet_option
@workspace_option
def due(within: str | None, at: str | None, as_json: bool, quiet: bool, workspace: Path) -> None:
    """What is to be done: ask for proof, review, renew; what is due first stands first.

    Reminders are due by the clock, all else by the time of the records. How often proof is asked
    for, and what --within is without it, says the policy.
    """
    with desk(workspace, at) as there:
        asked = there.pack.certificates
        within_us = asked.expires_within_us if within is None else calendar_us(within)
        rows = work.tasks(there.graph.con, there.moment, asked.remind_every_us, within_us)
        print_rows(rows, as_json, _DUE)
        there.tell(quiet)
        now = utc_text(there.moment.now_us)
    asked_for = (each for each in rows if each["task"] in work.PROOF and each["reminders"])
    over = sum(1 for each in asked_for if each["due_at"] <= now)
    whose = " (example)" if asked.example else ""
    say(f"{len(rows):,} tasks; reminders due again by the clock, {now}: {over:,}{whose}", quiet)


_DUE = (
    "due_at", "task", "account", "certificate", "status", "uncovered", "last_sale_at", "reminders",
    "reminded_at",
)  # fmt: skip


@command.command()
@click.argument("account")
@at_option
@lang_option
@json_option
@quiet_option
@workspace_option
def check(
    account: str, at: str | None, lang: str, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """One account: certificates, its sales beside them, and what no certificate excuses."""
    with desk(workspace, at) as there:
        check_account(there.graph, account)
        told = work.account_line(there.graph.con, there.moment, account, lang)
        if as_json:
            print_json([told])
        else:
            _tell(told)
        there.tell(quiet)


def _tell(told: dict[str, Any]) -> None:
    for line in told["words"]:
        click.echo(plain(line))
    if told["certificates"]:
        click.echo()
        print_table(told["certificates"], tuple(c for c in _LISTED if c != "account"))
    if told["sales"]:
        click.echo()
        print_table(
            [
                each | {"sales": ", ".join(f"{s} {n:,}" for s, n in each["sales"].items()),
                        "certificates": ", ".join(each["certificates"])}
                for each in told["periods"]
            ],
            ("from", "to", "certificates", "sales", "first_sale_at", "last_sale_at"),
        )  # fmt: skip


@command.command()
@click.argument("account")
@click.argument("filing")
@click.option("--accept", "verdict", flag_value=certificates.ACCEPTED, help="It is in order.")
@click.option(
    "--refuse", "verdict", flag_value=certificates.REFUSED,
    help="It is not: it counts for nothing from the next refresh on.",
)  # fmt: skip
@click.option("--reason", required=True, help="Why; kept in the audit log.")
@workspace_option
def review(account: str, filing: str, verdict: str | None, reason: str, workspace: Path) -> None:
    """Accept or refuse a certificate: the filing number FILING of ACCOUNT, all its periods."""
    if verdict is None:
        raise UsageError("say --accept or --refuse")
    place, _, _, graph = opened(workspace)
    with graph:
        check_account(graph, account)
        sql = "SELECT count(*) FROM certificates WHERE account = ? AND filing_number = ?"
        if not row(graph.con, sql, [account, filing])[0]:
            raise UsageError(
                f"{account} has no certificate {filing!r}: `regift certificate list` has them"
            )
    with Casebook.open(place.casebook) as casebook:
        seq = certificates.review(casebook, account, filing, verdict, reason)
    said = f"audit row {seq}: certificate {filing} of {account} is {verdict}"
    say(plain(f"{said}; next: `regift refresh`"))


@command.command()
@click.argument("account")
@click.option("--reason", required=True, help="What was asked, and how; kept in the audit log.")
@workspace_option
def remind(account: str, reason: str, workspace: Path) -> None:
    """Record that ACCOUNT was asked for proof; nothing is sent."""
    place, _, _, graph = opened(workspace)
    with graph:
        check_account(graph, account)
    with Casebook.open(place.casebook) as casebook:
        seq = certificates.remind(casebook, account, reason)
        again = now_us() + policy.in_use(place).certificates.remind_every_us
    say(plain(f"audit row {seq}: {account} was asked for proof; again at {utc_text(again)}"))

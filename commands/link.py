"""`regift link`: accounts that stand behind one controller."""

from pathlib import Path

import click

from regift.commands.options import (
    check_account,
    json_option,
    opened,
    quiet_option,
    workspace_option,
)
from regift.commands.output import masked, print_json, print_rows, say
from regift.enforcement.casebook import Casebook
from regift.graph.connect import dicts
from regift.graph.entities import link_explain
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError


@click.group()
def command() -> None:
    """Accounts that stand behind one controller."""


@command.command(name="list")
@click.option("--grade", type=click.Choice(["controller", "associated"]), help="Only this grade.")
@click.option("--account", help="Only links of this account.")
@json_option
@quiet_option
@workspace_option
def list_command(
    grade: str | None, account: str | None, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """Links between accounts, and the identifiers that too many share to link anybody."""
    _, _, _, graph = opened(workspace)
    with graph:
        rows = dicts(
            graph.con,
            "SELECT l.*, e.entity FROM links l LEFT JOIN entity_of e ON e.account = l.a "
            "WHERE ($1 IS NULL OR grade = $1) AND ($2 IS NULL OR $2 IN (a, b)) ORDER BY a, b",
            [grade, account],
        )
        ignored = graph.con.execute(
            "SELECT kind, value, accounts FROM ignored_identifiers "
            "ORDER BY accounts DESC, kind, value"
        ).fetchall()
        refused = graph.con.execute("SELECT a, b, why FROM refused_links ORDER BY a, b").fetchall()
    print_rows(rows, as_json)
    for kind, value, accounts in ignored:
        say(f"ignored: {kind} {value}, {accounts:,} accounts", quiet)
    for a, b, why in refused:
        say(f"kept apart: {a} and {b}: {why}", quiet)


@command.command()
@click.argument("a")
@click.argument("b")
@click.option("--identifiers", is_flag=True, help="Show them whole; who asks is in the audit log.")
@json_option
@workspace_option
def explain(a: str, b: str, identifiers: bool, as_json: bool, workspace: Path) -> None:
    """Why two accounts are linked, or are not.

    Identifiers are masked unless they are asked for.
    """
    place, settings, _, graph = opened(workspace)
    with graph:
        for account in (a, b):
            check_account(graph, account)
        found = link_explain(graph.con, a, b, settings.identifier_caps)
    if identifiers:
        _note_showing(place, a, b)
    else:
        found["identifiers"] = [
            {**row, "value": masked(row["value"])} for row in found["identifiers"]
        ]
    if as_json:
        print_json([found])
        return
    for key, value in found.items():
        if isinstance(value, list):
            click.echo(f"{key}: {len(value)}")
            print_rows(value, False)
        else:
            click.echo(f"{key}: {value}")


def _note_showing(place: Workspace, a: str, b: str) -> None:
    casebook = Casebook.open(place.casebook)
    try:
        casebook.note("identifiers shown", {"a": a, "b": b})
    finally:
        casebook.close()


@command.command()
@click.argument("a")
@click.argument("b")
@click.argument("verdict", type=click.Choice(["same", "different"]))
@click.option("--reason", required=True, help="Why; kept in the audit log.")
@workspace_option
def judge(a: str, b: str, verdict: str, reason: str, workspace: Path) -> None:
    """Say that two accounts have the same controller or different ones.

    Records of the generation have to name both. It takes effect at the next refresh.
    """
    if a == b:
        raise UsageError("the two accounts are one: judge a pair")
    place, _, _, graph = opened(workspace)
    with graph:
        for account in (a, b):
            check_account(graph, account)
    casebook = Casebook.open(place.casebook)
    try:
        seq = casebook.judge(a, b, verdict, reason)
    finally:
        casebook.close()
    say(f"audit row {seq}: {a} and {b} are {verdict}; next: `regift refresh`")

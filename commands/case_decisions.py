"""Decisions of `regift case`: assign, note, decide, approve, appeal, uphold, overturn, reverse.

Each takes a case (C-..., a prefix will do) or a dossier (D-1) and opens the dossier of a case that
has none. `add_to` puts them on the group of `commands/case.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb

from regift.commands.options import json_option, opened, quiet_option, workspace_option
from regift.commands.output import plain, print_json, print_rows, say
from regift.enforcement import dossier_cases, dossiers, policy, policy_rules
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import NO_VIOLATION, DecisionRules
from regift.enforcement.dossier_rows import AWAITING
from regift.enforcement.dossiers import Decision, Dossier, Subject
from regift.graph.workspace import Workspace, utc_text
from regift.loaders.errors import UsageError

reason_option = click.option("--reason", required=True, help="Why; kept in the audit log.")


def rules_of(workspace: Path) -> DecisionRules:
    """Steps, clauses and the two-person step that hold in a workspace."""
    return policy_rules.decision_rules(policy.in_use(Workspace.open(workspace)))


@dataclass(frozen=True)
class Desk:
    """A generation and the casebook, and what the argument names in them."""

    con: duckdb.DuckDBPyConnection
    casebook: Casebook
    subject: Subject


@contextmanager
def desk(workspace: Path, text: str) -> Iterator[Desk]:
    """Open both for one act on one case or dossier."""
    place, _, manifest, graph = opened(workspace)
    with graph, Casebook.open(place.casebook) as casebook:
        dossier_cases.attach(graph.con, casebook)
        subject = dossier_cases.subject_of(graph.con, casebook, text, manifest.number)
        yield Desk(graph.con, casebook, subject)


@contextmanager
def beside(place: Workspace, con: duckdb.DuckDBPyConnection) -> Iterator[Casebook]:
    """The casebook for a listing, with its dossiers attached to a generation."""
    with Casebook.read(place.casebook) as casebook:
        dossier_cases.attach(con, casebook)
        yield casebook


def states_of(place: Workspace, con: duckdb.DuckDBPyConnection, quiet: bool) -> dict[str, str]:
    """case -> state, of the cases that have a dossier; says which dossiers ask for a reversal."""
    with beside(place, con):
        _say_gone(con, quiet)
        return dossier_cases.states(con)


def _say_gone(con: duckdb.DuckDBPyConnection, quiet: bool) -> None:
    for number in dossier_cases.asks_reversal(con):
        say(f"D-{number}: evidence gone: `regift case reverse D-{number} --reason TEXT`", quiet)


def tell_dossiers(found: Sequence[Mapping[str, Any]]) -> None:
    """What people did about a case, in lines."""
    for each in found:
        decided = f", {each['measure']} {each['clause'] or ''}" if each["measure"] else ""
        new = f"; {each['since']} findings since" if each["since"] else ""
        click.echo(plain(f"{each['dossier']}: {each['state']}{decided.rstrip()}{new}"))
        for act in each["acts"]:
            words = f": {act['words']}" if act["words"] else ""
            click.echo(plain(f"  {act['at']} {act['actor']} {act['act']}{words}"))


def add_to(group: click.Group) -> None:
    """Put the decisions on the group `case`."""
    for each in (assign, note, decide, approve, appeal, uphold, overturn, reverse, list_dossiers):
        group.add_command(each)


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Argument and options of every act."""
    for option in (workspace_option, quiet_option, json_option, click.argument("case")):
        function = option(function)
    return function


@click.command()
@common
@click.argument("to")
def assign(case: str, to: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Say who works on a case: TO is a login."""
    with desk(workspace, case) as at:
        made = dossiers.assign(at.casebook, at.subject, to)
    _tell(made, f"assigned to {to}", as_json, quiet)


@click.command()
@common
@click.argument("text")
def note(case: str, text: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Add a note to a case."""
    with desk(workspace, case) as at:
        made = dossiers.note(at.casebook, at.subject, text)
    _tell(made, "noted", as_json, quiet)


@click.command()
@common
@click.option("--measure", required=True, help=f"A step of the ladder, or {NO_VIOLATION}.")
@click.option("--clause", help=f"The clause that was violated; {NO_VIOLATION} needs none.")
@reason_option
@click.option(
    "--account", "accounts", multiple=True,
    help="Measure this account of the case; by default those that the gate proposes.",
)  # fmt: skip
def decide(
    case: str,
    measure: str,
    clause: str | None,
    reason: str,
    accounts: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Decide a case: a measure against its accounts, or that there is no violation.

    From a step of the ladder on another person has to approve it. It takes effect on the ranking
    at the next refresh.
    """
    rules = rules_of(workspace)
    with desk(workspace, case) as at:
        measured, said = _measured(at, measure, accounts)
        decision = Decision(measure, clause, reason, measured)
        made = dossiers.decide(at.casebook, at.subject, decision, rules)
    what = f"{measure}{f' by {clause}' if clause else ''}"
    if measured:
        what += f" against {', '.join(measured)}"
    if made.state == AWAITING:
        what += "; somebody else has to approve it: `regift case approve`"
    _tell(made, what, as_json, quiet)
    for line in said:
        say(plain(line), quiet)


def _measured(
    at: Desk, measure: str, accounts: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]]:
    """The accounts that a decision is against, and what there is to be said of the choice."""
    if measure == NO_VIOLATION:
        return accounts, []
    there = dossier_cases.accounts_of(at.con, at.subject)
    for account in accounts:
        if account not in there:
            raise UsageError(f"{account!r} is no account of {at.subject.case_id}")
    if accounts:
        beyond = [account for account in accounts if not there[account]]
        return accounts, [f"the gate proposes no measure against {a}" for a in beyond]
    proposed = tuple(account for account, step in there.items() if step)
    allowed = {row[0] for row in at.casebook.state().allowed}
    said = [f"{a} is on the allow-list: left out" for a in proposed if a in allowed]
    if not proposed:
        said.append(
            f"the gate proposes no account of {at.subject.case_id} for a measure, so none is "
            "measured: --account names one"
        )
    return tuple(account for account in proposed if account not in allowed), said


@click.command()
@common
@reason_option
def approve(case: str, reason: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Approve a decision as the second person; its measures are then in force."""
    with desk(workspace, case) as at:
        made = dossiers.approve(at.casebook, at.subject, reason, rules_of(workspace))
    _tell(made, f"{made.measure} approved", as_json, quiet)


@click.command()
@common
@reason_option
def appeal(case: str, reason: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Record an appeal against a decision."""
    with desk(workspace, case) as at:
        made = dossiers.appeal(at.casebook, at.subject, reason)
    what = "somebody who neither decided nor approved upholds or overturns it"
    _tell(made, what, as_json, quiet)


@click.command()
@common
@reason_option
def uphold(case: str, reason: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Decide an appeal: the decision stays."""
    with desk(workspace, case) as at:
        made = dossiers.uphold(at.casebook, at.subject, reason)
    _tell(made, f"{made.measure} stays", as_json, quiet)


@click.command()
@common
@reason_option
def overturn(case: str, reason: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Decide an appeal: the decision falls, its measures are reversed."""
    with desk(workspace, case) as at:
        made = dossiers.overturn(at.casebook, at.subject, reason)
    _tell(made, "its measures are reversed; next: `regift refresh`", as_json, quiet)


@click.command()
@common
@reason_option
def reverse(case: str, reason: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Take a decision back; its measures are reversed, and the next refresh forgets them."""
    with desk(workspace, case) as at:
        made = dossiers.reverse(at.casebook, at.subject, reason)
    _tell(made, "its measures are reversed; next: `regift refresh`", as_json, quiet)


@click.command(name="dossiers")
@json_option
@quiet_option
@workspace_option
def list_dossiers(as_json: bool, quiet: bool, workspace: Path) -> None:
    """Dossiers: cases on which somebody acted, with what became of their evidence."""
    place, _, _, graph = opened(workspace)
    with graph, beside(place, graph.con) as casebook:
        there = dossier_cases.evidence(graph.con)
        rows = [
            {**shown(each), "evidence": there[each.number][0], "cases": there[each.number][1]}
            for each in dossiers.listed(casebook)
        ]
        _say_gone(graph.con, quiet)
    print_rows(rows, as_json)
    say(f"{len(rows):,} dossiers", quiet)


def shown(dossier: Dossier) -> dict[str, Any]:
    """A dossier as listings have it."""
    return {
        "dossier": dossier.name,
        "case": dossier.case_id,
        "state": dossier.state,
        "measure": dossier.measure,
        "clause": dossier.clause,
        "assignee": dossier.assignee,
        "decided_by": dossier.decided_by,
        "decided_at": None if dossier.decided_us is None else utc_text(dossier.decided_us),
        "approved_by": dossier.approved_by,
    }


def _tell(dossier: Dossier, what: str, as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json([shown(dossier)])
    say(plain(f"{dossier.name} of {dossier.case_id} is {dossier.state}: {what}"), quiet)

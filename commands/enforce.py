"""`regift enforce`: measures that the ranking proposes and people decide and look at again."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from regift.commands.case_decisions import reason_option, rules_of
from regift.commands.enforce_again import recheck
from regift.commands.enforce_export import export
from regift.commands.options import (
    json_option,
    opened,
    quiet_option,
    workspace_option,
)
from regift.commands.output import plain, print_json, print_rows, say
from regift.commands.wording import lang_option, line_of
from regift.enforcement import dossier_measures, history, measures, planning, policy
from regift.enforcement.casebook import Casebook
from regift.enforcement.clause_dates import check_in_force
from regift.enforcement.measures import Measure
from regift.graph.store import Manifest
from regift.graph.workspace import Workspace, now_us, utc_text
from regift.loaders.errors import RegiftError, UsageError
from regift.queries.params import calendar_us
from regift.ranking.texts import translated

STATES = ("planned", *measures.IN_FORCE, "closed", "reversed")
WHY_LEFT = {
    "stands": "have the same or a severer measure planned or in force",
    "allowed": "are on the allow-list",
    "busy": "have a case that waits for an approval or an appeal",
    "merged": "have a case with several dossiers: `regift case show` them, decide in one",
    "refused": "were declined, cleared, reversed or overturned, and nothing is new since",
    "ended": "had the same or a severer measure, closed, and no fact since it began",
    "beyond": "are beyond the capacity",
}
SHOWN = ("number", "account", "case", "measure", "clause", "due_at", "degree", "touches")


@click.group()
def command() -> None:
    """Measures: plan, decide, hand over, look at again."""


command.add_command(export)
command.add_command(recheck)


@command.command()
@click.option(
    "--capacity", type=click.IntRange(1), metavar="N",
    help="At most so many legal subjects wait for a decision; those of earlier plans count.",
)  # fmt: skip
@click.option("--line", metavar="S", help="Only accounts of this score and more.")
@click.option("--dry-run", is_flag=True, help="Record nothing.")
@lang_option
@json_option
@quiet_option
@workspace_option
def plan(
    capacity: int | None,
    line: str | None,
    dry_run: bool,
    lang: str,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Plan the measures that the ranking proposes, for people to approve or decline.

    In the order of `rank`; accounts of one legal subject are one unit of capacity. Nothing is in
    force by a plan. Planning again adds nothing. Each row shows whom the measure would touch.
    """
    least = None if line is None else line_of(line)
    place, _, manifest, graph = opened(workspace)
    asked = planning.Asked(capacity, least, dry_run)
    opener = Casebook.read if dry_run else Casebook.open
    with graph, opener(place.casebook) as casebook:
        _check_policy(manifest, policy.in_use(place))
        made = planning.plan(graph.con, casebook, manifest, rules_of(workspace), asked)
    rows = [_planned(row, lang) for row in made.rows]
    print_rows(rows if as_json else [_narrow(row) for row in rows], as_json)
    _say_planned(made, dry_run, quiet)
    ends = "there are none" if manifest.as_of_us is None else utc_text(manifest.as_of_us)
    say(f"`due_at` counts from the clock: {utc_text(made.now_us)}", quiet)
    say(f"people touched: in the 30 days to the newest record: {ends}", quiet)


def _check_policy(manifest: Manifest, now: policy.Policy) -> None:
    """RegiftError when the ranking follows another policy than decisions would."""
    used = (manifest.run.get("policy") or {}).get("id")
    if used != now.id:
        raise RegiftError(
            f"ranked by {used}, and the policy is {now.id} now: `regift refresh` first"
        )


def _planned(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    reasons = [each | {"text": translated(lang, each["text"])} for each in row["reasons"]]
    told = {key: value for key, value in row.items() if key != "due_us"}
    due = None if row["due_us"] is None else utc_text(row["due_us"])
    return {**told, "due_at": due, "why": translated(lang, row["why"]), "reasons": reasons}


def _narrow(row: Mapping[str, Any]) -> dict[str, Any]:
    beside = row["collateral"]
    touches = {
        "people": beside["counterparties"],
        "items": beside["items_held"],
        "linked": beside["linked_accounts"],
        "same subject": len(beside["legal_subject"]),
    }
    return {key: {**row, "touches": touches}[key] for key in SHOWN}


def _say_planned(made: planning.Plan, dry_run: bool, quiet: bool) -> None:
    steps = Counter(row["measure"] for row in made.rows)
    by_step = f" ({', '.join(f'{n:,} {step}' for step, n in steps.items())})" if steps else ""
    subjects = len({row["subject"] for row in made.rows})
    what = "would be planned" if dry_run else "planned"
    say(f"{len(made.rows):,} measures {what}{by_step} against {subjects:,} legal subjects", quiet)
    if made.rows and not dry_run:
        say("nothing is in force before `regift enforce approve NUMBER --reason TEXT`", quiet)
    for code, count in made.left.items():
        say(f"left out: {count:,} {WHY_LEFT[code]}", quiet)


def numbers_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """NUMBER..., numbers of measures."""
    made: Callable[..., Any] = click.argument(
        "numbers", metavar="NUMBER...", nargs=-1, required=True, type=click.IntRange(1)
    )(function)
    return made


@command.command()
@numbers_argument
@reason_option
@click.option("--clause", help="By which it is decided; by default the planned one.")
@json_option
@quiet_option
@workspace_option
def approve(
    numbers: tuple[int, ...],
    reason: str,
    clause: str | None,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Decide for planned measures: they are in force from now on.

    From a step of the ladder on another person than the planner has to. A clause has to be in force
    when the conduct happened.
    """
    rules = rules_of(workspace)
    place, _, _, graph = opened(workspace)
    pack = policy.in_use(place)
    with graph, Casebook.open(place.casebook) as casebook:
        for each in measures.numbered(casebook.con, numbers):
            check_in_force(graph.con, casebook, pack, each, clause or each.clause)
        made = dossier_measures.approve(casebook, numbers, reason, rules, clause)
    _tell(made, "next: `regift enforce export` hands it over", as_json, quiet)


@command.command()
@numbers_argument
@reason_option
@json_option
@quiet_option
@workspace_option
def decline(
    numbers: tuple[int, ...], reason: str, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """Decide against planned measures; they are planned again only on new evidence."""
    with Casebook.open(Workspace.open(workspace).casebook) as casebook:
        made = dossier_measures.decline(casebook, numbers, reason)
    _tell(made, "it never was in force", as_json, quiet)


@command.command()
@click.argument("number", type=click.IntRange(1))
@reason_option
@json_option
@quiet_option
@workspace_option
def close(number: int, reason: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """End a measure that did what it was for; it stays in the account's history."""
    with Casebook.open(Workspace.open(workspace).casebook) as casebook:
        measures.close(casebook, number, reason)
        made = measures.numbered(casebook.con, [number])
    _tell(made, "the next `regift enforce export` says that it is over", as_json, quiet)


@command.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--due", required=True, metavar="TIME", help="Look at it again after, e.g. 7d.")
@reason_option
@json_option
@quiet_option
@workspace_option
def extend(number: int, due: str, reason: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Let a measure that was looked at again go on; one that ends by itself not before then."""
    after = calendar_us(due)
    if after <= 0:
        raise UsageError(f"--due {due}: write a time from now, such as 7d")
    due_us = now_us() + after
    with Casebook.open(Workspace.open(workspace).casebook) as casebook:
        (found,) = measures.numbered(casebook.con, [number])
        until = None if found.until_us is None else max(found.until_us, due_us)
        measures.extend(casebook, number, reason, due_us=due_us, until_us=until)
        made = measures.numbered(casebook.con, [number])
    _tell(made, f"looked at again at {utc_text(due_us)}", as_json, quiet)


@command.command(name="list")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these.")
@click.option("--account", help="Only measures against this account.")
@click.option("--due", is_flag=True, help="Only those to be looked at again by now.")
@json_option
@quiet_option
@workspace_option
def list_command(
    states: tuple[str, ...],
    account: str | None,
    due: bool,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Measures with their state; --json has the history of each."""
    now = now_us()
    with Casebook.read(Workspace.open(workspace).casebook) as casebook:
        found = measures.listed(casebook, states=states, account=account)
        if due:
            named = {each.number for each in measures.due(casebook, now)}
            found = [each for each in found if each.number in named]
        acts = history.acts(casebook) if as_json else {}
    rows = [shown(each) for each in found]
    if as_json:
        print_json({**row, "history": acts.get(row["number"], [])} for row in rows)
    else:
        print_rows([_short(row) for row in rows], False)
    say(f"{len(rows):,} measures; due is meant by the clock ({utc_text(now)})", quiet)


def shown(measure: Measure) -> dict[str, Any]:
    """A measure as listings have it."""
    times = ("planned", "approved", "exported", "effective", "due", "until", "rechecked", "ended")
    of = vars(measure)
    return {
        "number": measure.number,
        "account": measure.account,
        "measure": measure.step,
        "clause": measure.clause,
        "state": measure.state,
        "dossier": None if measure.dossier is None else f"D-{measure.dossier}",
        "reason": measure.reason,
        "planned_by": measure.planned_by,
        "approved_by": measure.approved_by,
        "ended_by": measure.ended_by,
        "outcome": measure.outcome,
        "follows": measure.follows,
        **{f"{key}_at": of[f"{key}_us"] and utc_text(of[f"{key}_us"]) for key in times},
    }


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("number", "account", "measure", "clause", "state", "dossier", "due_at", "outcome")
    return {key: row[key] for key in keys}


def _tell(made: Iterable[Measure], what: str, as_json: bool, quiet: bool) -> None:
    rows = [shown(each) for each in made]
    if as_json:
        print_json(rows)
    for row in rows:
        against = f"measure {row['number']} ({row['measure']} against {row['account']})"
        say(plain(f"{against} is {row['state']}: {what}"), quiet)

"""`regift link`: accounts that stand behind one controller."""

from pathlib import Path
from typing import Any

import click

from regift.commands.options import (
    check_account,
    json_option,
    opened,
    quiet_option,
    workspace_option,
)
from regift.commands.output import masked, plain, print_json, print_rows, say
from regift.enforcement.casebook import Casebook
from regift.graph.connect import count, dicts
from regift.graph.entities import link_explain
from regift.graph.fuzzy import waterfall
from regift.graph.fuzzy_model import FuzzyModel, keep
from regift.graph.snapshot import Snapshot
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError


@click.group()
def command() -> None:
    """Accounts that stand behind one controller."""


_LINKS = """
    WITH alike AS (FROM {alike}),
    shown AS (
        SELECT a, b, grade, kinds, sharers, why FROM links
        UNION ALL
        SELECT a, b, 'possible', [], NULL, 'alike in ' || array_to_string(fields, ' and ')
        FROM alike WHERE (a, b) NOT IN (SELECT (a, b) FROM links))
    SELECT s.*, e.entity {weight}
    FROM shown s LEFT JOIN entity_of e ON e.account = s.a LEFT JOIN alike f USING (a, b)
    WHERE coalesce(s.grade = $1, s.grade <> 'possible') AND ($2 IS NULL OR $2 IN (a, b))
    ORDER BY a, b
"""
_POSSIBLE = "(FROM fuzzy_links ANTI JOIN links USING (a, b))"
_IGNORED_FUZZY = """
    SELECT field, why, count(*), max(accounts) FROM fuzzy_ignored GROUP BY ALL ORDER BY ALL
"""


@command.command(name="list")
@click.option(
    "--grade",
    type=click.Choice(["controller", "associated", "possible"]),
    help="Only this grade; `possible`: accounts that look alike, for a person to judge.",
)
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
        fuzzy = graph.settings.fuzzy_model is not None  # generations without one lack its tables
        alike = "fuzzy_links" if fuzzy else "(SELECT a, b, []::VARCHAR[] AS fields FROM links)"
        rows = dicts(
            graph.con,
            _LINKS.format(alike=alike, weight=", f.weight_cb" if fuzzy else ""),
            [grade, account],
        )
        ignored = graph.con.execute(
            "SELECT kind, value, accounts FROM ignored_identifiers "
            "ORDER BY accounts DESC, kind, value"
        ).fetchall()
        refused = graph.con.execute("SELECT a, b, why FROM refused_links ORDER BY a, b").fetchall()
        left_out = graph.con.execute(_IGNORED_FUZZY).fetchall() if fuzzy else []
        possible = count(graph.con, _POSSIBLE) if fuzzy else 0
    print_rows(rows, as_json)
    for kind, value, accounts in ignored:
        say(f"ignored: {kind} {value}, {accounts:,} accounts", quiet)
    for field, why, values, accounts in left_out:
        most = f", up to {accounts:,} accounts each" if accounts > 1 else ""
        say(f"not compared by {field}: {values:,}{most}: {why}", quiet)
    for a, b, why in refused:
        say(f"kept apart: {a} and {b}: {why}", quiet)
    if possible and grade is None:
        say(f"{possible:,} more pairs look alike: `regift link list --grade possible`", quiet)


@command.command()
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is drawn at random.")
@click.option(
    "--sample", type=click.IntRange(min=1), default=1_000_000, show_default=True,
    help="Learn from so many accounts at most.",
)  # fmt: skip
@json_option
@quiet_option
@workspace_option
def train(seed: int, sample: int, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Learn from the records how much looking alike tells; the next refresh links by it.

    Names, phones, e-mail addresses, addresses, birth dates and documents are read from the
    identifiers. Needs the extra `link`.
    """
    from regift.graph.fuzzy_train import train as learn

    place, _, _, graph = opened(workspace)
    with graph:
        model = learn(graph.con, seed=seed, sample=sample, say=lambda line: say(line, quiet))
    keep(place, model)
    casebook = Casebook.open(place.casebook)
    try:
        casebook.note("link model trained", {"model": model.name, "seed": seed, "sample": sample})
    finally:
        casebook.close()
    print_rows(list(model.rows()), as_json)
    say(f"link model {model.name}; next: `regift refresh`", quiet)


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
        found = link_explain(graph.con, a, b, settings.identifier_caps) | _alike(graph, a, b)
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
            click.echo(plain(f"{key}: {value}"))


def _alike(graph: Snapshot, a: str, b: str) -> dict[str, Any]:
    """How the weight of a pair's looking alike comes about; nothing where there is no model."""
    made_with = graph.settings
    if made_with.fuzzy_model is None:
        return {}
    grade = graph.con.execute(
        "SELECT grade FROM fuzzy_links WHERE a = ? AND b = ?", sorted((a, b))
    ).fetchone()
    return {
        "model": FuzzyModel.of(made_with.fuzzy_model).name,
        "alike": grade[0] if grade else None,
        "associated_from_cb": made_with.fuzzy_associated_cb,
        "possible_from_cb": made_with.fuzzy_possible_cb,
        "waterfall": waterfall(graph.con, made_with, *sorted((a, b))),
    }


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

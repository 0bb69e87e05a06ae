"""`regift case`: findings that belong together."""

from decimal import Decimal
from pathlib import Path

import click

from regift.commands.case_decisions import add_to, beside, states_of, tell_dossiers
from regift.commands.explain import tell
from regift.commands.options import json_option, opened, quiet_option, workspace_option
from regift.commands.output import print_json, print_rows, say
from regift.commands.wording import lang_option, line_option
from regift.enforcement.dossier_cases import case_of, dossiers_of
from regift.ranking.cases import short_ids
from regift.ranking.explain import Asked, explain_unit
from regift.ranking.rank import rank, size


@click.group()
def command() -> None:
    """Cases: findings that belong together."""


add_to(command)


@command.command(name="list")
@click.option("--top", type=click.IntRange(1), help="Only the first so many.")
@json_option
@quiet_option
@workspace_option
def list_command(top: int | None, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Cases, best evidence first; `state` is `open` until somebody decides one."""
    place, _, _, graph = opened(workspace)
    with graph:
        states = states_of(place, graph.con, quiet)
        accounts = dict(graph.con.execute("SELECT case_id, accounts FROM cases").fetchall())
        short = {} if as_json else short_ids(graph.con)
        rows = [
            {
                "case": short.get(row["case"], row["case"]),
                "score": row["score"],
                "accounts": accounts[row["case"]],
                "state": states.get(row["case"], "open"),
                "measure": row["measure"],
                "clause": row["clause"],
            }
            for row in rank(graph.con, "case", top=top)
        ]
        total = size(graph.con, "case")
    print_rows(rows, as_json)
    say(f"{len(rows):,} of {total:,} cases", quiet)


@command.command()
@click.argument("case")
@line_option
@lang_option
@json_option
@workspace_option
def show(case: str, line: Decimal, lang: str, as_json: bool, workspace: Path) -> None:
    """One case: its score, its terms, its accounts and their roles."""
    place, _, manifest, graph = opened(workspace)
    with graph, beside(place, graph.con) as casebook:
        case_id = case_of(graph.con, casebook, case)
        asked = Asked(line, lang, manifest.run)
        found = explain_unit(graph.con, "case", case_id, asked)
        dossiers = dossiers_of(graph.con, casebook, case_id)
    if as_json:
        print_json([{**found, "dossiers": dossiers}])
    else:
        tell(found, asked)
        tell_dossiers(dossiers)

"""`regift explain`: why a case, an account or a finding is listed."""

from pathlib import Path
from typing import Any

import click
import duckdb

from regift.commands.options import json_option, opened, workspace_option
from regift.commands.output import plain, print_json, print_table, say_cut
from regift.ranking.explain import explain
from regift.refresh.run import truncated_of

SHOWN_ROWS = 12
"""Rows of each part that people see; --json has all, and the heading says how many there are."""


@click.command()
@click.argument("name")
@json_option
@workspace_option
def command(name: str, as_json: bool, workspace: Path) -> None:
    """Why a case, an account or a finding is listed.

    NAME is an account, the id of a finding, or the id of a case or a prefix of it. Terms add up to
    the score; each names the findings and records it stands on.
    """
    _, _, manifest, graph = opened(workspace)
    with graph:
        if as_json:
            print_json([{**explain(graph.con, name), "truncated": truncated_of(manifest)}])
            return
        tell_case(graph.con, name)
    for typology, cut in truncated_of(manifest).items():
        say_cut(cut, what=f"{typology} was ")


def tell_case(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """The explanation for people: the score, its terms, and what each part rests on."""
    found = explain(con, name)
    what = f"{found['unit']} {found['id']}" if "unit" in found else f"finding {found['finding']}"
    click.echo(plain(f"{what}: score {found['score']}"))
    if "measure" in found:
        proposed = found["measure"] or "no measure"
        click.echo(plain(f"  {proposed}: {found['why']}"))
    for term in found["terms"]:
        click.echo(plain(f"  {term['points']:5.1f}  {term['text']}"))
        click.echo(plain(f"         findings {_some(term['findings'])}"))
        records = [each["record"] if isinstance(each, dict) else each for each in term["records"]]
        click.echo(plain(f"         records {_some(records)}"))
    for part in ("accounts", "findings", "evidence", "without", "related"):
        _part(part, found.get(part) or [])


def _part(part: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    heading = {"without": "score without"}.get(part, part)
    of = f" ({SHOWN_ROWS} of {len(rows)})" if len(rows) > SHOWN_ROWS else ""
    click.echo(f"\n  {heading}{of}")
    shown = [
        {key: value for key, value in row.items() if key not in ("why", "nano_nats")}
        for row in rows[:SHOWN_ROWS]
    ]
    print_table(shown, list(shown[0]))


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown}, ... {len(names)} in all (--json lists them)"

"""`regift policy`: the rule that measures follow, its packs, and what they say."""

from pathlib import Path
from typing import Any

import click

from regift.commands import whatif
from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import plain, print_json, print_rows, print_table, say
from regift.commands.wording import lang_option
from regift.enforcement import policy as policies
from regift.enforcement import policy_listing as listing
from regift.enforcement.policy import Policy
from regift.graph.workspace import Workspace


@click.group()
def command() -> None:
    """The rule that measures follow: packs, clauses, ladder."""


def _known(root: Path) -> tuple[list[Policy], Policy]:
    """Packs and the one in use; without a workspace those that come with regift."""
    workspace = Workspace(root)
    if not workspace.settings_file.is_file():
        shipped = policies.packs()
        return shipped, policies.chosen(shipped, policies.DEFAULT_PACK)
    return policies.packs(root), policies.in_use(workspace)


@command.command(name="list")
@lang_option
@json_option
@quiet_option
@workspace_option
def list_command(lang: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Packs that come with regift, and those in the folder policies/ of the workspace."""
    found, used = _known(workspace)
    rows = [listing.row(pack, used) for pack in found]
    if not as_json:
        rows = [row | {"title": _title(row["title"], lang)} for row in rows]
    print_rows(rows, as_json, ("policy", "in_use", "title", "clauses"))
    say(f"{len(rows):,} policy packs; `[policy] pack` of regift.toml says which is in use", quiet)


@command.command()
@click.argument("name", required=False)
@lang_option
@json_option
@workspace_option
def show(name: str | None, lang: str, as_json: bool, workspace: Path) -> None:
    """What a pack says: clauses, ladder, switches; by default of the pack in use.

    NAME is a pack, of which the newest version is meant, or NAME@VERSION.
    """
    found, used = _known(workspace)
    told = listing.whole(policies.chosen(found, name) if name else used, used)
    if as_json:
        print_json([told])
    else:
        _tell(told, lang)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@lang_option
@json_option
@quiet_option
def check(file: Path, lang: str, as_json: bool, quiet: bool) -> None:
    """Read a pack and say what it holds; the first fault is an error with its place."""
    pack = policies.read(file)
    told = listing.whole(pack, pack) | {"in_use": None}
    if as_json:
        print_json([told])
    else:
        _tell(told, lang)
    if told["without_clause"]:
        names = ", ".join(told["without_clause"])
        say(f"no clause, so no measure, for what is found by {names}", quiet)
    say(plain(f"{file} can be used: put it into policies/ of the workspace"), quiet)


command.add_command(whatif.command)


def _title(titles: dict[str, str], lang: str) -> str:
    return titles.get(lang, titles["en"])


def _example(row: dict[str, Any]) -> str:
    return "our example" if row["example"] else "the rule"


def _tell(told: dict[str, Any], lang: str) -> None:
    click.echo(plain(f"{told['policy']}: {_title(told['title'], lang)}"))
    click.echo(plain(f"{told['source']}; dates are of {told['zone']}"))
    click.echo()
    clauses = [row | {"title": _title(row["title"], lang)} for row in told["clauses"]]
    shown = ("clause", "title", "from", "until", "channels")
    print_table([row | {"channels": ", ".join(row["channels"])} for row in clauses], shown)
    click.echo()
    for row in clauses:
        also = f"; also {', '.join(row['also'])}" if row["also"] else ""
        names = ", ".join(row["typologies"]) or "no typology"
        click.echo(plain(f"{row['clause']}: {names}{also}"))
    click.echo()
    steps = [
        row | {
            "title": _title(row["title"], lang), "functions": ", ".join(row["functions"]),
            "numbers": _example(row),
        }
        for row in told["ladder"]
    ]  # fmt: skip
    print_table(steps, ("measure", "title", "from_points", "due_after", "lasts", "functions",
                        "second_person", "numbers"))  # fmt: skip
    click.echo(f"\npoints of the degree ({_example(told['degree'])})\n")
    print_table(listing.degree_rows(told["degree"]), ("part", "points"))
    gate = told["gate"]
    click.echo(
        f"\nat most {gate['doubtful']} on doubtful facts, {gate['two_families']} on two families, "
        f"{gate['uncalibrated']} on these without a calibration ({_example(gate)})"
    )
    papers = told["certificates"]
    click.echo(
        f"proof is asked for again after {papers['remind_every']}; certificates are listed when "
        f"they end within {papers['expires_within']} ({_example(papers)})\n"
    )
    print_table(told["switches"], ("key", "value", "means"))
    for row in told["holding_periods"]:
        click.echo(f"from {row['from']} on items have to be held {row['held']} ({_example(row)})")

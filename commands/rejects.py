"""`regift rejects`: rows that could not be loaded."""

from pathlib import Path

import click

from regift.commands.load import tell
from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import json_text, print_json, print_rows, say
from regift.exports.target import published, target_of
from regift.graph.rejects import export_text, open_rejects, reject_of
from regift.graph.retry import retry as retry_file
from regift.graph.workspace import Workspace
from regift.refresh.settings import read_settings


@click.group()
def command() -> None:
    """Rows that could not be loaded."""


@command.command(name="list")
@click.option("--load", help="Only of this load.")
@click.option("--limit", type=click.IntRange(0), help="Show so many.")
@json_option
@quiet_option
@workspace_option
def list_command(
    load: str | None, limit: int | None, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """Rejected rows that nobody has mended yet."""
    rows = open_rejects(Workspace.open(workspace), load)
    shown = rows if limit is None else rows[:limit]
    print_rows(shown, as_json, ("reject", "load", "file", "line", "rule", "message"))
    say(f"{len(shown):,} of {len(rows):,} rejects", quiet)


@command.command()
@click.argument("reject")
@json_option
@workspace_option
def show(reject: str, as_json: bool, workspace: Path) -> None:
    """One rejected row as it was, and the rule that it broke."""
    row = reject_of(Workspace.open(workspace), reject)
    if as_json:
        print_json([row])
        return
    for key, value in row.items():
        click.echo(f"{key:8} {json_text(value)}")


@command.command()
@click.option("-o", "--output", required=True, help="File to write, or - for standard output.")
@click.option("--load", help="Only of this load.")
@workspace_option
def export(output: str, load: str | None, workspace: Path) -> None:
    """Rejected rows as a file to mend, for `rejects retry`."""
    place = Workspace.open(workspace)
    rows = open_rejects(place, load)
    text = export_text(place, rows)
    with published(target_of(output)) as file:
        file.write(text.encode())
    where = "mend them in a file" if output == "-" else "mend them"
    mended = "FILE" if output == "-" else output
    say(f"{len(rows):,} rejects; {where}, then `regift rejects retry {mended}`")


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--max-bad", default="0", show_default=True, help="Bad rows to put up with.")
@json_option
@quiet_option
@workspace_option
def retry(file: Path, max_bad: str, as_json: bool, quiet: bool, workspace: Path) -> None:
    """Load a mended export; the rejects in it count as resolved once it is staged."""
    place = Workspace.open(workspace)
    zone = read_settings(place).time_zone
    report, table = retry_file(place, file, time_zone=zone, max_bad=max_bad)
    tell(report, table, False, as_json, quiet)

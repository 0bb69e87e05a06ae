"""`regift withdraw`: records leave, their rows stay in the history."""

from pathlib import Path

import click

from regift.commands.load import tell
from regift.commands.options import json_option, quiet_option, workspace_option
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.loaders.tables import TABLES
from regift.refresh.input_limits import read_limits
from regift.refresh.settings import read_settings


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--table", type=click.Choice(list(TABLES)), required=True, help="What the rows are.")
@click.option("--reason", required=True, help="Why; kept in the history of the records.")
@click.option("--encoding", default="utf-8", show_default=True, help="Text encoding of the files.")
@click.option(
    "--max-bad", default="0", show_default=True, help="Unknown keys to put up with: N or N%."
)
@click.option("--dry-run", is_flag=True, help="Check everything, stage nothing.")
@json_option
@quiet_option
@workspace_option
def command(
    files: tuple[str, ...],
    table: str,
    reason: str,
    encoding: str,
    max_bad: str,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Withdraw records by their keys.

    FILES have the key columns of the table; other columns are not read. A withdrawn record takes
    part in nothing after the next refresh; loading it again needs `load --replace`.
    """
    place = Workspace.open(workspace)
    report = stage(
        place,
        LoadRequest(
            sources=files,
            table=table,
            options=ReadOptions(
                encoding=encoding,
                time_zone=read_settings(place).time_zone,
                limits=read_limits(place)[0],
            ),
            action="withdraw",
            reason=reason,
            max_bad=max_bad,
            dry_run=dry_run,
        ),
    )
    tell(report, table, dry_run, as_json, quiet)

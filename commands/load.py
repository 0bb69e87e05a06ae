"""`regift load`: records from files into a staged load."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import plain, print_json, say
from regift.graph.staging import LoadReport, LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.column_map import FORMATS
from regift.loaders.errors import UsageError
from regift.loaders.read import ReadOptions
from regift.loaders.sources import check_there
from regift.loaders.tables import TABLES
from regift.refresh.input_limits import read_limits
from regift.refresh.settings import read_settings


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--table", "table", type=click.Choice(list(TABLES)), help="What the rows are.")
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Column map (TOML).")
@click.option("--format", "format_name", help="A declared public format, such as cryptopunks.")
@click.option("--encoding", default="utf-8", show_default=True, help="Text encoding of the files.")
@click.option("--sheet", help="The sheet of a workbook (.xlsx) that has several.")
@click.option("--max-bad", default="0", show_default=True, help="Bad rows to put up with: N or N%.")
@click.option("--max-unpacked", metavar="SIZE", help="Room for unpacked files (20GiB).")
@click.option("--max-ratio", metavar="N", help="Bytes that one packed byte may become (200).")
@click.option("--max-files", metavar="N", help="Files of one folder or archive (10000).")
@click.option("--dry-run", is_flag=True, help="Check everything, stage nothing.")
@click.option("--replace", is_flag=True, help="Rows correct those with the same key.")
@click.option("--reason", help="Why, with --replace; kept in the history.")
@json_option
@quiet_option
@workspace_option
def command(
    files: tuple[str, ...],
    table: str | None,
    map_file: Path | None,
    format_name: str | None,
    encoding: str,
    sheet: str | None,
    max_bad: str,
    max_unpacked: str | None,
    max_ratio: str | None,
    max_files: str | None,
    dry_run: bool,
    replace: bool,
    reason: str | None,
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Load records from files.

    FILES are CSV, JSON lines, Parquet or workbooks (.xlsx), plain or .gz or .zst, folders or .zip
    archives of them, or - for standard input. Rows that cannot be loaded are kept as rejects with
    their file, line and reason.
    """
    if replace and not reason:
        raise UsageError("--replace needs --reason: it is kept in the history of the record")
    table = table or _table_of(format_name)
    check_there(files)
    given = {"unpacked": max_unpacked, "ratio": max_ratio, "files": max_files}
    with _place(workspace, dry_run) as place:
        options = ReadOptions(
            encoding=encoding,
            time_zone=read_settings(place).time_zone,
            format=format_name,
            map=map_file,
            sheet=sheet,
            limits=read_limits(place, given)[0],
        )
        report = stage(
            place,
            LoadRequest(
                sources=files,
                table=table,
                options=options,
                action="replace" if replace else "load",
                reason=reason,
                max_bad=max_bad,
                dry_run=dry_run,
            ),
        )
    tell(report, table, dry_run, as_json, quiet)


@contextmanager
def _place(root: Path, dry_run: bool) -> Iterator[Workspace]:
    """The workspace, made if need be; for a dry run without one, an empty one that is removed."""
    if not dry_run or Workspace(root).is_settled():
        yield Workspace.create(root)
        return
    with TemporaryDirectory(prefix="regift-") as folder:
        yield Workspace.create(Path(folder))


def _table_of(format_name: str | None) -> str:
    """A declared format knows its table."""
    if format_name is None:
        raise UsageError(f"--table is missing: one of {', '.join(TABLES)}")
    if format_name not in FORMATS:
        raise UsageError(f"no format {format_name!r}: there are {', '.join(FORMATS)}")
    return FORMATS[format_name]


def tell(report: LoadReport, table: str, dry_run: bool, as_json: bool, quiet: bool) -> None:
    """Say what a load did, and what to do next."""
    for note in report.notes:
        say(plain(note), quiet)
    if as_json:
        print_json([{**vars(report), "notes": list(report.notes), "table": table}])
        return
    done = "would load" if dry_run else f"{report.load or 'nothing'} staged:"
    say(
        f"{done} {report.accepted:,} {table} accepted, {report.duplicates:,} already there, "
        f"{report.older:,} older than what is there, {report.rejected:,} rejected",
        quiet,
    )
    for rule, count in report.rules.items():
        say(f"  {count:,} {rule}", quiet)
    if report.rejected and not dry_run:
        say("see them with `regift rejects list`", quiet)
    if report.load and report.accepted:
        say("next: `regift refresh`", quiet)

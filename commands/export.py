"""`regift export`: lists that leave the house, each with its filter and what was cut."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import duckdb
import pyarrow as pa

from regift.commands.options import check_account, moment_us, opened, workspace_option
from regift.commands.output import say, say_cut
from regift.enforcement.casebook import Casebook
from regift.enforcement.export_notes import note_export
from regift.exports import FORMATS
from regift.exports.about import about
from regift.exports.chosen import Filter
from regift.exports.findings import findings
from regift.exports.graphs import findings_graph, window_graph
from regift.exports.suspects import suspects
from regift.exports.target import target_of
from regift.graph.store import Manifest
from regift.graph.workspace import Workspace, utc_text
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.queries.search import clauses
from regift.ranking.cases import resolve
from regift.refresh.run import truncated_of

TABLE_FORMATS = [name for name, each in FORMATS.items() if each.shape == "table"]


@click.group()
def command() -> None:
    """Write suspects, findings, cases or graphs to a file."""


generation_option = click.option(
    "--generation",
    type=click.IntRange(1),
    metavar="N",
    help="Of an earlier state: the same bytes as then [default: the current one].",
)


def list_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every list: what is on it, how it is written, and where."""
    for option in (
        workspace_option,
        generation_option,
        click.option("-o", "--output", required=True, help="File, or - for standard output."),
        click.option(
            "--format",
            "format_name",
            type=click.Choice(TABLE_FORMATS),
            help="By default the suffix says.",
        ),
        click.option("--until", help="Only findings whose first record is before this time."),
        click.option("--since", help="Only findings whose first record is at this time or later."),
        click.option("--account", help="Only findings with this account on them."),
        click.option("--typology", multiple=True, type=click.Choice(list(ALL)), help="Only these."),
    ):
        function = option(function)
    return function


@command.command(name="findings")
@list_options
def findings_command(**given: Any) -> None:
    """Every finding with its evidence, one a row."""
    _write("findings", lambda con, chosen: findings(con, chosen, clauses(ALL)), **given)


@command.command(name="suspects")
@list_options
def suspects_command(**given: Any) -> None:
    """The accounts that findings name, with the records behind each."""
    _write("suspects", suspects, **given)


@command.command(name="case")
@click.argument("case")
@click.option("-o", "--output", required=True, help="GraphML file, or - for standard output.")
@generation_option
@workspace_option
def case_command(case: str, output: str, generation: int | None, workspace: Path) -> None:
    """The records and accounts of one case as a graph (GraphML)."""
    _, _, manifest, graph = opened(workspace, generation)
    with graph:
        case_id = resolve(graph.con, case)
        members = graph.con.execute(
            "SELECT finding FROM case_members WHERE case_id = ? ORDER BY finding", [case_id]
        ).fetchall()
        network = findings_graph(graph.con, [finding for (finding,) in members])
    head = _logged(workspace, "case", f"case={case_id}", manifest)
    stated = {**_about("case", Filter(), manifest, head), "filter": f"case={case_id}"}
    FORMATS["graphml"].write(network, target_of(output), stated)
    say(f"{network.number_of_edges():,} records of {case_id} written to {output}", output == "-")
    _end(manifest)


@command.command(name="graph")
@click.option("--since", help="Only records of this time or later.")
@click.option("--until", help="Only records before this time.")
@click.option("-o", "--output", required=True, help="GraphML file, or - for standard output.")
@generation_option
@workspace_option
def graph_command(
    since: str | None, until: str | None, output: str, generation: int | None, workspace: Path
) -> None:
    """All records of a time window as a graph (GraphML)."""
    _, settings, manifest, graph = opened(workspace, generation)
    chosen = Filter(
        since_us=moment_us(since, settings.time_zone) if since else None,
        until_us=moment_us(until, settings.time_zone) if until else None,
    )
    with graph:
        network = window_graph(graph.con, chosen.since_us, chosen.until_us)
    head = _logged(workspace, "graph", chosen.text, manifest)
    FORMATS["graphml"].write(network, target_of(output), _about("graph", chosen, manifest, head))
    say(f"{network.number_of_edges():,} records written to {output}", output == "-")


def _write(
    list_name: str,
    make: Callable[[duckdb.DuckDBPyConnection, Filter], pa.Table],
    *,
    typology: tuple[str, ...],
    account: str | None,
    since: str | None,
    until: str | None,
    format_name: str | None,
    output: str,
    generation: int | None,
    workspace: Path,
) -> None:
    _, settings, manifest, graph = opened(workspace, generation)
    with graph:
        chosen = Filter(
            typologies=typology,
            account=account,
            since_us=moment_us(since, settings.time_zone) if since else None,
            until_us=moment_us(until, settings.time_zone) if until else None,
        )
        if account is not None:
            check_account(graph, account)
        table = make(graph.con, chosen)
    form = FORMATS[format_name or format_of(output)]
    head = _logged(workspace, list_name, chosen.text, manifest)
    form.write(table, target_of(output), _about(list_name, chosen, manifest, head))
    say(f"{table.num_rows:,} {list_name} written to {output}", quiet=output == "-")
    _end(manifest)


def _end(manifest: Manifest) -> None:
    """Say what the run cut, which stands in the file too; then the list is not complete: exit 4."""
    truncated = truncated_of(manifest)
    for typology, cut in truncated.items():
        say_cut(cut, what=f"{typology} was ")
    if truncated:
        sys.exit(4)


def _logged(workspace: Path, list_name: str, filter_text: str, manifest: Manifest) -> str:
    """Tell the audit log what leaves the house, before it does; the head that the file states."""
    told = {"list": list_name, "filter": filter_text, "generation": manifest.number}
    with Casebook.open(Workspace.open(workspace).casebook) as casebook:
        return note_export(casebook, told)


def _about(list_name: str, chosen: Filter, manifest: Manifest, head: str) -> dict[str, str]:
    return about(
        list_name,
        filter_text=chosen.text,
        truncated=truncated_of(manifest),
        generation=str(manifest.number),
        audit_head=head,
        as_of="" if manifest.as_of_us is None else utc_text(manifest.as_of_us),
        made_from=manifest.digests,
    )


def list_suspects(
    con: duckdb.DuckDBPyConnection, manifest: Manifest, directory: Path
) -> list[Path]:
    """The suspects and findings of a generation as files in a folder; gives their paths."""
    whole = Filter()
    written = []
    for list_name, table, suffixes in (
        ("suspects", suspects(con, whole), (".csv", ".xlsx")),
        ("findings", findings(con, whole, clauses(ALL)), (".csv", ".jsonl")),
    ):
        for suffix in suffixes:
            path = directory / f"{list_name}{suffix}"
            head = manifest.digests["casebook_head"]
            stated = _about(list_name, whole, manifest, head)
            FORMATS[format_of(path.name)].write(table, path, stated)
            written.append(path)
    return written


def format_of(output: str) -> str:
    """The format that a file's suffix names; UsageError where it names none."""
    for name in TABLE_FORMATS:
        if output.endswith(FORMATS[name].suffix):
            return name
    raise UsageError(f"{output} does not say its format: add --format {', '.join(TABLE_FORMATS)}")

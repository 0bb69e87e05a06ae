"""`regift demo`: a planted world, loaded, searched, ranked, exported and judged by its truth."""

import shutil
import time
from pathlib import Path

import click

from regift.commands.evaluate import tell
from regift.commands.explain import tell_case
from regift.commands.export import list_suspects
from regift.commands.options import opened
from regift.commands.output import print_rows, say
from regift.commands.rank import SHOWN, for_people
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.loaders.read import ReadOptions
from regift.loaders.simulator import simulate
from regift.loaders.simulator.ranges import SCALES
from regift.loaders.tables import TABLES
from regift.ranking.evaluation.evaluate import evaluate
from regift.ranking.evaluation.truth import read_truth
from regift.ranking.rank import rank
from regift.refresh.run import refresh, searched_of
from regift.refresh.settings import read_settings

AT = 100
"""Accounts of the list that are judged by name."""
MARK = ".regift-demo"
"""A folder with this file in it was made by an earlier demo and may be made anew."""


@click.command()
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which world.")
@click.option(
    "--scale", type=click.Choice(list(SCALES)), default="small", show_default=True, help="Size."
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("regift-demo"),
    show_default=True,
    help="Where everything is written.",
)
def command(seed: int, scale: str, directory: Path) -> None:
    """Show the whole way on a planted world.

    A world is simulated, loaded, searched and ranked; one case is explained, the suspects are
    exported, and the result is judged against what was planted.
    """
    began = time.monotonic()
    _prepare(directory)
    world = directory / "world"
    made = simulate(world, seed=seed, scale=scale)
    say(f"simulated {sum(made.rows.values()):,} records in {world}")
    place = _loaded(directory / "workspace", world)
    outcome = refresh(place, say=lambda line: say(f"  {line}"))
    say(f"generation {outcome.manifest.number} after {outcome.manifest.run['seconds']} s")
    _, _, manifest, graph = opened(place.root)
    with graph:
        accounts = rank(graph.con, "account", top=15)
        cases = rank(graph.con, "case", top=5)
        click.echo("\nThe first 15 accounts")
        print_rows(for_people(graph.con, accounts), False, SHOWN)
        click.echo("\nThe first 5 cases")
        print_rows(for_people(graph.con, cases), False, SHOWN)
        if cases:
            click.echo("\nThe first case, explained")
            tell_case(graph.con, cases[0]["id"])
        files = list_suspects(graph.con, manifest, directory)
        click.echo("\nJudged against what was planted")
        truth = read_truth(world / "truth.json")
        tell(evaluate(graph.con, truth, searched_of(manifest), at=AT), AT, names=5)
    click.echo("\nFiles to open")
    for path in files:
        click.echo(f"  {path}")
    click.echo(f"\nGo on with: regift -w {place.root} explain {cases[0]['id'] if cases else 'ID'}")
    click.echo(f"What is chance: regift -w {place.root} calibrate, then refresh (two minutes)")
    say(f"done in {time.monotonic() - began:.1f} s")


def _prepare(directory: Path) -> None:
    """An empty folder; what an earlier demo left in it goes, anybody else's stays."""
    mark = directory / MARK
    if directory.exists() and any(directory.iterdir()) and not mark.is_file():
        raise UsageError(f"{directory} is there and no demo made it: name another with --dir")
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    mark.touch()


def _loaded(root: Path, world: Path) -> Workspace:
    place = Workspace.create(root)
    options = ReadOptions(time_zone=read_settings(place).time_zone)
    for table in TABLES:
        report = stage(
            place,
            LoadRequest(sources=(str(world / f"{table}.csv"),), table=table, options=options),
        )
        say(f"  {report.accepted:,} {table}")
    return place

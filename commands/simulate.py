"""`regift simulate`: a world whose truth is known."""

from pathlib import Path

import click

from regift.commands.options import json_option
from regift.commands.output import print_json, say
from regift.loaders.simulator import simulate
from regift.loaders.simulator.parameters import SPLITS
from regift.loaders.simulator.ranges import SCALES


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which world.")
@click.option(
    "--scale", type=click.Choice(list(SCALES)), default="small", show_default=True, help="Size."
)
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    default="development",
    show_default=True,
    help="Fixed parameters, or parameters drawn by the seed.",
)
@click.option("--no-plant", is_flag=True, help="The same world without anything planted.")
@json_option
def command(
    directory: Path, seed: int, scale: str, split: str, no_plant: bool, as_json: bool
) -> None:
    """Write a simulated world and its truth.

    DIRECTORY receives one CSV file a table and truth.json, which names what was planted and which
    innocent look-alikes there are. Same seed, scale and split, same bytes.

    Of the split `development` all parameters are fixed: it is what searches and scores may be tuned
    on. Of `evaluation` each is drawn by the seed from a stated range (sizes, jitter, leaks, gaps,
    missing records, noise, how many of what) and recorded in truth.json.
    """
    made = simulate(directory, seed=seed, scale=scale, plant=not no_plant, split=split)
    if as_json:
        print_json(
            [{"directory": str(made.directory), **vars(made)} | {"directory": str(directory)}]
        )
        return
    for name, counts in (
        ("rows", made.rows),
        ("planted", made.planted),
        ("innocent", made.innocent),
    ):
        say(f"{name}: " + ", ".join(f"{count:,} {key}" for key, count in counts.items()))

"""`regift calibrate`: learn what chance makes of findings; `--list` and `--show` only read."""

from pathlib import Path

import click

from regift.commands.options import json_option, quiet_option, workspace_option
from regift.commands.output import print_json, print_rows, say
from regift.graph.workspace import Workspace, utc_text
from regift.loaders.errors import UsageError
from regift.ranking.calibrate import SAMPLE
from regift.ranking.calibration import Calibration, current, listed, percent, shown
from regift.refresh.calibrate import calibrate

COLUMNS = ("typology", "findings", "by_chance", "lfdr", "demoted", "kept")
DECIDED = ("chance", "confirmed", "refuted")
"""Columns beside them where people decided something: the rate of chance alone, and dossiers."""


@click.command()
@click.option(
    "--sample", type=click.IntRange(1), default=SAMPLE, show_default=True, metavar="N",
    help="Transfers and gifts to search at most, one span of time.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which worlds.")
@click.option("--show", is_flag=True, help="The current calibration; nothing is made.")
@click.option("--list", "listing", is_flag=True, help="All calibrations; nothing is made.")
@json_option
@quiet_option
@workspace_option
def command(
    sample: int, seed: int, show: bool, listing: bool, as_json: bool, quiet: bool, workspace: Path
) -> None:
    """Learn how much of what is found chance explains.

    Records are shuffled in ways that keep what is ordinary, and searched again; what is found
    there is found by chance. Cases that people decided move the rate of the typologies in them:
    up with each that was refuted, down with each that was confirmed. The next refresh scores by it.
    """
    place = Workspace.open(workspace)
    if listing:
        rows = listed(place)
        columns = ["calibration", "current", "generation", "seed", "worlds"]
        if any(row["damaged"] for row in rows):
            columns.append("damaged")
        print_rows(rows, as_json, columns)
        return
    if show:
        made = current(place)
        if made is None:
            raise UsageError(f"{workspace} has no calibration: `regift calibrate` makes one")
    else:
        made = calibrate(place, sample=sample, seed=seed, say=lambda line: say(line, quiet))
    if as_json:
        print_json([{"calibration": made.id, "current": True, **row} for row in shown(made)])
    else:
        tell(made)
    say(_told(made), quiet)
    if not show:
        say("the next `regift refresh` scores by it", quiet)


def tell(made: Calibration) -> None:
    """The table for people: rates in percent, of all strata of a typology together."""
    rows = [
        row | {
            name: None if row.get(key) is None else percent(row[key])
            for name, key in (("lfdr", "lfdr_bp"), ("chance", "chance_bp"))
        }
        for row in shown(made)
    ]  # fmt: skip
    print_rows(rows, False, COLUMNS + DECIDED if made.decisions else COLUMNS)


def _told(made: Calibration) -> str:
    """What was searched, in a sentence."""
    sample = made.made_of["sample"]
    parts = [
        f"{made.id} of generation {made.made_of['generation']}, seed {made.made_of['seed']}: "
        f"{sample['transfers']:,} of {sample['transfers_of']:,} transfers and "
        f"{sample['gifts']:,} of {sample['gifts_of']:,} gifts, {utc_text(sample['from_us'])} to "
        f"{utc_text(sample['to_us'])}, {made.worlds} worlds of each model"
    ]
    if made.decisions:
        decided = made.decisions["typologies"]
        facts = sum(each["refuted"] for each in decided.values() if each["fact"])
        parts.append(
            f"decisions on {len(decided)} typologies, up to audit head "
            f"{made.decisions['head'][:12]}, move what chance makes of them, which counts like "
            f"{made.decisions['prior']} dossiers (example); facts keep their weight, {facts:,} "
            "times refuted"
        )
    cut = {name: each.cut for name, each in made.typologies.items() if each.cut}
    parts += [f"a bound cut {n} searches of {name}" for name, n in cut.items()]
    return "; ".join(parts)

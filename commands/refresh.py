"""`regift refresh`: the scheduled run."""

import sys
from pathlib import Path
from typing import Any

import click

from regift.commands import progress
from regift.commands.options import (
    json_option,
    limits_options,
    quiet_option,
    workspace_option,
)
from regift.commands.output import plain, print_json, say, say_cut
from regift.commands.run_logged import run_logged
from regift.graph.loads import pending_loads
from regift.graph.store import manifest_of
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.refresh.run import refresh
from regift.refresh.settings import read_bounds
from regift.refresh.status import status
from regift.refresh.verify import Verified, verify


@click.command()
@click.option("--full", is_flag=True, help="Derive and search everything anew.")
@click.option(
    "--verify",
    "how",
    type=click.Choice(["sample", "all"]),
    help="Take in nothing: make the generation anew, or a part of it, and compare.",
)
@click.option("--seed", type=int, help="Which sample; by default the generation's number.")
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for Prometheus, written however the run ends [default: [schedule] metrics].",
)
@limits_options
@json_option
@quiet_option
@workspace_option
def command(
    full: bool,
    how: str | None,
    seed: int | None,
    metrics: Path | None,
    limits: dict[str, str | None],
    as_json: bool,
    quiet: bool,
    workspace: Path,
) -> None:
    """Take in staged loads and search what they touch.

    Readers keep the generation they opened. Exit code 4: done, but a bound cut something, which
    `status` shows; 5: another refresh holds the lock. --verify changes nothing and ends with 1 when
    the generation is not what a full run makes of its records; it names the first difference.
    Each run adds a line to `runs.jsonl` of the workspace, also one that fails.
    """
    place = Workspace.open(workspace)
    if seed is not None and how != "sample":
        raise UsageError("--seed goes with --verify sample")
    if how and full:
        raise UsageError("--verify makes the generation anew by itself: leave out --full")
    with run_logged(place, "verify" if how else "refresh", metrics) as line:
        if how:
            _verify(place, how, seed, limits, as_json, quiet, line)
        else:
            _refresh(place, full, limits, as_json, quiet, line)


def _refresh(
    place: Workspace,
    full: bool,
    limits: dict[str, str | None],
    as_json: bool,
    quiet: bool,
    line: dict[str, Any],
) -> None:
    """Bring the workspace up to date and say so; `line` is that of the run log."""
    with progress.shown(read_bounds(place, limits), "searching", quiet) as bounds:
        outcome = refresh(place, full=full, say=lambda text: say(text, quiet), bounds=bounds)
    found = status(place)
    line |= {
        "fresh": outcome.fresh,
        "stages": outcome.manifest.run["stages"],
        **{key: found[key] for key in LOGGED},
    }
    if as_json:
        print_json([found])
    elif outcome.fresh:
        run = outcome.manifest.run
        say(
            f"generation {outcome.manifest.number}: {run['items_run']:,} of "
            f"{run['items_total']:,} items and {run['slices_run']} of {run['slices_total']} "
            f"slices searched in {run['seconds']} s",
            quiet,
        )
    else:
        say(f"generation {outcome.manifest.number} is up to date: nothing staged", quiet)
    for typology, cut in outcome.truncated.items():
        say_cut(cut, quiet, f"{typology} was ")
    if outcome.truncated:
        sys.exit(4)


def _verify(
    place: Workspace,
    how: str,
    seed: int | None,
    limits: dict[str, str | None],
    as_json: bool,
    quiet: bool,
    line: dict[str, Any],
) -> None:
    """Say whether the generation is what its records make; exit code 1 when it is not."""
    manifest = manifest_of(place, None)
    waiting = len(pending_loads(place, manifest))
    if waiting:
        say(f"not in generation {manifest.number}: {waiting:,} staged loads", quiet)
    chosen = (manifest.number if seed is None else seed) if how == "sample" else None
    with progress.shown(read_bounds(place, limits), "searching", quiet) as bounds:
        found = verify(place, seed=chosen, bounds=bounds)
    if found.other_code:
        say("another version of regift made it: a difference may be that of the versions", quiet)
    for text in _told(found):
        say(text, quiet)
    line |= {"generation": found.generation, "verify": how, "same": not found.differences}
    if as_json:
        print_json([_as_json(found, how)])
    else:
        for each in found.differences:
            click.echo(f"{each.rows:,} differ in {each.table}; the first: {plain(each.text)}")
        if not found.differences:
            rows = ", ".join(f"{found.rows[table]:,} {word}" for table, word in COUNTED.items())
            click.echo(f"generation {found.generation} is the same: {rows}")
    if found.differences:
        sys.exit(1)


LOGGED = (
    *("generation", "as_of", "full", "records", "items_total", "items_run", "slices_total"),
    *("slices_run", "findings", "truncated", "rejects", "staged_rows"),
)
"""Of `status`, what the run log keeps of a refresh."""

COUNTED = {"findings": "findings", "cases": "cases", "account_scores": "accounts with a score"}
"""Tables that the line of success counts, and what their rows are called."""


def _told(found: Verified) -> list[str]:
    """What the answer does not cover, a line each."""
    lines = []
    if found.seed is not None:
        parts = ", ".join(
            f"{part:,} of {of:,} {kind}" for kind, (part, of) in found.sampled.items()
        )
        lines.append(f"sample: {parts} and what they touch (--seed {found.seed} chooses the same)")
    for why in sorted(set(found.left_out.values())):
        names = ", ".join(name for name, told in sorted(found.left_out.items()) if told == why)
        lines.append(f"not searched anew, {why}: {names}")
    return lines


def _as_json(found: Verified, how: str) -> dict[str, Any]:
    """The object of `--json`."""
    return {
        "generation": found.generation,
        "verify": how,
        "same": not found.differences,
        "seed": found.seed,
        "sampled": {kind: list(part) for kind, part in found.sampled.items()},
        "left_out": dict(found.left_out),
        "other_code": found.other_code,
        "rows": dict(found.rows),
        "differences": [vars(each) for each in found.differences],
    }

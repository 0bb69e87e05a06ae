"""What a refresh of new records costs beside a full one: a thousandth at the end, or one late.

    python benchmarks/incremental.py [--transfers N] [--gifts N] [--folder DIR] [--write]

The world (`changing_world.py`) has 180 days of transfers as `power_law.py` draws them, gifts of
items that wander, some of them paid for, and accounts that share a phone. Refreshes, each in a
process of its own: the first one; one with 10,000 more records of four hours after; one with one
late transfer of the ninetieth day; one with one late gift of that day; a full one of the same
records. Each of the incremental ones has to leave what the full one leaves, table by table.
Targets are ratios of processor seconds to the full one's: 1/10 at the end of time, 1/5 late.
`--folder` keeps the workspace; `--write` puts the tables into docs/performance.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import changing_world
from measuring import Spent, apart, load_kernels, machine, stage
from page import against, show, table

from regift.graph.connect import connect
from regift.graph.staging import LoadRequest
from regift.graph.staging import stage as load
from regift.graph.store import attach_generation, current_manifest
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.queries import ALL
from regift.refresh import run as refreshing

END, LATE = 1 / 10, 1 / 5
STAGES = ("_records", "_derive", "_custody", "_find", "_rank", "_write")
CHANGES = {"at the end": END, "a late transfer": LATE, "a late gift": LATE}


def taken_in(place: Path, folder: Path) -> int:
    """Load every file of a folder, named by its table; how many rows."""
    rows = 0
    for file in sorted(folder.glob("*.parquet")):
        asked = LoadRequest(sources=(str(file),), table=file.stem, options=ReadOptions())
        rows += load(Workspace.open(place), asked).accepted
    return rows


def _measured(spent: dict[str, Spent], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        with stage(spent, name):
            return call(*given, **named)

    return timed


def refreshed(place: Path, full: bool) -> tuple[dict[str, Spent], dict[str, str]]:
    """What each stage and each typology spent, and how each typology ran."""
    spent: dict[str, Spent] = {}
    load_kernels()
    for name in STAGES:
        method = getattr(refreshing.Run, name)
        setattr(refreshing.Run, name, _measured(spent, name.strip("_"), method))
    for name, typology in ALL.items():
        redo = typology.redo and _measured(spent, f"{name}, what to redo", typology.redo)
        ALL[name] = replace(typology, find=_measured(spent, name, typology.find), redo=redo)
    with stage(spent, "whole refresh"):
        outcome = refreshing.refresh(Workspace.open(place), full=full)
    modes = {ran["typology"]: ran["mode"] for ran in outcome.manifest.run["typologies"]}
    return spent, modes


def different(place: Path, one: int, two: int) -> list[str]:
    """Tables in which two generations differ, with how many rows only one of them has."""
    workspace = Workspace.open(place)
    manifest = current_manifest(workspace)
    assert manifest is not None
    found = []
    with connect(place) as con:
        names = [
            attach_generation(con, workspace, replace(manifest, number=number), f"g{number}")
            for number in (one, two)
        ]
        for name in sorted({*names[0], *names[1]}):
            sides = [f"SELECT * FROM g{number}.{name}" for number in (one, two)]
            missing, more = (
                con.sql(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0]
                for a, b in (sides, sides[::-1])
            )
            if missing or more:
                found.append(f"{name}: {missing:,} rows more, {more:,} fewer")
    return found


def compared(name: str, spent: dict[str, Spent], full: dict[str, Spent]) -> list[str]:
    """The row of one incremental refresh."""
    one, whole = (each["whole refresh"] for each in (spent, full))
    return [
        name, f"{one.cpu:.1f}", f"{one.clock:.1f}", f"{one.peak:.2f}",
        against(one.cpu / whole.cpu, CHANGES[name], 3),
    ]  # fmt: skip


def detail(
    runs: dict[str, dict[str, Spent]], modes: dict[str, dict[str, str]], full: dict[str, Spent]
) -> list[list[str]]:
    """Rows of stages and typologies, the costliest of the last run first."""
    names = sorted(full, key=lambda name: (name in ALL, -full[name].cpu))
    rows = []
    for name in names:
        cells = [
            f"{run[name].cpu:.2f}{' ' + modes[which][name] if name in ALL else ''}"
            if name in run
            else modes[which].get(name, "")
            for which, run in runs.items()
        ]
        rows.append([f"`{name}`" if name in ALL else name, f"{full[name].cpu:.2f}", *cells])
    return rows


def main(arguments: list[str]) -> int:
    """Make the world, refresh, compare; 1 when an incremental refresh is not the full one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--transfers", type=int, default=10_000_000)
    parser.add_argument("--gifts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the workspace here")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = asked.folder or Path(name)
        place = folder / "w"
        apart(load_kernels)
        if not place.exists():
            apart(changing_world.write, folder, asked.transfers, asked.gifts)
            Workspace.create(place)
            apart(taken_in, place, folder / "first")
            apart(refreshed, place, False)
        runs, modes, differences = {}, {}, []
        for change in CHANGES:
            apart(taken_in, place, folder / change.replace(" ", "-"))
            runs[change], modes[change] = apart(refreshed, place, False)
        made = apart(_number, place)
        full, _ = apart(refreshed, place, True)
        differences = apart(different, place, made, made + 1)
    head = "refresh | processor s | clock s | GiB at the peak | of the full one"
    whole = full["whole refresh"]
    rows = [compared(change, spent, full) for change, spent in runs.items()]
    last = ["full", f"{whole.cpu:.1f}", f"{whole.clock:.1f}", f"{whole.peak:.2f}", "1"]
    said = differences or ["After the last of them every table is that of the full one."]
    text = f"{asked.transfers:,} transfers and {asked.gifts:,} gifts of 180 days:"
    stages = table(" | ".join(["processor s", "full", *runs]), detail(runs, modes, full))
    show(
        "incremental",
        [machine(), text, table(head, [*rows, last]), "\n".join(said), stages],
        asked.write,
    )
    return 1 if differences else 0


def _number(place: Path) -> int:
    manifest = current_manifest(Workspace.open(place))
    assert manifest is not None
    return manifest.number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

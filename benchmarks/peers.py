"""The same questions to other engines: equal answers checked, then processor time compared.

    python benchmarks/peers.py [--transfers N] [--data ../shared/data] [--limit 120] [--write]

    temporal cycles     every closed walk of 2 to 4 transfers over distinct accounts, each later
                        than the one before, inside a window: regift, DuckDB (recursive SQL),
                        Polars (one join a hop), networkx (paths of the graph of transfers)
    closing transfers   rings of any length that a transfer closes, each order of accounts once a
                        transfer: regift with time turned round, IBM's GraphFeaturePreprocessor
                        (snapml), which also keeps a dynamic graph and returns features each call
    static cycles       simple cycles of at most 3 accounts, times left out: regift, igraph,
                        networkx. regift has no such search: each pair pays at times 1, 2 and 3,
                        so that its rings are the static cycles; it searches three times the edges
    reach               who can be reached from an account by ever later transfers: regift, Raphtory

On CollegeMsg and bitcoin-alpha where they lie beside the checkout, and on made-up transfers
(`power_law.py`). Each engine (`engines.py`) runs alone in a process, one thread where it can be
told. One that is not installed, needs more than `--limit` processor seconds or answers something
else is a line that says so. Peers are the group `peers` of pyproject.toml, but for snapml, which is
proprietary: it is asked if it is there. `--write` puts the tables into docs/performance.md.

Left out, because no work is the same: rustworkx and graph-tool (simple cycles without a bound on
length), Raphtory's motifs (40 kinds at once, other ties).
"""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engines
import numpy as np
import power_law
from engines import Answer, World, world_of
from measuring import apart, load_kernels, machine
from page import ROOT, show, table

HOUR_US = 3_600_000_000
STATIC_TRANSFERS = 100_000
"""Most made-up transfers whose static cycles are asked for: a million have too many for anybody."""
NOT_OURS = {"snapml": " (proprietary: install it yourself if its licence suits you)"}
Engine = tuple[str, str | None, Callable[[World], Answer]]
CYCLES: tuple[Engine, ...] = (
    ("regift, counted", None, engines.cycles_counted),
    ("regift, rings with witnesses", None, engines.cycles_with_rings),
    ("regift, every cycle listed", None, engines.cycles_listed),
    ("DuckDB", "duckdb", engines.cycles_in_duckdb),
    ("Polars", "polars", engines.cycles_in_polars),
    ("networkx", "networkx", engines.cycles_in_networkx),
)
CLOSED: tuple[Engine, ...] = (
    ("regift", None, engines.closed_in_regift),
    ("snapml", "snapml", engines.closed_in_snapml),
    ("snapml, no pattern asked for", "snapml", engines.nothing_in_snapml),
)
STATIC: tuple[Engine, ...] = (
    ("regift", None, engines.static_in_regift),
    ("igraph", "igraph", engines.static_in_igraph),
    ("networkx", "networkx", engines.static_in_networkx),
)
REACH: tuple[Engine, ...] = (
    ("regift", None, engines.reach_in_regift),
    ("Raphtory", "raphtory", engines.reach_in_raphtory),
)


def compared(asked: tuple[Engine, ...], world: World, limit_s: int) -> list[list[str]]:
    """One row an engine; the first is what the others are measured by."""
    rows: list[list[str]] = []
    first: Answer | None = None
    for name, package, work in asked:
        cells = [world.name, name]
        print(f"{world.name}: {name} ...", file=sys.stderr, flush=True)
        if package and not usable(package):
            rows.append([*cells, f"not installed{NOT_OURS.get(package, '')}", "", "", ""])
            continue
        answer = apart(work, world, limit_s=limit_s)
        if answer is None:
            rows.append([*cells, f"more than {limit_s}", "", "", ""])
            continue
        found, spent = answer
        first = answer if work is asked[0][2] else first
        times = same = "nothing to compare with"
        if first:
            times = f"{spent.cpu / first[1].cpu:.1f}"
            same = "yes"
            if found is not None and found != first[0]:
                same = f"**no**: {total(found)}, not {total(first[0])}"
        if found is None:
            same = "none: what its calls and its dynamic graph cost"
        rows.append([*cells, f"{spent.cpu:.3f}", times, f"{spent.peak:.2f}", same])
    return rows


def usable(package: str) -> bool:
    """Whether it can be imported.

    >>> usable("networkx"), usable("no-such-package")
    (True, False)
    """
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


def total(found: Any) -> str:
    """How many were found together."""
    return f"{sum(found.values() if isinstance(found, dict) else found):,}"


def snap(file: Path, name: str, window_us: int, sep: str, head: int) -> World:
    """A network of SNAP: source, target and, last, seconds."""
    given = np.loadtxt(file, delimiter=sep, skiprows=head, dtype=np.float64)
    columns = (given[:, 0], given[:, 1], np.floor(given[:, -1]) * 1_000_000)
    return world_of(name, *(column.astype(np.int64) for column in columns), window_us)


def made(transfers: int) -> World:
    """Made-up transfers; a day's window."""
    given = power_law.columns(transfers, power_law.accounts_of(transfers))
    columns = (given[name] for name in ("source", "target", "at_us"))
    return world_of(f"{transfers:,} made up, 24 h", *columns, 24 * HOUR_US)


def main(arguments: list[str]) -> None:
    """Ask everybody, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--transfers", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--limit", type=int, default=120, help="processor seconds for one engine")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    asked = parser.parse_args(arguments)
    folder = asked.data / "snap_temporal"
    cycles, closed, static, reach = [], [], [], []
    apart(load_kernels)  # what is compiled now counts against nobody's limit
    if (folder / "CollegeMsg.txt").is_file():
        college = snap(folder / "CollegeMsg.txt", "CollegeMsg, 6 h", 6 * HOUR_US, None, 0)
        alpha = snap(folder / "soc-sign-bitcoinalpha.csv", "bitcoin-alpha", 0, ",", 1)
        cycles += compared(CYCLES, college, asked.limit)
        closed += compared(CLOSED, college, asked.limit)
        static += compared(STATIC, alpha, asked.limit)
        reach += compared(REACH, college, asked.limit)
    else:
        print(f"no real networks at {folder}: made-up transfers only", file=sys.stderr)
    world = made(asked.transfers)
    cycles += compared(CYCLES, world, asked.limit)
    closed += compared(CLOSED, world, asked.limit)
    static += compared(STATIC, made(min(asked.transfers, STATIC_TRANSFERS)), asked.limit)
    reach += compared(REACH, world, asked.limit)
    head = "records | engine | processor s | times regift | GiB at the peak | same answer"
    show("peers", [
        machine("polars", "networkx", "igraph", "raphtory", "snapml"),
        f"Temporal cycles of 2 to {engines.LONGEST} accounts:", table(head, cycles),
        "Rings of any length by the transfer that closes them. snapml is made for a stream: it is "
        "called once a transfer, keeps a dynamic graph and returns features, more than is asked:",
        table(head, closed),
        f"Static cycles of 2 to {engines.STATIC_LONGEST} accounts:", table(head, static),
        f"Reach of the {engines.SEEDS} accounts with the most transfers out:", table(head, reach),
    ], asked.write)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])

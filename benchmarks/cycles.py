"""Times the search and the exact counts of money cycles on real data, by processor time.

    python benchmarks/cycles.py [--rounds 5] [--deep] [--against FILE]

Every temporal cycle of unbounded length, strictly later hops, no `keep`, one thread. "listed" keeps
every ring with its roots; "counted" keeps only what must be (`Cycles(listed=False)`). Neither bound
of D-13 may cut. Counts must be those of IBM's parallel-cycle-enumeration where it was run (the
others were counted by two programs alike), or the run fails. --deep adds 20 and 30 days of
bitcoin-OTC. --against: a Python file with `build(source, target, seconds)` and `run(graph, window,
None, 1, mode)` that returns (counts by length, ...), timed in the same rounds in each --mode; its
indexes, like ours, are made before. Data: ../shared/data or what REGIFT_SHARED names.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from temporal_graphs import DAY_US, SECOND_US, amlsim_20k, bitcoin_otc, college  # noqa: E402

from regift.graph.bounds import Bounds  # noqa: E402
from regift.graph.cycles import CycleParams, Cycles  # noqa: E402
from regift.graph.temporal import TemporalGraph  # noqa: E402

UNBOUNDED = Bounds(expansions=2**40, hub_degree=2**30)
LISTED = 10_000_000
"""Cycles up to which rings are listed too: those of 30 days of bitcoin-OTC would fill 6 GB."""

HOUR_US = 3600 * SECOND_US
CASES: list[tuple[str, str, Callable[[Path], TemporalGraph], int, int]] = [
    ("CollegeMsg 6 h", "snap_temporal", college, 6 * HOUR_US, 528_782),
    ("CollegeMsg 24 h", "snap_temporal", college, 24 * HOUR_US, 204_680_686),
    ("bitcoin-OTC 7 d", "snap_temporal", bitcoin_otc, 7 * DAY_US, 16_979),
    ("bitcoin-OTC 14 d", "snap_temporal", bitcoin_otc, 14 * DAY_US, 337_598),
    ("AMLSim 20K 30 d", "amlsim_20k", amlsim_20k, 30 * DAY_US, 759),
]
DEEP = [
    ("bitcoin-OTC 20 d", "snap_temporal", bitcoin_otc, 20 * DAY_US, 3_402_430),
    ("bitcoin-OTC 30 d", "snap_temporal", bitcoin_otc, 30 * DAY_US, 47_403_707),
]


def ours(graph: TemporalGraph, window_us: int, listed: bool) -> int:
    """Number of cycles."""
    how = CycleParams(window_us, 0, 0, False)
    found = Cycles(graph, how, bounds=UNBOUNDED, listed=listed)
    return sum(found.by_length().values())


def theirs(other: Any, built: Any, window: int, mode: str) -> int:
    """Number of cycles."""
    return int(sum(other.run(built, window, None, 1, mode)[0].values()))


def prototype(path: Path) -> Any:
    """The module in a file, by its own name: compiled code in its cache asks for that."""
    sys.path.append(str(path.parent))
    return importlib.import_module(path.stem)


def programs(
    graph: TemporalGraph, window_us: int, count: int, modes: list[str], other: Any
) -> Iterator[tuple[str, Callable[[], int]]]:
    """Name of each way to count, and the way; indexes are made here."""
    assert len(graph.edges.source)
    if count < LISTED or window_us <= DAY_US:
        yield "listed", lambda: ours(graph, window_us, True)
    yield "counted", lambda: ours(graph, window_us, False)
    if other:
        seconds = (graph.at_us - graph.at_us[0]) // SECOND_US + 1
        built = other.build(
            np.array(graph.source), np.array(graph.target), seconds.astype(np.int32)
        )
        window = window_us // SECOND_US
        for mode in modes:
            yield mode, partial(theirs, other, built, window, mode)


def timed(ways: dict[str, Callable[[], int]], rounds: int) -> dict[str, tuple[float, int]]:
    """Least processor seconds of each way and what it found; in turn, one round before the first.

    rounds 0: once, without a round before (what takes minutes).
    """
    least: dict[str, tuple[float, int]] = {}
    for number in range(rounds + 1):
        for way, run in ways.items():
            began = time.process_time()
            found = run()
            taken = time.process_time() - began
            if number <= 1 or taken < least[way][0]:
                least[way] = taken, found
    return least


def main() -> int:
    """Print one row a case: the least processor seconds of each way, and ours against the best."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--mode", action="append", help="of --against; default bundle")
    options = parser.parse_args()
    options.mode = options.mode or ["bundle"]
    other = prototype(options.against) if options.against else None
    data = Path(os.environ.get("REGIFT_SHARED", ROOT.parent / "shared" / "data"))
    failed = False
    for name, folder, load, window_us, count in CASES + DEEP * options.deep:
        if options.only not in name:
            continue
        graph = load(data / folder)
        ways = dict(programs(graph, window_us, count, options.mode, other))
        least = timed(ways, options.rounds)
        wrong = {way: found for way, (_, found) in least.items() if found != count}
        for way, found in wrong.items():
            print(f"{name}: {way} counts {found:,}, not {count:,}", file=sys.stderr)
        failed |= bool(wrong)
        best = min((least[mode][0] for mode in options.mode if mode in least), default=0.0)
        columns = [f"{way} {taken:.4f}" for way, (taken, _) in least.items()]
        columns += [
            f"{way} {best / least[way][0]:.2f}x"
            for way in ("listed", "counted")
            if best and way in least
        ]
        print(f"{name:<18}{count:>12,}   " + "   ".join(columns), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Compile every kernel once, so that no later command has to: `python -m regift.refresh.warm`.

The kernels of searches are called on tiny arrays (`graph/warm.py`); those of loading and ranking by
loading a file into a workspace that is thrown away, and by ranking one finding. Two processes
compile at a time.
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from regift.graph.snapshot import snapshot_from_rows
from regift.graph.staging import LoadRequest, stage
from regift.graph.warm import STEPS as SEARCHES
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.queries import ALL
from regift.queries.runner import run_all
from regift.ranking import derive as ranking
from regift.refresh.settings import params_of

FILES = {
    "gifts.csv": "record_id,at,source,target,item,kind\n"
    "g1,2026-01-01T00:00:00Z,a,b,x,gift\n"
    "bad,,,,,\n",
    "gifts.jsonl": '{"record_id": "g3", "at": "2026-01-03T00:00:00Z", "source": "c", '
    '"target": "a", "item": "x", "kind": "gift"}\n',
}


def _loading() -> None:
    """CSV and JSON lines, a bad row among them."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "workspace")
        for name, text in FILES.items():
            path = Path(folder) / name
            path.write_text(text)
            request = LoadRequest(
                sources=(str(path),), table="gifts", options=ReadOptions(), max_bad="1"
            )
            stage(workspace, request)


def _ranking() -> None:
    """Cases and scores of two findings."""
    hop = {"item": "x", "kind": "gift"}
    rows = [
        hop | {"record_id": f"g{n}", "source": f"a{n}", "target": f"a{n + 1}", "at_us": n}
        for n in range(3)
    ]
    name = "multi_level_gift"
    with snapshot_from_rows({"gifts": rows}) as graph:
        run_all(
            graph.con,
            graph.settings,
            {name: ALL[name]},
            {name: params_of(graph.settings, name)},
            old=None,
            again=frozenset(),
            changed=frozenset(),
            cut={},
        )
        ranking.derive(graph.con, graph.settings, ALL)


STEPS: dict[str, Callable[[], None]] = {
    **SEARCHES,
    "loading": _loading,
    "ranking": _ranking,
}
"""What is compiled, the longest first."""


def warm() -> float:
    """Compile what is not compiled yet, telling each step on stderr; the seconds it took."""
    began = time.monotonic()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(compile_step, name): name for name in STEPS}
        for number, done in enumerate(as_completed(running), 1):
            done.result()
            _tell(f"kernels {number}/{len(STEPS)}: {running[done]}")
    return time.monotonic() - began


def compile_step(name: str) -> None:
    """Compile one part; what is in the cache already is only read."""
    STEPS[name]()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    _tell("compiling kernels, once:")
    _tell(f"all kernels ready in {warm():.1f} s")

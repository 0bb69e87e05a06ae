"""Compile every kernel once, so that no later command has to: `python -m regift.refresh.warm`.

The kernels of searches are called on tiny arrays (`graph/warm.py`); those of loading and ranking by
loading and refreshing a workspace of a few records, which is thrown away. Two processes compile at
a time: the cycle kernels alone take as long as all others together.
"""

import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from regift.graph.staging import LoadRequest, stage
from regift.graph.warm import STEPS
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh

FILES = {
    "gifts.csv": "record_id,at,source,target,item,kind\n"
    "g1,2026-01-01T00:00:00Z,a,b,x,gift\n"
    "g2,2026-01-02T00:00:00Z,b,c,x,gift\n"
    "bad,,,,,\n",
    "gifts.jsonl": '{"record_id": "g3", "at": "2026-01-03T00:00:00Z", "source": "c", '
    '"target": "a", "item": "x", "kind": "gift"}\n',
}
LOADING_AND_RANKING = "loading and ranking"
NAMES = ("cycles", *(name for name in STEPS if name != "cycles"), LOADING_AND_RANKING)
"""What is compiled, the longest first."""


def warm() -> float:
    """Compile what is not compiled yet, telling each step on stderr; the seconds it took."""
    began = time.monotonic()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(compile_step, name): name for name in NAMES}
        for number, done in enumerate(as_completed(running), 1):
            done.result()
            _tell(f"kernels {number}/{len(NAMES)}: {running[done]}")
    return time.monotonic() - began


def compile_step(name: str) -> None:
    """Compile one part; what is in the cache already is only read."""
    if name == LOADING_AND_RANKING:
        _load_and_rank()
    else:
        STEPS[name]()


def _load_and_rank() -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "workspace")
        for name, text in FILES.items():
            path = Path(folder) / name
            path.write_text(text)
            request = LoadRequest(
                sources=(str(path),), table="gifts", options=ReadOptions(), max_bad="1"
            )
            stage(workspace, request)
        refresh(workspace)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    _tell("compiling kernels, once:")
    _tell(f"all kernels ready in {warm():.1f} s")

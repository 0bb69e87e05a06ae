"""Compile every kernel once: `python -m regift.refresh.warm`.

The kernels of searches are called on tiny arrays (`graph/warm.py`); those of loading and ranking by
loading and refreshing a workspace of a few records, which is thrown away.
"""

import sys
import tempfile
import time
from pathlib import Path

from regift.graph.staging import LoadRequest, stage
from regift.graph.warm import warm_kernels
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


def warm() -> float:
    """Compile what is not compiled yet; gives the seconds it took, and tells each step on stderr."""
    began = time.monotonic()
    warm_kernels(_tell)
    _tell("compiling kernels: loading and ranking")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "workspace")
        for name, text in FILES.items():
            path = Path(folder) / name
            path.write_text(text)
            options = ReadOptions()
            stage(
                workspace,
                LoadRequest(sources=(str(path),), table="gifts", options=options, max_bad="1"),
            )
        refresh(workspace)
    return time.monotonic() - began


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(f"all kernels ready in {warm():.1f} s", file=sys.stderr)

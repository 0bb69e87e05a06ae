"""A load or a refresh that is killed at any moment: what was there stays, the next run completes.

The history: two gifts and a payment in generation 1, then a load in another process, then a refresh
in another process, each killed somewhere and started again. In the end the workspace says exactly
what one says in which nothing was killed.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workspaces import GIFTS, TRANSFERS, everything, manifest, put

from regift.graph.collect_garbage import collect_garbage
from regift.graph.loads import pending_loads
from regift.graph.workspace import Workspace
from regift.refresh.run import refresh

FIRST = (
    "g1,2026-01-01T00:00:00Z,brand,ann,x,issue",
    "g2,2026-01-02T00:00:00Z,ann,bob,x,gift",
)
PAID = "t1,2026-01-02T01:00:00Z,bob,ann,9,CNY,payment"
SECOND = (
    "g3,2026-01-03T00:00:00Z,bob,cat,x,gift",
    "g4,2026-01-03T00:00:00Z,brand,dan,y,issue",
)

ACT = """
import os, sys
from pathlib import Path
import regift.graph.workspace, regift.graph.store, regift.graph.staging, regift.refresh.run
from regift.graph.workspace import Workspace
from regift.graph.staging import LoadRequest, stage
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh

root, act, point = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def killed_at(module, name, place, before):
    real, calls = getattr(module, name), []
    def hook(*given, **named):
        calls.append(name)
        if before and len(calls) == place:
            os._exit(9)
        came = real(*given, **named)
        if len(calls) == place:
            os._exit(9)
        return came
    setattr(module, name, hook)

if point != "-":
    module, name, place, when = point.split(":")
    killed_at(sys.modules[module], name, int(place), when == "before")
print("begun", flush=True)
workspace = Workspace.open(root)
if act == "load":
    sources = (str(root.parent / "second.csv"),)
    stage(workspace, LoadRequest(sources=sources, table="gifts", options=ReadOptions()))
elif act == "refresh":
    refresh(workspace)
print("done", flush=True)
"""
"""What another process does; `point` is module:function:call:before|after of its end."""

POINTS = [
    ("load", "regift.graph.staging:_copy:1:after"),  # rows written, nothing durable
    ("load", "regift.graph.staging:sync_folder:1:after"),  # all but the name
    ("load", "regift.graph.staging:sync_folder:2:before"),  # the name is there, not yet durable
    ("refresh", "regift.refresh.records:write_segment:1:after"),
    ("refresh", "regift.refresh.run:write_segment:1:after"),
    ("refresh", "regift.refresh.run:publish:1:before"),  # the DuckDB file without its manifest
    ("refresh", "regift.graph.store:write_json:1:after"),  # the manifest, but not current
    ("refresh", "regift.graph.store:sync_folder:2:before"),  # current, not yet durable
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace in its first generation, and what is loaded next."""
    folder = tmp_path_factory.mktemp("made")
    workspace = Workspace.create(folder / "w")
    put(workspace, "gifts", GIFTS, *FIRST)
    put(workspace, "transfers", TRANSFERS, PAID)
    refresh(workspace)
    (folder / "second.csv").write_text("\n".join([GIFTS, *SECOND]) + "\n")
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Workspace.open(tmp_path / "w")


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """What a workspace says in which nothing was killed."""
    workspace = Workspace.create(tmp_path_factory.mktemp("undisturbed") / "w")
    put(workspace, "gifts", GIFTS, *FIRST, *SECOND)
    put(workspace, "transfers", TRANSFERS, PAID)
    refresh(workspace)
    return everything(workspace)


def _process(workspace: Workspace, act: str, point: str = "-") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ACT, str(workspace.root), act, point],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "REGIFT_THREADS": "1"},
    )


def _completes(workspace: Workspace, wanted: dict[str, list[tuple[object, ...]]]) -> None:
    """Load and refresh again; gc leaves nothing that no generation names, and nobody misses it."""
    put(workspace, "gifts", GIFTS, *SECOND)
    refresh(workspace)
    assert everything(workspace) == wanted
    collect_garbage(workspace, keep=1)
    assert everything(workspace) == wanted
    number = manifest(workspace).name
    names = {path.name for path in workspace.generations.iterdir()}
    assert names == {f"{number}.json", f"{number}.duckdb"}
    assert {p.name for p in workspace.segments.iterdir()} == {
        segment.file for parts in manifest(workspace).segments.values() for segment in parts
    }
    assert not any(path.name.startswith(".") for path in workspace.staged.iterdir())


@pytest.mark.parametrize(("act", "point"), POINTS)
def test_killed_between_two_steps(
    workspace: Workspace, wanted: dict[str, list[tuple[object, ...]]], act: str, point: str
) -> None:
    before = everything(workspace)
    if act == "refresh":
        put(workspace, "gifts", GIFTS, *SECOND)
    process = _process(workspace, act, point)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 9, errors
    switched = point == "regift.graph.store:sync_folder:2:before"
    assert manifest(workspace).number == (2 if switched else 1)
    assert everything(workspace) == (wanted if switched else before)
    staged = act == "refresh" or point == "regift.graph.staging:sync_folder:2:before"
    assert len(pending_loads(workspace, manifest(workspace))) == (staged and not switched)
    _completes(workspace, wanted)


def test_killed_at_any_moment(
    workspace: Workspace, wanted: dict[str, list[tuple[object, ...]]]
) -> None:
    """Ten loads and ten refreshes, each with SIGKILL at another moment of its work."""
    draw = random.Random(7)
    before = everything(workspace)
    started = time.monotonic()
    assert _process(workspace, "nothing").communicate()[0] == "begun\ndone\n"
    start_s = time.monotonic() - started
    for act in ["load"] * 10 + ["refresh"] * 10:
        process = _process(workspace, act)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(draw.uniform(0, start_s if act == "refresh" else 0.4 * start_s))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert everything(workspace) == (before if manifest(workspace).number == 1 else wanted)
        assert len(pending_loads(workspace, manifest(workspace))) <= 1
    _completes(workspace, wanted)

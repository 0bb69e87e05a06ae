"""Remove old generations, and the segments and staged rows that nobody names any more."""

import shutil
from pathlib import Path

from regift.graph.staging import all_loads
from regift.graph.store import current_manifest, load_manifest
from regift.graph.workspace import Workspace


def collect_garbage(
    workspace: Workspace, *, keep: int, dry_run: bool = False
) -> tuple[list[str], int]:
    """Gives the names that went, relative to the workspace, and their bytes.

    The newest `keep` generations stay, the current one among them. Taken under the locks of load
    and refresh, so nothing that is being written is mistaken for left-overs.
    """
    with workspace.lock("refresh"), workspace.lock("load", wait_s=60):
        current = current_manifest(workspace)
        numbers = sorted(int(path.stem) for path in workspace.generations.glob("*.json"))
        kept = set(numbers[-keep:]) | ({current.number} if current else set())
        doomed = _left_over(workspace, kept)
        taken = set(current.loads) if current else set()
        doomed += [
            workspace.staged / load["load"] / "rows.parquet"
            for load in all_loads(workspace)
            if load["load"] in taken
        ]
        doomed = [path for path in doomed if path.exists()]
        size = sum(_bytes(path) for path in doomed)
        if not dry_run:
            for path in doomed:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        return [str(path.relative_to(workspace.root)) for path in doomed], size


def _left_over(workspace: Workspace, kept: set[int]) -> list[Path]:
    """Files of generations that are not kept, segments they alone named, and interrupted work."""
    named = {
        segment.file
        for number in kept
        for segments in load_manifest(
            workspace.generations / f"{number:06d}.json"
        ).segments.values()
        for segment in segments
    }
    generations = [
        path
        for path in workspace.generations.iterdir()
        if not path.stem.isdigit() or int(path.stem) not in kept
    ]
    segments = [path for path in workspace.segments.iterdir() if path.name not in named]
    scratch = workspace.root / "scratch"
    interrupted = [path for path in workspace.staged.iterdir() if path.name.startswith(".")]
    return sorted(
        [*generations, *segments, *interrupted, *(scratch.iterdir() if scratch.is_dir() else ())]
    )


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size

"""Remove old generations, and the segments and staged rows that nobody names any more."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from regift.graph.loads import all_loads
from regift.graph.store import current_manifest, load_manifest, published
from regift.graph.workspace import Workspace


def collect_garbage(
    workspace: Workspace,
    *,
    keep: int,
    not_before_us: int | None = None,
    also: Callable[[], Collection[int]] = lambda: (),
    dry_run: bool = False,
) -> tuple[list[str], int]:
    """Gives the names that went, relative to the workspace, and their bytes.

    The newest `keep` generations stay, unless they were made before `not_before_us`; so do the
    current one, those that a reader has open and those that `also` names, which is asked when
    nobody can open one that would go. Taken under the locks of load and refresh, so nothing that is
    being written is mistaken for left-overs.
    """
    with (
        workspace.lock("refresh"),
        workspace.lock("load", wait_s=60),
        contextlib.ExitStack() as closing,
    ):
        current = current_manifest(workspace)
        numbers = published(workspace, current)
        kept = {n for n in numbers[-keep:] if is_young(workspace, n, not_before_us)}
        kept |= {*numbers[-1:]}
        kept |= {*_open(workspace, [n for n in numbers if n not in kept], closing)}
        kept |= {*also()} & {*numbers}
        doomed = _left_over(workspace, kept) + _abandoned(workspace, closing)
        taken = set(current.loads) if current else set()
        doomed += [
            workspace.staged / load["load"] / "rows.parquet"
            for load in all_loads(workspace)
            if load["load"] in taken
        ]
        doomed = [path for path in doomed if path.exists() or path.is_symlink()]
        size = sum(_bytes(path) for path in doomed)
        if not dry_run:
            for path in doomed:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        return [str(path.relative_to(workspace.root)) for path in doomed], size


def is_young(workspace: Workspace, number: int, not_before_us: int | None) -> bool:
    """Whether a generation was made at that time or later."""
    if not_before_us is None:
        return True
    manifest = load_manifest(workspace.generations / f"{number:06d}.json")
    return bool(manifest.run["finished_at"] >= not_before_us)


def remove_older(workspace: Workspace) -> tuple[list[int], list[int]]:
    """Remove all generations but the current one, whoever wanted them kept; what they held is gone.

    Gives the numbers that went, and those that stay for now because a reader has them open.
    Segments that nothing names any more, spilled and half-written files go with them.
    """
    with (
        workspace.lock("refresh"),
        workspace.lock("load", wait_s=60),
        contextlib.ExitStack() as closing,
    ):
        numbers = published(workspace, current_manifest(workspace))
        held = _open(workspace, numbers[:-1], closing)
        left = _left_over(workspace, {*numbers[-1:], *held}) + _abandoned(workspace, closing)
        for path in left:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        return [number for number in numbers[:-1] if number not in held], held


def _open(workspace: Workspace, numbers: list[int], closing: contextlib.ExitStack) -> list[int]:
    """Those that a reader has open; the others are locked until `closing` against new readers."""
    held = []
    for number in numbers:
        path = workspace.generations / f"{number:06d}.json"
        manifest = closing.enter_context(path.open("rb"))
        try:
            fcntl.flock(manifest, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.append(number)
    return held


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
    interrupted = [path for path in workspace.staged.iterdir() if path.name.startswith(".")]
    links = workspace.root.glob(".current.*")
    # Manifests go first: one that is left by a kill in between must not name what is gone.
    return sorted(generations, key=lambda path: (path.suffix != ".json", path)) + sorted(
        [*segments, *interrupted, *links]
    )


def _abandoned(workspace: Workspace, closing: contextlib.ExitStack) -> list[Path]:
    """Scratch folders that no process holds; they are locked until `closing`."""
    whole = workspace.root / "scratch"
    left = []
    for path in sorted(whole.iterdir()) if whole.is_dir() else ():
        try:
            handle = os.open(path, os.O_RDONLY)
            closing.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, FileNotFoundError):
            continue
        left.append(path)
    return left


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.lstat().st_size

"""How long generations are kept, and why one is: by count, by age, by hand, by what rests on it.

`regift gc` takes what is neither among the newest `[generations] keep` nor younger than `keep_for`.
It never takes the current generation, one that a reader has open, one that somebody keeps by hand
(`generations/000042.keep` says who, when and why), and one that an open dossier, decision or
measure rests on. What a generation names stays readable: exports of it are the same bytes.
"""

import fcntl
from pathlib import Path
from typing import Any

from regift.enforcement.casebook import Casebook
from regift.enforcement.needed_generations import needed
from regift.graph.collect_garbage import collect_garbage, is_young
from regift.graph.store import (
    current_manifest,
    load_manifest,
    manifest_of,
    open_snapshot,
    published,
)
from regift.graph.workspace import (
    Workspace,
    actor,
    now_us,
    read_json,
    sync_folder,
    utc_text,
    write_json,
)
from regift.loaders.errors import RegiftError, UsageError
from regift.refresh.schedule import Schedule, read_schedule
from regift.refresh.settings import read_settings


def keep(workspace: Workspace, number: int, reason: str) -> None:
    """Keep a generation until it is released. UsageError when there is none of that number."""
    manifest = manifest_of(workspace, number)
    # As a reader has it open: a `gc` that goes on at the same time has taken it, or leaves it.
    with open_snapshot(workspace, read_settings(workspace), manifest):
        path = _mark(workspace, number)
        if path.exists():
            raise RegiftError(f"generation {number} is kept already: see `regift generations list`")
        write_json(path, {"actor": actor(), "at": now_us(), "reason": reason})


def release(workspace: Workspace, number: int) -> None:
    """Let the next `gc` have it, if nothing else keeps it. UsageError when it was not kept."""
    path = _mark(workspace, manifest_of(workspace, number).number)
    if not path.exists():
        raise UsageError(f"generation {number} is not kept by hand: see `regift generations list`")
    path.unlink()
    sync_folder(workspace.generations)


def prune(
    workspace: Workspace, keep: int | None = None, dry_run: bool = False
) -> tuple[list[str], int]:
    """`collect_garbage` by the workspace's settings; `keep` instead of theirs."""
    schedule = read_schedule(workspace)
    return collect_garbage(
        workspace,
        keep=schedule.keep if keep is None else keep,
        not_before_us=_not_before(schedule),
        also=lambda: _resting(workspace),
        dry_run=dry_run,
    )


def generations(workspace: Workspace) -> list[dict[str, Any]]:
    """Every generation that is there, oldest first, with all that keeps it.

    kept_by is empty for what the next `gc` takes. bytes: of its own file; segments are shared.
    """
    schedule = read_schedule(workspace)
    current = current_manifest(workspace)
    numbers = published(workspace, current)
    resting = _resting(workspace)
    rows = []
    for number in numbers:
        path = workspace.generations / f"{number:06d}.json"
        manifest = load_manifest(path)
        newest = number in numbers[-schedule.keep :]
        young = is_young(workspace, number, _not_before(schedule))
        kept_by = ["current"] if number == numbers[-1] else []
        kept_by += [f"one of the newest {schedule.keep}"] if newest and young else []
        kept_by += resting.get(number, []) + (["open in a reader"] if _is_open(path) else [])
        rows.append(
            {
                "generation": number,
                "finished_at": utc_text(manifest.run["finished_at"]),
                "as_of": None if manifest.as_of_us is None else utc_text(manifest.as_of_us),
                "findings": sum(ran["findings"] for ran in manifest.run["typologies"]),
                "bytes": path.stat().st_size + path.with_suffix(".duckdb").stat().st_size,
                "kept_by": kept_by,
            }
        )
    return rows


def _not_before(schedule: Schedule) -> int | None:
    return None if schedule.keep_for_us is None else now_us() - schedule.keep_for_us


def _resting(workspace: Workspace) -> dict[int, list[str]]:
    """What people keep and what they decided: generation -> why it stays."""
    found: dict[int, list[str]] = {}
    for path in sorted(workspace.generations.glob("[0-9]*.keep")):
        found[int(path.stem)] = [_by_hand(path)]
    with Casebook.read(workspace.casebook) as casebook:
        for number, dossiers in needed(casebook.con, now_us()).items():
            found.setdefault(number, []).append(f"open: {', '.join(dossiers)}")
    return found


def _mark(workspace: Workspace, number: int) -> Path:
    return workspace.generations / f"{number:06d}.keep"


def _by_hand(path: Path) -> str:
    told = read_json(path)
    return f"by {told['actor']} since {utc_text(told['at'])}: {told['reason']}"


def _is_open(manifest: Path) -> bool:
    """Whether a reader has it open; `gc` asks the same way."""
    with manifest.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

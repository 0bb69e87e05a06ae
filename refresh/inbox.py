"""Inboxes: files that appear in a folder are loaded once, and moved to `done/` or `rejected/`.

    inbox/day-1.csv   ->   inbox/done/day-1.csv       inbox/done/day-1.csv.report.json
    inbox/bad.csv     ->   inbox/rejected/bad.csv     inbox/rejected/bad.csv.report.json

The load keeps name and hash of its file, in one step with its rows. So a run that is killed after a
load and before the move does not load it again: the next one finds the load and moves the file. A
file that was rejected is tried again whenever somebody puts it back. A file that somebody may still
be writing is left until it is quiet, and one that changed while it was read stays where it is; its
rows that are staged by then are found again by their keys.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from regift.graph.loads import all_loads
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace, now_us, sync_folder, utc_text, write_json
from regift.loaders.errors import BadFile, TooManyBadRows
from regift.loaders.read import ReadOptions
from regift.refresh.inbox_settings import Inbox
from regift.refresh.input_limits import read_limits
from regift.refresh.settings import read_settings

DONE, REJECTED = "done", "rejected"
WAITING, LEFT = "waiting", "left"
DID = (DONE, REJECTED, WAITING, LEFT)
"""What becomes of a file: loaded; refused; to be looked at in a later run; not ours."""

HALF = (".part", ".partial", ".tmp", ".filepart", ".crdownload", "~")
"""How names of files end that programs are still writing."""
REPORT = ".report.json"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a run did with one file, and why; counts are of its rows."""

    inbox: str
    file: str
    did: str
    why: str | None = None
    load: str | None = None
    accepted: int = 0
    duplicates: int = 0
    older: int = 0
    rejected: int = 0
    rules: dict[str, int] | None = None
    exit_code: int = 0


def collect(workspace: Workspace, inboxes: Sequence[Inbox]) -> Iterator[Taken]:
    """Load what is ready in each inbox, oldest name first; gives each file once it is moved.

    A folder that is not there is told as a file that is left, and fails. Locked (exit 5) when
    another run of the inboxes goes on. An error that is not the file's own leaves it and ends the
    run: a lock, a full disk, a map that cannot be read.
    """
    with workspace.lock("inbox"):
        zone = read_settings(workspace).time_zone
        loaded = {
            _key(load["origin"]["name"], load["origin"]["sha256"], load): load["load"]
            for load in all_loads(workspace)
            if load.get("origin") and load["state"] == "staged"
        }
        for inbox in inboxes:
            for found in look(inbox):
                if found.did != DONE:
                    yield found
                    continue
                yield _take(workspace, inbox, found, zone, loaded)


def look(inbox: Inbox) -> Iterator[Taken]:
    """Files of an inbox by name; `done` says that a run would load it now."""
    try:
        names = sorted(os.listdir(inbox.folder), key=os.fsencode)
    except OSError as error:
        why = f"{inbox.folder}: {error.strerror or error}"
        yield Taken(inbox=inbox.name, file=str(inbox.folder), did=LEFT, why=why, exit_code=1)
        return
    for name in names:
        if name in (DONE, REJECTED):
            continue
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        found = Taken(inbox=inbox.name, file=shown, did=DONE)
        try:
            at = os.lstat(inbox.folder / name)
        except FileNotFoundError:  # its writer gave it another name
            continue
        if shown != name:
            yield replace(found, did=LEFT, why="its name is not UTF-8 text")
        elif S_ISDIR(at.st_mode) or not S_ISREG(at.st_mode):
            yield replace(found, did=LEFT, why="it is no plain file")
        elif name.endswith(REPORT):
            yield replace(found, did=LEFT, why=f"names that end in {REPORT} are of reports")
        elif name.startswith(".") or name.lower().endswith(HALF):
            yield replace(found, did=WAITING, why="its name says that it is being written")
        elif now_us() - _changed_us(at) < inbox.wait_us:
            yield replace(found, did=WAITING, why=f"changed at {utc_text(_changed_us(at))}")
        else:
            yield found


def _changed_us(at: os.stat_result) -> int:
    """When the file changed by the file system's own clock: a copy may keep an old time."""
    return max(at.st_mtime_ns, at.st_ctime_ns) // 1_000


def _key(name: str, digest: str, load: dict[str, Any]) -> tuple[str, str, str, str]:
    return name, digest, load["table"], load["action"]


def _take(
    workspace: Workspace,
    inbox: Inbox,
    found: Taken,
    zone: str,
    loaded: dict[tuple[str, str, str, str], str],
) -> Taken:
    """Load one file and move it, with its report beside it."""
    for name in (DONE, REJECTED):
        (inbox.folder / name).mkdir(exist_ok=True)  # before anything is loaded that cannot be moved
    path = inbox.folder / found.file
    before = os.lstat(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    key = _key(found.file, digest, {"table": inbox.table, "action": inbox.action})
    if key in loaded:
        taken = replace(found, load=loaded[key], why=f"it was loaded before, as {loaded[key]}")
    else:
        taken = _loaded(workspace, inbox, found, digest, zone)
    if taken.did == DONE and taken.load:
        loaded[key] = taken.load
    after = os.lstat(path)
    if _state(before) != _state(after):
        return replace(taken, did=WAITING, why="it changed while it was read: it is read again")
    _move(inbox, path, taken, before, digest)
    return taken


def _state(at: os.stat_result) -> tuple[int, ...]:
    return at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns


def _loaded(workspace: Workspace, inbox: Inbox, found: Taken, digest: str, zone: str) -> Taken:
    request = LoadRequest(
        sources=(str(inbox.folder / found.file),),
        table=inbox.table,
        options=ReadOptions(
            encoding=inbox.encoding,
            time_zone=zone,
            format=inbox.format,
            map=inbox.map,
            limits=read_limits(workspace)[0],
        ),
        action=inbox.action,
        reason=inbox.reason,
        max_bad=inbox.max_bad,
        origin={"name": found.file, "sha256": digest},
    )
    try:
        report = stage(workspace, request)
    except BadFile as error:
        return replace(found, did=REJECTED, why=str(error), exit_code=error.exit_code)
    except TooManyBadRows as error:
        refused = [load for load in all_loads(workspace) if load.get("origin") == request.origin]
        return replace(
            found,
            did=REJECTED,
            why=str(error),
            load=refused[-1]["load"],
            rejected=refused[-1]["rejected"],
            exit_code=error.exit_code,
        )
    return replace(
        found,
        load=report.load,
        accepted=report.accepted,
        duplicates=report.duplicates,
        older=report.older,
        rejected=report.rejected,
        rules=report.rules,
        why="; ".join(report.notes) or None,
    )


def _move(inbox: Inbox, path: Path, taken: Taken, at: os.stat_result, digest: str) -> None:
    """The report first: a file without one would not say what became of it."""
    folder = inbox.folder / taken.did
    place, number = folder / path.name, 1
    while place.exists():  # an earlier file of this name
        number += 1
        place = folder / f"{number}-{path.name}"
    report = place.with_name(place.name + REPORT)
    told = vars(taken) | {"table": inbox.table, "action": inbox.action, "bytes": at.st_size}
    write_json(report, told | {"sha256": digest, "at": utc_text(now_us())})
    report.chmod(at.st_mode & 0o666)  # who could read the file may read what became of it
    os.rename(path, place)
    sync_folder(folder)
    sync_folder(inbox.folder)

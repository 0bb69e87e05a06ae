"""Handing an action file over: durable first, then handed over, then in the casebook.

See `action_file.py` for what lies where, and for what becomes of one that was cut short.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from regift.enforcement import action_file, measures
from regift.enforcement.action_file import APPLY, EXTEND, LIFT, Action, ActionFile
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.measures import Handed
from regift.graph.workspace import Workspace, now_us, private_folder, sync_folder, write_durably
from regift.loaders.errors import RegiftError, UsageError

EXPORT = "measure export"


def begin(workspace: Workspace, file: ActionFile, actions: Sequence[Action]) -> None:
    """Make a file durable in the workspace: from now on it is finished or withdrawn.

    Its moments lie beside its content, to the microsecond, as the casebook will have them.
    """
    folder = workspace.root / action_file.FOLDER
    private_folder(folder)
    told = [
        [each.measure.number, each.action, each.effective_us, each.due_us, each.until_us]
        for each in actions
    ]
    write_durably(folder / f"{file.name}.json", json.dumps(told).encode())
    write_durably(folder / f"{file.name}.jsonl", file.content)


def finish(
    workspace: Workspace, log: AuditLog, file: ActionFile, hand_over: Callable[[ActionFile], None]
) -> None:
    """Hand a begun file over, then record it. Again after a crash: the same bytes, recorded once.

    RegiftError when a measure of it is no longer as the file says: the file is withdrawn.
    """
    beside = _folder(workspace) / f"{file.name}.json"
    told = json.loads(beside.read_bytes())
    with log.transaction():
        stands = _stands(log, told)
        if stands:
            hand_over(file)
            measures.export(
                log,
                [Handed(number, *moments) for number, action, *moments in told if action == APPLY],
                file.name,
                extended=[number for number, action, *_ in told if action == EXTEND],
                lifted=[number for number, action, *_ in told if action == LIFT],
            )
    if not stands:
        withdraw(workspace, file)
        raise RegiftError(
            f"{file.name} was begun and not finished, and a measure of it has changed since: it "
            "is withdrawn, do not use it; `regift enforce export` makes a new one"
        )
    beside.unlink()


def _stands(log: AuditLog, told: Sequence[Sequence[Any]]) -> bool:
    """Whether each measure is still what the file says of it."""
    kept = {each.number for each in action_file.held(log, now_us())}
    now = {
        each.number: (each.state, each.until_us, each.lifted_us)
        for each in measures.numbered(log.con, [number for number, *_ in told])
    }
    for number, action, _, _, until in told:
        state, until_us, lifted_us = now[number]
        fits = {
            APPLY: state == measures.APPROVED and number not in kept,
            EXTEND: state not in action_file.ENDED and until_us == until,
            LIFT: state in action_file.ENDED and lifted_us is None,
        }
        if not fits[action]:
            return False
    return True


def unfinished(workspace: Workspace, log: AuditLog) -> ActionFile | None:
    """A file that was begun and that the casebook does not have."""
    recorded = set(names(log))
    for path in sorted(_folder(workspace).glob("actions-*.json")):
        content = path.with_suffix(".jsonl")
        if path.stem in recorded or not content.is_file():
            path.unlink()  # finished but for this, or not begun to the end
            continue
        return read(workspace, path.stem)
    return None


def withdraw(workspace: Workspace, file: ActionFile) -> None:
    """Remove a file that was never recorded."""
    folder = _folder(workspace)
    (folder / f"{file.name}.jsonl").unlink(missing_ok=True)
    sync_folder(folder)
    (folder / f"{file.name}.json").unlink(missing_ok=True)


def read(workspace: Workspace, name: str) -> ActionFile:
    """A file by its name; UsageError if there is none, RegiftError if its bytes are others."""
    path = _folder(workspace) / f"{name}.jsonl"
    if "/" in name or not path.is_file():
        there = ", ".join(sorted(each.stem for each in _folder(workspace).glob("*.jsonl")))
        raise UsageError(f"there is no action file {name}: there are {there or 'none'}")
    file = ActionFile(name, path.read_bytes())
    if action_file.name_of(file.content) != name:
        raise RegiftError(f"{path} was changed past regift: restore a backup")
    return file


def applied_functions(
    workspace: Workspace, log: AuditLog, actions: Sequence[Action]
) -> dict[int, list[str]]:
    """Functions that the receiving system was told of measures that it has already, by number.

    The policy may name others by now. Without a measure whose file is lost. Cost: the files that
    applied them are read.
    """
    wanted = {each.measure.number for each in actions if each.action != APPLY}
    told: dict[int, list[str]] = {}
    for row in log.rows() if wanted else ():
        if row.action != EXPORT or not wanted & {number for number, *_ in row.payload["measures"]}:
            continue
        name = row.payload["name"]
        if not (_folder(workspace) / f"{name}.jsonl").is_file():
            continue
        for each in read(workspace, name).actions:
            if each["action"] == APPLY and each["measure"] in wanted:
                told[each["measure"]] = each["functions"]
    return told


def names(log: AuditLog) -> list[str]:
    """Names of the files that were handed over, oldest first."""
    return [row.payload["name"] for row in log.rows() if row.action == EXPORT]


def _folder(workspace: Workspace) -> Path:
    return workspace.root / action_file.FOLDER

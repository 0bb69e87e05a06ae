"""Inboxes as `regift.toml` says them: folders whose files are loaded, and how.

[inbox.NAME] folder     the folder; relative to the workspace
             table      what the rows are; a declared format says it too
             format, map, encoding, max_bad     as the options of `regift load`
             wait       a file is left alone until nothing has changed it for so long: "60s"
             action     load, replace or withdraw; the last two need a reason
             reason     why, kept in the history of the records
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regift.graph.workspace import Workspace
from regift.loaders.column_map import FORMATS
from regift.loaders.errors import UsageError
from regift.loaders.tables import TABLES
from regift.queries.params import duration_us

WAIT = "60s"
ACTIONS = ("load", "replace", "withdraw")
KEYS = (*("folder", "table", "format", "map", "encoding", "max_bad", "wait", "action", "reason"),)


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """One folder and how its files are loaded."""

    name: str
    folder: Path
    table: str
    format: str | None = None
    map: Path | None = None
    encoding: str = "utf-8"
    max_bad: str = "0"
    wait_us: int = duration_us(WAIT)
    action: str = "load"
    reason: str | None = None


def read_inboxes(workspace: Workspace) -> tuple[Inbox, ...]:
    """The inboxes of a workspace by name; UsageError names a value that cannot be read."""
    table = workspace.settings_table()
    try:
        return inboxes_of(table, workspace.root)
    except UsageError as error:
        raise UsageError(f"{workspace.settings_file}: {error}") from None


def inboxes_of(table: Mapping[str, Any], root: Path = Path()) -> tuple[Inbox, ...]:
    """The inboxes of an already parsed `regift.toml`.

    >>> inboxes_of({"inbox": {"day": {"folder": "in", "table": "gifts"}}})[0].table
    'gifts'
    """
    sections = table.get("inbox", {})
    if not isinstance(sections, dict):
        raise UsageError("inbox is a value: write [inbox.NAME] and KEY = VALUE below it")
    found = tuple(inbox_of(name, sections[name], root) for name in sorted(sections))
    for each in found:
        for other in found:
            if each.name < other.name and each.folder == other.folder:
                raise UsageError(
                    f"[inbox.{each.name}] and [inbox.{other.name}] are the same folder"
                )
    return found


def inbox_of(name: str, given: object, root: Path = Path()) -> Inbox:
    """One inbox; None of a key is as if it were not there."""
    where = f"[inbox.{name}]"
    if not isinstance(given, Mapping):
        raise UsageError(f"inbox.{name} is a value: write {where} and KEY = VALUE below it")
    told = {key: value for key, value in given.items() if value is not None}
    for key, value in told.items():
        if key not in KEYS:
            raise UsageError(f"{where} has no {key!r}: it has {', '.join(KEYS)}")
        if not isinstance(value, str) or not value:
            raise UsageError(f"{where} {key}: {value!r} is not a text")
    if "folder" not in told:
        raise UsageError(f"{where} names no folder")
    action = told.get("action", "load")
    if action not in ACTIONS:
        raise UsageError(f"{where} action: {action!r} is none of {', '.join(ACTIONS)}")
    if (action == "load") == ("reason" in told):
        raise UsageError(
            f"{where}: replace and withdraw need a reason, which is kept, and load has none"
        )
    try:
        wait_us = duration_us(told.get("wait", WAIT))
    except UsageError as error:
        raise UsageError(f"{where} wait: {error}") from None
    return Inbox(
        name=name,
        folder=root / told["folder"],
        table=_table(told, where),
        format=told.get("format"),
        map=root / told["map"] if "map" in told else None,
        encoding=told.get("encoding", "utf-8"),
        max_bad=told.get("max_bad", "0"),
        wait_us=wait_us,
        action=action,
        reason=told.get("reason"),
    )


def _table(told: Mapping[str, str], where: str) -> str:
    known = told.get("format")
    if known is not None and known not in FORMATS:
        raise UsageError(f"{where} format: no format {known!r}: there are {', '.join(FORMATS)}")
    table = told.get("table", FORMATS[known] if known else None)
    if table not in TABLES:
        raise UsageError(f"{where} table: {table!r} is none of {', '.join(TABLES)}")
    return table

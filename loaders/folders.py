"""The files of a folder that a load takes: regular ones that lie in it, whatever links say.

Names that begin with a dot are left out, folders among them. A link to a file is followed while it
stays in the folder; one that leads out of it, one to a folder, and whatever is no regular file
(pipe, socket, device) is an error that names it: nothing is read by surprise, and nothing skipped.
"""

import os
import stat
from pathlib import Path

from regift.loaders.errors import BadFile, UsageError
from regift.loaders.limits import Room


def files_in(folder: Path, name: str, room: Room) -> list[Path]:
    """Its files, sorted by path. UsageError if there is none, BadFile for what cannot be read."""
    root = folder.resolve()
    found: list[Path] = []
    for where, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for each in folders:
            if (Path(where) / each).is_symlink():
                raise BadFile(
                    f"{Path(where) / each}: is a link to a folder, which is not followed: "
                    "name that folder itself"
                )
        found += [Path(where) / each for each in names if not each.startswith(".")]
        room.check_files(name, len(found))
    if not found:
        raise UsageError(f"{name}: the folder holds no file")
    for path in found:
        if path.is_symlink():
            _check_link(path, root)
        check_regular(path, str(path))
    return sorted(found)


def check_regular(path: Path, name: str) -> None:
    """BadFile unless it is a file whose end can be found."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise BadFile(
            f"{name}: is no regular file but a pipe, socket or device: pipe what it gives into "
            "`regift load -`"
        )


def _check_link(path: Path, root: Path) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise BadFile(f"{path}: is a link that leads nowhere: remove it") from None
    if not target.is_relative_to(root):
        raise BadFile(
            f"{path}: is a link to {target}, which lies outside of the folder: name it itself"
        )


def _refuse(error: OSError) -> None:
    """A folder that cannot be listed must not pass for an empty one."""
    raise error

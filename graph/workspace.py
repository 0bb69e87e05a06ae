"""A workspace: the folder that holds loads, segments, generations and the casebook.

regift.toml          settings of this workspace
current              -> generations/000042.json, renamed atomically
generations/         a manifest and one small DuckDB file each
segments/            immutable Parquet files, named by their content
calibrations/        what chance makes of findings; `current` is a link to one of them
staged/L000007/      one load: manifest.json, rows.parquet, rejects.parquet
casebook.sqlite      what people decided
runs.jsonl           one line for each run, also for one that failed
locks/               one file per lock, held with flock, naming its holder

All of it is its owner's alone (folders 0700, files 0600), whatever the umask. A team shares one by
making its root a folder of a group first (`chmod 2770`): what is made in it is that group's, too.
"""

import contextlib
import fcntl
import json
import os
import pwd
import re
import shlex
import shutil
import socket
import stat
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from regift.loaders.errors import Locked, RegiftError, UsageError

FIRST_SETTINGS = """\
# Settings of this workspace. A flag or a REGIFT_* variable wins over what stands here.

[time]
zone = "Asia/Shanghai"      # of times that are given without an offset

[clock]
unit = "1s"                 # resolution of the records; "1d" where only days are known

# [typology.money_cycle]    # parameters of every scheduled run
# window = "30d"
"""


class Workspace:
    """Paths of one workspace folder and the few things that are done to them as a whole."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings_file = root / "regift.toml"
        self.current = root / "current"
        self.generations = root / "generations"
        self.segments = root / "segments"
        self.staged = root / "staged"
        self.casebook = root / "casebook.sqlite"

    @classmethod
    def open(cls, root: Path) -> "Workspace":
        """The workspace at `root`; UsageError if there is none."""
        workspace = cls(root)
        if not workspace.settings_file.is_file():
            raise UsageError(
                f"no workspace at {root}: `regift load FILE --table gifts` makes one, "
                "or name another with -w"
            )
        return workspace

    @classmethod
    def create(cls, root: Path) -> "Workspace":
        """The workspace at `root`, made if it is not there yet; a regift.toml in it is kept.

        A folder that holds other things is refused: nothing of it is ours to touch. One that
        another process is making, or was killed while making, is finished.
        """
        workspace = cls(root)
        settled = workspace.is_settled()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not settled:
            root.chmod(0o2770 if _of_group(root) else 0o700)
        for folder in (workspace.generations, workspace.segments, workspace.staged):
            private_folder(folder)
        if not settled:
            write_durably(workspace.settings_file, FIRST_SETTINGS.encode())
        return workspace

    def is_settled(self) -> bool:
        """Whether a workspace is here; UsageError where `create` could make none."""
        if "?" in str(self.root):
            raise UsageError(
                f"{self.root}: DuckDB cannot keep files in a folder with ? in its name"
            )
        settled = self.settings_file.is_file()
        if self.root.exists() and not settled and not (self.root.is_dir() and self._begun()):
            raise UsageError(
                f"{self.root} is there and is no workspace: name another folder with -w"
            )
        return settled

    def open_to_others(self) -> str | None:
        """What is wrong with the folder's rights, if others than its owner or team can enter it."""
        mode = stat.S_IMODE(self.root.stat().st_mode)
        if not mode & (0o007 if _of_group(self.root) else 0o077):
            return None
        return (
            f"others can enter {self.root} (mode {mode:04o}), which holds personal data: "
            f"`chmod -R go= {shlex.quote(str(self.root))}`"
        )

    def _begun(self) -> bool:
        """Whether all that lies in the folder is what `create` makes, before the settings."""
        ours = {path.name for path in (self.generations, self.segments, self.staged)}
        names = {path.name for path in self.root.iterdir()} - {self.settings_file.name}
        return all(n in ours or n.startswith(f".{self.settings_file.name}.") for n in names)

    def settings_table(self) -> dict[str, Any]:
        """`regift.toml` as it stands; UsageError names the line that cannot be read."""
        try:
            return tomllib.loads(self.settings_file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.settings_file}: {error}") from None

    @contextlib.contextmanager
    def lock(self, name: str, wait_s: float = 0.0) -> Iterator[None]:
        """Hold one lock of this workspace; Locked names its holder.

        The lock is the kernel's (flock): it ends with the process, so a crash leaves none behind.
        """
        handle = private_file(private_folder(self.root / "locks") / name)
        try:
            _acquire(handle, name, self.root, wait_s)
            os.ftruncate(handle, 0)
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "user": actor()}
            os.write(handle, json.dumps({**holder, "since": utc_text(now_us())}).encode())
            yield
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """An empty folder for one piece of work, removed afterwards.

        It is locked meanwhile: one that nobody holds was left by a crash, and `gc` removes it.
        """
        folder, handle = self._held_scratch(name)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)

    def _held_scratch(self, name: str) -> tuple[Path, int]:
        whole = private_folder(self.root / "scratch")
        while True:
            folder = private_folder(whole / f"{name}-{os.getpid()}-{time.monotonic_ns()}")
            with contextlib.suppress(FileNotFoundError):
                handle = os.open(folder, os.O_RDONLY)
                fcntl.flock(handle, fcntl.LOCK_EX)
                if folder.exists():
                    return folder, handle
                os.close(handle)  # gc came between making and locking it


def _acquire(handle: int, name: str, root: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            held = os.pread(handle, 4096, 0).decode(errors="replace")
            try:
                who = json.loads(held)
                holder = f"process {who['pid']} of {who['user']} on {who['host']}, {who['since']}"
            except (ValueError, KeyError):
                holder = "another process"
            raise Locked(
                f"the {name} lock of {root} is held by {holder}: wait for it to end"
            ) from None


def actor() -> str:
    """Who acts: the login of the operating system (D-15), whatever the environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def now_us() -> int:
    """The clock, for what is recorded about runs; no finding depends on it."""
    return time.time_ns() // 1_000


def utc_text(us: int) -> str:
    """ISO 8601 of a moment.

    >>> utc_text(0), utc_text(-62135596800_000_000)
    ('1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z')
    """
    seconds, rest = divmod(us, 1_000_000)
    moment = time.gmtime(seconds)
    text = f"{moment.tm_year:04d}" + time.strftime("-%m-%dT%H:%M:%S", moment)
    return f"{text}.{rest:06d}Z" if rest else f"{text}Z"


def _of_group(folder: Path) -> bool:
    """Whether a folder was made a team's: its group may write, and what is made in it is theirs."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_ISGID) and mode & 0o070 == 0o070


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner, or the team of the one it lies in, can enter.

    One that is there stays as it is. The umask has no say in it.
    """
    if not path.is_dir():
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o2770 if _of_group(path.parent) else 0o700)
    return path


def private_file(path: Path, flags: int = os.O_RDWR) -> int:
    """Open a file, made if need be, that only its owner, or the folder's team, can read."""
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    os.fchmod(handle, _file_mode(path))
    return handle


def _file_mode(path: Path) -> int:
    return 0o660 if _of_group(path.parent) else 0o600


def write_durably(path: Path, content: bytes) -> None:
    """Write a private file so that after a crash it is either there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = private_file(temporary, os.O_WRONLY | os.O_TRUNC)
    with open(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make what DuckDB wrote into a file durable, and private as all of a workspace."""
    path.chmod(_file_mode(path))
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON durably, keys as given."""
    write_durably(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read JSON that regift wrote; RegiftError when it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise RegiftError(f"{path} cannot be read ({error}): restore it from a backup") from None
    if not isinstance(value, dict):
        raise RegiftError(f"{path} is damaged: restore it from a backup")
    return value


def load_number(name: str) -> int | None:
    """The number of a load's folder name, or None.

    >>> load_number("L000012")
    12
    """
    match = re.fullmatch(r"L(\d{6,})", name)
    return int(match[1]) if match else None

"""The run log: `runs.jsonl` in the workspace, one JSON line for each run, also for one that fails.

    {"command": "refresh", "begun_at": "2026-01-01T00:00:00Z", "ended_at": ..., "seconds": 12.5,
     "actor": "ops", "host": "h1", "pid": 4711, "version": "0.1.0", "exit_code": 0, "error": null,
     "generation": 42, ...}

A run that goes on holds a marker in `locks/`, with what its line begins with, under a lock of the
kernel. A marker that nobody holds is of a run that was killed: the next run writes its line, with
no end and no exit code. A line is durable before the run ends; one that a power cut tore is told
and passed over.
"""

import contextlib
import fcntl
import json
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import regift
from regift.graph.workspace import (
    Workspace,
    actor,
    now_us,
    private_file,
    private_folder,
    sync_folder,
    utc_text,
)
from regift.loaders.errors import RegiftError

NAME = "runs.jsonl"
KILLED = "ended without a word: killed, or the machine went down"
DONE = (0, 4)
"""Exit codes of a run that did its work; 4: a bound cut something, which the line tells."""


@dataclass(frozen=True)
class Runs:
    """What the log says, oldest first; damaged: numbers of lines that cannot be read, from 1.

    running: beginnings of the lines of runs that go on.
    """

    lines: tuple[dict[str, Any], ...]
    damaged: tuple[int, ...]
    running: tuple[dict[str, Any], ...]

    def last(self, command: str, done: bool = False) -> dict[str, Any] | None:
        """The last line of a command; done: of those that did their work."""
        found = (
            each
            for each in reversed(self.lines)
            if each["command"] == command and (not done or each["exit_code"] in DONE)
        )
        return next(found, None)


def read_runs(workspace: Workspace) -> Runs:
    """The whole log, and what the markers say. Cost: linear in its lines."""
    lines, damaged = _written(workspace)
    running, written = [], set(map(_which, lines))
    for marker in _markers(workspace):
        with contextlib.suppress(FileNotFoundError), marker.open("rb") as file:
            told = _told(file.read())
            if told is None or _which(told) in written:
                continue
            if _free(file.fileno(), fcntl.LOCK_SH):
                lines.append(told | _KILLED)
            else:
                running.append(told)
    return Runs(tuple(lines), tuple(damaged), tuple(running))


def _written(workspace: Workspace) -> tuple[list[dict[str, Any]], list[int]]:
    """Lines of the file, and the numbers of those that cannot be read."""
    path = workspace.root / NAME
    content = path.read_bytes() if path.exists() else b""
    parsed = [(n, _told(line)) for n, line in enumerate(content.split(b"\n"), 1) if line]
    return [told for _, told in parsed if told], [n for n, told in parsed if told is None]


def _which(line: dict[str, Any]) -> tuple[Any, ...]:
    """What tells one run from another."""
    return line.get("host"), line.get("pid"), line["begun_at"]


def _told(line: bytes) -> dict[str, Any] | None:
    """A line of the log as an object, or None when it is none."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    known = isinstance(told, dict) and {"command", "begun_at"} <= told.keys()
    return {"exit_code": None, "error": None, "ended_at": None, **told} if known else None


@contextlib.contextmanager
def logged(
    workspace: Workspace,
    command: str,
    say: Callable[[str], None],
    after: Callable[[], None] = lambda: None,
) -> Iterator[dict[str, Any]]:
    """Log what runs inside; what is put into the yielded object stands on its line.

    SIGTERM ends the run as an exception, so that it leaves nothing behind, with exit code 143.
    after: what is done once the line is written, however the run ended.
    RegiftError when the line cannot be written after a run that did its work.
    """
    began = time.monotonic()
    facts: dict[str, Any] = {}
    begun = {
        "command": command,
        "begun_at": utc_text(now_us()),
        "actor": actor(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "version": regift.__version__,
    }
    ended: dict[str, Any] = {"exit_code": 0, "error": None}
    with contextlib.ExitStack() as closing:
        failed = True
        try:
            with _terminated():
                _bury(workspace)
                closing.enter_context(_marked(workspace, begun))
                yield facts
            failed = False
        except BaseException as error:
            ended = _ended(error)
            failed = ended["exit_code"] not in DONE
            raise
        finally:
            line = {
                **begun,
                "ended_at": utc_text(now_us()),
                "seconds": round(time.monotonic() - began, 3),
                **ended,
                **facts,
                "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
            _finish(workspace, line, failed, say, after)


def _finish(
    workspace: Workspace,
    line: dict[str, Any],
    failed: bool,
    say: Callable[[str], None],
    after: Callable[[], None],
) -> None:
    """Write the line and do what follows; of a run that failed, its own error goes first."""
    try:
        _append(workspace.root / NAME, line)
        after()
    except (OSError, RegiftError) as error:
        told = f"the run log says nothing of this run, or its metrics are old: {error}"
        if not failed:
            raise RegiftError(f"generation {line.get('generation')} is there; {told}") from None
        if _words(error) != line["error"]:  # both may stumble over the same
            say(told)


def _ended(error: BaseException) -> dict[str, Any]:
    """Exit code and words of what ended a run, as the command line gives them."""
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        return {"exit_code": code, "error": STOPPED if code == _TERMINATED else None}
    if isinstance(error, KeyboardInterrupt):
        return {"exit_code": 128 + signal.SIGINT, "error": STOPPED}
    return {"exit_code": int(getattr(error, "exit_code", 1)), "error": _words(error)}


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


STOPPED = "stopped by a signal"
_TERMINATED = 128 + signal.SIGTERM
_KILLED = {"exit_code": None, "ended_at": None, "error": KILLED}


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM as SystemExit, and SIGINT as ever, while the block runs; in the main thread only.

    DuckDB makes a RuntimeError of its own of either when it comes during a query.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def leave(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise _stop(number)

    handled = [number for number in _STOPS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in handled}
    try:
        yield
    except RuntimeError:
        if not came:
            raise
        raise _stop(came[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_STOPS = (signal.SIGTERM, signal.SIGINT)


def _stop(number: int) -> BaseException:
    return SystemExit(_TERMINATED) if number == signal.SIGTERM else KeyboardInterrupt()


def _append(path: Path, line: dict[str, Any]) -> None:
    """Append a line durably, whole or not at all; a torn one before it is ended."""
    content = json.dumps(line, ensure_ascii=False).encode() + b"\n"
    handle = private_file(path, os.O_RDWR | os.O_APPEND)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            content = b"\n" + content
        try:
            while content:
                content = content[os.write(handle, content) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)
    sync_folder(path.parent)


def _markers(workspace: Workspace) -> list[Path]:
    return sorted((workspace.root / "locks").glob("run-*"))


@contextlib.contextmanager
def _marked(workspace: Workspace, begun: dict[str, Any]) -> Iterator[None]:
    """A marker that is locked before it has its name, and goes when the block ends."""
    folder = private_folder(workspace.root / "locks")
    name = f"run-{os.getpid()}-{time.monotonic_ns()}"
    made = folder / f".{name}"
    handle = private_file(made, os.O_WRONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, json.dumps(begun).encode())
        os.replace(made, folder / name)
        yield
    finally:
        (folder / name).unlink(missing_ok=True)
        made.unlink(missing_ok=True)
        os.close(handle)


def _bury(workspace: Workspace) -> None:
    """Write the line of every run that was killed before it did, and take its marker away."""
    markers = _markers(workspace)
    written = set(map(_which, _written(workspace)[0])) if markers else set()
    for marker in markers:
        with contextlib.suppress(FileNotFoundError), marker.open("r+b") as file:
            if not _free(file.fileno(), fcntl.LOCK_EX):
                continue
            told = _told(file.read())
            # Another run may have been here first.
            if told is not None and marker.exists() and _which(told) not in written:
                _append(workspace.root / NAME, told | _KILLED)
            marker.unlink(missing_ok=True)


def _free(handle: int, lock: int) -> bool:
    """Whether nobody holds the file; then we do, until it is closed."""
    try:
        fcntl.flock(handle, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

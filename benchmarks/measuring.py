"""Seconds, memory and processes of benchmarks: what a stage spent, and what ran where.

Processor time adds up all threads and is what tables compare: the clock of a busy machine is mostly
luck. The peak is the largest resident memory inside the stage where the system can be asked to
begin anew (Linux), else since the process began.
"""

import importlib.metadata
import multiprocessing
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from regift.graph.warm import STEPS

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Spent:
    """Processor seconds, seconds of the clock, GiB at the peak."""

    cpu: float
    clock: float
    peak: float


@contextmanager
def stage(spent: dict[str, Spent], name: str) -> Iterator[None]:
    """Measure what runs within; it stands in `spent` afterwards."""
    if os.access(_RESET, os.W_OK):
        _RESET.write_text("5")
    cpu, clock = time.process_time(), time.perf_counter()
    yield
    spent[name] = Spent(time.process_time() - cpu, time.perf_counter() - clock, peak_kib() / 2**20)
    print(f"  {name}: {spent[name].cpu:.2f} s", file=sys.stderr, flush=True)


def peak_kib() -> int:
    """Largest resident memory since `stage` began, in KiB."""
    if not _STATUS.exists():
        unit = 1024 if sys.platform == "darwin" else 1
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


def load_kernels() -> None:
    """Take every kernel out of the cache, so that no stage pays for it."""
    for step in STEPS.values():
        step()


def apart(function: Callable[..., Any], *arguments: object, limit_s: int | None = None) -> Any:
    """What a function gives in a process of its own; None once it spent more processor seconds."""
    here, there = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_send, args=(there, limit_s, function, arguments))
    process.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        process.join()
        if process.exitcode == -signal.SIGXCPU:
            return None
        raise SystemExit(f"{function.__name__} ended with code {process.exitcode}") from None
    finally:
        process.join()


def _send(
    there: Connection, limit_s: int | None, function: Callable[..., Any], given: tuple[object, ...]
) -> None:
    if limit_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 1))
    there.send(function(*given))


def version(package: str) -> str | None:
    """Version of a package, None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def machine(*packages: str) -> str:
    """One line: processors, system, load, versions."""
    versions = ", ".join(
        f"{name} {version(name) or 'not installed'}"
        for name in ("duckdb", "numba", "numpy", "pyarrow", *packages)
    )
    return (
        f"{os.cpu_count()} processors ({platform.machine()}, {platform.system()}), load "
        f"{os.getloadavg()[0]:.1f} at the end; Python {platform.python_version()}, {versions}."
    )

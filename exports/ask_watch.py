"""A question in SQL that takes too long is stopped: politely, and where that fails for good.

DuckDB ends a query between two of its steps. One function over one huge value is one step, however
long it takes (`levenshtein` of two long texts, a list of a billion): only the end of the process
ends it, which is what the command line then does.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

GRACE_S = 3.0
"""Between the first polite request and the end of patience."""
STEP_S = 0.2
"""A request that comes between two queries is lost, so it is made again."""


@dataclass
class Watch:
    """late: the time was over before the work was."""

    late: bool = False


@contextmanager
def watched(
    con: duckdb.DuckDBPyConnection, time_us: int, hard: Callable[[], None] | None = None
) -> Iterator[Watch]:
    """Interrupt what `con` does after `time_us`; call `hard` (from a thread) if that is no help."""
    watch = Watch()
    over = threading.Event()

    def wait() -> None:
        if over.wait(time_us / 1_000_000):
            return
        watch.late = True
        end = time.monotonic() + GRACE_S
        while not over.is_set():
            con.interrupt()
            if hard is not None and time.monotonic() > end:
                hard()
            over.wait(STEP_S)

    thread = threading.Thread(target=wait, name="ask-watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()

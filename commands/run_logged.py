"""Commands that a scheduler runs: a line in the run log and fresh metrics, however they end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regift.commands.output import plain, say
from regift.graph.workspace import Workspace
from regift.refresh.metrics import write_metrics
from regift.refresh.run_log import logged
from regift.refresh.schedule import read_schedule


@contextmanager
def run_logged(place: Workspace, command: str, metrics: Path | None) -> Iterator[dict[str, Any]]:
    """What is put into the yielded object stands on the run's line.

    metrics: the file; by default the one that `regift.toml` names, if any.
    """

    def measured() -> None:
        path = metrics or read_schedule(place).metrics
        if path is not None:
            write_metrics(place, path)

    with logged(place, command, lambda line: say(plain(line)), measured) as line:
        yield line

"""When runs are due, where their metrics go, and how long generations are kept (`regift.toml`).

[schedule] every       how often a refresh is meant to run, e.g. "1h"; none: nothing is ever late
           metrics     file for Prometheus, written after every run; relative to the workspace
[generations] keep     so many of the newest stay
              keep_for older ones go even if they are among these, e.g. "90d"; none: no such limit

Nothing here starts a run: a timer or cron does (docs/scheduling.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from regift.graph.workspace import Workspace, utc_text
from regift.loaders.errors import UsageError
from regift.queries.params import duration_text, duration_us
from regift.refresh.run_log import Runs

NONE = "none"
KNOWN = {"schedule": ("every", "metrics"), "generations": ("keep", "keep_for")}
KEEP = 5


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What `[schedule]` and `[generations]` say."""

    every_us: int | None = None
    metrics: Path | None = None
    keep: int = KEEP
    keep_for_us: int | None = None


def read_schedule(workspace: Workspace) -> Schedule:
    """The schedule of a workspace; UsageError names a value that cannot be read."""
    table = workspace.settings_table()
    try:
        return schedule_of(table, workspace.root)
    except UsageError as error:
        raise UsageError(f"{workspace.settings_file}: {error}") from None


def schedule_of(table: Mapping[str, Any], root: Path = Path()) -> Schedule:
    """The schedule of an already parsed `regift.toml`.

    >>> schedule_of({"schedule": {"every": "1h"}, "generations": {"keep": 3}}).keep
    3
    """
    schedule, generations = table.get("schedule", {}), table.get("generations", {})
    keep = generations.get("keep", KEEP)
    if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
        raise UsageError(f"[generations] keep: {keep!r} is not a whole number above zero")
    metrics = schedule.get("metrics")
    if metrics is not None and (not isinstance(metrics, str) or not metrics):
        raise UsageError(f"[schedule] metrics: {metrics!r} is not the name of a file")
    return Schedule(
        every_us=_span(schedule.get("every", NONE), "[schedule] every"),
        metrics=None if metrics is None else root / metrics,
        keep=keep,
        keep_for_us=_span(generations.get("keep_for", NONE), "[generations] keep_for"),
    )


def rows(table: Mapping[str, Any]) -> list[dict[str, str]]:
    """The settings for `config show`."""
    found = schedule_of(table)
    shown = {
        ("schedule", "every"): _shown(found.every_us),
        ("schedule", "metrics"): NONE if found.metrics is None else str(found.metrics),
        ("generations", "keep"): str(found.keep),
        ("generations", "keep_for"): _shown(found.keep_for_us),
    }
    return [
        {
            "setting": f"{section}.{key}",
            "value": value,
            "origin": "regift.toml" if key in table.get(section, {}) else "default",
        }
        for (section, key), value in shown.items()
    ]


def _shown(us: int | None) -> str:
    return NONE if us is None else duration_text(us)


def _span(value: object, where: str) -> int | None:
    if value == NONE:
        return None
    try:
        us = duration_us(str(value))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    if us == 0:
        raise UsageError(f"{where}: 0 is no time: write 1h, or leave it out")
    return us


GRACE = 10
"""A run is late when it has not ended a tenth of the interval after it was due."""


def due(schedule: Schedule, runs: Runs, now: int) -> dict[str, Any]:
    """When the next refresh is due by the last that did its work, and whether it is late.

    One that goes on is not late before it has taken a whole interval.
    """
    if schedule.every_us is None:
        return {"next_due": None, "late": False}
    every = schedule.every_us
    last = runs.last("refresh", done=True)
    next_us = now if last is None else us_of(last["begun_at"]) + every
    going_on = any(
        each["command"] == "refresh" and now - us_of(each["begun_at"]) <= every
        for each in runs.running
    )
    # Nothing was ever done: late from the first moment on, but for a run that is doing it.
    late = last is None or now > next_us + every // GRACE
    return {"next_due": utc_text(next_us), "late": late and not going_on}


def us_of(text: str) -> int:
    """Microseconds of what `utc_text` wrote.

    >>> us_of("1970-01-01T00:00:01.000005Z")
    1000005
    """
    since = datetime.fromisoformat(text) - datetime.fromisoformat("1970-01-01T00:00:00Z")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

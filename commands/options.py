"""Options that many commands share, and opening the workspace they name."""

import functools
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from regift.graph.connect import row
from regift.graph.snapshot import Settings, Snapshot
from regift.graph.store import Manifest, manifest_of, open_snapshot
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.refresh.limits import DEFAULTS
from regift.refresh.settings import read_bounds, read_settings

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_WORKSPACE = "regift-workspace"


def workspace_option(function: F) -> F:
    """`-w/--workspace`, also accepted before the command's name."""
    return click.option(
        "-w",
        "--workspace",
        "workspace",
        type=click.Path(path_type=Path),
        callback=_workspace_path,
        help="Workspace folder [env REGIFT_WORKSPACE, default ./regift-workspace].",
    )(function)


def json_option(function: F) -> F:
    """`--json`: one object a line."""
    return click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")(
        function
    )


def quiet_option(function: F) -> F:
    """`-q`: only data and errors."""
    return click.option("-q", "--quiet", is_flag=True, help="No messages beside data.")(function)


LIMITS = {
    "budget": "Time after which no further part of a search begins, e.g. 2m; what did not is said.",
    "jobs": "Threads.",
    "slices": "Parts by time, which bound memory; 0: as many as it asks for.",
    "expansions": "Steps of the search from one record, beyond which it is cut and says so.",
    "hub_degree": "Counterparties of an account in a window, beyond which no path goes through.",
}


def limits_options(function: F) -> F:
    """An option for each of `refresh/limits.py`, handed over together as `limits`."""

    @functools.wraps(function)
    def collected(**given: Any) -> Any:
        limits = {key: given.pop(key) for key in DEFAULTS}
        return function(limits=limits, **given)

    made: Any = collected
    for key in reversed(DEFAULTS):
        name, metavar = f"--{key.replace('_', '-')}", "TIME" if key == "budget" else "N"
        made = click.option(name, key, metavar=metavar, help=LIMITS[key])(made)
    wrapped: F = made
    return wrapped


def _workspace_path(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path:
    known = ctx.find_root().ensure_object(dict)
    given = value or known.get("workspace") or os.environ.get("REGIFT_WORKSPACE")
    path = Path(given or DEFAULT_WORKSPACE)
    known["workspace"] = path  # `main` looks there for damage when DuckDB fails
    return path


def opened(
    root: Path, generation: int | None = None, limits: Mapping[str, str | None] | None = None
) -> tuple[Workspace, Settings, Manifest, Snapshot]:
    """A workspace with its settings and one generation, by default the current one.

    limits: options of `limits_options`, which bound the searches of this snapshot.
    """
    workspace = Workspace.open(root)
    settings = read_settings(workspace)
    bounds = read_bounds(workspace, limits)
    manifest = manifest_of(workspace, generation)
    graph = open_snapshot(workspace, settings, manifest)
    graph.bounds = bounds
    return workspace, settings, manifest, graph


def check_account(graph: Snapshot, account: str) -> None:
    """UsageError for an account that no record names: a slip of the pen must not pass for clean."""
    named = row(graph.con, "SELECT count(*) FROM account_kinds WHERE account = ?", [account])
    if not named[0]:
        raise UsageError(
            f"no record of the generation names the account {account!r}: check how it is written, "
            "or `regift refresh` if its records are only staged"
        )


def moment_us(text: str, zone: str) -> int:
    """Microseconds of an ISO 8601 time; without an offset it is of the workspace's time zone.

    >>> moment_us("1970-01-01T00:00:01Z", "Asia/Shanghai")
    1000000
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an ISO 8601 time such as 2026-01-31T12:00:00Z") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(zone))
    since = at - datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def settings_given(given: tuple[str, ...], option: str = "--set") -> dict[str, str]:
    """`--set KEY=VALUE` as a dictionary; UsageError for anything else."""
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} {text!r}: write KEY=VALUE")
        pairs[key.strip()] = value.strip()
    return pairs

"""Options that many commands share, and opening the workspace they name."""

import os
from collections.abc import Callable
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
from regift.refresh.settings import read_settings

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


def _workspace_path(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path:
    known = ctx.find_root().ensure_object(dict)
    given = value or known.get("workspace") or os.environ.get("REGIFT_WORKSPACE")
    path = Path(given or DEFAULT_WORKSPACE)
    known["workspace"] = path  # `main` looks there for damage when DuckDB fails
    return path


def opened(
    root: Path, generation: int | None = None
) -> tuple[Workspace, Settings, Manifest, Snapshot]:
    """A workspace with its settings and one generation, by default the current one."""
    workspace = Workspace.open(root)
    settings = read_settings(workspace)
    manifest = manifest_of(workspace, generation)
    return workspace, settings, manifest, open_snapshot(workspace, settings, manifest)


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


def settings_given(given: tuple[str, ...]) -> dict[str, str]:
    """`--set KEY=VALUE` as a dictionary; UsageError for anything else."""
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {text!r}: write KEY=VALUE")
        pairs[key.strip()] = value.strip()
    return pairs

"""What input and questions may cost, as a user says it: options, the environment, `regift.toml`.

[limits] unpacked        bytes that the files of one load may take when unpacked, e.g. "20GiB"
         ratio           unpacked bytes to one packed byte of a file
         files           files of one folder or archive
         query_time      how long one question in SQL may run, e.g. "60s"
         query_memory    what it may hold in memory, e.g. "1GiB"; a quarter of it for its answer

The variable of `unpacked` is REGIFT_UNPACKED, and so for each.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.loaders.limits import Limits, size_bytes, size_text
from regift.queries.params import duration_text, duration_us

DEFAULT = Limits()
DEFAULTS = {
    "unpacked": size_text(DEFAULT.unpacked),
    "ratio": str(DEFAULT.ratio),
    "files": str(DEFAULT.files),
    "query_time": "60s",
    "query_memory": "1GiB",
}
SIZES = ("unpacked", "query_memory")
LEAST_MEMORY = 64 << 20
"""A question cannot even open a generation in less."""


@dataclass(frozen=True, kw_only=True)
class AskLimits:
    """How long one question in SQL may run, and how many bytes it may hold."""

    time_us: int = 60_000_000
    memory: int = 1 << 30


def read_limits(
    workspace: Workspace, given: Mapping[str, str | None] | None = None
) -> tuple[Limits, AskLimits]:
    """The limits of a workspace; given: options by name, None where there is none."""
    return limits_of(workspace.settings_table(), given or {})


def limits_of(
    table: Mapping[str, Any], given: Mapping[str, str | None]
) -> tuple[Limits, AskLimits]:
    """The limits of an already parsed `regift.toml`; UsageError names what cannot be read.

    >>> limits_of({"limits": {"files": 7}}, {"query_time": "5s"})[1].time_us
    5000000
    """
    numbers = {key: _number(key, *said[::2]) for key, said in _chosen(table, given).items()}
    return (
        Limits(**{key: numbers[key] for key in ("unpacked", "ratio", "files")}),
        AskLimits(time_us=numbers["query_time"], memory=numbers["query_memory"]),
    )


def rows(table: Mapping[str, Any]) -> list[dict[str, str]]:
    """The limits for `config show`."""
    shown = []
    for key, (value, origin, where) in _chosen(table, {}).items():
        number = _number(key, value, where)
        if key in SIZES:
            value = size_text(number)
        elif key == "query_time":
            value = duration_text(number)
        shown.append({"setting": f"limits.{key}", "value": value, "origin": origin})
    return shown


def _chosen(
    table: Mapping[str, Any], given: Mapping[str, str | None]
) -> dict[str, tuple[str, str, str]]:
    """Per key its value, where that came from, and how the user would know it there."""
    section = table.get("limits", {})
    found = {}
    for key, default in DEFAULTS.items():
        variable = f"REGIFT_{key.upper()}"
        option = given.get(key)
        if option is not None:
            found[key] = (option, "option", f"the option for [limits] {key}")
        elif variable in os.environ:
            found[key] = (os.environ[variable], variable, variable)
        elif key in section:
            found[key] = (str(section[key]), "regift.toml", f"[limits] {key}")
        else:
            found[key] = (default, "default", key)
    return found


def _number(key: str, text: str, where: str) -> int:
    """Bytes, microseconds or a count."""
    try:
        if key in SIZES:
            number = size_bytes(text)
        elif key == "query_time":
            number = duration_us(text)
        elif text.isascii() and text.isdigit() and len(text) <= 12:
            number = int(text)
        else:
            raise UsageError(f"{text!r} is not a whole number above zero")
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    if number < 1:
        raise UsageError(f"{where}: {text!r} lets nothing through")
    if key == "query_memory" and number < LEAST_MEMORY:
        raise UsageError(f"{where}: {text!r} is less than {size_text(LEAST_MEMORY)}")
    return number

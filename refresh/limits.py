"""How far searches may go, as a user says it: options, the environment, `regift.toml`, defaults.

[bounds] budget        time after which no further part of a search begins, e.g. "20m"; none: no end
         jobs          threads
         slices        parts by time; 0: as many as memory asks for
         expansions    steps of the search from one record
         hub_degree    counterparties of an account in one window that a path still goes through

The option is `--hub-degree`, the variable REGIFT_HUB_DEGREE, and so for each.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from regift.graph.bounds import Bounds
from regift.loaders.errors import UsageError
from regift.queries.params import duration_text, duration_us

DEFAULT = Bounds()
NO_BUDGET = "none"
DEFAULTS: dict[str, str] = {
    "budget": NO_BUDGET,
    "jobs": str(DEFAULT.jobs),
    "slices": str(DEFAULT.slices),
    "expansions": str(DEFAULT.expansions),
    "hub_degree": str(DEFAULT.hub_degree),
}
MOST = 2**31 - 1
"""Of each number: kernels count steps and moves in 32 bits."""


def chosen(
    table: Mapping[str, Any], given: Mapping[str, str | None]
) -> dict[str, tuple[str, str, str]]:
    """Per key its value, where that came from, and how the user would know it there.

    >>> chosen({"slices": 4}, {"slices": "2"})["slices"]
    ('2', 'option', '--slices')
    """
    found = {}
    for key, default in DEFAULTS.items():
        variable = f"REGIFT_{key.upper()}"
        option = given.get(key)
        if option is not None:
            found[key] = (option, "option", f"--{key.replace('_', '-')}")
        elif variable in os.environ:
            found[key] = (os.environ[variable], variable, variable)
        elif key in table:
            found[key] = (str(table[key]), "regift.toml", f"regift.toml, [bounds] {key}")
        else:
            found[key] = (default, "default", key)
    return found


def bounds_of(table: Mapping[str, Any], given: Mapping[str, str | None]) -> Bounds:
    """Bounds of a search that begins now.

    table: `[bounds]` of `regift.toml`; given: options, None where there is none. UsageError names
    the place of a value that cannot be read.

    >>> bounds_of({"slices": 4}, {"expansions": "10"}).decisive
    {'expansions': 10, 'hub_degree': 20000}
    """
    values = chosen(table, given)
    budget_us = _budget_us(*values["budget"][::2])
    return Bounds(
        deadline_s=None if budget_us is None else time.monotonic() + budget_us / 1_000_000,
        jobs=_whole(values["jobs"], 1),
        slices=_whole(values["slices"], 0),
        expansions=_whole(values["expansions"], 1),
        hub_degree=_whole(values["hub_degree"], 1),
    )


def rows(table: Mapping[str, Any]) -> list[dict[str, str]]:
    """The bounds for `config show`."""
    bounds_of(table, {})
    return [
        {"setting": f"bounds.{key}", "value": _shown(key, value), "origin": origin}
        for key, (value, origin, _) in chosen(table, {}).items()
    ]


def _shown(key: str, value: str) -> str:
    if key != "budget" or value == NO_BUDGET:
        return value
    return duration_text(duration_us(value))


def _budget_us(text: str, where: str) -> int | None:
    if text == NO_BUDGET:
        return None
    try:
        return duration_us(text)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _whole(value: tuple[str, str, str], least: int) -> int:
    text, _, where = value
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= MOST):
        raise UsageError(f"{where}: {text!r} is not a whole number from {least} to {MOST}")
    return int(text)

"""A policy as it would be with other values: what `regift policy whatif --set` takes.

who_is_measured=both             a switch
rectify.from_points=5            from which degree a step is proposed
multi_level_gift.allowed=2       a parameter of one typology
window=24h                       of every typology that has a parameter of that name
pack=NAME or NAME@VERSION        another pack, to which the others then apply
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from regift.enforcement import policy_schema as schema
from regift.enforcement.policy import Policy, chosen
from regift.enforcement.switches import BY_KEY
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.queries.params import duration_us, key_of
from regift.ranking.constants import MEASURES


@dataclass(frozen=True)
class Changed:
    """A policy with the changes, and parameters that were asked for: typology -> key -> text."""

    policy: Policy
    params: Mapping[str, Mapping[str, str]]


def changed(found: list[Policy], used: Policy, given: Mapping[str, str]) -> Changed:
    """The pack in use with other values; UsageError for a key or value that there is not.

    >>> from regift.enforcement.policy import packs
    >>> changed(packs(), packs()[0], {"multi_level_gift.allowed": "2"}).params
    {'multi_level_gift': {'allowed': '2'}}
    """
    policy = chosen(found, given["pack"]) if "pack" in given else used
    params: dict[str, dict[str, str]] = {}
    for key, value in given.items():
        if key == "pack":
            continue
        part, dot, name = key.rpartition(".")
        if key in BY_KEY:
            policy = replace(policy, switches={**policy.switches, key: _switch(key, value)})
            schema.check_holding(policy.switches, policy.holding)
        elif dot and name == "from_points":
            policy = replace(policy, steps=_steps(policy, part, value))
        else:
            for typology in _having(part, name):
                params.setdefault(typology, {})[name] = value
    return Changed(policy, params)


def _switch(key: str, value: str) -> str:
    switch = BY_KEY[key]
    if switch.is_duration:
        duration_us(value)
    elif value not in switch.values:
        raise UsageError(f"{key}: {value!r} is unknown: there are {', '.join(switch.values)}")
    return value


def _steps(policy: Policy, measure: str, value: str) -> Any:
    if measure not in {step.measure for step in policy.steps}:
        there = ", ".join(step.measure for step in policy.steps)
        raise UsageError(f"there is no step {measure!r}: the ladder has {there}")
    if not value.isascii() or not value.isdecimal() or int(value) < 1:
        raise UsageError(f"{measure}.from_points: {value!r} is not a whole number above zero")
    steps = tuple(
        replace(step, from_points=int(value)) if step.measure == measure else step
        for step in policy.steps
    )
    schema.check_ladder([vars(step) for step in steps])
    return steps


def _having(typology: str, name: str) -> list[str]:
    """Typologies that have a parameter: the one that is named, or all that have one of the name."""
    if typology in MEASURES:
        raise UsageError(f"{typology}.{name}: of a step only from_points can be set")
    if typology and typology not in ALL:
        raise UsageError(f"there is no typology {typology!r}: there are {', '.join(sorted(ALL))}")
    having = [
        each.name
        for each in ALL.values()
        if typology in ("", each.name) and name in {key_of(f) for f in fields(each.params)}
    ]
    if not having:
        raise UsageError(
            f"{f'{typology}.{name}' if typology else name} is no switch, no STEP.from_points and "
            "no parameter of a typology: `regift policy show` and `regift typology show` list them"
        )
    return having

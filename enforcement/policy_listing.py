"""A policy pack as rows and objects that listings show."""

from collections.abc import Iterable
from typing import Any

from regift.enforcement.policy import Clause, Policy, Step
from regift.enforcement.switches import SWITCHES
from regift.queries import ALL
from regift.queries.params import duration_text


def row(policy: Policy, used: Policy) -> dict[str, Any]:
    """One line of `policy list`."""
    return {
        "policy": f"{policy.name}@{policy.version}",
        "in_use": policy.id == used.id,
        "title": dict(policy.title),
        "clauses": list(policy.clause_ids),
        "id": policy.id,
        "file": str(policy.path),
    }


def whole(policy: Policy, used: Policy) -> dict[str, Any]:
    """Everything that a pack says."""
    return {
        **row(policy, used),
        "source": policy.source,
        "zone": policy.zone,
        "clauses": [clause(each) for each in policy.clauses],
        "ladder": [step(each) for each in policy.steps],
        "gate": {
            "doubtful": policy.caps.doubtful,
            "two_families": policy.caps.two_families,
            "uncalibrated": policy.caps.uncalibrated,
            "example": policy.caps.example,
        },
        "switches": switches(policy),
        "without_clause": uncovered(policy),
    }


def clause(each: Clause) -> dict[str, Any]:
    """One version of a clause."""
    return {
        "clause": each.id,
        "title": dict(each.title),
        "source": each.source,
        "from": each.begins.isoformat(),
        "until": None if each.ends is None else each.ends.isoformat(),
        "channels": list(each.channels),
        "typologies": list(each.typologies),
        "also": list(each.also),
    }


def step(each: Step) -> dict[str, Any]:
    """One step of the ladder."""
    return {
        "measure": each.measure,
        "title": dict(each.title),
        "from_facts": each.from_facts,
        "due_after": _duration(each.due_after_us),
        "lasts": _duration(each.lasts_us),
        "functions": list(each.functions),
        "second_person": each.second_person,
        "example": each.example,
    }


def switches(policy: Policy) -> list[dict[str, Any]]:
    """The twelve switches with what their values mean."""
    return [
        {
            "key": switch.key,
            "value": policy.switches[switch.key],
            "about": switch.about,
            "means": switch.means(policy.switches[switch.key]),
            "values": list(switch.values),
        }
        for switch in SWITCHES
    ]


def uncovered(policy: Policy) -> list[str]:
    """Typologies that evidence no clause of the pack: what they find gets no measure."""
    covered: set[str] = set()
    for each in policy.clauses:
        covered |= _named(each.typologies, each.also)
    return sorted(set(ALL) - covered)


def _named(*lists: Iterable[str]) -> set[str]:
    return {name for names in lists for name in names}


def _duration(us: int | None) -> str | None:
    return None if us is None else duration_text(us)

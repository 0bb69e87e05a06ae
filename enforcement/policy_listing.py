"""A policy pack as rows and objects that listings show."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from regift.enforcement.policy import Clause, Policy, Step
from regift.enforcement.switches import SWITCHES
from regift.loaders.currencies import DECIMALS
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
        "degree": degree(policy),
        "gate": {
            "doubtful": policy.caps.doubtful,
            "two_families": policy.caps.two_families,
            "uncalibrated": policy.caps.uncalibrated,
            "example": policy.caps.example,
        },
        "certificates": {
            "remind_every": duration_text(policy.certificates.remind_every_us),
            "expires_within": duration_text(policy.certificates.expires_within_us),
            "example": policy.certificates.example,
        },
        "switches": switches(policy),
        "holding_periods": [
            {
                "from": each.begins.isoformat(),
                "held": _duration(each.held_us),
                "example": each.example,
            }
            for each in policy.holding
        ],
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
        "from_points": each.from_points,
        "due_after": _duration(each.due_after_us),
        "lasts": _duration(each.lasts_us),
        "functions": list(each.functions),
        "second_person": each.second_person,
        "example": each.example,
    }


def degree(policy: Policy) -> dict[str, Any]:
    """Points of each part of the degree; tables as [from how much on, points]."""
    rules = policy.degree.rules
    tables = {
        key: [list(row) for row in getattr(rules, key)]
        for key in ("facts", "items", "people", "confrontation")
    }
    return {
        "clause": dict(rules.clause),
        **tables,
        "money": {currency: [list(row) for row in table] for currency, table in rules.money},
        "strike": rules.strike,
        "strike_half_life": _duration(rules.half_life_us),
        "example": policy.degree.example,
    }


def degree_rows(told: dict[str, Any]) -> list[dict[str, str]]:
    """What `degree` gave as lines: a part, and from how much on it has how many points.

    >>> degree_rows({"clause": {"R4": 2}, "facts": [[1, 1], [3, 4]], "items": [], "people": [],
    ...              "money": {}, "confrontation": [], "strike": 3, "strike_half_life": "180d"})
    ... # doctest: +NORMALIZE_WHITESPACE
    [{'part': 'clause', 'points': '2 under R4'},
     {'part': 'facts', 'points': '1 from 1, 4 from 3'},
     {'part': 'repetition', 'points': '3 each, halved every 180d'}]
    """
    rows = [("clause", ", ".join(f"{n} under {id}" for id, n in told["clause"].items()))]
    rows += [(key, _steps(told[key])) for key in ("facts", "items", "people")]
    for currency, table in told["money"].items():
        rows.append((f"money in {currency}", _steps(table, currency)))
    if told["strike"]:
        half = told["strike_half_life"]
        rows.append(("repetition", f"{told['strike']} each{f', halved every {half}' * bool(half)}"))
    rows.append(("confrontation", _steps(told["confrontation"])))
    return [{"part": part, "points": points} for part, points in rows if points]


def _steps(table: list[list[int]], currency: str | None = None) -> str:
    places = DECIMALS[currency] if currency else 0
    return ", ".join(
        f"{points} from {Decimal(least).scaleb(-places):,f}" for least, points in table
    )


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

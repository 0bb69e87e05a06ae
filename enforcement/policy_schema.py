"""What a policy pack may hold, checked key by key; errors name the key and how to mend it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from itertools import combinations, pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from regift.enforcement.switches import BY_KEY, SWITCHES
from regift.loaders.currencies import DECIMALS
from regift.loaders.errors import UsageError
from regift.loaders.tables import CHANNELS
from regift.queries import ALL
from regift.queries.params import calendar_us
from regift.ranking.constants import MEASURES

ANY = "any"
EVERYWHERE = (*CHANNELS, "unknown", ANY)
FUNCTIONS = ("gifting", "payment", "traffic")

TOP = (
    "name", "version", "zone", "title", "source", "clause", "step", "degree", "gate",
    "certificates", "holding_period", "switches",
)  # fmt: skip
CLAUSE = ("id", "title", "source", "from", "until", "channels", "typologies", "also")
STEP = (
    "measure", "title", "from_points", "due_after", "lasts", "functions", "second_person",
    "example",
)  # fmt: skip
DEGREE = (
    "clause", "facts", "items", "people", "money", "confrontation", "strike", "strike_half_life",
    "example",
)  # fmt: skip
HOLDING = ("from", "held", "example")
GATE = ("doubtful", "two_families", "uncalibrated", "example")
CERTIFICATES = ("remind_every", "expires_within", "example")

MOST = 10**15
"""No number of a pack is above it: above the largest amount, and sums of points stay exact."""

Read = Callable[[object, str], Any]


def checked(table: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a pack, as `Policy` and its parts take it; UsageError for the first fault."""
    _known(table, TOP, "")
    told = {
        "name": _given(table, "name", _name, ""),
        "version": _given(table, "version", _name, ""),
        "zone": _given(table, "zone", _zone, ""),
        "title": _given(table, "title", _title, ""),
        "source": _given(table, "source", _text, ""),
        "clauses": [_clause(each, where) for each, where in _tables(table, "clause")],
        "steps": [_step(each, where) for each, where in _tables(table, "step")],
        "switches": _switches(_section(table, "switches")),
        "holding": _holding(table),
    }
    check_holding(told["switches"], told["holding"])
    measures = check_ladder(told["steps"])
    told["caps"] = _caps(_section(table, "gate"), measures)
    _overlaps(told["clauses"])
    told["degree"] = _degree(_section(table, "degree"), told["clauses"])
    told["certificates"] = None
    if "certificates" in table:
        told["certificates"] = _certificates(_section(table, "certificates"))
    return told


def _clause(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    _known(table, CLAUSE, where)
    told = {
        "id": _given(table, "id", _name, where),
        "title": _given(table, "title", _title, where),
        "source": _given(table, "source", _text, where),
        "begins": _given(table, "from", _date, where),
        "ends": _perhaps(table, "until", _date, where),
        "channels": _given(table, "channels", _words(EVERYWHERE), where),
        "typologies": _given(table, "typologies", _words(tuple(sorted(ALL))), where),
        "also": _perhaps(table, "also", _words(tuple(sorted(ALL))), where) or (),
    }
    if told["ends"] is not None and told["ends"] <= told["begins"]:
        raise UsageError(
            f"{where} until: {told['ends']} is not after from, {told['begins']}: a clause is in "
            "force from the first date until the day before the other"
        )
    if not told["channels"]:
        raise UsageError(f'{where} channels: is empty: write ["{ANY}"] for all of them')
    if ANY in told["channels"] and len(told["channels"]) > 1:
        raise UsageError(f'{where} channels: "{ANY}" stands alone: leave out the others')
    twice = set(told["typologies"]) & set(told["also"])
    if twice:
        raise UsageError(
            f"{where} also: {min(twice)} stands in typologies already: leave one of them out"
        )
    return told


def _overlaps(clauses: list[dict[str, Any]]) -> None:
    """Two versions of a clause in force at once, in one channel, for one typology."""
    for one, other in combinations(clauses, 2):
        if one["id"] != other["id"]:
            continue
        first, second = sorted((one, other), key=lambda each: each["begins"])
        if first["ends"] is not None and first["ends"] <= second["begins"]:
            continue
        named = {*one["typologies"], *one["also"]} & {*other["typologies"], *other["also"]}
        places = set(one["channels"]) & set(other["channels"])
        both_any = ANY in (*one["channels"], *other["channels"])
        same = not (one["typologies"] or other["typologies"] or one["also"] or other["also"])
        if (named or same) and (places or both_any):
            raise UsageError(
                f"[[clause]] {one['id']}: versions from {first['begins']} and from "
                f"{second['begins']} are both in force on {second['begins']}"
                f"{f' for {min(named)}' if named else ''}: end the first with until = "
                f"{second['begins']}"
            )


def _step(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    _known(table, STEP, where)
    told = {
        "measure": _given(table, "measure", _word(MEASURES), where),
        "title": _given(table, "title", _title, where),
        "from_points": _perhaps(table, "from_points", _whole, where),
        "due_after_us": _perhaps(table, "due_after", _duration, where),
        "lasts_us": _perhaps(table, "lasts", _duration, where),
        "functions": _perhaps(table, "functions", _words(FUNCTIONS), where) or (),
        "second_person": bool(_perhaps(table, "second_person", _flag, where)),
        "example": bool(_perhaps(table, "example", _flag, where)),
    }
    return told


def check_ladder(steps: list[dict[str, Any]]) -> tuple[str, ...]:
    """Measures of the steps; UsageError unless they go up, with their counts."""
    if not steps:
        raise UsageError("[[step]] is missing: write at least one step of the ladder")
    measures = tuple(step["measure"] for step in steps)
    if measures != tuple(sorted(set(measures), key=MEASURES.index)):
        raise UsageError(
            f"[[step]] measure: {', '.join(measures)}: write each once, from mild to severe: "
            f"{', '.join(MEASURES)}"
        )
    counted = [step for step in steps if step["from_points"] is not None]
    for milder, severer in pairwise(counted):
        if severer["from_points"] <= milder["from_points"]:
            raise UsageError(
                f"[[step]] {severer['measure']} from_points: {severer['from_points']} is not above "
                f"{milder['from_points']}, that of {milder['measure']}: a severer step needs more"
            )
    if not counted:
        raise UsageError(
            "[[step]] from_points: no step has one: say from which degree one is proposed"
        )
    seconds = [step["second_person"] for step in steps]
    if seconds != sorted(seconds):
        late = measures[seconds.index(True)]
        raise UsageError(
            f"[[step]] second_person: {late} needs a second person and a severer step does not: "
            "set it on every step from there on"
        )
    return measures


def _holding(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Versions of the holding period, by date; a pack may have none."""
    if "holding_period" not in table:
        return []
    found = []
    for each, where in _tables(table, "holding_period"):
        _known(each, HOLDING, where)
        found.append({
            "begins": _given(each, "from", _date, where),
            "held_us": _given(each, "held", _duration, where),
            "example": bool(_perhaps(each, "example", _flag, where)),
        })  # fmt: skip
    for one, other in pairwise(found):
        if other["begins"] <= one["begins"]:
            raise UsageError(
                f"[[holding_period]] from: {other['begins']} is not after {one['begins']}: write "
                "them in the order of their dates"
            )
    return found


def check_holding(switches: Mapping[str, str], holding: Sequence[object]) -> None:
    """UsageError where holding cures and no period is told."""
    if switches["holding_period"] == "cures" and not holding:
        raise UsageError(
            "[switches] holding_period: cures, and no [[holding_period]] says how long: write one "
            'with from = DATE and held = "30d"'
        )


def _degree(table: Mapping[str, Any], clauses: list[dict[str, Any]]) -> dict[str, Any]:
    """Points of each part of the degree, as `DegreeRules` takes them, and whose they are."""
    _known(table, DEGREE, "[degree]")
    ids = tuple(dict.fromkeys(clause["id"] for clause in clauses))
    told: dict[str, Any] = {
        key: _perhaps(table, key, _rising, "[degree]") or ()
        for key in ("facts", "items", "people", "confrontation")
    }
    told["clause"] = _perhaps(table, "clause", _keyed(_word(ids), _whole), "[degree]") or ()
    told["money"] = _perhaps(table, "money", _keyed(_currency, _rising), "[degree]") or ()
    if not any(told.values()):
        raise UsageError(
            "[degree]: nothing gives points, so no step is ever proposed: write facts = [[1, 1]]"
        )
    told["strike"] = _perhaps(table, "strike", _whole, "[degree]") or 0
    told["half_life_us"] = _perhaps(table, "strike_half_life", _duration, "[degree]")
    if told["half_life_us"] == 0:
        raise UsageError("[degree] strike_half_life: is 0: leave strike out if it never counts")
    if told["half_life_us"] is not None and not told["strike"]:
        raise UsageError(
            "[degree] strike_half_life: halves nothing: write strike = ... or leave it"
        )
    return {"rules": told, "example": bool(_perhaps(table, "example", _flag, "[degree]"))}


def _caps(table: Mapping[str, Any], measures: tuple[str, ...]) -> dict[str, Any]:
    _known(table, GATE, "[gate]")
    told: dict[str, Any] = {
        key: _given(table, key, _word(measures), "[gate]") for key in GATE if key != "example"
    }
    return told | {"example": bool(_perhaps(table, "example", _flag, "[gate]"))}


def _certificates(table: Mapping[str, Any]) -> dict[str, Any]:
    _known(table, CERTIFICATES, "[certificates]")
    told = {
        f"{key}_us": _given(table, key, _duration, "[certificates]")
        for key in ("remind_every", "expires_within")
    }
    if told["remind_every_us"] == 0:
        raise UsageError("[certificates] remind_every: 0 is no interval: write a duration like 7d")
    return told | {"example": bool(_perhaps(table, "example", _flag, "[certificates]"))}


def _switches(table: Mapping[str, Any]) -> dict[str, str]:
    _known(table, tuple(BY_KEY), "[switches]")
    told = {}
    for switch in SWITCHES:
        if switch.is_duration:
            told[switch.key] = _given(table, switch.key, _text, "[switches]")
            _duration(told[switch.key], f"[switches] {switch.key}")
        else:
            told[switch.key] = _given(table, switch.key, _word(tuple(switch.values)), "[switches]")
    return told


def _section(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = table.get(key)
    if not isinstance(section, dict):
        raise UsageError(f"[{key}] is missing: write it with its keys below it")
    return section


def _tables(table: Mapping[str, Any], key: str) -> list[tuple[Mapping[str, Any], str]]:
    """Parts written as [[key]], each with how an error names it."""
    parts = table.get(key, [])
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise UsageError(f"{key}: write each as [[{key}]] with its keys below it")
    if not parts:
        raise UsageError(f"[[{key}]] is missing: write at least one")
    names = [each.get("id", each.get("measure", n)) for n, each in enumerate(parts, 1)]
    return [(each, f"[[{key}]] {name}") for each, name in zip(parts, names, strict=True)]


def _known(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            raise UsageError(f"{where} {key}: is unknown: there are {', '.join(keys)}".lstrip())


def _given(table: Mapping[str, Any], key: str, read: Read, where: str) -> Any:
    if key not in table:
        raise UsageError(f"{where} {key}: is missing: write {key} = ...".lstrip())
    return read(table[key], f"{where} {key}".lstrip())


def _perhaps(table: Mapping[str, Any], key: str, read: Read, where: str) -> Any:
    return read(table[key], f"{where} {key}") if key in table else None


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}: {value!r} is no text: write it in quotes")
    return value


def _name(value: object, where: str) -> str:
    name = _text(value, where)
    if not name.isprintable() or set(name) & set(" @+,/"):
        raise UsageError(f"{where}: {name!r} is no name: leave out spaces, @, +, commas and /")
    return name


def _title(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or "en" not in value:
        raise UsageError(f'{where}: write {{ en = "...", zh = "..." }}, at least en')
    return {key: _text(text, f"{where}.{key}") for key, text in value.items()}


def _zone(value: object, where: str) -> str:
    zone = _text(value, where)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"{where}: {zone!r} is not a time zone such as Asia/Shanghai") from None
    return zone


def _date(value: object, where: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise UsageError(f"{where}: {value!r} is no date: write 2022-06-20, without quotes")
    return value


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{where}: {value!r} is not a whole number above zero")
    if value > MOST:
        raise UsageError(f"{where}: {value!r} is above {MOST:,}")
    return value


def _rising(value: object, where: str) -> tuple[tuple[int, int], ...]:
    """[[from how much on, points], ...], both rising."""
    how = f"{where}: {value!r} is no table of points: write [[1, 2], [5, 3]], from 1 on 2 points"
    if not isinstance(value, list) or not value:
        raise UsageError(how)
    for row in value:
        if not isinstance(row, list) or len(row) != 2:
            raise UsageError(how)
        for number in row:
            _whole(number, where)
    for less, more in pairwise(value):
        if more[0] <= less[0] or more[1] <= less[1]:
            raise UsageError(f"{where}: {more} is not above {less}: more has to give more points")
    return tuple((row[0], row[1]) for row in value)


def _keyed(key: Read, read: Read) -> Read:
    """A table in braces, as pairs sorted by their names."""

    def read_all(value: object, where: str) -> tuple[tuple[Any, Any], ...]:
        if not isinstance(value, dict) or not value:
            raise UsageError(f"{where}: {value!r}: write {{ NAME = ..., NAME = ... }}")
        rows = ((key(name, where), read(each, f"{where}.{name}")) for name, each in value.items())
        return tuple(sorted(rows))

    return read_all


def _currency(value: object, where: str) -> str:
    code = str(value)
    if code not in DECIMALS:
        raise UsageError(f"{where}: {code!r} is no currency: write a code such as CNY")
    return code


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{where}: {value!r}: write true or false")
    return value


def _duration(value: object, where: str) -> int:
    try:
        return calendar_us(_text(value, where))
    except UsageError as error:
        raise UsageError(str(error) if where in str(error) else f"{where}: {error}") from None


def _word(words: tuple[str, ...]) -> Read:
    def read(value: object, where: str) -> str:
        if value not in words or not isinstance(value, str):
            raise UsageError(f"{where}: {value!r} is unknown: there are {', '.join(words)}")
        return value

    return read


def _words(words: tuple[str, ...]) -> Read:
    def read(value: object, where: str) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise UsageError(f"{where}: {value!r} is no list: write [...]")
        found = tuple(_word(words)(each, where) for each in value)
        if len(set(found)) < len(found):
            raise UsageError(f"{where}: names one twice: leave one of them out")
        return found

    return read

"""What a run is told: `regift.toml` over defaults, checked, with the source of every value.

[time] zone            time zone of times given without an offset
[clock] unit           resolution of the records
[records] refund_window
[entities] max, phone, payment_card, device, payee      caps of definition D-3
[entities] legal_subject       controller: one legal subject is one entity; separate: a link
[entities] fuzzy, fuzzy_associated, fuzzy_possible, fuzzy_sharers    accounts that look alike, too
[bounds] ...           how far searches may go (`refresh/limits.py`); part of no digest but what
                       decides what is found
[policy] pack          the policy pack in use; what its switches say of parameters yields to
                       [typology.NAME] and is part of no other digest than these
[schedule], [generations] ...  when runs are due, what is kept (`refresh/schedule.py`)
[limits] ...           what input and questions may cost (`refresh/input_limits.py`)
[inbox.NAME] ...       folders whose files are loaded (`refresh/inbox_settings.py`)
[identifiers] store    plain, or hash: as keyed hashes (`graph/hashed_identifiers.py`)
[calibrate] prior      dossiers that what chance makes of a typology is worth, beside decisions
[typology.NAME] ...    parameters of every run
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from regift.enforcement import policy, policy_rules
from regift.graph import fuzzy_model, hashed_identifiers
from regift.graph.bounds import Bounds
from regift.graph.entities import ONE_SUBJECT, SEPARATE
from regift.graph.fuzzy import EFFECTS
from regift.graph.snapshot import Settings
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.queries.params import build, duration_text, duration_us, show
from regift.ranking.decided import PRIOR
from regift.refresh import inbox_settings, input_limits, limits, schedule

KNOWN = {
    "time": ("zone",),
    "clock": ("unit",),
    "records": ("refund_window",),
    "entities": (
        "max",
        "legal_subject",
        "phone",
        "payment_card",
        "device",
        "payee",
        "fuzzy",
        "fuzzy_associated",
        "fuzzy_possible",
        "fuzzy_sharers",
    ),
    "policy": ("pack",),
    "calibrate": ("prior",),
    "identifiers": ("store",),
    "bounds": tuple(limits.DEFAULTS),
    "limits": tuple(input_limits.DEFAULTS),
    **schedule.KNOWN,
}


def read_settings(workspace: Workspace) -> Settings:
    """The settings of a workspace; UsageError names a key that is unknown or cannot be read.

    The workspace's link model is one of them: another model is another run.
    """
    table = workspace.settings_table()
    switched = policy_rules.parameters(policy.in_use(workspace))
    try:
        settings = settings_of(table, switched)
        return replace(settings, fuzzy_model=fuzzy_model.current(workspace))
    except UsageError as error:
        raise UsageError(f"{workspace.settings_file}: {error}") from None


def settings_of(
    table: Mapping[str, Any], switched: Mapping[str, Mapping[str, str]] | None = None
) -> Settings:
    """Settings of an already parsed `regift.toml`.

    switched: parameters that the policy sets, of typologies and of `entities`.

    >>> settings_of({"clock": {"unit": "1d"}}).return_window_us // 86_400_000_000
    10
    """
    _check_keys(table)
    _prior(table)
    schedule.schedule_of(table)
    input_limits.limits_of(table, {})
    inbox_settings.inboxes_of(table)
    hashed_identifiers.store_of(dict(table))
    default = Settings()
    clock_unit_us = _duration(table.get("clock", {}).get("unit", "1s"), "[clock] unit")
    if clock_unit_us == 0:
        raise UsageError(
            "[clock] unit: 0 is no resolution: write 1s, or 1d where only days are known"
        )
    zone = str(table.get("time", {}).get("zone", default.time_zone))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(
            f"[time] zone: {zone!r} is not a time zone such as Asia/Shanghai"
        ) from None
    told_of_policy = dict(switched or {})
    entities = {**told_of_policy.pop("entities", {}), **table.get("entities", {})}
    caps = {
        kind: _whole(entities.get(kind, cap), f"[entities] {kind}")
        for kind, cap in default.identifier_caps.items()
    }
    typology = {name: dict(given) for name, given in told_of_policy.items()}
    for name, given in table.get("typology", {}).items():
        told = {key: _text(value) for key, value in given.items()}
        typology[name] = {**typology.get(name, {}), **told}
    refund = table.get("records", {}).get("refund_window")
    settings = Settings(
        clock_unit_us=clock_unit_us,
        time_zone=zone,
        refund_window_us=(
            default.refund_window_us
            if refund is None
            else _duration(refund, "[records] refund_window")
        ),
        entity_max=_whole(entities.get("max", default.entity_max), "[entities] max"),
        identifier_caps=caps,
        legal_subject=_one_of(
            entities.get("legal_subject", default.legal_subject),
            (ONE_SUBJECT, SEPARATE),
            "[entities] legal_subject",
        ),
        **_fuzzy(entities),
        typology=typology,
    )
    for name in typology:
        params_of(settings, name)
    gift = params_of(settings, "multi_level_gift")
    return replace(settings, return_window_us=gift.return_window_us)


def _one_of(value: object, words: tuple[str, ...], where: str) -> str:
    if value not in words or not isinstance(value, str):
        raise UsageError(f"{where}: {value!r} is none of {', '.join(words)}")
    return value


def _fuzzy(entities: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of `graph/fuzzy.py`; cut-points are centibits."""
    default = Settings()
    effect = entities.get("fuzzy", default.fuzzy)
    if effect not in EFFECTS:
        raise UsageError(f"[entities] fuzzy: {effect!r} is none of {', '.join(EFFECTS)}")
    cuts = []
    for key, without in (
        ("fuzzy_possible", default.fuzzy_possible_cb),
        ("fuzzy_associated", default.fuzzy_associated_cb),
    ):
        cut = entities.get(key, without)
        if isinstance(cut, bool) or not isinstance(cut, int):
            raise UsageError(f"[entities] {key}: {cut!r} is not a whole number of centibits")
        cuts.append(cut)
    if cuts[0] > cuts[1]:
        raise UsageError("[entities] fuzzy_possible is above fuzzy_associated: turn them round")
    sharers = entities.get("fuzzy_sharers", default.fuzzy_sharers_max)
    return {
        "fuzzy": effect,
        "fuzzy_possible_cb": cuts[0],
        "fuzzy_associated_cb": cuts[1],
        "fuzzy_sharers_max": _whole(sharers, "[entities] fuzzy_sharers"),
    }


def params_of(settings: Settings, name: str, given: Mapping[str, str] | None = None) -> Any:
    """Parameters of a typology: what is given, over `regift.toml`, over defaults for the clock.

    UsageError when there is no such typology or parameter.
    """
    if name not in ALL:
        raise UsageError(f"no typology {name!r}: there are {', '.join(sorted(ALL))}")
    return build(
        ALL[name].params,
        {**settings.typology.get(name, {}), **(given or {})},
        clock_unit_us=settings.clock_unit_us,
        name=name,
    )


def read_bounds(workspace: Workspace, given: Mapping[str, str | None] | None = None) -> Bounds:
    """Bounds of a search of a workspace that begins now; given: options by name."""
    return limits.bounds_of(workspace.settings_table().get("bounds", {}), given or {})


def read_prior(workspace: Workspace) -> int:
    """How many dossiers what chance makes of a typology is worth (ranking/decided.py)."""
    try:
        return _prior(workspace.settings_table())
    except UsageError as error:
        raise UsageError(f"{workspace.settings_file}: {error}") from None


def _prior(table: Mapping[str, Any]) -> int:
    return _whole(table.get("calibrate", {}).get("prior", PRIOR), "[calibrate] prior")


def origins(workspace: Workspace) -> list[dict[str, str]]:
    """Every setting with its value and where it came from."""
    table = workspace.settings_table()
    settings = read_settings(workspace)
    rows = []
    shown = {
        ("time", "zone"): settings.time_zone,
        ("clock", "unit"): duration_text(settings.clock_unit_us),
        ("records", "refund_window"): duration_text(settings.refund_window_us),
        ("entities", "max"): str(settings.entity_max),
        ("entities", "legal_subject"): settings.legal_subject,
        **{("entities", kind): str(cap) for kind, cap in settings.identifier_caps.items()},
        ("entities", "fuzzy"): settings.fuzzy,
        ("entities", "fuzzy_associated"): str(settings.fuzzy_associated_cb),
        ("entities", "fuzzy_possible"): str(settings.fuzzy_possible_cb),
        ("entities", "fuzzy_sharers"): str(settings.fuzzy_sharers_max),
        ("calibrate", "prior"): str(_prior(table)),
        ("identifiers", "store"): hashed_identifiers.store_of(dict(table)),
    }
    for (section, key), value in shown.items():
        origin = "regift.toml" if key in table.get(section, {}) else "default"
        rows.append({"setting": f"{section}.{key}", "value": value, "origin": origin})
    pack = policy.in_use(workspace)
    for key in policy_rules.parameters(pack).get("entities", {}):
        for each in rows:
            if each["setting"] == f"entities.{key}" and each["origin"] == "default":
                each["origin"] = pack.id
    given = "regift.toml" if "pack" in table.get("policy", {}) else "default"
    rows.append({"setting": "policy.pack", "value": pack.id, "origin": given})
    rows += limits.rows(table.get("bounds", {}))
    rows += schedule.rows(table)
    rows += input_limits.rows(table)
    for name in sorted(ALL):
        told = settings.typology.get(name, {})
        written = table.get("typology", {}).get(name, {})
        plain = show(build(ALL[name].params, told, clock_unit_us=1, name=name))
        for key, value in show(params_of(settings, name)).items():
            origin = "regift.toml" if key in written else pack.id if key in told else "default"
            if origin == "default" and value != plain[key]:
                origin = f"default {plain[key]}, coarse tier for the clock"
            rows.append({"setting": f"typology.{name}.{key}", "value": value, "origin": origin})
    return rows


def _check_keys(table: Mapping[str, Any]) -> None:
    for section, value in table.items():
        if section in ("typology", "inbox"):
            continue
        if section not in KNOWN or not isinstance(value, dict):
            known = ", ".join([*KNOWN, "inbox.NAME", "typology.NAME"])
            raise UsageError(f"[{section}] is unknown: there are {known}")
        for key in value:
            if key not in KNOWN[section]:
                raise UsageError(f"[{section}] has no {key!r}: it has {', '.join(KNOWN[section])}")
    typologies = table.get("typology", {})
    if not isinstance(typologies, dict):
        raise UsageError("typology is a value: write [typology.NAME] and KEY = VALUE below it")
    for name, given in typologies.items():
        if name in ALL and not isinstance(given, dict):
            raise UsageError(f"typology.{name} is a value: write [typology.{name}] and KEY = VALUE")
        if name not in ALL:
            raise UsageError(f"[typology.{name}] is unknown: there are {', '.join(sorted(ALL))}")


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{where}: {value!r} is not a whole number above zero")
    return value


def _duration(value: object, where: str) -> int:
    try:
        return duration_us(str(value))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    return str(value)

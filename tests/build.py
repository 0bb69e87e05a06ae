"""Tiny worlds written as lines of text, and the snapshot they make.

    accounts = ["brand official_account", "ann", "shop merchant operator=o1"]
    items = ["x issuer=brand price=5.00 currency=CNY collection=c"]
    gifts = ["g1 issue brand>ann x @0h", "g2 gift ann>bob x @1h30m price=5.00 seq=1 refers_to=g1"]
    transfers = ["t1 payment bob>ann 5.00 @1h currency=USD"]
    identifiers = ["ann phone 123"]
    certificates = ["brand F1 @0d..@30d", "brand F2 @40d.. collection:c; channel:personal"]
    judgements = ["ann bob same"]
    reviewed = ["brand F1 refused"]
    measured = ["ann @1d restrict R4"]
    params = { allowed = "1" }
    settings = { return_window = "24h", entity_max = "3" }

A time `@1d2h3m4s` counts from EPOCH_US; amounts are in major units, in CNY unless said.
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from regift.graph.snapshot import Settings, Snapshot, snapshot_from_rows
from regift.queries.params import duration_us

EPOCH_US = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z."""

EXPONENTS = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3}
WORLDS = Path(__file__).parent / "worlds"
KEYS = {
    "name", "accounts", "items", "gifts", "transfers", "identifiers", "certificates", "labels",
    "judgements", "measured", "reviewed", "params", "settings", "finding",
}  # fmt: skip

Rows = dict[str, list[dict[str, Any]]]
Judgements = tuple[tuple[str, str, str], ...]
Measured = tuple[tuple[str, int, str, str], ...]


def time_us(text: str) -> int:
    """Microseconds of `@1d2h`, from the epoch of 1970.

    >>> time_us("@1h") - EPOCH_US
    3600000000
    """
    parts = re.findall(r"\d+(?:us|ms|[smhdw])", text)
    if not text.startswith("@") or "".join(parts) != text[1:]:
        raise ValueError(f"{text!r} is not a time such as @1d2h3m")
    return EPOCH_US + sum(duration_us(part) for part in parts)


def minor(text: str, currency: str) -> int:
    """Minor units of an amount in major units.

    >>> minor("5.00", "CNY"), minor("5", "JPY")
    (500, 5)
    """
    scaled = Decimal(text) * 10 ** EXPONENTS[currency]
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text} {currency} has parts of a minor unit")
    return int(scaled)


def _options(words: list[str], allowed: set[str]) -> dict[str, Any]:
    given: dict[str, Any] = dict(word.split("=", 1) for word in words)
    if set(given) - allowed:
        raise ValueError(f"unknown options {set(given) - allowed}")
    return given


def _priced(given: dict[str, Any]) -> dict[str, Any]:
    if "price" in given:
        given.setdefault("currency", "CNY")
        given["price_minor"] = minor(given.pop("price"), given["currency"])
    if "seq" in given:
        given["seq"] = int(given["seq"])
    return given


def account(line: str) -> dict[str, Any]:
    """`id [kind] [operator=..] [name=..] [opened_at=@..]`"""
    name, *words = line.split()
    kind = words.pop(0) if words and "=" not in words[0] else None
    given = _options(words, {"operator", "name", "opened_at"})
    if "opened_at" in given:
        given["opened_at_us"] = time_us(given.pop("opened_at"))
    return {"account": name, "kind": kind} | given


def item(line: str) -> dict[str, Any]:
    """`id [issuer=..] [collection=..] [price=..] [currency=..]`"""
    name, *words = line.split()
    return {"item": name} | _priced(_options(words, {"issuer", "collection", "price", "currency"}))


def gift(line: str) -> dict[str, Any]:
    """`id kind source>target item @time [price=..] [currency=..] [channel=..] [seq=..] ...`"""
    record, kind, ends, item_id, at, *words = line.split()
    source, target = ends.split(">")
    given = _options(words, {"price", "currency", "channel", "seq", "refers_to"})
    row = {"record_id": record, "kind": kind, "source": source, "target": target}
    return row | {"item": item_id, "at_us": time_us(at)} | _priced(given)


def transfer(line: str) -> dict[str, Any]:
    """`id kind source>target amount @time [currency=..] [channel=..] [seq=..] [refers_to=..]`"""
    record, kind, ends, amount, at, *words = line.split()
    source, target = ends.split(">")
    given = {"currency": "CNY"} | _options(words, {"currency", "channel", "seq", "refers_to"})
    row = {"record_id": record, "kind": kind, "source": source, "target": target}
    row |= {"at_us": time_us(at), "amount_minor": minor(amount, given["currency"])}
    return row | _priced(given)


def identifier(line: str) -> dict[str, Any]:
    """`account kind value`"""
    name, kind, value = line.split()
    return {"account": name, "kind": kind, "value": value}


def certificate(line: str) -> dict[str, Any]:
    """`account filing_number @from..[@to] [scope]`"""
    name, filing, span, *scope = line.split(maxsplit=3)
    start, end = span.split("..")
    row = {"account": name, "filing_number": filing, "partner_company": "chain co"}
    row |= {"scope": scope[0] if scope else None}
    return row | {"valid_from_us": time_us(start), "valid_to_us": time_us(end) if end else None}


def label(line: str) -> dict[str, Any]:
    """`account code origin @time`"""
    name, code, origin, at = line.split()
    return {"account": name, "code": code, "origin": origin, "at_us": time_us(at)}


PARSERS = {
    "accounts": account,
    "items": item,
    "gifts": gift,
    "transfers": transfer,
    "identifiers": identifier,
    "certificates": certificate,
    "labels": label,
}


def rows_of(table: Mapping[str, Any]) -> Rows:
    """The records of a world, as stored columns."""
    if set(table) - KEYS:
        raise ValueError(f"a world has no {', '.join(sorted(set(table) - KEYS))}")
    return {name: [parse(line) for line in table.get(name, [])] for name, parse in PARSERS.items()}


def judgements_of(table: Mapping[str, Any]) -> Judgements:
    """What people said of pairs in a world, oldest first."""
    triples = [line.split() for line in table.get("judgements", [])]
    return tuple((a, b, verdict) for a, b, verdict in triples)


def measured_of(table: Mapping[str, Any]) -> Measured:
    """Measures in force in a world: rows of `measured`."""
    lines = [line.split() for line in table.get("measured", [])]
    return tuple((account, time_us(since), clause, step) for account, since, step, clause in lines)


def reviewed_of(table: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """What people said of certificates in a world: rows of `reviewed`."""
    triples = [line.split() for line in table.get("reviewed", [])]
    return tuple((account, filing, verdict) for account, filing, verdict in triples)


def settings_of(table: Mapping[str, Any]) -> Settings:
    """Settings of a world, from the texts a user would type."""
    fields = {f.name for f in dataclasses.fields(Settings)}
    values: dict[str, Any] = {}
    for key, text in table.get("settings", {}).items():
        if f"{key}_us" in fields:
            values[f"{key}_us"] = duration_us(text)
        elif key == "entity_max":
            values[key] = int(text)
        else:
            raise ValueError(f"a world has no setting {key}")
    return Settings(**values)


def world(table: Mapping[str, Any]) -> Snapshot:
    """The snapshot of a world."""
    return snapshot_from_rows(
        rows_of(table),
        settings_of(table),
        judgements_of(table),
        measured_of(table),
        reviewed=reviewed_of(table),
    )


def worlds(name: str) -> list[dict[str, Any]]:
    """The worlds of one file of `tests/worlds`."""
    loaded: list[dict[str, Any]] = tomllib.loads((WORLDS / f"{name}.toml").read_text())["world"]
    return loaded

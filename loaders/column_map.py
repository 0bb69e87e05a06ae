"""Column maps: TOML that says where each column of a table comes from in somebody else's file.

    order = "reversed"                       # the file is newest first: gives seq
    delimiter = "whitespace"                 # or one character; absent: by the file's suffix
    header = ["source", "target", "at"]      # the file has no header line: these are its columns

    [columns]
    source = "From"                                        # rename
    source = ["From", "from"]                              # the first of these that the file has
    source = { column = "From", default = "bank" }         # where the file has nothing
    currency = { constant = "CNY" }
    kind = { column = "Type", values = { Sold = "sale" }, others = "skip" }
    at = { column = "ts", unit = "ms" }                    # s, ms or us since 1970 UTC
    at = { column = "day", format = "%b %d, %Y" }          # strptime
    at = { column = "step", step = "1d", start = "2021-01-01" }
    price = { column = "Amount", extract = '^([0-9.]+)', powers = { K = 3, M = 6 } }
    record_id = { template = "{file}:{row}" }              # also {a column of the file}

`others`: "refuse" (default: the row is a reject), "keep" (the word as it is) or "skip" (the row is
left out, counted and said). `extract` keeps the first group of a regular expression; where it does
not match, the whole text is kept and the row is refused for it. `powers`: the second group names a
power of ten. `{row}` counts the records of a file from 1. Columns that the map does not name are
taken by their own names.
"""

import datetime
import re
import tomllib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regift.loaders.errors import UsageError
from regift.loaders.relation import quoted
from regift.loaders.tables import Table
from regift.loaders.validate import Manner, Reading

FOLDER = Path(__file__).parent / "formats"
FORMATS = {
    "amlsim_1k": "transfers",
    "amlsim_20k": "transfers",
    "cryptopunks": "gifts",
    "plain_transfers": "transfers",
    "snap_csv": "transfers",
    "snap_text": "transfers",
}
"""Declared public formats and the table each is for."""

_KEYS = {"order", "delimiter", "header", "columns", "about"}
_COLUMN_KEYS = {
    "column", "default", "constant", "values", "others", "unit", "format", "step", "start",
    "extract", "powers", "template",
}  # fmt: skip
_STEPS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_STEPS["w"] = 7 * _STEPS["d"]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Where one column comes from."""

    columns: tuple[str, ...] = ()
    default: str | None = None
    constant: str | None = None
    values: Dict[str, str] = field(default_factory=dict)
    others: str = "refuse"
    extract: str | None = None
    powers: Dict[str, int] = field(default_factory=dict)
    template: str | None = None
    reading: Reading = field(default_factory=Reading)

    @property
    def reads(self) -> list[tuple[str, ...]]:
        """Columns of the file that it needs; of each group, any one."""
        if self.template is not None:
            return [(name,) for name in _holes(self.template) if name not in ("file", "row")]
        return [self.columns] if self.columns else []


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """A column map for one table; without specs every column goes by its own name."""

    table: Table
    name: str
    specs: Dict[str, Spec] = field(default_factory=dict)
    delimiter: str | None = None
    header: tuple[str, ...] | None = None
    reversed: bool = False

    @property
    def wanted(self) -> list[str]:
        """Columns of the file that are read where they exist, each once."""
        groups = [
            group
            for column in self.table.columns
            for group in self.specs.get(column.name, Spec(columns=(column.name,))).reads
        ]
        return list(dict.fromkeys(name for group in groups for name in group))

    @property
    def needed(self) -> list[tuple[str, ...]]:
        """Columns that the file must have; of each group, any one."""
        groups: dict[tuple[str, ...], None] = {}
        for column in self.table.columns:
            if column.name in self.specs:
                groups |= dict.fromkeys(self.specs[column.name].reads)
            elif column.required:
                groups[(column.name,)] = None
        return list(groups)

    def ids_from(self, floats: set[str]) -> list[str]:
        """Those of the file's columns of floating point numbers that would become ids or texts."""
        return [
            name
            for column in self.table.columns
            if column.type in ("id", "text", "enum", "currency")
            for group in self.specs.get(column.name, Spec(columns=(column.name,))).reads
            for name in group
            if name in floats
        ]

    def manner(self, zone: str) -> Manner:
        """How the checks are to read the texts."""
        made = {n for n, s in self.specs.items() if s.template or s.constant or s.default}
        return Manner(
            zone=zone,
            times={name: spec.reading for name, spec in self.specs.items()},
            made=frozenset(made),
        )

    def texts(self, fields: list[str], base: str, row: str) -> dict[str, str]:
        """SQL of the text of each column, over c0, c1, ... (the file's `fields`).

        base, row: SQL of the file's base name and of the record's number in it, from 0.
        """
        places = {name: f"c{place}" for place, name in enumerate(fields)}
        texts = {}
        for column in self.table.columns:
            spec = self.specs.get(column.name, Spec(columns=(column.name,)))
            texts[column.name] = _text(spec, places, base, row)
        if self.reversed:
            texts["seq"] = f"CAST(-({row}) AS VARCHAR)"
        return texts

    def skip(self, fields: list[str]) -> str:
        """SQL: the record is left out by an `others = "skip"`."""
        places = {name: f"c{place}" for place, name in enumerate(fields)}
        skips = []
        for spec in self.specs.values():
            if spec.others == "skip":
                words = ", ".join(quoted(word) for word in spec.values)
                skips.append(f"coalesce({_extracted(spec, places)}, '') NOT IN ({words})")
        return " OR ".join(skips) or "false"


def load_format(name: str, table: Table) -> Mapping:
    """A declared public format. UsageError if there is none or it is for another table."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}; known are {', '.join(FORMATS)}")
    if FORMATS[name] != table.name:
        raise UsageError(
            f"format {name} is for {FORMATS[name]}: give --table {FORMATS[name]}, not {table.name}"
        )
    return _load(FOLDER / f"{name}.toml", f"format {name}", table)


def load_map(path: Path, table: Table) -> Mapping:
    """A map of the user's own. UsageError, one line, if it cannot be read."""
    return _load(path, str(path), table)


def _load(path: Path, name: str, table: Table) -> Mapping:
    """Read and check a map."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{name}: no such file; --map names a column map (TOML)") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise UsageError(f"{name}: is no TOML file: {problem}") from None
    if unknown := sorted(data.keys() - _KEYS):
        raise UsageError(f"{name}: unknown key {unknown[0]!r}; known are {_listed(_KEYS)}")
    columns = data.get("columns", {})
    if not isinstance(columns, dict):
        raise UsageError(f"{name}: columns must be a table: [columns]")
    order = data.get("order", "as_is")
    if order not in ("as_is", "reversed"):
        raise UsageError(f"{name}: order must be as_is or reversed, not {order!r}")
    if order == "reversed" and (table.name not in ("gifts", "transfers") or "seq" in columns):
        raise UsageError(f"{name}: order = reversed gives seq: only for gifts and transfers, once")
    return Mapping(
        table=table,
        name=name,
        specs={key: _spec(name, table, key, value) for key, value in columns.items()},
        delimiter=_delimiter(name, data.get("delimiter")),
        header=_header(name, data.get("header")),
        reversed=order == "reversed",
    )


def _delimiter(name: str, value: Any) -> str | None:
    """One ASCII character or "whitespace"."""
    if value is None:
        return None
    if value == "whitespace":
        return "whitespace"
    if isinstance(value, str) and len(value) == 1 and value.isascii() and value not in '"\r\n\0':
        return value
    raise UsageError(f'{name}: delimiter must be one ASCII character or "whitespace"')


def _header(name: str, value: Any) -> tuple[str, ...] | None:
    """Names for the columns of a file without a header line."""
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise UsageError(f"{name}: header must be a list of column names")
    if len(set(value)) < len(value):
        raise UsageError(f"{name}: header names a column twice")
    return tuple(value)


def _spec(name: str, table: Table, key: str, value: Any) -> Spec:
    """One entry of [columns]."""
    if key not in {column.name for column in table.columns}:
        known = " ".join(column.name for column in table.columns)
        raise UsageError(f"{name}: {table.name} has no column {key!r}; it has {known}")
    where = f"{name}: columns.{key}"
    if isinstance(value, str | list):
        value = {"column": value}
    if not isinstance(value, dict):
        raise UsageError(f"{where} must be a column's name or a table in braces")
    if unknown := sorted(value.keys() - _COLUMN_KEYS):
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; known are {_listed(_COLUMN_KEYS)}")
    if sum(part in value for part in ("column", "constant", "template")) != 1:
        raise UsageError(f"{where}: give one of column, constant, template")
    for part in ("constant", "template", "default", "extract", "others"):
        if not isinstance(value.get(part, ""), str):
            raise UsageError(f"{where}: {part} must be text")
    if value.get("others", "refuse") not in ("refuse", "keep", "skip"):
        raise UsageError(f"{where}: others must be refuse, keep or skip")
    if "others" in value and "values" not in value:
        raise UsageError(f"{where}: others goes with values")
    return Spec(
        columns=_columns(where, value.get("column")),
        default=value.get("default"),
        constant=value.get("constant"),
        values=_pairs(where, "values", value, str),
        others=value.get("others", "refuse"),
        extract=_pattern(where, value),
        powers=_pairs(where, "powers", value, int),
        template=value.get("template"),
        reading=_reading(where, table.column(key).type, value),
    )


def _columns(where: str, value: Any) -> tuple[str, ...]:
    """One name, or names of which the file has one."""
    names = [value] if isinstance(value, str) else value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{where}: column must be a column's name or a list of names")
    return tuple(names)


def _pairs(where: str, part: str, value: Dict[str, Any], kind: type) -> dict[str, Any]:
    """A table of words to texts or numbers."""
    pairs = value.get(part, {})
    if not isinstance(pairs, dict) or not all(type(v) is kind for v in pairs.values()):
        raise UsageError(f"{where}: {part} must be a table of words to {kind.__name__}")
    return pairs


def _pattern(where: str, value: Dict[str, Any]) -> str | None:
    """The regular expression of extract, with the groups that are used."""
    pattern = value.get("extract")
    if pattern is None:
        if "powers" in value:
            raise UsageError(f"{where}: powers goes with extract")
        return None
    try:
        groups = re.compile(pattern).groups
    except re.error as problem:
        raise UsageError(f"{where}: extract is no regular expression: {problem}") from None
    if groups < (2 if "powers" in value else 1):
        raise UsageError(f"{where}: extract needs a group for the text, and one for powers")
    return str(pattern)


def _reading(where: str, kind: str, value: Dict[str, Any]) -> Reading:
    """How a time is written."""
    ways = [way for way in ("unit", "format", "step") if way in value]
    if not ways and "start" not in value:
        return Reading()
    if kind != "time":
        raise UsageError(f"{where}: {', '.join(ways or ['start'])} is for columns of time")
    if len(ways) != 1 or ("start" in value) != (ways == ["step"]):
        raise UsageError(f"{where}: give one of unit, format, or step with start")
    if "unit" in value:
        if value["unit"] not in ("s", "ms", "us"):
            raise UsageError(f"{where}: unit must be s, ms or us")
        return Reading(unit=value["unit"])
    if "format" in value:
        if not isinstance(value["format"], str) or "%" not in value["format"]:
            raise UsageError(f"{where}: format must be a strptime pattern")
        return Reading(format=value["format"])
    return Reading(step_us=_step(where, value["step"]), start_us=_start(where, value["start"]))


def _step(where: str, text: Any) -> int:
    """A duration like 1d in microseconds."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhdw])", text) if isinstance(text, str) else None
    if match is None:
        raise UsageError(f"{where}: step must be a duration like 1d, 6h or 90s")
    return int(match[1]) * _STEPS[match[2]]


def _start(where: str, value: Any) -> int:
    """A date or time (UTC without offset) in microseconds."""
    try:
        when = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise UsageError(f"{where}: start must be a date like 2021-01-01") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (when - epoch) // datetime.timedelta(microseconds=1)


def _holes(template: str) -> list[str]:
    """Names in the braces of a template."""
    return re.findall(r"\{([^{}]+)\}", template)


def _listed(words: set[str]) -> str:
    return ", ".join(sorted(words))


def _text(spec: Spec, places: dict[str, str], base: str, row: str) -> str:
    """SQL of the text a spec gives."""
    if spec.constant is not None:
        return quoted(spec.constant)
    if spec.template is not None:
        return _filled(spec.template, places, base, row)
    if not any(name in places for name in spec.columns):
        return "NULL"
    text = _extracted(spec, places)
    if spec.values:
        cases = " ".join(
            f"WHEN {quoted(old)} THEN {quoted(new)}" for old, new in spec.values.items()
        )
        # A word that is to be refused is marked, or "sale" would pass though the map lacks it.
        other = f"{text}" if spec.others == "keep" else f"{text} || ' (not in the map)'"
        text = f"CASE {text} {cases} ELSE {other} END"
    if spec.default is not None:
        text = f"coalesce(nullif({text}, ''), {quoted(spec.default)})"
    return text


def _extracted(spec: Spec, places: dict[str, str]) -> str:
    """SQL of the column's text, or the part of it that `extract` names."""
    column = next(places[name] for name in spec.columns if name in places)
    text = f"nullif({column}, '')" if spec.values else column
    if spec.extract is None:
        return text
    pattern = quoted(spec.extract)
    part = f"regexp_extract({text}, {pattern}, 1)"
    if spec.powers:
        cases = " ".join(f"WHEN {quoted(w)} THEN 'e{power}'" for w, power in spec.powers.items())
        part += f" || CASE regexp_extract({text}, {pattern}, 2) {cases} ELSE '' END"
    return f"CASE WHEN regexp_matches({text}, {pattern}) THEN {part} ELSE {text} END"


def _filled(template: str, places: dict[str, str], base: str, row: str) -> str:
    """SQL of a template's text; empty where a column of it is empty."""
    parts = []
    for piece in re.split(r"(\{[^{}]+\})", template):
        hole = piece[1:-1] if piece.startswith("{") else None
        if hole is None:
            parts.append(quoted(piece))
        elif hole == "file":
            parts.append(base)
        elif hole == "row":
            parts.append(f"CAST({row} + 1 AS VARCHAR)")
        else:
            parts.append(f"nullif({places[hole]}, '')")
    return "(" + " || ".join(parts) + ")"

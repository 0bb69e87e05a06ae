"""From a table's columns to SQL: the stored value of each text, and the rule a bad text breaks.

Fast shapes come first (`CASE`, `COALESCE` evaluate the rest only where they must); everything is
integers and text, no float. Each check knows its column's text as `t_<name>` (null = absent) and
its value as `v_<name>`; `_look` says that the record holds something ids must be searched for.
"""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from regift.loaders.currencies import DECIMALS
from regift.loaders.errors import UsageError
from regift.loaders.relation import quoted
from regift.loaders.tables import MAX_MINOR, Column, Table

MAX_ID_BYTES = 1024
YEAR_1_US = -62_135_596_800_000_000
YEAR_9999_US = 253_402_300_799_999_999

_OFFSET = r"(Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = rf"{_DATE}(?:[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]+)?)?{_OFFSET}?)?"
_MONEY = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
_MAX_DIGITS = len(str(MAX_MINOR))


@dataclass(frozen=True)
class Rule:
    """When `when` (SQL) holds, the row breaks `name`; `about` (SQL) is the sentence for people."""

    name: str
    when: str
    about: str


@dataclass(frozen=True)
class Check:
    """One column: SQL of the stored value (null if bad or absent) and the rules, first one wins."""

    column: Column
    value: str
    rules: tuple[Rule, ...]

    @property
    def passes(self) -> str:
        """SQL: the value is there, or absent where it may be."""
        name = self.column.name
        if self.column.required:
            return f"v_{name} IS NOT NULL"
        return f"(v_{name} IS NULL) = (t_{name} IS NULL)"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the texts of one time column are read: ISO 8601 unless something else is said."""

    unit: str | None = None
    format: str | None = None
    step_us: int | None = None
    start_us: int = 0


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a file writes what a table needs: its time zone, its time columns, ids made by a map."""

    zone: str = "Asia/Shanghai"
    times: dict[str, Reading] = field(default_factory=dict)
    made: frozenset[str] = frozenset()


def checks(table: Table, manner: Manner) -> list[Check]:
    """One check per column of `table`, in order. UsageError for an unknown time zone."""
    try:
        ZoneInfo(manner.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"unknown time zone {manner.zone!r}: use a name like Asia/Shanghai or UTC"
        ) from None
    return [_check(table, column, manner) for column in table.columns]


def _check(table: Table, column: Column, manner: Manner) -> Check:
    """The check of one column, with the rule for its absence first."""
    match column.type:
        case "id":
            value, rules = _id(column, "true" if column.name in manner.made else "_look")
        case "time":
            value, rules = _time(column, manner.zone, manner.times.get(column.name, Reading()))
        case "money":
            value, rules = _money(column, positive=table.name == "transfers")
        case "currency":
            value, rules = _word(column, tuple(DECIMALS), "is no known currency code (ISO 4217)")
        case "enum":
            value, rules = _word(column, column.values, "is none of " + " ".join(column.values))
        case "integer":
            value, rules = _integer(column)
        case "number":
            value, rules = _number(column)
        case _:
            value, rules = f"t_{column.name}", []
    missing = Rule(
        f"missing_{column.name}", f"t_{column.name} IS NULL", quoted(f"{column.name} is empty")
    )
    return Check(column, value, tuple([missing] * column.required + rules))


def _said(column: Column, what: str) -> str:
    """SQL of a sentence about the text of a column, which is shown up to 100 characters."""
    text = f"t_{column.name}"
    shown = f"CASE WHEN length({text}) > 100 THEN left({text}, 100) || '...' ELSE {text} END"
    return f"{quoted(column.name + ' ')} || '\"' || {shown} || '\" ' || {quoted(what)}"


def _bad(column: Column, name: str, when: str, what: str) -> Rule:
    """A rule about a text that is there."""
    text = f"t_{column.name}"
    return Rule(name, f"{text} IS NOT NULL AND ({when})", _said(column, what))


def _id(column: Column, look: str) -> tuple[str, list[Rule]]:
    """Kept exactly; refused are control characters, spreadsheet numbers and very long texts."""
    text = f"t_{column.name}"
    control = rf"regexp_matches({text}, '[\x00-\x1f\x7f]')"
    mangled = rf"regexp_full_match({text}, '[0-9](\.[0-9]+)?[eE]\+[0-9]{{1,3}}')"
    long = f"strlen({text}) > {MAX_ID_BYTES}"
    value = (
        f"CASE WHEN NOT {look} THEN {text} "
        f"WHEN NOT ({long}) AND NOT {control} AND NOT {mangled} THEN {text} END"
    )
    return value, [
        _bad(column, "id_too_long", long, f"is longer than {MAX_ID_BYTES} bytes"),
        _bad(column, "id_control", control, "holds a control character"),
        _bad(
            column, "id_scientific", mangled,
            "is a number in scientific notation: a spreadsheet has cut its digits",
        ),
    ]  # fmt: skip


def _word(column: Column, words: tuple[str, ...], what: str) -> tuple[str, list[Rule]]:
    """One of a closed list."""
    text = f"t_{column.name}"
    listed = f"{text} IN ({', '.join(quoted(word) for word in words)})"
    value = f"CASE WHEN {listed} THEN {text} END"
    return value, [_bad(column, f"{column.name}_unknown", f"v_{column.name} IS NULL", what)]


def _integer(column: Column) -> tuple[str, list[Rule]]:
    """A whole number of 64 bits."""
    text = f"t_{column.name}"
    shape = f"regexp_full_match({text}, '[+-]?[0-9]+')"
    return f"CASE WHEN {shape} THEN TRY_CAST({text} AS BIGINT) END", [
        _bad(
            column, f"{column.name}_malformed", f"v_{column.name} IS NULL",
            "is no whole number of 64 bits",
        )
    ]  # fmt: skip


def _number(column: Column) -> tuple[str, list[Rule]]:
    """A decimal number that 6 decimals hold exactly."""
    text = f"t_{column.name}"
    shape = rf"regexp_full_match({text}, '[+-]?[0-9]{{1,12}}(\.[0-9]{{1,6}}0*)?')"
    return f"CASE WHEN {shape} THEN TRY_CAST({text} AS DECIMAL(18,6)) END", [
        _bad(
            column, f"{column.name}_malformed", f"v_{column.name} IS NULL",
            "is no decimal number of at most 12 digits and 6 decimals",
        )
    ]  # fmt: skip


def _time(column: Column, zone: str, reading: Reading) -> tuple[str, list[Rule]]:
    """Microseconds since 1970 UTC, by ISO 8601 or as the map says."""
    text, name = f"t_{column.name}", column.name
    if reading.unit or reading.step_us:
        return _counted(column, reading)
    if reading.format:
        value = _formatted(text, zone, reading.format)
        what = f"does not read as {reading.format}"
        return _ranged(value), [_bad(column, "time_malformed", f"v_{name} IS NULL", what)]
    shape = f"regexp_full_match({text}, {quoted(_TIME)})"
    fine = rf"regexp_matches({text}, '\.[0-9]{{6}}[0-9]*[1-9]')"
    value = _iso(text, zone, shape, fine)
    real = _clock(text) + " IS NULL"
    return value, [
        _bad(
            column, "time_malformed", f"NOT {shape}",
            "is no ISO 8601 time like 2026-01-31T08:00:00+08:00",
        ),
        _bad(column, "time_too_fine", fine, "is finer than a microsecond"),
        _bad(
            column, "time_impossible", f"left({text}, 4) <> '0000' AND {real}",
            "is no time of the calendar",
        ),
        _bad(
            column, "time_out_of_range", f"v_{name} IS NULL",
            "lies outside the years 0001 to 9999 in UTC",
        ),
    ]  # fmt: skip


def _clock(text: str) -> str:
    """SQL TIMESTAMP of an ISO text down to the second, offset left out; null if impossible."""
    clock = rf"regexp_extract({text}, '[T ]([0-9:]+?)(?:\.|Z|[+-]|$)', 1)"
    seconds = (
        f"CASE length({clock}) WHEN 0 THEN '00:00:00' WHEN 5 THEN {clock} || ':00' ELSE {clock} END"
    )
    return f"try_strptime(left({text}, 10) || ' ' || {seconds}, '%Y-%m-%d %H:%M:%S')"


def _ranged(value: str) -> str:
    """SQL: the value if it lies in the years 0001 to 9999."""
    return f"CASE WHEN {value} BETWEEN {YEAR_1_US} AND {YEAR_9999_US} THEN {value} END"


def _iso(text: str, zone: str, shape: str, fine: str) -> str:
    """SQL of microseconds: two common shapes first, then any ISO text."""
    digit = f"{text} BETWEEN '0001' AND ':'"
    utc = (
        f"WHEN {text} LIKE '____-__-__T__:__:__Z' AND {digit} "
        f"THEN epoch_us(try_strptime({text}, '%Y-%m-%dT%H:%M:%SZ'))"
    )
    clock = _clock(text)
    local = f"timezone({quoted(zone)}, {clock})"
    offset = rf"regexp_extract({text}, '[T ].*(Z|[+-][0-9:]+)$', 1)"
    minutes = (
        f"(substr({offset}, 2, 2)::BIGINT * 60 "
        f"+ coalesce(try_cast(right(substr({offset}, 4), 2) AS BIGINT), 0))"
    )
    shift = (
        f"CASE left({offset}, 1) WHEN '+' THEN {minutes} WHEN '-' THEN -{minutes} ELSE 0 END"
        " * 60000000"
    )
    part = rf"rpad(left(regexp_extract({text}, '\.([0-9]+)', 1), 6), 6, '0')::BIGINT"
    slow = (
        f"CASE WHEN {offset} = '' THEN epoch_us({local}) ELSE epoch_us({clock}) - {shift} END "
        f"+ {part}"
    )
    return f"CASE {utc} WHEN {shape} AND NOT {fine} THEN {_ranged(f'({slow})')} END"


def _formatted(text: str, zone: str, pattern: str) -> str:
    """SQL of microseconds of a text written after a strptime pattern."""
    parsed = f"try_strptime({text}, {quoted(pattern)})"
    return (
        f"epoch_us({parsed})"
        if "%z" in pattern
        else f"epoch_us(timezone({quoted(zone)}, {parsed}))"
    )


def _counted(column: Column, reading: Reading) -> tuple[str, list[Rule]]:
    """Microseconds of a text that counts units since 1970, or steps since a start."""
    text = f"t_{column.name}"
    power = {"s": 6, "ms": 3, "us": 0}[reading.unit] if reading.unit else 0
    us = f"TRY_CAST({text} AS DECIMAL(38,{power}))"
    fraction = rf"(\.[0-9]{{1,{power}}}0*)?" if power else r"(\.0*)?"
    shape = f"regexp_full_match({text}, {quoted('-?[0-9]{1,18}' + fraction)})"
    factor = reading.step_us or 10**power
    value = f"TRY_CAST({us} * {factor}::HUGEINT + {reading.start_us} AS BIGINT)"
    what = "is no number of " + (reading.unit or "steps") + " in the years 0001 to 9999"
    return f"CASE WHEN {shape} THEN {_ranged(value)} END", [
        _bad(column, "time_malformed", f"v_{column.name} IS NULL", what)
    ]


def decimals(currency: str) -> str:
    """SQL of the decimals of a currency code; null if the code is unknown."""
    common = "('CNY', 'USD', 'HKD', 'EUR')"
    by_decimals: dict[int, list[str]] = {}
    for code, places in DECIMALS.items():
        by_decimals.setdefault(places, []).append(quoted(code))
    lists = " ".join(
        f"WHEN {currency} IN ({', '.join(codes)}) THEN {places}"
        for places, codes in sorted(by_decimals.items())
    )
    return f"CASE WHEN {currency} IN {common} THEN 2 {lists} END"


def _money(column: Column, *, positive: bool) -> tuple[str, list[Rule]]:
    """Minor units of the row's currency, exactly."""
    text = f"t_{column.name}"
    shape = f"regexp_full_match({text}, {quoted(_MONEY)})"
    digits, zeros, empty = _significant(text)
    negative = f"left({text}, 1) = '-' AND NOT {empty}"
    at_least = f"{text} NOT IN ('0', '0.0', '0.00')" if positive else "true"
    fast = (
        f"WHEN t_currency = 'CNY' AND {at_least} "
        rf"AND regexp_full_match({text}, '[0-9]{{1,12}}(\.[0-9]{{1,2}})?') "
        f"THEN (TRY_CAST({text} AS DECIMAL(18,2)) * 100)::BIGINT"
    )
    minor = f"TRY_CAST({digits} || repeat('0', ({zeros})::BIGINT) AS BIGINT)"
    zero = "NULL" if positive else "0"
    slow = (
        f"WHEN {shape} AND d_currency IS NOT NULL THEN CASE WHEN {empty} THEN {zero} "
        f"WHEN {negative} OR {zeros} < 0 OR length({digits}) + {zeros} > {_MAX_DIGITS} THEN NULL "
        f"WHEN {minor} <= {MAX_MINOR} THEN {minor} END"
    )
    rules = [
        _bad(
            column, "amount_malformed", f"NOT {shape}",
            "is no decimal number (no thousands separators, no currency signs)",
        ),
        _bad(column, "amount_negative", negative, "is negative"),
        _bad(column, "amount_zero", f"{empty} AND {str(positive).lower()}", "is zero"),
        _bad(column, "currency_missing", "t_currency IS NULL", "has no currency beside it"),
        Rule(
            "currency_unknown",
            f"{text} IS NOT NULL AND d_currency IS NULL",
            "'currency \"' || left(t_currency, 100) || '\" is no known currency code (ISO 4217)'",
        ),
        _bad(column, "amount_too_fine", f"{zeros} < 0", "has more decimals than its currency"),
        _bad(
            column, "amount_too_large", f"v_{column.name} IS NULL",
            f"is above {MAX_MINOR} minor units of its currency",
        ),
    ]  # fmt: skip
    if not positive:
        rules = [rule for rule in rules if rule.name != "amount_zero"]
    return f"CASE {fast} {slow} END", rules


def _significant(text: str) -> tuple[str, str, str]:
    """SQL: the significant digits, the zeros behind them in minor units, and "it is zero"."""
    whole = f"regexp_extract({text}, '^[+-]?([0-9]*)', 1)"
    fraction = rf"rtrim(regexp_extract({text}, '\.([0-9]*)', 1), '0')"
    exponent = (
        f"coalesce(try_cast(nullif(regexp_extract({text}, '[eE](.*)$', 1), '') AS BIGINT), 0)"
    )
    digits = f"ltrim({whole} || {fraction}, '0')"
    bare = f"rtrim({digits}, '0')"
    zeros = f"(d_currency + {exponent} - length({fraction}) + length({digits}) - length({bare}))"
    return bare, zeros, f"({bare} = '')"


def broken(found: list[Check]) -> str:
    """SQL of the place of the first broken rule, in column order, from 0."""
    whens = (f"WHEN {rule.when} THEN {place}" for place, rule in enumerate(_rules(found)))
    return f"CASE {' '.join(whens)} END"


def named(found: list[Check], place: str) -> tuple[str, str]:
    """SQL of the name and the message of the rule at `place`."""
    rules = list(_rules(found))
    names = " ".join(f"WHEN {k} THEN {quoted(rule.name)}" for k, rule in enumerate(rules))
    texts = " ".join(f"WHEN {k} THEN {rule.about}" for k, rule in enumerate(rules))
    return f"CASE {place} {names} END", f"CASE {place} {texts} END"


def _rules(found: list[Check]) -> list[Rule]:
    """All rules, in column order."""
    return [rule for check in found for rule in check.rules]

"""Parameters of a typology: a frozen dataclass whose fields say how text becomes an exact number.

    window_us: int = duration("72h", "longest time from first to last")   --set window=3d
    keep_bp: int = ratio("0.5", "smallest over largest amount")           --set keep=0.9
    floor: Decimal = money("10.00", "payments below are small change")    --set floor=5
    allowed: int = count(1, "gifts a user may make")                      --set allowed=0
    linked: bool = flag(True, "also accounts that are linked")            --set linked=false
    kinds: tuple[str, ...] = words(("payment",), KINDS, "which kinds")    --set kinds=payment,refund
    reading: str = choice("lenient", ("lenient", "strict"), "...")        --set reading=strict
    holding: tuple[...] = periods("how long it was to be held")       --set holding=2022-01-01=30d

The key a user types is the field's name without its unit (`_us`, `_bp`). Nothing here is a float.
"""

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from regift.loaders.errors import UsageError

P = TypeVar("P")

Periods = tuple[tuple[int, int], ...]
"""(moment in microseconds, duration that holds from then on), in the order of time."""
NO_PERIODS = "none"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

UNITS_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
COARSE = {"72h": "30d", "24h": "10d", "48h": "15d"}
"""What a default becomes when it is shorter than five units of the clock (`[clock] unit`)."""


def duration_us(text: str) -> int:
    """Microseconds of a duration as people write it.

    >>> duration_us("72h") == duration_us("3d")
    True
    >>> duration_us("soon")
    Traceback (most recent call last):
        ...
    regift.loaders.errors.UsageError: 'soon' is not a duration: write 90s, 20m, 6h, 3d or 2w
    """
    match = re.fullmatch(r"([0-9]{1,9})(us|ms|s|m|h|d|w)", text.strip())
    if text.strip() == "0":
        return 0
    if match is None:
        raise UsageError(f"{text!r} is not a duration: write 90s, 20m, 6h, 3d or 2w")
    return int(match[1]) * UNITS_US[match[2]]


LONGEST_US = 50_000 * UNITS_US["w"]
"""Almost a thousand years: a moment of today so much later is still in the calendar."""


def calendar_us(text: str) -> int:
    """The same of a duration after which something is done; UsageError beyond LONGEST_US.

    >>> calendar_us("50001w")
    Traceback (most recent call last):
        ...
    regift.loaders.errors.UsageError: '50001w' is too long: at most 50000w
    """
    us = duration_us(text)
    if us > LONGEST_US:
        raise UsageError(f"{text!r} is too long: at most {duration_text(LONGEST_US)}")
    return us


def duration_text(us: int) -> str:
    """The shortest way to write a duration.

    >>> duration_text(72 * 3_600_000_000)
    '3d'
    """
    for unit in ("w", "d", "h", "m", "s", "ms"):
        if us and us % UNITS_US[unit] == 0:
            return f"{us // UNITS_US[unit]}{unit}"
    return f"{us}us" if us else "0"


def _decimal(text: str) -> Decimal:
    try:
        # Decimal reads digits of every script, and underscores between them.
        value = Decimal(text.strip() if text.isascii() and "_" not in text else "no number")
    except InvalidOperation:
        raise UsageError(f"{text!r} is not a number") from None
    if not value.is_finite() or value < 0:
        raise UsageError(f"{text!r} is not a number of zero or more")
    if not -18 <= value.adjusted() <= 18:
        raise UsageError(f"{text!r} is no number that an amount could have")
    return value


def ratio_bp(text: str) -> int:
    """Ten-thousandths of a ratio with at most 4 places.

    >>> ratio_bp("0.95")
    9500
    """
    scaled = _decimal(text) * 10_000
    if scaled > 10_000 or scaled != scaled.to_integral_value():
        raise UsageError(f"{text!r} is not a ratio from 0 to 1 with at most 4 decimal places")
    return int(scaled)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise UsageError(f"{text!r} is not a whole number of zero or more")
    return int(text)


def _flag(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false", "yes", "no", "1", "0"):
        raise UsageError(f"{text!r} is neither true nor false")
    return lowered in ("true", "yes", "1")


def duration(default: str, about: str) -> Any:
    """A field in microseconds; a coarse clock replaces a short default (see `COARSE`)."""
    return dataclasses.field(
        default=duration_us(default),
        metadata={"type": "duration", "about": about, "text": default},
    )


def ratio(default: str, about: str) -> Any:
    """A field in ten-thousandths (basis points)."""
    return dataclasses.field(
        default=ratio_bp(default), metadata={"type": "ratio", "about": about, "text": default}
    )


def money(default: str, about: str) -> Any:
    """A field in major units of whatever currency the record has."""
    return dataclasses.field(
        default=Decimal(default), metadata={"type": "money", "about": about, "text": default}
    )


def count(default: int, about: str) -> Any:
    """A whole number of zero or more."""
    return dataclasses.field(
        default=default, metadata={"type": "count", "about": about, "text": str(default)}
    )


def flag(default: bool, about: str) -> Any:
    """True or false."""
    return dataclasses.field(
        default=default,
        metadata={"type": "flag", "about": about, "text": str(default).lower()},
    )


def choice(default: str, values: tuple[str, ...], about: str) -> Any:
    """One word of a closed list."""
    return dataclasses.field(
        default=default,
        metadata={"type": "choice", "about": about, "values": values, "text": default},
    )


def words(default: tuple[str, ...], values: tuple[str, ...], about: str) -> Any:
    """Some words of a closed list, joined by commas."""
    return dataclasses.field(
        default=default,
        metadata={"type": "words", "about": about, "values": values, "text": ",".join(default)},
    )


def periods(about: str) -> Any:
    """Durations, each from a moment on; none by default."""
    return dataclasses.field(
        default=(), metadata={"type": "periods", "about": about, "text": NO_PERIODS}
    )


def periods_of(text: str) -> Periods:
    """Moments with the duration that holds from each on, in the order of time.

    >>> periods_of("2022-01-01=30d,2021-06-30T16:00:00Z=180d")
    ((1625068800000000, 15552000000000), (1640995200000000, 2592000000000))
    >>> periods_of("none")
    ()
    """
    if text.strip() == NO_PERIODS:
        return ()
    found = []
    for part in text.split(","):
        moment, _, length = part.partition("=")
        try:
            at = datetime.fromisoformat(moment.strip())
        except ValueError:
            raise UsageError(
                f"{part.strip()!r} is no period: write a date and a duration such as "
                f"2022-01-01=30d, several with commas, or {NO_PERIODS}"
            ) from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        found.append(((at - _EPOCH) // timedelta(microseconds=1), duration_us(length)))
    if len({at for at, _ in found}) < len(found):
        raise UsageError(f"{text!r} has two periods from one moment on: leave one of them out")
    return tuple(sorted(found))


def periods_text(given: Periods) -> str:
    """The periods as `periods_of` reads them.

    >>> periods_text(periods_of("2022-01-01=30d"))
    '2022-01-01T00:00:00Z=30d'
    """
    parts = (
        f"{(_EPOCH + timedelta(microseconds=at)).isoformat().replace('+00:00', 'Z')}"
        f"={duration_text(us)}"
        for at, us in given
    )
    return ",".join(parts) or NO_PERIODS


def key_of(field: "dataclasses.Field[Any]") -> str:
    """What a user types for this field."""
    return re.sub(r"_(us|bp)$", "", field.name)


def _parse(field: "dataclasses.Field[Any]", text: str) -> Any:
    kind = field.metadata["type"]
    values = field.metadata.get("values", ())
    if kind == "duration":
        return duration_us(text)
    if kind == "ratio":
        return ratio_bp(text)
    if kind == "money":
        return _decimal(text)
    if kind == "count":
        return _integer(text)
    if kind == "flag":
        return _flag(text)
    if kind == "periods":
        return periods_of(text)
    chosen = tuple(word.strip() for word in text.split(","))
    wrong = [word for word in chosen if word not in values]
    if wrong or (kind == "choice" and len(chosen) != 1):
        raise UsageError(f"{text!r} is not one of {', '.join(values)}")
    return chosen[0] if kind == "choice" else tuple(sorted(set(chosen)))


def build(params: type[P], given: Mapping[str, str], *, clock_unit_us: int, name: str) -> P:
    """A typology's parameters: what is given, over defaults that fit the clock.

    `given` holds texts by key; a key that does not exist or a text that cannot be read is a
    UsageError that names the typology and the key.
    """
    fields = {key_of(f): f for f in dataclasses.fields(params)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for field in fields.values():
        default: Any = field.default
        if field.metadata["type"] == "duration" and 0 < default < 5 * clock_unit_us:
            coarse = COARSE.get(field.metadata["text"])
            values[field.name] = duration_us(coarse) if coarse else 10 * default
    for key, text in given.items():
        if key not in fields:
            raise UsageError(f"{name} has no parameter {key!r}: it has {', '.join(sorted(fields))}")
        try:
            values[fields[key].name] = _parse(fields[key], text)
        except UsageError as error:
            raise UsageError(f"{name}, parameter {key}: {error}") from None
    try:
        return params(**values)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


def show(params: Any) -> dict[str, str]:
    """Parameters as a user would type them, by key."""
    shown = {}
    for field in dataclasses.fields(params):
        value = getattr(params, field.name)
        kind = field.metadata["type"]
        if kind == "duration":
            text = duration_text(value)
        elif kind == "ratio":
            text = f"{Decimal(value) / 10_000:f}"
        elif kind == "flag":
            text = str(value).lower()
        elif kind == "periods":
            text = periods_text(value)
        elif kind == "words":
            text = ",".join(value)
        else:
            text = str(value)
        shown[key_of(field)] = text
    return shown

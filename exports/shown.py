"""Times and amounts as people read them, in SQL and in Python; exact, without a float."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(us: int) -> str:
    """ISO 8601 in UTC; a fraction only where there is one.

    >>> time_text(0), time_text(1_500_000)
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500000Z')
    """
    return (EPOCH + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")


def time_sql(us: str) -> str:
    """The same as an SQL expression over a BIGINT expression."""
    whole = f"strftime(make_timestamp({us}), '%Y-%m-%dT%H:%M:%S')"
    fraction = f"strftime(make_timestamp({us}), '.%f')"
    return f"({whole} || CASE WHEN {us} % 1000000 = 0 THEN '' ELSE {fraction} END || 'Z')"


def amount_sql(minor: str, digits: str) -> str:
    """Minor units of zero or more as a decimal text, for a currency with `digits` decimals.

    `9500` with 2 digits is `95.00`, with 0 it is `9500`, with 3 it is `9.500`.
    """
    places = f"({digits})::INTEGER"
    text = f"({minor})::VARCHAR"
    padded = f"lpad({text}, greatest({places} + 1, length({text}))::INTEGER, '0')"
    return (
        f"CASE WHEN {places} = 0 THEN {text} "
        f"ELSE left({padded}, -{places}) || '.' || right({padded}, {places}) END"
    )

"""Times, money, currencies and numbers: exact values, and the rule each bad text breaks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loaders_reading import HEAD, PAID, read_bytes

from regift.loaders.currencies import DECIMALS
from regift.loaders.errors import UsageError
from regift.loaders.tables import MAX_MINOR

EXAMPLES = settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JAN_1 = 1_767_225_600_000_000
HOUR = 3_600_000_000

TIMES = [
    ("2026-01-01T00:00:00Z", JAN_1),
    ("2026-01-01 00:00:00Z", JAN_1),
    ("2026-01-01T00:00Z", JAN_1),
    ("2026-01-01T08:00:00+08:00", JAN_1),
    ("2026-01-01T08:00:00+0800", JAN_1),
    ("2026-01-01T08:00:00+08", JAN_1),
    ("2026-01-01T08:00+08", JAN_1),
    ("2025-12-31T18:30:00-05:30", JAN_1),
    ("2026-01-01T08:00:00", JAN_1),
    ("2026-01-01 08:00", JAN_1),
    ("2026-01-01", JAN_1 - 8 * HOUR),
    ("2026-01-01T00:00:00.5Z", JAN_1 + 500_000),
    ("2026-01-01T00:00:00.123456Z", JAN_1 + 123_456),
    ("2026-01-01T00:00:00.1234560000Z", JAN_1 + 123_456),
    ("2026-01-01T08:00:00.000001", JAN_1 + 1),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
    ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    # Summer time in Shanghai: UTC+9 from 1986-05-04 on.
    ("1986-06-01T09:00:00", 517_968_000_000_000),
]
BAD_TIMES = [
    ("2026-01-01T00:00:00.1234567Z", "time_too_fine"),
    ("2026-02-30T00:00:00Z", "time_impossible"),
    ("2025-02-29", "time_impossible"),
    ("2026-01-01T24:00:00Z", "time_impossible"),
    ("2026-01-01T00:00:60Z", "time_impossible"),
    ("2026-13-01", "time_impossible"),
    ("0000-01-01T00:00:00Z", "time_out_of_range"),
    ("0001-01-01T00:00:00+01:00", "time_out_of_range"),
    ("9999-12-31T23:59:59-01:00", "time_out_of_range"),
    ("2026-1-1", "time_malformed"),
    ("2026-01-01T00:00:00z", "time_malformed"),
    (" 2026-1-01T00:00:00Z", "time_malformed"),
    ("2026-01-01T00:00:00+25:00", "time_malformed"),
    ("2026-01-01T00", "time_malformed"),
    ("20260101", "time_malformed"),
    ("1767225600", "time_malformed"),
    ("２０２６-01-01", "time_malformed"),
    ("12026-01-01", "time_malformed"),
    ("2026-01-01T00:00:00Z ", "time_malformed"),
    (" 026-01-01T00:00:00Z", "time_malformed"),
]


def test_times(tmp_path: Path) -> None:
    rows = "\n".join(f"g{k},{text},a,b,x,gift" for k, (text, _) in enumerate(TIMES))
    found = read_bytes(tmp_path, f"{HEAD}\n{rows}\n")
    assert found.rejects() == []
    assert dict(zip([t for t, _ in TIMES], found.column("at_us"), strict=True)) == dict(TIMES)


def test_bad_times(tmp_path: Path) -> None:
    rows = "\n".join(f"g{k},{text},a,b,x,gift" for k, (text, _) in enumerate(BAD_TIMES))
    found = read_bytes(tmp_path, f"{HEAD}\n{rows}\n")
    rules = [rule for (rule,) in found.rejects("rule")]
    assert dict(zip([t for t, _ in BAD_TIMES], rules, strict=True)) == dict(BAD_TIMES)


def test_another_time_zone(tmp_path: Path) -> None:
    content = f"{HEAD}\ng1,2026-07-01T12:00:00,a,b,x,gift\n"
    found = read_bytes(tmp_path, content, time_zone="Europe/Berlin")
    assert found.column("at_us") == [1_782_900_000_000_000]
    with pytest.raises(UsageError, match="unknown time zone 'Mars/Base'"):
        read_bytes(tmp_path, content, time_zone="Mars/Base")


@settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    us=st.lists(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999), min_size=1),
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_any_time_comes_back(tmp_path: Path, us: list[int], minutes: int) -> None:
    """What Python writes with an offset is read to the same microsecond."""
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    kept, lines = [], []
    for value in us:
        try:
            local = EPOCH.replace(tzinfo=None) + timedelta(microseconds=value, minutes=minutes)
        except OverflowError:
            continue
        kept.append(value)
        lines.append(f"g{len(kept)},{local.isoformat()}{offset},a,b,x,gift")
    found = read_bytes(tmp_path, "\n".join([HEAD, *lines]) + "\n")
    assert found.column("at_us") == kept


MONEY = [
    ("1", "CNY", 100),
    ("1.5", "CNY", 150),
    ("+1.50", "CNY", 150),
    ("1.5000", "CNY", 150),
    ("0001.50", "CNY", 150),
    (".5", "CNY", 50),
    ("5.", "CNY", 500),
    ("1.5e3", "CNY", 150_000),
    ("12345E-2", "CNY", 12_345),
    ("100e-4", "CNY", 1),
    ("0.00000000000000000000000001e27", "CNY", 1_000),
    ("1234", "JPY", 1_234),
    ("1.000", "JPY", 1),
    ("1.234", "BHD", 1_234),
    ("1.2345", "CLF", 12_345),
    ("0.00000001", "BTC", 1),
    ("9000000", "ETH", MAX_MINOR),
    ("9000000000000", "CNY", MAX_MINOR),
    ("9e12", "USD", MAX_MINOR),
    ("1", "XXX", 1),
]
BAD_MONEY = [
    ("-1", "CNY", "amount_negative"),
    ("-1e3", "JPY", "amount_negative"),
    ("0", "CNY", "amount_zero"),
    ("0.00", "CNY", "amount_zero"),
    ("-0.0", "CNY", "amount_zero"),
    ("0e9", "JPY", "amount_zero"),
    ("1.005", "CNY", "amount_too_fine"),
    ("1.5", "JPY", "amount_too_fine"),
    ("1e-3", "CNY", "amount_too_fine"),
    ("1e-9999", "CNY", "amount_too_fine"),
    ("1.2345", "BHD", "amount_too_fine"),
    ("9000000000000.01", "CNY", "amount_too_large"),
    ("1e9999", "CNY", "amount_too_large"),
    ("123456789012345678901234567890", "CNY", "amount_too_large"),
    ("1 000", "CNY", "amount_malformed"),
    ("1_000", "CNY", "amount_malformed"),
    ("￥5", "CNY", "amount_malformed"),
    ("NaN", "CNY", "amount_malformed"),
    ("Infinity", "CNY", "amount_malformed"),
    ("1.2.3", "CNY", "amount_malformed"),
    (".", "CNY", "amount_malformed"),
    ("0x10", "CNY", "amount_malformed"),
    ('"1,000.00"', "CNY", "amount_malformed"),
    ("", "CNY", "missing_amount"),
    ("1", "RMB", "currency_unknown"),
    ("1", "cny", "currency_unknown"),
    ("1", "", "currency_missing"),
]


def paid(rows: list[tuple[str, str]]) -> str:
    return "\n".join(
        [PAID, *(f"t{k},2026-01-01,a,b,{m},{c},payment" for k, (m, c) in enumerate(rows)), ""]
    )


def test_money(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, paid([(m, c) for m, c, _ in MONEY]), "transfers")
    assert found.rejects() == []
    assert found.rows("amount_minor, currency") == [(minor, c) for _, c, minor in MONEY]


def test_bad_money(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, paid([(m, c) for m, c, _ in BAD_MONEY]), "transfers")
    rules = [rule for (rule,) in found.rejects("rule")]
    assert [(m, c, r) for (m, c, _), r in zip(BAD_MONEY, rules, strict=True)] == BAD_MONEY


def test_prices(tmp_path: Path) -> None:
    """A price may be zero or absent; with a price the currency is needed."""
    rows = ["0,CNY", "0.00,", ",CNY", ",", "-0,JPY", "-1,CNY", "5,", "5,ZZZ", ",ZZZ"]
    lines = [f"g{k},2026-01-01,a,b,x,sale,{row}" for k, row in enumerate(rows)]
    found = read_bytes(tmp_path, "\n".join([HEAD + ",price,currency", *lines]))
    assert found.rows("record_id, price_minor, currency") == [
        ("g0", 0, "CNY"),
        ("g2", None, "CNY"),
        ("g3", None, None),
        ("g4", 0, "JPY"),
    ]
    assert found.rejects("rule") == [
        ("currency_missing",),
        ("amount_negative",),
        ("currency_missing",),
        ("currency_unknown",),
        ("currency_unknown",),
    ]


@settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    amounts=st.lists(
        st.tuples(
            st.decimals(min_value=0, max_value=10**14, allow_nan=False, places=None),
            st.sampled_from(sorted(DECIMALS)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_amount_is_exact_or_refused(tmp_path: Path, amounts: list[tuple[Decimal, str]]) -> None:
    found = read_bytes(tmp_path, paid([(str(m), c) for m, c in amounts]), "transfers")
    expected = []
    for amount, currency in amounts:
        minor = Decimal(amount).scaleb(DECIMALS[currency])
        if 0 < minor <= MAX_MINOR and minor == minor.to_integral_value():
            expected.append(int(minor))
    assert found.column("amount_minor") == expected


@pytest.mark.parametrize(
    ("seq", "value"),
    [("0", 0), ("-5", -5), ("+7", 7), ("9223372036854775807", 2**63 - 1), ("", None)],
)
def test_whole_numbers(tmp_path: Path, seq: str, value: int | None) -> None:
    found = read_bytes(tmp_path, f"{HEAD},seq\ng1,2026-01-01,a,b,x,gift,{seq}\n")
    assert found.column("seq") == [value]


@pytest.mark.parametrize("seq", ["1.5", "9223372036854775808", "1e3", "0x1", " 1"])
def test_no_whole_numbers(tmp_path: Path, seq: str) -> None:
    found = read_bytes(tmp_path, f"{HEAD},seq\ng1,2026-01-01,a,b,x,gift,{seq}\n")
    assert found.rejects() == [(2, "seq_malformed")]


def test_scores(tmp_path: Path) -> None:
    rows = [f"a,2026-01-0{k},c,o,{s}" for k, s in enumerate(["0.25", "-1", "1.0000001", "x"], 1)]
    found = read_bytes(tmp_path, "\n".join(["account,at,code,origin,score", *rows]), "labels")
    assert found.column("score") == [Decimal("0.250000"), Decimal("-1.000000")]
    assert found.rejects() == [(4, "score_malformed"), (5, "score_malformed")]


def test_every_currency_has_its_decimals() -> None:
    """Spot checks of each class of ISO 4217, and the few codes that are not of it."""
    for decimals, codes in {
        0: "JPY KRW VND CLP XAF XOF XPF ISK UGX XXX XAU",
        2: "CNY USD EUR HKD TWD MGA MRU HUF",
        3: "BHD KWD OMR JOD TND IQD LYD",
        4: "CLF UYW",
    }.items():
        assert {DECIMALS[code] for code in codes.split()} == {decimals}
    assert (DECIMALS["BTC"], DECIMALS["ETH"], DECIMALS["USDT"]) == (8, 8, 6)
    assert 170 < len(DECIMALS) < 190

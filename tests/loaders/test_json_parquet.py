"""JSON lines and Parquet: the same rows as from CSV, digit by digit."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loaders_reading import Read, read_bytes

from regift.loaders import jsonl_file, parquet_file
from regift.loaders.errors import BadFile
from regift.loaders.json_scan import quote_numbers

JAN_1 = 1_767_225_600_000_000
GIFT = {"record_id": "g1", "at": "2026-01-01T00:00:00Z", "source": "a", "target": "b"}
GIFT |= {"item": "x", "kind": "gift"}


def jsonl(tmp_path: Path, *lines: str, table: str = "gifts", name: str = "f.jsonl") -> Read:
    return read_bytes(tmp_path, "\n".join(lines) + "\n", table, name)


def changed(**values: str) -> str:
    """GIFT as a line, some values replaced by raw JSON."""
    pairs = {key: json.dumps(value) for key, value in GIFT.items()} | values
    return "{" + ", ".join(f'"{key}": {value}' for key, value in pairs.items()) + "}"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ('"007"', "007"),
        ("1.10", "1.10"),
        ('"\\u5f20 \\ud83d\\ude00 \\"q\\" \\\\ /"', '张 😀 "q" \\ /'),
        ('"1, 2: [3"', "1, 2: [3"),
        ("true", "true"),
        ("-0", "-0"),
    ],
)
def test_json_ids_are_kept_exactly(tmp_path: Path, raw: str, kept: str) -> None:
    found = jsonl(tmp_path, changed(source=raw))
    assert found.rejects() == []
    assert found.column("source") == [kept]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("{oops}", "json_malformed"),
        ('{"a": 1', "json_malformed"),
        ('{"a": 1} {"b": 2}', "json_malformed"),
        ('{"a": 01}', "json_malformed"),
        ("[1]", "json_not_object"),
        ('"text"', "json_not_object"),
        (changed(source='"a"', at="null"), "missing_at"),
        (changed(source='{"id": 1}'), "json_nested"),
        (changed(source="[1]"), "json_nested"),
        (changed(source='"a\\u0000"'), "id_control"),
        (changed(source='"a\\n"'), "id_control"),
        (changed(source='""'), "missing_source"),
        (changed()[:-1] + ', "item": "y"}', "json_duplicate_key"),
        (changed(source='"' + "x" * 10_000_000 + '"'), "row_too_long"),
        (changed(kind='"Gift"'), "kind_unknown"),
    ],
)
def test_bad_json_rows(tmp_path: Path, line: str, rule: str) -> None:
    found = jsonl(tmp_path, changed(), "", line, changed(record_id='"g3"'))
    assert found.rows("record_id, _row, _line") == [("g1", 0, 2 - 1), ("g3", 2, 4)]
    assert found.rejects('line, rule, "row", header, format') == [
        (3, rule, line[: 1 << 20], None, "jsonl")
    ]


def test_json_amounts_are_exact(tmp_path: Path) -> None:
    head = '{"record_id": "t%d", "at": "2026-01-01", "source": 1, "target": 2, "kind": "payment", '
    amounts = ["0.1000000000000000000001", "1e2", "1.10", "12345678901.23", "-1", '"5"']
    lines = [head % k + f'"currency": "CNY", "amount": {m}}}' for k, m in enumerate(amounts)]
    found = jsonl(tmp_path, *lines, table="transfers")
    assert found.column("amount_minor") == [10_000, 110, 1_234_567_890_123, 500]
    assert found.rejects() == [(1, "amount_too_fine"), (5, "amount_negative")]


def test_json_file_errors_and_notes(tmp_path: Path) -> None:
    assert jsonl(tmp_path, changed(colour='"red"')).reading.notes == ["ignored columns: colour"]
    empty = read_bytes(tmp_path, b"", name="e.ndjson")
    assert [note.split(": ")[1] for note in empty.reading.notes] == ["0 rows"]
    with pytest.raises(BadFile, match="no column 'kind'"):
        jsonl(tmp_path, json.dumps({k: v for k, v in GIFT.items() if k != "kind"}))


def test_json_batches_and_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [changed(record_id=f'"g{k}"') for k in range(50)]
    lines[7] = lines[31] = "{"
    monkeypatch.setattr(jsonl_file, "BATCH_RECORDS", 4)
    found = jsonl(tmp_path, *lines)
    assert found.column("_row") == [k for k in range(50) if k not in (7, 31)]
    assert found.rejects() == [(8, "json_malformed"), (32, "json_malformed")]
    assert found.reading.raw(0, [49, 7, 8]) == [lines[49], "{", lines[8]]


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_numbers_in_quotes_and_nothing_else(value: Any) -> None:
    """The copy parses to the same value with each number as its text, in at most twice the room."""

    def expected(part: Any) -> Any:
        if isinstance(part, list):
            return [expected(inner) for inner in part]
        if isinstance(part, dict):
            return {key: expected(inner) for key, inner in part.items()}
        return str(part) if isinstance(part, int) and not isinstance(part, bool) else part

    line = np.frombuffer(json.dumps([value]).encode(), np.uint8)
    out = np.zeros(2 * len(line), np.uint8)
    end = quote_numbers(line, 0, len(line), out, 0)
    assert json.loads(out[:end].tobytes()) == expected([value])


def parquet(tmp_path: Path, table: str = "gifts", **columns: Any) -> Read:
    base = {name: [value] * len(next(iter(columns.values()))) for name, value in GIFT.items()}
    if table == "transfers":
        base = {k: v for k, v in base.items() if k != "item"}
    path = tmp_path / "[odd] name*.parquet"
    pq.write_table(pa.table(base | columns), path)
    return Read([str(path)], table, tmp_path)


@pytest.mark.parametrize(
    ("values", "us"),
    [
        (pa.array([JAN_1], pa.timestamp("us", "UTC")), JAN_1),
        (pa.array([JAN_1], pa.timestamp("us", "Asia/Tokyo")), JAN_1),
        (pa.array([JAN_1 * 1000], pa.timestamp("ns", "UTC")), JAN_1),
        (pa.array([-1000], pa.timestamp("ns", "UTC")), -1),
        (pa.array([JAN_1 // 1000], pa.timestamp("ms", "UTC")), JAN_1),
        (pa.array([JAN_1 // 10**6], pa.timestamp("s", "UTC")), JAN_1),
        (pa.array([datetime(2026, 1, 1, 8)], pa.timestamp("us")), JAN_1),
        (pa.array([datetime(1, 1, 2)], pa.timestamp("us")), -62_135_539_543_000_000),
        (pa.array([date(2026, 1, 1)]), JAN_1 - 8 * 3_600_000_000),
        (pa.array(["2026-01-01"]), JAN_1 - 8 * 3_600_000_000),
        (pa.array(["2026-01-01"]).dictionary_encode(), JAN_1 - 8 * 3_600_000_000),
        (pa.array([JAN_1 * 1000 + 1], pa.timestamp("ns", "UTC")), "time_too_fine"),
        (pa.array([2**62], pa.timestamp("ms", "UTC")), "time_malformed"),
        (pa.array([None], pa.timestamp("us")), "missing_at"),
    ],
)
def test_parquet_times(tmp_path: Path, values: pa.Array, us: int | str) -> None:
    found = parquet(tmp_path, at=values)
    if isinstance(us, int):
        assert found.column("at_us") == [us]
    else:
        assert found.rejects("line, rule, format") == [(1, us, "parquet")]


@pytest.mark.parametrize(
    ("values", "minor"),
    [
        (pa.array([Decimal("1.50")]), 150),
        (pa.array([Decimal("1.5000000000")], pa.decimal128(30, 10)), 150),
        (pa.array([3], pa.int32()), 300),
        (pa.array([0.1]), 10),
        (pa.array([19.99]), 1_999),
        (pa.array([1e3]), 100_000),
        (pa.array(["0.10"]), 10),
        (pa.array([0.1 + 0.2]), "amount_too_fine"),
        (pa.array([1e20]), "amount_too_large"),
        (pa.array([float("inf")]), "amount_malformed"),
        (pa.array([float("nan")]), "missing_amount"),
    ],
)
def test_parquet_money(tmp_path: Path, values: pa.Array, minor: int | str) -> None:
    found = parquet(tmp_path, "transfers", amount=values, currency=["CNY"], kind=["payment"])
    if isinstance(minor, int):
        assert found.column("amount_minor") == [minor]
    else:
        assert found.rejects() == [(1, minor)]


def test_parquet_ids_and_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_file, "BATCH_RECORDS", 2)
    names = ["007", "a\nb", "张 😀", None, "x"]
    found = parquet(tmp_path, source=names, target=[2**63 - 1] * 5, seq=[1.0, None, 3.0, 4.0, 5.0])
    assert found.rows("source, target, seq, _row, _line") == [
        ("007", "9223372036854775807", 1, 0, 1),
        ("张 😀", "9223372036854775807", 3, 2, 3),
        ("x", "9223372036854775807", 5, 4, 5),
    ]
    assert found.rejects() == [(2, "id_control"), (4, "missing_source")]
    (raw,) = found.reading.raw(0, [3])
    assert json.loads(raw) | {"source": "?"} == GIFT | {
        "source": "?", "target": "9223372036854775807", "seq": "4.0"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ({"source": [1.0]}, "column 'source' holds floating point numbers"),
        ({"source": [b"a"]}, "column 'source' has the type binary"),
        ({"source": [["a"]]}, "column 'source' has the type list"),
    ],
)
def test_parquet_files_that_are_refused(tmp_path: Path, column: dict[str, Any], says: str) -> None:
    with pytest.raises(BadFile, match=says):
        parquet(tmp_path, **column)


def test_no_parquet_and_no_column(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read as Parquet"):
        read_bytes(tmp_path, b"PAR1 nonsense", name="f.parquet")
    pq.write_table(pa.table({"at": ["x"]}), tmp_path / "g.parquet")
    with pytest.raises(BadFile, match="no column 'record_id', 'source'"):
        Read([str(tmp_path / "g.parquet")], "gifts", tmp_path)
    pq.write_table(pa.table({k: pa.array([], pa.string()) for k in GIFT}), tmp_path / "h.parquet")
    found = Read([str(tmp_path / "h.parquet")], "gifts", tmp_path)
    assert [note.split(": ")[1] for note in found.reading.notes] == ["0 rows"]

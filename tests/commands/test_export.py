"""`regift export`: the same rows in every format, safe to open, telling what they leave out."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from command_line import run

ACCOUNTS = {"bob", "00123", "cat", "eve", "礼物🎁", "a", "ann", "b", "c", "dan"}


def test_csv_opens_in_a_spreadsheet(world: Path, tmp_path: Path) -> None:
    target = tmp_path / "suspects.csv"
    ran = run("export", "suspects", "-o", target, "-w", world)
    assert tuple(ran) == (0, "", f"10 suspects written to {target}\n")
    raw = target.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert {row["account"] for row in rows} == ACCOUNTS
    assert rows[0]["account"] == "bob"
    assert sorted(row["findings"] for row in rows) == [*"1111122334"]
    assert {(row["filter"], row["truncated"], row["generation"]) for row in rows} == {
        ("everything", "nothing", "1")
    }
    assert b'"00123"' in raw
    assert json.loads(rows[0]["records"]) == ["g02", "g03", "g09", "g10", "g12", "t4"]


def test_ids_that_a_spreadsheet_would_run_are_marked(copied: Path, tmp_path: Path) -> None:
    """=1+1 gets an apostrophe in CSV and stays as it is where nothing runs it."""
    (copied / "regift.toml").write_text('[typology.multi_level_gift]\nreading = "strict"\n')
    assert run("refresh", "-q", "-w", copied).code == 0
    for suffix in ("csv", "jsonl", "parquet", "xlsx"):
        target = tmp_path / f"s.{suffix}"
        assert run("export", "suspects", "-o", target, "-w", copied).code == 0
    raw = (tmp_path / "s.csv").read_bytes()
    assert b',"\'=1+1",' in raw
    assert b',"=1+1",' not in raw
    text = (tmp_path / "s.jsonl").read_text(encoding="utf-8")
    from_json = [json.loads(line)["account"] for line in text.splitlines()]
    assert "=1+1" in from_json
    assert pq.read_table(tmp_path / "s.parquet")["account"].to_pylist() == from_json


@pytest.mark.parametrize("kind", ["findings", "suspects"])
def test_formats_hold_the_same_rows(world: Path, tmp_path: Path, kind: str) -> None:
    key = {"findings": "finding", "suspects": "account"}[kind]
    for suffix in ("csv", "jsonl", "parquet", "xlsx"):
        assert run("export", kind, "-o", tmp_path / f"x.{suffix}", "-w", world).code == 0
    text = (tmp_path / "x.csv").read_text(encoding="utf-8-sig")
    by_csv = [row[key] for row in csv.DictReader(io.StringIO(text, newline=""))]
    by_json = [
        json.loads(line)[key]
        for line in (tmp_path / "x.jsonl").read_text("utf-8").split("\n")
        if line
    ]
    parquet = pq.read_table(tmp_path / "x.parquet")
    assert by_csv == by_json == parquet[key].to_pylist()
    assert len(by_csv) == {"findings": 8, "suspects": 10}[kind]
    assert (tmp_path / "x.xlsx").read_bytes()[:2] == b"PK"
    stdout = run("export", kind, "-o", "-", "--format", "csv", "-w", world)
    assert stdout.raw == (tmp_path / "x.csv").read_bytes()
    assert stdout.stderr == ""


def test_the_filter_is_in_the_file(world: Path) -> None:
    ran = run(
        "export", "findings", "-o", "-", "--format", "jsonl", "--typology", "paid_gift",
        "--account", "bob", "--since", "2026-01-01", "-w", world,
    )  # fmt: skip
    (row,) = ran.rows
    assert row["records"] == ["g03", "t4"]
    assert row["filter"] == "typology=paid_gift account=bob since=2025-12-31T16:00:00Z"

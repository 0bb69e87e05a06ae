"""Tables of columns are the tables of rows, to the letter."""

from typing import Any

import pyarrow as pa
import pytest

from regift.commands.output import print_columns, print_lines, print_table

ROWS: list[dict[str, Any]] = [
    {"id": "plain", "about": "x > y", "length": 3, "level": None},
    {"id": "礼物🎁", "about": None, "length": 1_234_567, "level": None},
    {"id": "a\x1b[31m\u202eb", "about": " ends in blanks  ", "length": None, "level": None},
    {"id": "e\u0301", "about": "\u2028", "length": -3, "level": None},
]
KINDS = {"id": pa.string(), "about": pa.large_string(), "length": pa.int64(), "level": pa.int64()}


def columns(rows: list[dict[str, Any]]) -> dict[str, pa.Array]:
    return {name: pa.array([row[name] for row in rows], kind) for name, kind in KINDS.items()}


@pytest.mark.parametrize("shown", [ROWS, ROWS[:1], ROWS[1:3], ROWS[3:]])
def test_columns_look_as_rows_do(
    shown: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(shown, list(KINDS))
    rows = capsys.readouterr().out
    print_columns(columns(shown))
    assert capsys.readouterr().out == rows
    assert rows.count("\n") == len(shown) + 1


def test_nothing_has_no_heading(capsys: pytest.CaptureFixture[str]) -> None:
    print_columns(columns([]))
    print_lines(pa.array([], pa.large_string()))
    assert capsys.readouterr().out == ""


def test_lines_are_written_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(pa.array(["礼", "", "b"], pa.large_string()))
    assert capsys.readouterr().out == "礼\n\nb\n"

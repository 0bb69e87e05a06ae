"""Lines of JSON say what `finding_rows` says, whatever the ids hold."""

import json
from collections.abc import Iterator

import duckdb
import pytest

from regift.graph.store import define_shown
from regift.queries.lines import cells, json_lines
from regift.queries.runner import TABLES
from regift.queries.shown import choose, finding_ids, finding_rows

NASTY = 'q"\\\x01\n礼🎁\u2028/'
LARGEST = 10**38 - 1
CLAUSES = {"money_cycle": "R5"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        for table, ddl in TABLES.items():
            con.execute(f"CREATE TABLE {table} ({ddl})")
        define_shown(con)
        finding = "INSERT INTO findings VALUES (" + ", ".join("?" * 15) + ")"
        con.execute(finding, [
            "mc-2", "money_cycle", ["x"], "c", 2, 1_500_000, 5, "CNY", 8, LARGEST, None, True,
            "u", [], '{"pair_rate": "0.1000"}',
        ])  # fmt: skip
        con.execute(finding, [
            "ml-1", "multi_level_gift", ["x"], "c", 1, 1, None, None, None, None, 3, False,
            NASTY, [NASTY, "i"], None,
        ])  # fmt: skip
        for n in range(8):
            con.execute("INSERT INTO subjects VALUES ('mc-2', ?, ?, 'member')", [7 - n, f"a{n}"])
            row = [7 - n, f"{NASTY}{n}"]
            con.execute("INSERT INTO evidence VALUES ('mc-2', ?, 'transfers', ?, 'hop')", row)
        con.execute("INSERT INTO subjects VALUES ('ml-1', 0, ?, 'giver')", [NASTY])
        con.execute("INSERT INTO evidence VALUES ('ml-1', 0, 'gifts', ?, 'hop')", [NASTY])
        yield con


def test_lines_are_the_rows(con: duckdb.DuckDBPyConnection) -> None:
    assert choose(con) == 2
    rows = finding_rows(con, CLAUSES)
    assert [row["finding"] for row in rows] == finding_ids(con) == ["ml-1", "mc-2"]
    lines = json_lines(con, CLAUSES).to_pylist()
    assert [json.loads(line) for line in lines] == rows
    assert [list(json.loads(line)) for line in lines] == [list(row) for row in rows]
    assert rows[1]["instances"] == LARGEST
    assert not any("\n" in line for line in lines)


def test_filters_and_limits(con: duckdb.DuckDBPyConnection) -> None:
    for given, finding in (
        ({"typology": "money_cycle"}, "mc-2"),
        ({"account": NASTY}, "ml-1"),
        ({"since_us": 2}, "mc-2"),
        ({"until_us": 2}, "ml-1"),
    ):
        assert choose(con, **given) == 1
        assert finding_ids(con) == [finding]
        assert [row["finding"] for row in finding_rows(con, CLAUSES)] == [finding]
        assert [json.loads(line)["finding"] for line in json_lines(con, CLAUSES).to_pylist()] == [
            finding
        ]
    assert choose(con, limit=1) == 2
    assert len(json_lines(con, CLAUSES)) == 1
    assert choose(con, limit=0) == 2
    assert len(json_lines(con, CLAUSES)) == 0


def test_cells_name_six_and_say_of_how_many(con: duckdb.DuckDBPyConnection) -> None:
    choose(con)
    found = {name: column.to_pylist() for name, column in cells(con).items()}
    assert found["accounts"] == [NASTY, "a7 > a6 > a5 > a4 > a3 > a2 ... 8 in all"]
    assert found["items"] == [f"{NASTY} > i", ""]
    assert found["amount"] == [None, "0.05"]

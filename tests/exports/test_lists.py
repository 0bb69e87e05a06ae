"""The tables `suspects` and `findings`: every number counted by hand."""

import io
from collections.abc import Iterator

import duckdb
import pytest

from regift.exports import FORMATS
from regift.exports.about import about
from regift.exports.chosen import Filter
from regift.exports.findings import findings
from regift.exports.suspects import suspects
from regift.queries.findings import EVIDENCE_DDL, FINDINGS_DDL, SUBJECTS_DDL

DAY = 86_400_000_000
CLAUSES = {"paid_gift": "R2"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Three findings: f1 and f3 facts on item x, f2 a paid gift in yen that a bound touched."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"CREATE TABLE findings ({FINDINGS_DDL})")
        con.execute(f"CREATE TABLE subjects ({SUBJECTS_DDL})")
        con.execute(f"CREATE TABLE evidence ({EVIDENCE_DDL})")
        con.execute(
            "CREATE TABLE currencies AS FROM (VALUES ('CNY', 2), ('JPY', 0)) t(currency, digits)"
        )
        con.execute(
            """
            INSERT INTO findings VALUES
            ('f1', 'multi_level_gift', ['gifts:g3'], 'c1', $day, 2*$day, NULL, NULL, 3, 1, 2, true,
             'x', ['x'], '{"reading":"lenient"}'),
            ('f2', 'paid_gift', ['gifts:g1'], 'c2', 0, $day, 500, 'JPY', 2, 1, NULL, false,
             'y', ['y', 'x'], NULL),
            ('f3', 'multi_level_gift', ['gifts:g4'], 'c3', 3*$day, 3*$day, 5, 'CNY', 1,
             100000000000000000000000000000, 3, true, 'x', ['x'], NULL)
            """,
            {"day": DAY},
        )
        con.execute(
            """
            CREATE TABLE account_scores AS FROM (VALUES
                ('ann', 'C-1', 90.0, 900, 0, 2), ('bob', 'C-1', 50.0, 500, 0, 1),
                ('=cat', NULL, 0.0, 0, 0, 0))
                t(account, case_id, score, s, materiality_minor, families);
            CREATE TABLE weighed AS
                SELECT finding, typology = 'multi_level_gift' AS fact FROM findings;
            CREATE TABLE proposals AS FROM (VALUES
                ('ann', 'C-1', 'notice', 'R4', 'a fact'),
                ('bob', 'C-1', NULL, NULL, 'evidence only'))
                t(account, case_id, measure, clause, why);
            CREATE TABLE case_accounts AS FROM (VALUES
                ('C-1', 'ann', 'relay'), ('C-1', 'bob', 'receiver'), ('C-2', 'ann', 'sink'))
                t(case_id, account, role)
            """
        )
        con.execute(
            """
            INSERT INTO subjects VALUES
            ('f1', 1, 'bob', 'receiver'), ('f1', 0, 'ann', 'giver'), ('f2', 0, 'ann', 'seller'),
            ('f2', 1, '=cat', 'buyer'), ('f3', 0, 'ann', 'giver'), ('f3', 1, 'ann', 'receiver');
            INSERT INTO evidence VALUES
            ('f1', 0, 'gifts', 'g1', 'issue'), ('f1', 1, 'gifts', 'g3', 'hop'),
            ('f2', 0, 'gifts', 'g1', 'gift'), ('f2', 1, 'transfers', 'g1', 'payment'),
            ('f3', 0, 'gifts', 'g4', 'hop'), ('f3', 1, 'certificates', 'z', 'absent')
            """
        )
        yield con


def test_suspects_count_everything_once(con: duckdb.DuckDBPyConnection) -> None:
    assert suspects(con, Filter()).to_pylist(maps_as_pydicts="strict") == [
        {
            "rank": 1,
            "account": "ann",
            "score": "90.0",
            "case": "C-1",
            "measure": "notice",
            "clause": "R4",
            "why": "a fact",
            "findings": 3,
            "facts": 2,
            "by_typology": {"multi_level_gift": 2, "paid_gift": 1},
            "roles": ["giver", "receiver", "seller"],
            "case_role": "relay",
            "first_at": "1970-01-01T00:00:00Z",
            "last_at": "1970-01-04T00:00:00Z",
            "complete": False,
            "items": ["x", "y"],
            "records": ["g1", "g3", "g4"],
            "finding_ids": ["f2", "f1", "f3"],
        },
        {
            "rank": 2,
            "account": "bob",
            "score": "50.0",
            "case": "C-1",
            "measure": None,
            "clause": None,
            "why": "evidence only",
            "findings": 1,
            "facts": 1,
            "by_typology": {"multi_level_gift": 1},
            "roles": ["receiver"],
            "case_role": "receiver",
            "first_at": "1970-01-02T00:00:00Z",
            "last_at": "1970-01-03T00:00:00Z",
            "complete": True,
            "items": ["x"],
            "records": ["g1", "g3"],
            "finding_ids": ["f1"],
        },
        {
            "rank": 3,
            "account": "=cat",
            "score": "0.0",
            "case": None,
            "measure": None,
            "clause": None,
            "why": "evidence that opens no case",
            "findings": 1,
            "facts": 0,
            "by_typology": {"paid_gift": 1},
            "roles": ["buyer"],
            "case_role": None,
            "first_at": "1970-01-01T00:00:00Z",
            "last_at": "1970-01-02T00:00:00Z",
            "complete": False,
            "items": ["x", "y"],
            "records": ["g1"],
            "finding_ids": ["f2"],
        },
    ]


def test_findings_are_flat_and_in_order(con: duckdb.DuckDBPyConnection) -> None:
    rows = findings(con, Filter(), CLAUSES).to_pylist()
    assert [row["finding"] for row in rows] == ["f2", "f1", "f3"]
    assert rows[0] == {
        "finding": "f2",
        "typology": "paid_gift",
        "accounts": ["ann", "=cat"],
        "roles": ["seller", "buyer"],
        "records": ["g1", "g1"],
        "evidence": ["gifts:gift:g1", "transfers:payment:g1"],
        "items": ["y", "x"],
        "first_at": "1970-01-01T00:00:00Z",
        "last_at": "1970-01-02T00:00:00Z",
        "amount": "500",
        "currency": "JPY",
        "length": 2,
        "instances": 1,
        "level": None,
        "clause": "R2",
        "complete": False,
        "detail": None,
        "content": "c2",
    }
    assert rows[1]["clause"] is None
    assert rows[1]["accounts"] == ["ann", "bob"]
    assert (rows[2]["amount"], rows[2]["instances"]) == ("0.05", 10**29)


@pytest.mark.parametrize(
    ("chosen", "wanted", "text"),
    [
        (Filter(), ["f2", "f1", "f3"], ""),
        (Filter(typologies=("paid_gift",)), ["f2"], "typology=paid_gift"),
        (Filter(typologies=("none",)), [], "typology=none"),
        (Filter(account="=cat"), ["f2"], "account==cat"),
        (Filter(account="x' OR 1=1 --"), [], "account=x' OR 1=1 --"),
        (
            Filter(since_us=DAY, until_us=3 * DAY),
            ["f1"],
            "since=1970-01-02T00:00:00Z until=1970-01-04T00:00:00Z",
        ),
        (Filter(since_us=DAY + 1), ["f3"], "since=1970-01-02T00:00:00.000001Z"),
    ],
)
def test_filters_select_findings_and_say_so(
    con: duckdb.DuckDBPyConnection, chosen: Filter, wanted: list[str], text: str
) -> None:
    assert findings(con, chosen, CLAUSES)["finding"].to_pylist() == wanted
    assert chosen.text == text


def test_filter_narrows_the_counts(con: duckdb.DuckDBPyConnection) -> None:
    rows = suspects(con, Filter(typologies=("paid_gift",))).to_pylist()
    assert [(row["account"], row["findings"], row["records"]) for row in rows] == [
        ("ann", 1, ["g1"]),
        ("=cat", 1, ["g1"]),
    ]


def test_order_of_rows_in_the_tables_does_not_matter(con: duckdb.DuckDBPyConnection) -> None:
    before = suspects(con, Filter()), findings(con, Filter(), CLAUSES)
    for table in ("findings", "subjects", "evidence"):
        con.execute(f"CREATE TABLE turned AS FROM {table} ORDER BY hash({table}::VARCHAR)")
        con.execute(f"DELETE FROM {table}; INSERT INTO {table} FROM turned; DROP TABLE turned")
    assert (suspects(con, Filter()), findings(con, Filter(), CLAUSES)) == before


def test_lists_fit_every_table_format(con: duckdb.DuckDBPyConnection) -> None:
    """The types the queries really give: 128 bit counts, lists and maps."""
    known = about("findings", generation="7", as_of="1970-01-04T00:00:00Z")
    for table in (findings(con, Filter(), {}), suspects(con, Filter())):
        for name in ("csv", "xlsx", "jsonl", "parquet"):
            out = io.BytesIO()
            FORMATS[name].write(table, out, known)
            assert out.tell() > 500
            if name == "csv" and "instances" in table.column_names:
                assert f",{10**29},".encode() in out.getvalue()

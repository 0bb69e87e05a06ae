"""Table formats: what is written is read back exactly by readers that know nothing of regift."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from regift.exports import FORMATS
from regift.exports.about import ON_ROWS, about
from regift.exports.table_xlsx import MOST_ROWS
from regift.loaders.errors import RegiftError

ABOUT = about(
    "suspects",
    filter_text="typology=paid_gift",
    truncated={"hub": 3},
    generation="7",
    as_of="2026-01-01T00:00:00Z",
    made_from={"records": "ab12"},
)
ON_ROW = {
    "filter": "typology=paid_gift",
    "truncated": '{"hub": 3}',
    "generation": "7",
    "audit_head": "",
}
NASTY = [
    "0012",
    "123456789012345678901234567890",
    "1e5",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "'",
    "'=1",
    'he said "hi"',
    "a,b;c",
    "two\nlines",
    "two\r\nlines",
    "红包🎁",
    "",
    "NULL",
    "_x0041_",
    "https://example.org/",
    "TRUE",
    "2026-01-01",
]


def written(name: str, table: pa.Table) -> bytes:
    out = io.BytesIO()
    FORMATS[name].write(table, out, ABOUT)
    return out.getvalue()


def unmarked(cell: str) -> str:
    """The documented rule: drop one leading apostrophe if there is one."""
    return cell.removeprefix("'")


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def sheets(data: bytes) -> dict[str, list[dict[str, tuple[str, str]]]]:
    """Sheets of a workbook: rows of {column letters: (cell type, text)}, read from its XML."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

    def said(text: str) -> str:
        return re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text)

    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = [
            s.attrib["name"]
            for s in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(main + "sheet")
        ]
        for number, name in enumerate(names, start=1):
            sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            assert not list(sheet.iter(main + "f")), "a formula"
            assert not list(sheet.iter(main + "hyperlink")), "a link"
            found[name] = [
                {
                    re.sub(r"\d", "", cell.attrib["r"]): (
                        cell.attrib.get("t", "n"),
                        said(
                            "".join(
                                part.text or ""
                                for part in cell.iter()
                                if part.tag in (main + "t", main + "v")
                            )
                        ),
                    )
                    for cell in row
                }
                for row in sheet.iter(main + "row")
            ]
    return found


def test_registry_is_sound() -> None:
    assert list(FORMATS) == ["csv", "xlsx", "jsonl", "parquet", "graphml"]
    assert {f.shape for f in FORMATS.values()} == {"table", "graph"}


def test_csv_is_exact_to_the_byte() -> None:
    table = pa.table(
        {
            "account": ["a", '=x"', None, ""],
            "n": [1, None, -3, 4],
            "ids": [["r1", "=r"], [], None, ["é"]],
        }
    )
    end = b',"typology=paid_gift","{""hub"": 3}","7",""\r\n'
    assert written("csv", table) == (
        b'\xef\xbb\xbf"account","n","ids","filter","truncated","generation","audit_head"\r\n'
        b'"a",1,"[""r1"",""=r""]"'
        + end
        + b'"\'=x""",,"[]"'
        + end
        + b",-3,"
        + end
        + '"",4,"[""é""]"'.encode()
        + end
    )


def test_csv_ids_come_back_by_the_rule() -> None:
    rows = read_csv(written("csv", pa.table({"account": NASTY})))
    assert [unmarked(row["account"]) for row in rows] == NASTY
    risky = [row["account"] for row in rows if row["account"].lstrip()[:1] in tuple("=+-@＝＋－＠")]
    assert risky == []
    assert [row["account"] for row in rows][:3] == NASTY[:3]


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.text(
            alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
        )
    )
)
def test_csv_any_text_comes_back(ids: list[str]) -> None:
    table = pa.table({"account": pa.array(ids, pa.string())})
    rows = read_csv(written("csv", table))
    assert [unmarked(row["account"]) for row in rows] == ids
    assert not any(
        row["account"].lstrip(" \t\n\f\r")[:1] in tuple("=+-@") for row in rows if row["account"]
    )


def test_csv_is_read_by_duckdb_and_pandas(tmp_path: Path) -> None:
    import pandas

    path = tmp_path / "list.csv"
    FORMATS["csv"].write(pa.table({"account": NASTY, "n": range(len(NASTY))}), path, ABOUT)
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert [unmarked(cell) for cell in frame["account"]] == NASTY
    source = f"read_csv('{path}', all_varchar=true, strict_mode=true)"
    rows = duckdb.sql(f"SELECT account FROM {source} ORDER BY n::INT").fetchall()
    # DuckDB reads a quoted empty cell as null unless told otherwise
    assert [unmarked(row[0] or "") for row in rows] == NASTY


def test_jsonl_keeps_types_and_digits() -> None:
    table = pa.table(
        {
            "account": NASTY,
            "instances": pa.array([10**30 + 7] * len(NASTY), pa.decimal128(38, 0)),
            "ids": [["r1", "é"]] * len(NASTY),
            "by": pa.array([[("x", 2)]] * len(NASTY), pa.map_(pa.string(), pa.int64())),
            "level": pa.array([None] * len(NASTY), pa.int64()),
        }
    )
    lines = [json.loads(line) for line in written("jsonl", table).decode().split("\n")[:-1]]
    assert [line["account"] for line in lines] == NASTY
    assert lines[0] == {
        "account": "0012",
        "instances": 10**30 + 7,
        "ids": ["r1", "é"],
        "by": {"x": 2},
        "level": None,
        **ON_ROW,
    }


def test_parquet_keeps_types_and_says_what_it_is_about() -> None:
    table = pa.table({"account": NASTY, "ids": [["r1"]] * len(NASTY), "n": range(len(NASTY))})
    back = pq.read_table(io.BytesIO(written("parquet", table)))
    assert back.select(table.column_names).to_pydict() == table.to_pydict()
    assert back.schema.field("ids").type == pa.list_(pa.string())
    assert {key: set(back[key].to_pylist()) for key in ON_ROWS} == {
        k: {v} for k, v in ON_ROW.items()
    }
    assert back.schema.metadata[b"regift.made_from"] == b'{"records": "ab12"}'


def test_xlsx_ids_are_text_cells() -> None:
    ids = [text for text in NASTY if text]
    numbers = [10**15 - 1, 10**15, -5, *range(len(ids) - 3)]
    found = sheets(written("xlsx", pa.table({"account": ids, "n": numbers})))
    assert list(found) == ["suspects", "about"]
    header, *rows = found["suspects"]
    assert [cell[1] for cell in header.values()] == ["account", "n", *ON_ROWS]
    assert [row["A"] for row in rows] == [("inlineStr", text) for text in ids]
    assert [row["B"] for row in rows[:3]] == [
        ("n", "999999999999999"),
        ("inlineStr", "1000000000000000"),
        ("n", "-5"),
    ]
    assert {key[1]: value[1] for key, value in (row.values() for row in found["about"])} == ABOUT


def test_xlsx_long_cells_lose_nothing() -> None:
    long = "🎁" * 20_000 + "x" * 30_000
    found = sheets(written("xlsx", pa.table({"account": ["a", "b"], "records": ["r", long]})))
    assert found["suspects"][2]["B"][1] == "see sheet long, row 3"
    header, *rows = found["long"]
    assert [cell[1] for cell in header.values()] == ["row", "column", "part", "text"]
    assert {(row["A"][1], row["B"][1]) for row in rows} == {("3", "records")}
    assert "".join(row["D"][1] for row in rows) == long
    assert all(len(row["D"][1].encode("utf-16-le")) // 2 <= 32_767 for row in rows)


def test_xlsx_refuses_what_a_sheet_cannot_hold() -> None:
    table = pa.table({"n": pa.repeat(pa.scalar(1), MOST_ROWS + 1)})
    with pytest.raises(RegiftError, match=r"1,048,576 rows do not fit a workbook.*--format csv"):
        written("xlsx", table)


@pytest.mark.parametrize("name", [f.name for f in FORMATS.values() if f.shape == "table"])
def test_same_list_same_bytes_and_an_empty_list_is_a_file(name: str) -> None:
    table = pa.table({"account": ["a", "b"], "ids": [["r"], []]})
    assert written(name, table) == written(name, table)
    empty = written(name, table.slice(0, 0))
    if name == "csv":
        assert (
            empty
            == b'\xef\xbb\xbf"account","ids","filter","truncated","generation","audit_head"\r\n'
        )
    elif name == "jsonl":
        assert empty == b""
    elif name == "parquet":
        assert pq.read_schema(io.BytesIO(empty)).metadata[b"regift.filter"] == b"typology=paid_gift"
    else:
        assert sheets(empty)["about"][1]["B"][1] == "typology=paid_gift"


def test_rows_keep_their_order_across_batches() -> None:
    n = 150_000
    table = pa.table({"account": [f"u{i}" for i in range(n)]})
    assert [row["account"] for row in read_csv(written("csv", table))] == table[
        "account"
    ].to_pylist()
    lines = written("jsonl", table).splitlines()
    assert [json.loads(line)["account"] for line in lines] == table["account"].to_pylist()


def test_a_column_of_its_own_is_not_overwritten() -> None:
    with pytest.raises(KeyError, match="filter"):
        written("csv", pa.table({"filter": ["mine"]}))

"""Workbooks: what a spreadsheet shows is what is read, and what it cannot say is a reject."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loaders_reading import HEAD, Read, read_bytes

from regift.loaders import limits, workbook
from regift.loaders.errors import BadFile
from regift.loaders.limits import Limits
from regift.loaders.tables import TABLES

NAMES = HEAD.split(",")
GOOD = ["g1", "2026-01-01T00:00:00Z", "a", "b", "x", "gift"]
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def made(*rows: list[Any], sheet: str = "gifts", **options: Any) -> bytes:
    """A workbook of XlsxWriter, texts as texts."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, **options})
    page = book.add_worksheet(sheet)
    shown = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, datetime | date):
                page.write_datetime(place, column, value, shown)
            elif value is not None:
                page.write(place, column, value)
    book.close()
    return out.getvalue()


def raw(
    sheet: str, texts: str = "", styles: str = "", more: dict[str, bytes] | None = None
) -> bytes:
    """A workbook of parts written by hand; `sheet` is the content of its sheetData."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    relations = "".join(
        f'<Relationship Id="rId{k}" Type="{kind}{name}" Target="{target}"/>'
        for k, (name, target) in enumerate(
            (
                ("worksheet", "worksheets/sheet1.xml"),
                ("sharedStrings", "sharedStrings.xml"),
                ("styles", "styles.xml"),
            )
        )
    )
    parts = {
        "xl/workbook.xml": f'{head}<workbook {NS} xmlns:r="{kind[:-1]}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="rId0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"{head}<Relationships>{relations}</Relationships>",
        "xl/worksheets/sheet1.xml": f"{head}<worksheet {NS}>{sheet}</worksheet>",
        "xl/sharedStrings.xml": f"{head}<sst {NS}>{texts}</sst>",
        "xl/styles.xml": f"{head}<styleSheet {NS}>{styles}</styleSheet>",
        **(more or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def cells(*texts: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)


def sheet(*rows: str) -> str:
    return f"<sheetData>{''.join(f'<row>{row}</row>' for row in rows)}</sheetData>"


def test_what_is_shown_is_read(tmp_path: Path) -> None:
    head = [*NAMES, "price", "currency", "seq"]
    book = made(
        head,
        ["007", datetime(2026, 1, 1, 8), "a", 42, "礼物🎁", "sale", 12.5, "CNY", 3],
        [],
        ["=1+1", date(2026, 1, 2), " blanks ", "b", "e\u0301", "gift"],
        ["g3", "2026-01-03", 10**14, True, "line\nend", "gift", 0.1 + 0.2, "CNY", -1],
    )
    found = read_bytes(tmp_path, book, name="f.xlsx")
    eight, midnight = 1_767_225_600_000_000, 1_767_283_200_000_000
    columns = "record_id, at_us, source, target, item, price_minor, seq, _line"
    assert found.rows(columns)[:2] == [
        ("007", eight, "a", "42", "礼物🎁", 1250, 3, 2),
        ("=1+1", midnight, " blanks ", "b", "e\u0301", None, None, 4),
    ]
    assert found.rejects() == [(5, "id_control")]
    assert found.reading.notes == [f"{tmp_path / 'f.xlsx'}: 1 blank rows"]
    assert found.reading.raw(0, [0])[0].startswith('{"record_id":"007","at":"2026-01-01T08:00:00"')
    again = read_bytes(tmp_path, made(head, ["a b"] + [None] * 8), name="g.xlsx")
    assert again.rejects('rule, "row"')[0][0] == "missing_at"


def test_numbers_that_lost_their_digits_are_no_ids(tmp_path: Path) -> None:
    rows = [[*GOOD[:4], number, "gift"] for number in (10**15, 123456789012345678, 2.5)]
    found = read_bytes(tmp_path, made(NAMES, *rows), name="f.xlsx")
    assert found.rejects() == [(2, "id_scientific"), (3, "id_scientific")]
    assert found.column("item") == ["2.5"]


def test_leading_zeros_of_a_number_format_are_kept(tmp_path: Path) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    padded = book.add_format({"num_format": "00000"})
    page.write_row(0, 0, NAMES)
    page.write_row(1, 0, GOOD)
    page.write_number(1, 4, 42, padded)
    book.close()
    assert read_bytes(tmp_path, out.getvalue(), name="f.xlsx").column("item") == ["00042"]


def test_the_calendar_of_1904(tmp_path: Path) -> None:
    row = ["g1", datetime(2026, 1, 1, 8, 0, 0, 250_000), *GOOD[2:]]
    for since_1904 in (False, True):
        book = made(NAMES, row, date_1904=since_1904)
        found = read_bytes(tmp_path, book, name=f"{since_1904}.xlsx")
        assert found.column("at_us") == [1_767_225_600_250_000]


def test_one_of_several_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["nothing"])
    for name in ("gifts", "b'] x"):
        page = book.create_sheet(name.replace("]", "")) if "]" in name else book.create_sheet(name)
        page.append(NAMES)
        page.append([name, *GOOD[1:]])
    out = io.BytesIO()
    book.save(out)
    content = out.getvalue()
    assert read_bytes(tmp_path, content, name="f.xlsx", sheet="gifts").column("record_id") == [
        "gifts"
    ]
    with pytest.raises(BadFile, match=r"has 3 sheets: choose one with --sheet: 'Sheet', 'gifts'"):
        read_bytes(tmp_path, content, name="f.xlsx")
    with pytest.raises(BadFile, match=r"has no sheet 'no'; it has 'Sheet', 'gifts'"):
        read_bytes(tmp_path, content, name="f.xlsx", sheet="no")


def test_formulas(tmp_path: Path) -> None:
    """One with a stored value is that value, an empty text too; one without is a reject."""
    values = (
        '<c t="str"><f>"x"&amp;1</f><v>x1</v></c>',
        "<c><f>1+1</f><v>2</v></c>",
        '<c t="str"><f>""</f><v></v></c>',
        '<c t="b"><f>1=1</f><v>1</v></c>',
    )
    rows = [cells(*GOOD[:4]) + value + cells("gift") for value in values]
    found = read_bytes(tmp_path, raw(sheet(cells(*NAMES), *rows)), name="f.xlsx")
    assert found.column("item") == ["x1", "2", "TRUE"]
    assert found.rejects() == [(4, "missing_item")]

    written = openpyxl.Workbook()  # which computes nothing
    written.active.append([*NAMES, "memo"])
    written.active.append([*GOOD[:4], "=A1", "gift"])
    written.active.append([*GOOD, "=A1"])
    out = io.BytesIO()
    written.save(out)
    found = read_bytes(tmp_path, out.getvalue(), name="g.xlsx")
    assert found.rejects("line, rule, message") == [
        (2, "formula_without_value", "cell E2 holds a formula whose value is not stored")
    ]
    assert found.rows("_line") == [(3,)]  # nobody reads memo


def test_errors_and_cells_without_a_name(tmp_path: Path) -> None:
    error = '<c r="E2" t="e"><v>#N/A</v></c>'
    content = raw(
        "<sheetData>"
        f'<row r="1">{cells(*NAMES, "memo")}</row>'
        f'<row r="2">{cells(*GOOD[:4])}{error}{cells("gift")}</row>'
        f'<row r="3">{cells(*GOOD, "m", "more")}</row>'
        f'<row r="4">{cells(*GOOD)}<c r="G4" t="e"><v>#REF!</v></c></row>'
        "</sheetData>"
    )
    found = read_bytes(tmp_path, content, name="f.xlsx")
    assert found.rejects("line, rule, message") == [
        (2, "cell_error", "cell E2 shows the error #N/A"),
        (3, "too_many_fields", "cell H3 stands under no name of the header"),
    ]
    assert found.rows("_line") == [(4,)]


def test_merged_cells(tmp_path: Path) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet("s")
    page.write_row(0, 0, NAMES)
    page.merge_range("A2:A3", "g1")
    book.close()
    with pytest.raises(BadFile, match=r"sheet 's': cells are merged \(A2:A3\): split them"):
        read_bytes(tmp_path, out.getvalue(), name="f.xlsx")


def test_header(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="header names 'kind' more than once"):
        read_bytes(tmp_path, made([*NAMES, " kind "]), name="a.xlsx")
    with pytest.raises(BadFile, match="is empty; it needs at least a header row"):
        read_bytes(tmp_path, made(), name="b.xlsx")
    with pytest.raises(BadFile, match="no column 'kind'"):
        read_bytes(tmp_path, made(NAMES[:-1]), name="c.xlsx")
    found = read_bytes(tmp_path, made([], [], NAMES), name="d.xlsx")
    assert (found.reading.accepted, found.reading.notes) == (0, [f"{tmp_path / 'd.xlsx'}: 0 rows"])


def test_rich_texts_and_escapes(tmp_path: Path) -> None:
    """Runs are joined, the reading aid of a text is none of it, _xHHHH_ is a character."""
    texts = (
        "<si><r><t>a</t></r><r><t xml:space='preserve'> b</t></r><rPh><t>aid</t></rPh></si>"
        "<si><t>_x0041__xD83C__xDF81__x005F_x</t></si>"
    )
    shared = '<c t="s"><v>0</v></c><c t="s"><v>1</v></c>'
    content = raw(sheet(cells(*NAMES), cells(*GOOD[:2]) + shared + cells("x", "gift")), texts)
    found = read_bytes(tmp_path, content, name="f.xlsx")
    assert found.rows("source, target") == [("a b", "A🎁_x")]


def test_a_prefix_for_the_namespace(tmp_path: Path) -> None:
    body = sheet(cells(*NAMES), cells(*GOOD)).replace("</", "</x:").replace("<", "<x:")
    body = body.replace("<x:/x:", "</x:")
    page = f'<x:worksheet xmlns:x="urn:any">{body}</x:worksheet>'.encode()
    content = raw("", more={"xl/worksheets/sheet1.xml": page})
    assert read_bytes(tmp_path, content, name="f.xlsx").column("record_id") == ["g1"]


BOMB = b'<!DOCTYPE a [<!ENTITY b "%s">]><a>&b;</a>' % (b"x" * 100)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no directory"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "has a password, or is an .xls of old"),
        (raw("", more={"xl/worksheets/sheet1.xml": BOMB}), "declares a document type"),
        (raw("", more={"xl/sharedStrings.xml": BOMB}), "declares a document type"),
        (raw("", more={"xl/styles.xml": BOMB}), "declares a document type"),
        (raw("", more={"xl/workbook.xml": BOMB}), "declares a document type"),
        (raw("", more={"xl/workbook.xml": b"<workbook/>"}), "holds no worksheet"),
        (raw("", more={"xl/worksheets/sheet1.xml": b"<a>" * 1000}), "nested deeper than 64"),
        (raw("", more={"xl/worksheets/sheet1.xml": b"<a>\x01</a>"}), "is no sound XML"),
        (raw("", more={"xl/worksheets/sheet1.xml": b""}), "is no sound XML"),
        (raw("<a b='" + "x" * (3 << 20) + "'/>"), "longer than 1MiB"),
        (raw(sheet(cells("x" * 40_000))), "more than 32,767 characters"),
        (raw(sheet(cells("x" * 4_000_000))), "more than 32,767 characters"),
        (raw("", texts=f"<si><t>{'x' * 40_000}</t></si>"), "more than 32,767 characters"),
        (raw(sheet("<c><v>" + "1" * 400_000 + "</v></c>")), "longer than a cell may be"),
        (raw(sheet('<c t="s"><v>7</v></c>')), "names the text '7', which is not there"),
        (raw(sheet('<c t="s"><v>-1</v></c>')), "names the text '-1'"),
        (raw(sheet("<c><v>1e999</v></c>")), "which is no number"),
        (raw(sheet("<c><v>nan</v></c>")), "which is no number"),
        (raw(sheet('<c r="XFE1"/>')), "beyond the last column"),
        (raw(sheet('<c r="B1"/><c r="A1"/>')), "not in order"),
        (raw(sheet('<c r="A2"/>')), "a cell says it is 'A2'"),
        (raw('<sheetData><row r="1048577"/></sheetData>'), "says it is '1048577'"),
        (raw('<sheetData><row r="2"/><row r="2"/></sheetData>'), "says it is '2'"),
        (raw('<sheetData><row r="99999999999"/></sheetData>'), "says it is '99999999999'"),
        (raw("<sheetData><row><row/></row></sheetData>"), "says it is '2'"),
        (raw("<sheetData><c/></sheetData>"), "stands in no row"),
    ],
)  # fmt: skip
def test_what_is_no_sound_workbook(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(BadFile, match=rf"f\.xlsx.*{says}"):
        read_bytes(tmp_path, content, name="f.xlsx")


def test_limits_of_a_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = raw(sheet(cells(*NAMES), *[cells(*GOOD)] * 2000))
    with pytest.raises(BadFile, match="take more than 100000 when they are unpacked"):
        read_bytes(tmp_path, content, name="f.xlsx", limits=Limits(unpacked=100_000))
    monkeypatch.setattr(limits, "GROWTH_FROM", 1 << 10)
    with pytest.raises(BadFile, match="unpack to more than 5 times"):
        read_bytes(tmp_path, content, name="f.xlsx", limits=Limits(ratio=5))
    monkeypatch.setattr(workbook, "MOST_TEXTS", 1000)
    texts = raw(sheet(cells(*NAMES)), texts="<si><t>x</t></si>" * 1000)
    with pytest.raises(BadFile, match="hold more than 1000 of text"):
        read_bytes(tmp_path, texts, name="f.xlsx")


def test_one_text_in_every_cell_takes_its_room(tmp_path: Path) -> None:
    """22 bytes of XML may stand for 32,767 characters."""
    long = "<si><t>" + "x" * 32_000 + "</t></si>"
    content = raw(sheet(cells(*NAMES), *['<c t="s"><v>0</v></c>' * 6] * 300), long)
    with pytest.raises(BadFile, match="take more than 10MiB"):
        read_bytes(tmp_path, content, name="f.xlsx", limits=Limits(unpacked=10 << 20))


TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20
)
CELL = st.one_of(
    TEXT.filter(lambda text: not text.startswith(("=", "{="))),
    st.integers(-(10**14), 10**14),
    st.booleans(),
    st.decimals(-1000, 1000, places=3).map(float),
    st.datetimes(datetime(1901, 1, 1), datetime(9999, 12, 30)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
)


def shown(value: Any) -> str | None:
    """How a value that another reader gives is written in a record."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value in (None, "") else str(value)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.lists(CELL | st.none(), min_size=2, max_size=4), min_size=1, max_size=5))
def test_another_reader_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]]
) -> None:
    """What XlsxWriter writes, openpyxl reads as we do."""
    folder = tmp_path_factory.mktemp("x")
    names = ["account", "name", "a", "b"]
    content = made(names, *[[f"id{place}", *row[1:]] for place, row in enumerate(rows)])
    page = openpyxl.load_workbook(io.BytesIO(content)).active
    (folder / "f.xlsx").write_bytes(content)
    mapped = folder / "map.toml"
    mapped.write_text('[columns]\nname = "name"\noperator = "a"\n')
    found = Read([str(folder / "f.xlsx")], "accounts", folder, map=mapped)
    columns = [
        [shown(page.cell(row + 2, column).value) for column in (2, 3)] for row in range(len(rows))
    ]
    assert [column.name for column in TABLES["accounts"].columns][2:4] == ["operator", "name"]
    assert [list(row) for row in found.rows("name, operator")] == columns

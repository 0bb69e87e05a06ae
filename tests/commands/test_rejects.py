"""`regift rejects`: list, show, export, mend, retry."""

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import asked, loaded, run

HEAD = "record_id,at,source,target,item,kind"
BAD = f'{HEAD}\ng1,soon,"a, ""b""",b,x,gift\ng2,2026-01-01T00:00:00Z,a,b,x\n'


@pytest.fixture
def refused(fresh: Path) -> Path:
    assert loaded(fresh, "gifts", BAD).code == 3
    return fresh


def test_list_has_file_line_rule_and_row(refused: Path) -> None:
    ran = run("rejects", "list", "--json", "-w", refused)
    keys = ("file", "line", "rule", "row", "table", "load")
    file = str(refused.parent / "f.csv")
    assert [[row[key] for key in keys] for row in ran.rows] == [
        [file, 2, "time_malformed", 'g1,soon,"a, ""b""",b,x,gift', "gifts", "L000001"],
        [file, 3, "too_few_fields", "g2,2026-01-01T00:00:00Z,a,b,x", "gifts", "L000001"],
    ]
    assert ran.stderr == "2 of 2 rejects\n"
    assert run("rejects", "list", "--limit", "1", "-w", refused).stderr == "1 of 2 rejects\n"
    assert run("rejects", "list", "--load", "L000009", "--json", "-w", refused).rows == []


def test_show_takes_a_prefix(refused: Path) -> None:
    first, second = run("rejects", "list", "--json", "-w", refused).rows
    ran = run("rejects", "show", first["reject"][:-4], "--json", "-w", refused)
    assert ran.rows == [first]
    assert run("rejects", "show", "R-", "-w", refused).code == 2
    assert "too_few_fields" in run("rejects", "show", second["reject"], "-w", refused).stdout


def test_trying_again_makes_no_second_reject(refused: Path) -> None:
    assert loaded(refused, "gifts", BAD).code == 3
    assert len(run("rejects", "list", "--json", "-w", refused).rows) == 2


def mend(place: Path, *changes: tuple[str, str]) -> Path:
    file = place.parent / "mended.csv"
    ran = run("rejects", "export", "-o", file, "-w", place)
    assert ran.code == 0, ran.stderr
    text = file.read_bytes().decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_bytes(text.encode())
    return file


def test_export_mend_retry(refused: Path) -> None:
    file = mend(refused, ("soon", "2026-01-01T00:00:00Z"), ("b,x\r\n", "b,x,gift\r\n"))
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    assert rows[0] == ["regift_reject", "regift_rule", *HEAD.split(",")]
    ran = run("rejects", "retry", file, "--json", "-w", refused)
    assert (ran.code, ran.rows[0]["accepted"]) == (0, 2)
    assert run("rejects", "list", "--json", "-w", refused).rows == []
    assert run("refresh", "-q", "-w", refused).code == 0
    assert asked(refused, "SELECT record_id, source FROM gifts ORDER BY 1") == [
        ("g1", 'a, "b"'),
        ("g2", "a"),
    ]
    assert run("rejects", "retry", file, "-w", refused).code == 2


def test_a_row_that_is_still_bad_stays_a_reject(refused: Path) -> None:
    file = mend(refused, ("b,x\r\n", "b,x,gift\r\n"))
    assert run("rejects", "retry", file, "-w", refused).code == 3
    ran = run("rejects", "retry", file, "--max-bad", "1", "--json", "-w", refused)
    assert (ran.code, ran.rows[0]["accepted"], ran.rows[0]["rejected"]) == (0, 1, 1)
    (left,) = run("rejects", "list", "--json", "-w", refused).rows
    assert (left["rule"], left["load"]) == ("time_malformed", "L000002")
    assert (left["file"], left["line"]) == (str(file), 2)


@pytest.mark.parametrize(
    "name", ["\u2028line", "form\u000cfeed"[:4] + "\u0085", "x" * 200_000, "礼物🎁", "=1+1"]
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_no_text_is_lost_on_the_way(fresh: Path, name: str, kind: str) -> None:
    """Characters that Python takes for line ends, long fields, formulas: a retry keeps them."""
    values = ["i1", "issuer", name, "later"]
    content = "item,issuer,collection,updated_at\n" + ",".join(values) + "\n"
    if kind == "jsonl":
        keys = ("item", "issuer", "collection", "updated_at")
        content = json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False) + "\n"
    assert loaded(fresh, "items", content, name=f"f.{kind}").code == 3
    file = mend(fresh, ("later", "2026-01-01T00:00:00Z"))
    ran = run("rejects", "retry", file, "-w", fresh)
    if len(name) > 1024:
        assert ran.code == 3
        assert "id_too_long" in ran.line
        return
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, "SELECT collection FROM items") == [(name,)]


def test_rejects_of_two_headers_need_a_choice(refused: Path) -> None:
    assert loaded(refused, "accounts", "account,kind\na,robot\n", name="a.csv").code == 3
    ran = run("rejects", "export", "-o", "-", "-w", refused)
    assert ran.code == 2
    assert ran.line.endswith("2 different headers: choose one of --load L000001, L000002")
    ran = run("rejects", "export", "-o", "-", "--load", "L000002", "-w", refused)
    (row,) = run("rejects", "list", "--load", "L000002", "--json", "-w", refused).rows
    assert ran.stderr == "1 rejects; mend them in a file, then `regift rejects retry FILE`\n"
    assert ran.stdout.splitlines() == [
        "regift_reject,regift_rule,account,kind",
        f"{row['reject']},kind_unknown,a,robot",
    ]


@pytest.mark.parametrize("suffix", ["tsv", "semicolons"])
def test_other_delimiters_come_back(fresh: Path, tmp_path: Path, suffix: str) -> None:
    args: tuple[str, ...] = ()
    name, mark = "f.tsv", "\t"
    if suffix == "semicolons":
        given = tmp_path / "map.toml"
        given.write_text('delimiter = ";"\n')
        name, mark, args = "f.csv", ";", ("--map", str(given))
    content = f'account{mark}kind{mark}name\na{mark}robot{mark}"x, ""y"""\n'
    assert loaded(fresh, "accounts", content, *args, name=name).code == 3
    file = mend(fresh, ("robot", "personal"))
    ran = run("rejects", "retry", file, "-w", fresh)
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, "SELECT account, kind, name FROM accounts") == [("a", "personal", 'x, "y"')]


BY_PLACE = '[columns]\nrecord_id = { template = "{file}:{row}" }\n'
NO_IDS = "at,source,target,item,kind\n"
FIRST = "2026-01-01T00:00:00Z,a,b,x,gift\n"
SECOND = "2026-01-02T00:00:00Z,b,c,x,gift\n"


def test_a_mended_row_keeps_the_id_of_the_place_it_first_had(fresh: Path) -> None:
    """Else the corrected original, loaded later, counts it twice."""
    rules = fresh.parent / "map.toml"
    rules.write_text(BY_PLACE)
    bad = NO_IDS + FIRST + SECOND.replace("gift", "lend") + SECOND.replace("2026", "soon")
    args = ("--map", str(rules), "--max-bad", "2")
    assert loaded(fresh, "gifts", bad, *args, name="orig.csv").code == 0
    # Mended in two steps: what is still bad after the first keeps its place too.
    file = mend(fresh, ("lend", "gift"), ("R-", "\r\nR-"))
    assert run("rejects", "retry", file, "--max-bad", "1", "-w", fresh).code == 0
    again = file.rename(file.with_name("first.csv"))
    file = mend(fresh, ("soon", "2026"))
    assert run("rejects", "retry", file, "-w", fresh).code == 0
    assert run("refresh", "-q", "-w", fresh).code == 0
    kept = [("orig.csv:1", "a"), ("orig.csv:2", "b"), ("orig.csv:3", "b")]
    assert asked(fresh, "SELECT record_id, source FROM gifts ORDER BY 1") == kept
    # The corrected original brings nothing new; nor does a mended file that comes once more.
    corrected = NO_IDS + FIRST + SECOND + SECOND
    ran = loaded(fresh, "gifts", corrected, *args, "--json", name="orig.csv")
    assert (ran.rows[0]["accepted"], ran.rows[0]["duplicates"]) == (0, 3)
    assert run("rejects", "retry", again, "-w", fresh).code == 2


def test_a_resolved_row_that_is_retried_again_is_the_same_record(fresh: Path) -> None:
    rules = fresh.parent / "map.toml"
    rules.write_text(BY_PLACE)
    bad = NO_IDS + FIRST + SECOND.replace("gift", "lend") + SECOND.replace("2026", "soon")
    args = ("--map", str(rules), "--max-bad", "2")
    assert loaded(fresh, "gifts", bad, *args, name="orig.csv").code == 0
    file = mend(fresh, ("lend", "gift"))
    rows = file.read_bytes().decode().splitlines(keepends=True)
    both = [rows[0], *(row.replace("soon", "2026") for row in rows[1:])]
    file.write_text("".join(row for row in rows if "soon" not in row))
    assert run("rejects", "retry", file, "-w", fresh).code == 0
    file.write_text("".join([*both, "mine,,2026-01-03T00:00:00Z,c,d,x,gift\n"]))
    ran = run("rejects", "retry", file, "--max-bad", "1", "--json", "-w", fresh)
    # A row that never was a reject has no place to be named by.
    report = {key: ran.rows[0][key] for key in ("accepted", "duplicates", "rules")}
    assert report == {"accepted": 1, "duplicates": 1, "rules": {"missing_record_id": 1}}


def test_a_conflict_keeps_its_place(fresh: Path) -> None:
    """Rejects that only the comparison with other records makes."""
    rules = fresh.parent / "map.toml"
    rules.write_text(BY_PLACE.replace("{file}:{row}", "{file}:{item}"))
    bad = NO_IDS + FIRST + SECOND
    args = ("--map", str(rules), "--max-bad", "1")
    assert loaded(fresh, "gifts", bad, *args, name="orig.csv").code == 0
    file = mend(fresh, (",x,", ",y,"))
    assert run("rejects", "retry", file, "-w", fresh).code == 0
    assert run("refresh", "-q", "-w", fresh).code == 0
    expected = [("orig.csv:x",), ("orig.csv:y",)]
    assert asked(fresh, "SELECT record_id FROM gifts ORDER BY 1") == expected


def test_newest_first_keeps_its_order_when_a_row_is_mended(fresh: Path) -> None:
    """`order = "reversed"` counts from the end of the first file, not of the mended one."""
    content = (
        "Type,Punk,From,To,Amount,Txn\n"
        'Transfer,7,b,c,,"Jun 24, 2017"\n'
        'Transfer,7,a,b,,"June 24, 2017"\n'
        'Claimed,7,,a,,"Jun 24, 2017"\n'
    )
    args = ("--format", "cryptopunks", "--max-bad", "1")
    assert loaded(fresh, "gifts", content, *args, name="punks.csv").code == 0
    file = mend(fresh, ("June", "Jun"))
    assert run("rejects", "retry", file, "-w", fresh).code == 0
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, "SELECT record_id, seq FROM gifts ORDER BY seq") == [
        ("punks.csv:3", -2),
        ("punks.csv:2", -1),
        ("punks.csv:1", 0),
    ]


def test_a_mended_row_that_became_two_is_refused(fresh: Path) -> None:
    content = '{"account":"a","kind":"robot"}\n'
    assert loaded(fresh, "accounts", content, name="f.jsonl").code == 3
    two = r"personal\"}\n{\"account\":\"b\",\"kind\":\"personal"
    file = mend(fresh, ("robot", two))
    ran = run("rejects", "retry", file, "-w", fresh)
    assert ran.code == 1
    assert ran.line.endswith("1 rows are read as 2 records: keep each on a line of its own")


def test_no_cell_of_an_export_is_a_formula(fresh: Path) -> None:
    """A spreadsheet that opens the rejects runs nothing, and a retry has the ids as they were."""
    ids = ["=cmd|' /C calc'!A1", "+1", "-1", "@SUM(1)", "'quoted", " =1", "＝1", "\t=1"]
    rows = [f'"g{k}","soon","{name}","b","x","gift"' for k, name in enumerate(ids)]
    head = HEAD.replace("kind", "kind,=memo")
    text = "\n".join([head, *(row + ',"=1"' for row in rows), ""])
    assert loaded(fresh, "gifts", text).code == 3
    file = mend(fresh, ("soon", "2026-01-01T00:00:00Z"))
    with file.open(newline="") as lines:
        cells = [cell for row in csv.reader(lines) for cell in row]
    assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠")]
    ran = run("rejects", "retry", file, "--max-bad", "1", "-w", fresh)
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert sorted(asked(fresh, "SELECT source FROM gifts")) == sorted((i,) for i in ids[:-1])

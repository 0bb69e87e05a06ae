"""Input as it really comes, through the command line: kept to the letter or refused by name."""

from pathlib import Path

import pytest
from command_line import asked, loaded, run

HEAD = "record_id,at,source,target,item,kind"
ROW = "g1,2026-01-01T00:00:00Z,a,b,x,gift"
PAID = "record_id,at,source,target,amount,currency,kind"
BOM = b"\xef\xbb\xbf"
IDS = [
    "007",
    "123456789012345678901234567890",
    "礼物🎁",
    "=1+1",
    "O'Neil; DROP TABLE gifts",
    'say "hi"',
    "a,b",
    " blanks ",
    "é",
    "e\u0301",
    "-0",
    "null",
    "NaN",
    "1.50",
    "\u202eabc",
    "\u2028",
]


def refused(place: Path) -> list[tuple[int, str]]:
    rows = run("rejects", "list", "--json", "-w", place).rows
    return [(row["line"], row["rule"]) for row in rows]


def test_ids_are_kept_to_the_letter(fresh: Path) -> None:
    """As record, account and item; found again by each of them."""
    ids = ['"' + name.replace('"', '""') + '"' for name in IDS]
    rows = [f"{name},2026-01-01T00:00:00Z,{name},other,{name},issue" for name in ids]
    content = BOM + "\r\n".join([HEAD, *rows, ""]).encode()
    ran = loaded(fresh, "gifts", content)
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", fresh).code == 0
    expected = sorted((name, name, name) for name in IDS)
    assert sorted(asked(fresh, "SELECT record_id, source, item FROM gifts")) == expected
    for name in IDS:
        moves = run("trace", "item", "-w", fresh, "--json", "--", name).rows
        assert [(move["record"], move["source"]) for move in moves] == [(name, name)]
        assert run("find", "money_cycle", "-q", f"--account={name}", "-w", fresh).code == 0
    table = run("trace", "item", "\u202eabc", "-w", fresh).stdout
    assert "\u202e" not in table  # a terminal would obey it


@pytest.mark.parametrize(
    "content",
    [
        f"{HEAD}\r\n{ROW}\r\n",
        f"{HEAD}\n{ROW}",
        f"\n\n{HEAD}\n\n{ROW}\n\n",
        HEAD.replace(",", '","').join('""') + "\n" + ROW.replace(",", '","').join('""') + "\n",
        f"{HEAD},memo\n{ROW},anything\n",
        "kind,item,target,source,at,record_id\n" + ",".join(ROW.split(",")[::-1]) + "\n",
    ],
    ids=["crlf", "no_last_line_end", "blank_lines", "all_quoted", "more_columns", "other_order"],
)
def test_other_ways_to_write_the_same_row(fresh: Path, content: str) -> None:
    ran = loaded(fresh, "gifts", content)
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, f"SELECT {HEAD.replace(',at', '')} FROM gifts") == [
        ("g1", "a", "b", "x", "gift")
    ]


def test_line_ends_and_quotes_inside_fields(fresh: Path) -> None:
    content = 'account,name,kind\na,"two\r\nlines, ""quoted""",personal\nb,plain,robot\n'
    assert loaded(fresh, "accounts", content, "--max-bad", "1").code == 0
    assert refused(fresh) == [(4, "kind_unknown")]
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, "SELECT account, name FROM accounts") == [("a", 'two\r\nlines, "quoted"')]


def test_gb18030_is_read_when_it_is_said(fresh: Path) -> None:
    content = f"{HEAD}\n{ROW.replace('a,b', '张三,李四')}\n".encode("gb18030")
    assert loaded(fresh, "gifts", content).code == 1
    assert loaded(fresh, "gifts", content, "--encoding", "gb18030").code == 0
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, "SELECT source, target FROM gifts") == [("张三", "李四")]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (ROW.replace("g1", "1.23E+17"), "id_scientific"),
        (ROW.replace("g1", "g\x001"), "nul_byte"),
        (ROW.replace("g1", "g\x1b[31m"), "id_control"),
        (ROW.replace("g1", ""), "missing_record_id"),
        (ROW.replace("g1", "x" * 2000), "id_too_long"),
        (ROW.replace("g1", "x" * 10_000_000), "row_too_long"),
        (ROW + ",more", "too_many_fields"),
        (ROW.removesuffix(",gift"), "too_few_fields"),
        (ROW.replace("gift", "Gift"), "kind_unknown"),
        (ROW.replace("g1", '"g"1'), "text_after_quote"),
        (ROW.replace("g1", '"g1'), "unclosed_quote"),
        (ROW.replace("2026-01-01T00:00:00Z", "01/02/2026"), "time_malformed"),
        (ROW.replace("2026-01-01T00:00:00Z", "2026-02-29T00:00:00Z"), "time_impossible"),
        (ROW.replace("2026-01-01T00:00:00Z", "0000-01-01T00:00:00Z"), "time_out_of_range"),
        (ROW.replace("2026-01-01T00:00:00Z", "9999-12-31T23:00:00-05:00"), "time_out_of_range"),
        (ROW.replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1234567Z"), "time_too_fine"),
    ],
)
def test_rows_are_refused_by_name(fresh: Path, row: str, rule: str) -> None:
    """The good row before it is taken, the file goes on behind it."""
    good = ROW.replace("g1", "g0")
    ran = loaded(fresh, "gifts", f"{HEAD}\n{good}\n{row}\n", "--max-bad", "1", "--json")
    assert ran.code == 0, ran.stderr
    assert (ran.rows[0]["accepted"], ran.rows[0]["rules"]) == (1, {rule: 1})
    assert refused(fresh) == [(3, rule)]


@pytest.mark.parametrize(
    ("amount", "currency", "kept"),
    [
        ("0.01", "CNY", 1),
        ("1E+3", "CNY", 100_000),
        ("1.5e-1", "CNY", 15),
        ("12", "JPY", 12),
        ("1.234", "BHD", 1234),
        ("1.230", "CNY", 123),
        ("9000000000000.00", "CNY", 900_000_000_000_000),
        ("9000000000000.01", "CNY", "amount_too_large"),
        ("-1.00", "CNY", "amount_negative"),
        ("0", "CNY", "amount_zero"),
        ("-0.00", "CNY", "amount_zero"),
        ("1.5", "JPY", "amount_too_fine"),
        ("1.001", "CNY", "amount_too_fine"),
        ('"1,000.00"', "CNY", "amount_malformed"),
        ("¥5", "CNY", "amount_malformed"),
        ("NaN", "CNY", "amount_malformed"),
        ("1e99", "CNY", "amount_too_large"),
        ("1e-99", "CNY", "amount_too_fine"),
        ("1e999999999", "CNY", "amount_malformed"),
        ("5", "RMB", "currency_unknown"),
        ("5", "cny", "currency_unknown"),
        ("5", "", "currency_missing"),
        ("", "CNY", "missing_amount"),
    ],
)
def test_amounts(fresh: Path, amount: str, currency: str, kept: int | str) -> None:
    row = f"t1,2026-01-01T00:00:00Z,a,b,{amount},{currency},payment"
    ran = loaded(fresh, "transfers", f"{PAID}\n{row}\n")
    if isinstance(kept, str):
        assert ran.code == 3
        assert refused(fresh) == [(2, kept)]
        return
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, "SELECT amount_minor FROM transfers") == [(kept,)]


def test_times_with_and_without_offset_and_far_away(fresh: Path) -> None:
    times = {
        "2026-01-01T08:00:00": "2026-01-01T00:00:00Z",  # Asia/Shanghai
        "2026-01-01": "2025-12-31T16:00:00Z",
        "2026-01-01 00:00": "2025-12-31T16:00:00Z",
        "2026-01-01T00:00:00-05:30": "2026-01-01T05:30:00Z",
        "2026-01-01T00:00:00.5Z": "2026-01-01T00:00:00.500000Z",
        "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
    }
    rows = [f"g{i},{at},a,b,x{i},gift" for i, at in enumerate(times)]
    assert loaded(fresh, "gifts", "\n".join([HEAD, *rows, ""])).code == 0
    assert run("refresh", "-q", "-w", fresh).code == 0
    shown = [
        run("trace", "item", f"x{i}", "--json", "-w", fresh).rows[0]["at"]
        for i in range(len(times))
    ]
    assert shown == list(times.values())
    found = run("find", "multi_level_gift", "--set", "allowed=0", "--json", "-w", fresh)
    in_order = sorted(times.values(), key=lambda at: at.removesuffix("Z"))
    assert [row["first_at"] for row in found.rows] == in_order
    status = run("status", "--json", "-w", fresh).rows[0]
    assert status["as_of"] == "9999-12-31T23:59:59.999999Z"
    always = ("--since", "0001-01-01T00:00:00+14:00", "--until", "9999-12-31T23:59:59-12:00")
    args = ("--set", "allowed=0", *always, "-q", "--json", "-w", fresh)
    assert len(run("find", "multi_level_gift", *args).rows) == len(times)


def test_a_gift_to_oneself_is_kept(fresh: Path) -> None:
    content = f"{HEAD}\n{ROW.replace('a,b', 'a,a')}\n"
    assert loaded(fresh, "gifts", content).code == 0
    ran = run("refresh", "-q", "-w", fresh)
    assert (ran.code, ran.stderr) == (0, "")
    (move,) = run("trace", "item", "x", "--json", "-w", fresh).rows
    assert (move["source"], move["target"]) == ("a", "a")


@pytest.mark.parametrize("table", ["gifts", "labels"])
def test_a_header_alone_and_nothing_else(fresh: Path, table: str) -> None:
    heads = {"gifts": HEAD, "labels": "account,at,code,origin"}
    code, out, err = loaded(fresh, table, BOM + heads[table].encode())
    assert (code, out) == (0, "")
    assert err.splitlines()[0].endswith("f.csv: header only: 0 rows")
    assert run("refresh", "-q", "-w", fresh).code == 0
    assert asked(fresh, f"SELECT count(*) FROM {table}") == [(0,)]

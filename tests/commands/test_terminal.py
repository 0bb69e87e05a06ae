"""Ids, names and files come from outside: no terminal obeys anything of what a command shows."""

import re
from pathlib import Path

import pytest
from command_line import loaded, run

NASTY = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
HEAD = "record_id,at,source,target,item,kind,price,currency"
ANN, BOB, CAT = "ann\x9b31m\u202e", "bob\u2066\u200f\u2028", "\u200bcat\x85"
ITEM = "x\u202e\x9b2J"
ROWS = [
    f"g1\x9b,2026-01-01T00:00:00Z,brand,{ANN},{ITEM},issue,,",
    f"g2\x9b,2026-01-02T00:00:00Z,{ANN},{BOB},{ITEM},gift,,",
    f"g3\x9b,2026-01-03T00:00:00Z,{BOB},{CAT},{ITEM},gift,,",
    f"g4\x9b,2026-01-04T00:00:00Z,{CAT},{ANN},{ITEM},sale,5.00,CNY",
]
PEOPLE = f'account,kind,operator,name\n{ANN},personal,op\u202e,"A\x1b]0;x\x07\nB"\n'
USED = f"account,kind,value\n{ANN},dev\x1b[31m,d\x9b1\n{BOB},dev\x1b[31m,d\x9b1\n"
LABELS = f"account,at,code,origin,note\n{ANN},2026-01-05,c\x9b,o\u202e,\x1b[2Jnote\n"


def clean(text: str) -> bool:
    found = NASTY.search(text)
    assert found is None, (found, text[max(0, found.start() - 80) : found.end() + 20])
    return True


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose every id holds something that a terminal obeys."""
    place = tmp_path_factory.mktemp("nasty") / "ws"
    for table, text in (
        ("gifts", "\n".join([HEAD, *ROWS, ""])),
        ("accounts", PEOPLE),
        ("identifiers", USED),
        ("labels", LABELS),
    ):
        ran = loaded(place, table, text, name=f"{table}\x1b[31m.csv")
        assert ran.code == 0, ran.stderr
    assert run("refresh", "-w", place).code == 0
    return place


COMMANDS = [
    ["find", "multi_level_gift", "--set", "allowed=0"],
    ["find", "second_level_sale"],
    ["find", "closed_circulation"],
    ["trace", "item", ITEM],
    ["trace", "account", ANN],
    ["trace", "path", ANN, CAT],
    ["rank", "--unit", "account"],
    ["rank", "--unit", "case"],
    ["rank", "--unit", "entity"],
    ["rank", "--unit", "operator"],
    ["explain", ANN],
    ["explain", BOB],
    ["link", "list"],
    ["link", "explain", ANN, BOB],
    ["case", "list"],
    ["enforce", "plan"],
    ["certificate", "list"],
    ["certificate", "due"],
    ["certificate", "check", ANN],
    ["rejects", "list"],
    ["status"],
    ["query", "--sql", "FROM gifts"],
    ["query", "--sql", "FROM accounts"],
    ["query", "--sql", 'SELECT source AS "x\x1b[31m" FROM gifts'],
    ["trace", "item", "no\x1b[31msuch"],
    ["explain", "no\x9bsuch"],
    ["find", "no\x1b[31msuch"],
    ["query", "--sql", "SELECT \x1b[31m"],
    ["config", "\x1b[31m"],
    ["load", "no\x1b[31msuch.csv", "--table", "gifts"],
    ["export", "suspects", "-o", "/no\x1b[31msuch/f.csv"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command)[:40])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
def test_nothing_that_a_terminal_obeys_is_shown(
    nasty: Path, command: list[str], form: list[str]
) -> None:
    ran = run(*command, *form, "-w", nasty)
    assert clean(ran.stdout)
    assert clean(ran.stderr)
    if form and ran.code == 0:
        assert all(isinstance(row, dict) for row in ran.rows)


def test_what_a_load_says_of_a_file(tmp_path: Path) -> None:
    """Of its name, its columns, and of values that are refused."""
    fresh = tmp_path / "ws"
    coloured = ROWS[0].replace("2026", "\x1b[31m2026")
    head = HEAD + ",\x1b[31mred\u202e"
    for text in (
        f"{head}\n{ROWS[0]},1\n",
        f"{head}\n{coloured},1\n",
        f"{HEAD},kind\x1b,kind\x1b\n{ROWS[0]}\n",
        "a\x1b[31m,b\n1,2\n",
        '{"a\\u001b[31m": 1}\n',
        '{"a\\u0000b": 1, "record_id": "g"}\n',
    ):
        name = "f\x1b[31m.jsonl" if text.startswith("{") else "f\x1b[31m.csv"
        ran = loaded(fresh, "gifts", text, name=name)
        assert clean(ran.stdout)
        assert clean(ran.stderr)
    for form in ([], ["--json"]):
        ran = run("rejects", "list", *form, "-w", fresh)
        assert clean(ran.stdout)
        for row in run("rejects", "list", "--json", "-w", fresh).rows:
            assert clean(run("rejects", "show", row["reject"], *form, "-w", fresh).stdout)

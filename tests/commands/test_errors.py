"""What a user reads after a mistake, held by golden files: one line: what, where, how to mend.

`tests/golden/errors/NAME.txt`: the exit code, then the line; the folder and the names of all
typologies, which change, stand there as DIR and TYPOLOGIES. `pytest --write-golden` writes them
anew; read the difference before it is committed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from command_line import GIFTS, loaded, run

from regift.queries import ALL

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "errors"
HEAD = "record_id,at,source,target,item,kind\n"
ROW = "g1,2026-01-01T00:00:00Z,a,b,x,gift\n"
PAID = "record_id,at,source,target,amount,currency,kind\n"
LOAD = ("load", "{dir}/f.csv", "--table", "gifts")


@dataclass(frozen=True)
class Mistake:
    """Arguments, and what lies there before: files, the settings, the workspace (small or none)."""

    args: tuple[str, ...]
    files: dict[str, bytes | str] = field(default_factory=dict)
    settings: str | None = None
    workspace: bool = True
    before: Callable[[Path], object] | None = None


def load(content: bytes | str, *args: str, name: str = "f.csv", table: str = "gifts") -> Mistake:
    return Mistake(("load", f"{{dir}}/{name}", "--table", table, *args), {name: content})


def toml(text: str) -> Mistake:
    return Mistake(("refresh",), settings=text)


def mapped(text: str) -> Mistake:
    return Mistake((*LOAD, "--map", "{dir}/m.toml"), {"f.csv": HEAD + ROW, "m.toml": text})


def find(*args: str) -> Mistake:
    return Mistake(("find", *args))


def two_rejects(place: Path) -> None:
    assert loaded(place, "gifts", HEAD + ROW.replace("gift", "lend") * 2, name="bad.csv").code == 3


MISTAKES = {
    "no_workspace": Mistake(("status",), workspace=False),
    "no_generation": Mistake(
        ("find", "money_cycle"), workspace=False, before=lambda p: loaded(p, "gifts", GIFTS)
    ),
    "workspace_is_another_folder": Mistake(
        ("load", "{dir}/in/f.csv", "--table", "gifts", "-w", "{dir}/in"), {"in/f.csv": HEAD}
    ),
    "file_missing": Mistake(LOAD),
    "folder_empty": Mistake(("load", "{dir}/in", "--table", "gifts"), {"in/.keep": ""}),
    "file_unknown_kind": load("x", name="f.doc"),
    "file_empty": load(""),
    "file_damaged_gzip": load("no gzip", name="f.csv.gz"),
    "file_damaged_parquet": load("no parquet", name="f.parquet"),
    "column_missing": load("record_id,at,source\n"),
    "header_twice": load(HEAD.replace("item", "source")),
    "encoding_not_utf8": load(HEAD.encode() + "g,2026-01-01,礼,b,x,gift\n".encode("gb18030")),
    "encoding_utf16": load((HEAD + ROW).encode("utf-16")),
    "encoding_unknown": load(HEAD, "--encoding", "klingon"),
    "encoding_wrong": load(HEAD.encode() + b"\xff\n", "--encoding", "ascii"),
    "rows_bad": load(HEAD + ROW.replace("2026-01-01T", "2026-02-30T") + ROW.replace("gift", "x")),
    "row_conflict": load(GIFTS.replace("bob,cat", "bob,zoe")),
    "amount_zero": load(PAID + "t9,2026-01-01,a,b,0.00,CNY,payment\n", table="transfers"),
    "max_bad_nonsense": load(HEAD, "--max-bad", "a few"),
    "table_missing": Mistake(LOAD[:2], {"f.csv": HEAD}),
    "table_unknown": load(HEAD, table="presents"),
    "format_unknown": load(HEAD, "--format", "klingon"),
    "format_of_another_table": load(HEAD, "--format", "cryptopunks", table="transfers"),
    "replace_without_reason": load(HEAD, "--replace"),
    "map_missing": load(HEAD, "--map", "{dir}/m.toml"),
    "map_unknown_column": mapped('[columns]\nsender = "From"\n'),
    "map_unknown_key": mapped('[columns]\nat = { colum = "Date" }\n'),
    "map_broken_toml": mapped("[columns\n"),
    "withdraw_unknown_key": Mistake(
        ("withdraw", "{dir}/f.csv", "--table", "gifts", "--reason", "x"),
        {"f.csv": "record_id\nnever\n"},
    ),
    "settings_broken_toml": toml("[clock\n"),
    "settings_unknown_section": toml("[clocks]\nunit = '1d'\n"),
    "settings_unknown_key": toml("[clock]\nunits = '1d'\n"),
    "settings_bad_duration": toml("[clock]\nunit = 'daily'\n"),
    "settings_clock_zero": toml("[clock]\nunit = '0'\n"),
    "settings_bad_zone": toml("[time]\nzone = 'Mars/Base'\n"),
    "settings_bad_cap": toml("[entities]\nphone = 0\n"),
    "settings_unknown_typology": toml("[typology.theft]\nwindow = '1d'\n"),
    "settings_unknown_parameter": toml("[typology.paid_gift]\nwindows = '1d'\n"),
    "settings_parameter_no_table": toml("[typology]\npaid_gift = 1\n"),
    "typology_unknown": find("theft"),
    "parameter_unknown": find("money_cycle", "--set", "windows=1d"),
    "parameter_no_value": find("money_cycle", "--set", "window"),
    "parameter_bad_duration": find("money_cycle", "--set", "window=soon"),
    "parameter_digits_of_another_script": find("money_cycle", "--set", "window=٣d"),
    "parameter_bad_ratio": find("money_cycle", "--set", "keep=1.5"),
    "parameter_bad_choice": find("money_cycle", "--set", "group=all"),
    "engine_unknown": find("money_cycle", "--engine", "oracle"),
    "time_bad": find("money_cycle", "--since", "yesterday"),
    "limit_bad": find("money_cycle", "--limit", "-1"),
    "account_unknown": find("money_cycle", "--account", "nobody"),
    "trace_account_unknown": Mistake(("trace", "account", "nobody")),
    "trace_account_without_money": Mistake(("trace", "account", "ann")),
    "trace_path_account_unknown": Mistake(("trace", "path", "a", "nobody")),
    "item_unknown": Mistake(("trace", "item", "x9")),
    "link_account_unknown": Mistake(("link", "explain", "ann", "Ann")),
    "judge_account_unknown": Mistake(("link", "judge", "ann", "Bob", "same", "--reason", "x")),
    "judge_before_the_first_refresh": Mistake(
        ("link", "judge", "ann", "bob", "same", "--reason", "x"),
        workspace=False,
        before=lambda p: loaded(p, "gifts", GIFTS),
    ),
    "judge_one_account": Mistake(("link", "judge", "ann", "ann", "same", "--reason", "x")),
    "judge_without_reason": Mistake(("link", "judge", "ann", "bob", "same")),
    "reject_unknown": Mistake(("rejects", "show", "R-0")),
    "reject_ambiguous": Mistake(("rejects", "show", "R-"), before=two_rejects),
    "retry_other_file": Mistake(("rejects", "retry", "{dir}/f.csv"), {"f.csv": HEAD}),
    "retry_not_utf8": Mistake(("rejects", "retry", "{dir}/f.csv"), {"f.csv": b"\xff"}),
    "rejects_no_folder": Mistake(("rejects", "export", "-o", "{dir}/no/bad.csv")),
    "truth_missing": Mistake(("evaluate", "--truth", "{dir}/truth.json")),
    "generation_unknown": Mistake(("rank", "--new-since", "9")),
    "query_writes": Mistake(("query", "--sql", "DELETE FROM gifts")),
    "query_unknown_table": Mistake(("query", "--sql", "SELECT * FROM gift")),
    "query_nothing_asked": Mistake(("query",)),
    "export_no_format": Mistake(("export", "findings", "-o", "{dir}/list")),
    "export_no_folder": Mistake(("export", "findings", "-o", "{dir}/no/list.csv")),
    "command_unknown": Mistake(("searh",)),
    "option_unknown": Mistake(("status", "--jsno")),
}


@pytest.mark.parametrize("name", list(MISTAKES))
def test_one_line_says_what_where_and_how_to_mend(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, write_golden: bool
) -> None:
    mistake = MISTAKES[name]
    place = request.getfixturevalue("copied") if mistake.workspace else tmp_path / "ws"
    for file, content in mistake.files.items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    if mistake.settings is not None:
        (place / "regift.toml").write_text(mistake.settings)
    if mistake.before:
        mistake.before(place)
    args = [arg.replace("{dir}", str(tmp_path)) for arg in mistake.args]
    ran = run("-w", place, *args)
    assert ran.code != 0
    assert ran.line.startswith("regift: ")
    line = ran.line.replace(str(tmp_path), "DIR").replace(", ".join(sorted(ALL)), "TYPOLOGIES")
    said = f"{ran.code}\n{line}\n"
    golden = GOLDEN / f"{name}.txt"
    if write_golden:
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(MISTAKES)

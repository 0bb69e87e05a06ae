"""`rank --new-since`: what is new or moved since a kept generation, and what cases became."""

import json
from pathlib import Path
from typing import Any

from command_line import asked, run

from regift.graph.workspace import Workspace
from regift.queries.params import show
from regift.ranking.calibration import Calibrated, Calibration, Stratum, write
from regift.refresh.settings import params_of, read_settings

HEADER = "record_id,at,source,target,item,kind\n"
FIRST = """i1,2026-01-01T00:00:00Z,brand,ann,x,issue
g1,2026-01-02T00:00:00Z,ann,bob,x,gift
g2,2026-01-03T00:00:00Z,bob,cat,x,gift
i2,2026-01-01T00:00:00Z,brand,dan,y,issue
g3,2026-01-02T00:00:00Z,dan,eve,y,gift
g4,2026-01-03T00:00:00Z,eve,fay,y,gift
"""


def test_a_case_grew_and_another_did_not(tmp_path: Path) -> None:
    place = str(tmp_path / "w")
    for number, rows in enumerate((FIRST, "g5,2026-01-05T00:00:00Z,cat,gil,x,gift\n")):
        file = tmp_path / f"{number}.csv"
        file.write_text(HEADER + rows)
        assert run("-w", place, "load", str(file), "--table", "gifts").code == 0
        assert run("-w", place, "refresh").code == 0
    out = run("-w", place, "rank", "--unit", "case", "--new-since", "1", "--json").stdout
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["lineage"] for row in rows] == [["grew"]]
    out = run("-w", place, "rank", "--new-since", "1", "--json").stdout
    assert {json.loads(line)["account"] for line in out.splitlines()} == {"cat", "gil"}
    out = run("-w", place, "rank", "--new-since", "2", "--json").stdout
    assert out == ""


def test_a_case_is_gone_and_another_moved_by_calibration(tmp_path: Path) -> None:
    """A record is withdrawn; then another calibration scores what stayed as it was."""
    place = tmp_path / "w"
    file = tmp_path / "gifts.csv"
    file.write_text(HEADER + FIRST)
    assert run("-w", place, "load", file, "--table", "gifts").code == 0
    money = tmp_path / "money.csv"
    money.write_text(MONEY)
    assert run("-w", place, "load", money, "--table", "transfers").code == 0
    assert run("-w", place, "refresh").code == 0
    before = {row["case"]: row["score"] for row in _cases(place)}
    gone = tmp_path / "gone.csv"
    gone.write_text("record_id\ng2\n")
    withdrawn = ("withdraw", gone, "--table", "gifts", "--reason", "wrong")
    assert run("-w", place, *withdrawn).code == 0
    assert run("-w", place, "refresh").code == 0
    (row,) = _cases(place, "--new-since", "1")
    assert (row["rank"], row["lineage"], row["score"]) == (None, ["gone"], 0.0)
    assert row["was"] == before[row["case"]] > 0
    ran = run("-w", place, "rank", "--unit", "case", "--new-since", "1")
    assert f"1 of {len(before)} case rows" in ran.stderr
    assert len(_cases(place, "--new-since", "1", "--min-score", str(row["was"]))) == 1
    assert _cases(place, "--new-since", "1", "--min-score", "99.9") == []

    _calibrate(place)
    assert run("-w", place, "refresh").code == 0
    ran = run("-w", place, "rank", "--unit", "case", "--new-since", "2", "--json")
    (moved,) = ran.rows
    assert moved["lineage"] == ["same", "moved by calibration"]
    assert moved["was"] == before[moved["case"]] < moved["score"]
    assert "the calibration is another one than in generation 2: none, now K-" in ran.stderr
    assert _cases(place, "--new-since", "3") == []


JOINED = """i1,2026-01-01T00:00:00Z,brand,ann,x,issue
g1,2026-01-02T00:00:00Z,ann,bob,x,gift
g2,2026-01-03T00:00:00Z,bob,cat,x,gift
g3,2026-01-25T00:00:00Z,cat,dan,x,gift
g4,2026-02-20T00:00:00Z,dan,eve,x,gift
"""


def test_what_split_off_is_told(tmp_path: Path) -> None:
    """Gifts of one item are one case while at most 30 days lie between two of them."""
    place = tmp_path / "w"
    file = tmp_path / "gifts.csv"
    file.write_text(HEADER + JOINED)
    assert run("-w", place, "load", file, "--table", "gifts").code == 0
    assert run("-w", place, "refresh").code == 0
    (before,) = _cases(place)
    gone = tmp_path / "gone.csv"
    gone.write_text("record_id\ng3\n")
    assert run("-w", place, "withdraw", gone, "--table", "gifts", "--reason", "wrong").code == 0
    assert run("-w", place, "refresh").code == 0
    rows = _cases(place, "--new-since", "1")
    assert len(rows) == 2
    assert all("split" in row["lineage"] for row in rows)
    assert sorted(row["was"] is None for row in rows) == [False, True]
    assert before["score"] in [row["was"] for row in rows]


MONEY = """record_id,at,source,target,amount,currency,kind
t1,2026-01-01T00:00:00Z,a,b,100.00,CNY,payment
t2,2026-01-01T01:00:00Z,b,c,97.50,CNY,payment
t3,2026-01-01T02:00:00Z,c,a,95.00,CNY,payment
"""


def _cases(place: Path, *args: str) -> list[dict[str, Any]]:
    ran = run("-w", place, "rank", "--unit", "case", "--json", *args)
    assert ran.code == 0, ran.stderr
    return ran.rows


def _calibrate(place: Path) -> None:
    """A calibration by which chance makes no money cycle, as if it had been learned."""
    workspace = Workspace.open(place)
    settings = read_settings(workspace)
    strata = {
        key: Stratum(observed=1, lfdr_bp=0)
        for (key,) in asked(place, "SELECT DISTINCT stratum FROM weighed WHERE NOT fact")
    }
    shown = show(params_of(settings, "money_cycle"))
    learned = Calibration(
        made_of={"generation": 2, "seed": 0, "sample": {}, "parameters": {"money_cycle": shown}},
        worlds=20, one_off=0, payments=3,
        typologies={"money_cycle": Calibrated(strata, observed=1, by_chance="0", lfdr_bp=0)},
    )  # fmt: skip
    write(workspace, learned)

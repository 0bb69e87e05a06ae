"""`rank --new-since`: what is new or moved since a kept generation, and what cases became."""

import json
from pathlib import Path

from command_line import run

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

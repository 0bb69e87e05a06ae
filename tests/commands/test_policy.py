"""`regift policy`: list, show and check."""

from pathlib import Path

from command_line import run

from regift.enforcement.policy import SHIPPED
from regift.graph.workspace import Workspace

PACK = SHIPPED / "wechat-3.24.toml"
TEXT = PACK.read_text(encoding="utf-8")


def test_without_a_workspace_the_shipped_packs_are_listed(tmp_path: Path) -> None:
    ran = run("policy", "list", "--json", "-w", tmp_path / "none")
    (row,) = ran.rows
    assert (row["policy"], row["in_use"]) == ("wechat-3.24@2022-06-20", True)
    assert row["clauses"] == ["R1", "R2", "R3", "R4", "R5", "R6"]
    assert row["id"].startswith("wechat-3.24@2022-06-20+")
    assert not (tmp_path / "none").exists()


def test_packs_of_a_workspace_stand_beside_them(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    (workspace.root / "policies").mkdir()
    other = workspace.root / "policies" / "other.toml"
    other.write_text(TEXT.replace('"wechat-3.24"', '"other"').replace('"lenient"', '"strict"'))
    workspace.settings_file.write_text('[policy]\npack = "other"\n')
    rows = run("policy", "list", "--json", "-w", workspace.root).rows
    assert [(row["policy"], row["in_use"]) for row in rows] == [
        ("other@2022-06-20", True), ("wechat-3.24@2022-06-20", False),
    ]  # fmt: skip
    (used,) = run("policy", "show", "--json", "-w", workspace.root).rows
    assert used["switches"][0] == {
        "key": "first_level_gift", "value": "strict", "about": "how deep a gift may go",
        "means": "only the issuer may give", "values": ["lenient", "strict"],
    }  # fmt: skip
    (named,) = run("policy", "show", "wechat-3.24", "--json", "-w", workspace.root).rows
    assert named["switches"][0]["value"] == "lenient"
    ran = run("policy", "show", "none", "-w", workspace.root)
    assert ran.code == 2
    assert "there is no policy pack 'none'" in ran.stderr


def test_show_says_what_is_an_example(tmp_path: Path) -> None:
    (told,) = run("policy", "show", "--json", "-w", tmp_path / "none").rows
    assert told["ladder"][2] == {
        "measure": "restrict", "title": {"en": "restrict functions", "zh": "限制部分功能"},
        "from_points": 11, "due_after": "1w", "lasts": "30d",
        "functions": ["gifting", "payment", "traffic"], "second_person": False, "example": True,
    }  # fmt: skip
    assert told["degree"]["facts"] == [[1, 1], [3, 4], [10, 9], [30, 12]]
    assert told["degree"]["strike_half_life"] == "180d"
    assert told["degree"]["example"] is True
    assert told["certificates"] == {
        "remind_every": "1w", "expires_within": "30d", "example": True,
    }  # fmt: skip
    assert len(told["switches"]) == 12
    assert told["without_clause"] == []
    text = run("policy", "show", "-w", tmp_path / "none").stdout
    assert text.count("our example") == 9
    assert "提醒并要求提供证明" in run("policy", "show", "--lang", "zh", "-w", tmp_path).stdout


def test_check_reads_a_file_or_says_where_it_is_wrong(tmp_path: Path) -> None:
    ran = run("policy", "check", PACK)
    assert ran.code == 0
    assert "can be used" in ran.stderr
    less = tmp_path / "less.toml"
    less.write_text(TEXT.replace('"evasion",', ""))
    ran = run("policy", "check", less, "--json")
    assert ran.rows[0]["without_clause"] == ["evasion"]
    assert "no clause, so no measure, for what is found by evasion" in ran.stderr
    less.write_text(TEXT.replace("from_points = 6", "from_points = 1"))
    ran = run("policy", "check", less)
    assert ran.code == 2
    assert f"{less}: [[step]] rectify from_points: 1 is not above 1" in ran.stderr
    assert ran.stderr.count("\n") == 1

"""`regift simulate`: the split is chosen on the command line and told in the truth."""

import json
from pathlib import Path

from command_line import run


def test_each_split_writes_its_world(tmp_path: Path) -> None:
    for split in ("development", "evaluation"):
        done = run("simulate", tmp_path / split, "--seed", "4", "--split", split, "--json")
        assert done.code == 0
        (told,) = done.rows
        truth = json.loads((tmp_path / split / "truth.json").read_text("utf-8"))
        assert truth["split"] == truth["parameters"]["split"] == split
        assert sum(told["planted"].values()) == len(truth["planted"])
        assert sum(told["innocent"].values()) == len(truth["innocent"])


def test_development_is_the_default_and_others_are_named(tmp_path: Path) -> None:
    assert run("simulate", tmp_path / "plain", "--seed", "4").code == 0
    assert run("simulate", tmp_path / "named", "--seed", "4", "--split", "development").code == 0
    for path in (tmp_path / "plain").iterdir():
        assert path.read_bytes() == (tmp_path / "named" / path.name).read_bytes()
    wrong = run("simulate", tmp_path / "wrong", "--split", "test")
    assert wrong.code == 2
    assert "'development', 'evaluation'" in wrong.stderr
    assert not (tmp_path / "wrong").exists()

"""`regift link train` and what follows: refresh, list, explain, judge, settings, damage."""

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from command_line import asked, loaded, run
from dirty_people import store

from regift.graph.fuzzy_train import MISSING

ROWS, TRUTH = store(80)
PEOPLE = "account,kind,value\n" + "".join(
    f'{row["account"]},{row["kind"]},"{row["value"]}"\n' for row in ROWS
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of people, trained and refreshed. Read it; whoever changes it copies it."""
    place = tmp_path_factory.mktemp("alike") / "ws"
    assert loaded(place, "identifiers", PEOPLE).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    assert run("link", "train", "-q", "-w", place).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    return place


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "ws", symlinks=True))


def model_of(place: Path) -> str:
    return (place / "link_models" / "current").read_text().strip()


def test_training_is_told_and_audited(copied: Path) -> None:
    ran = run("link", "train", "--json", "-w", copied)
    assert ran.code == 0
    assert ran.rows[0] == {
        "model": model_of(copied), "part": "prior", "level": "two accounts picked at random",
        "weight_cb": ran.rows[0]["weight_cb"], "m_ppm": None, "u_ppm": None,
    }  # fmt: skip
    parts = list(dict.fromkeys(row["part"] for row in ran.rows))
    assert parts == ["prior", "name", "phone", "email", "address", "birth_date"]
    assert ran.stderr.endswith(f"link model {model_of(copied)}; next: `regift refresh`\n")
    with closing(sqlite3.connect(copied / "casebook.sqlite")) as casebook:
        noted = casebook.execute("SELECT payload FROM audit WHERE action = 'link model trained'")
        models = [json.loads(payload)["model"] for (payload,) in noted]
    assert models == [model_of(copied)] * 2, "the same records and seed give the same model"


def test_links_and_what_they_do_not_do(trained: Path) -> None:
    rows = run("link", "list", "--json", "-q", "-w", trained).rows
    assert {(row["a"], row["b"]) for row in rows} == TRUTH
    assert {(row["grade"], row["entity"] == row["a"], row["sharers"]) for row in rows} == {
        ("associated", True, None)
    }
    assert all(row["kinds"] == [] and row["weight_cb"] >= 1000 for row in rows)
    assert asked(trained, "SELECT count(*) FROM entity_of WHERE account <> entity") == [(0,)]


def test_explain_adds_up(trained: Path) -> None:
    pair = ("b004", "a004")
    (told,) = run("link", "explain", *pair, "--json", "-w", trained).rows
    (listed,) = run("link", "list", "--account", "b004", "--json", "-q", "-w", trained).rows
    assert (told["model"], told["alike"]) == (model_of(trained), "associated")
    steps = told["waterfall"]
    assert steps[0]["part"] == "prior"
    total = 0
    for step in steps:
        total += step["weight_cb"]
        assert step["total_cb"] == total
    assert total == listed["weight_cb"]
    text = run("link", "explain", *pair, "-w", trained).stdout
    assert f"{total:,}" in text.splitlines()[-1]
    values = {row["value"] for row in ROWS if row["account"] in pair}
    assert not [value for value in values if value in text], "values stay masked"


def test_only_what_is_possible_is_listed_apart(copied: Path) -> None:
    toml = copied / "regift.toml"
    toml.write_text(toml.read_text() + "\n[entities]\nfuzzy_associated = 9000\n")
    assert run("refresh", "-q", "-w", copied).code == 0
    plain = run("link", "list", "--json", "-w", copied)
    assert plain.rows == []
    assert "20 more pairs look alike: `regift link list --grade possible`" in plain.stderr
    rows = run("link", "list", "--grade", "possible", "--json", "-q", "-w", copied).rows
    assert {(row["a"], row["b"]) for row in rows} == TRUTH
    assert {row["grade"] for row in rows} == {"possible"}
    a, b = min(TRUTH)
    assert run("link", "judge", a, b, "same", "--reason", "seen", "-w", copied).code == 0
    assert run("refresh", "-q", "-w", copied).code == 0
    (joined,) = run("link", "list", "--json", "-q", "-w", copied).rows
    assert (joined["a"], joined["b"], joined["grade"]) == (a, b, "controller")
    assert asked(copied, "SELECT account FROM entity_of WHERE account <> entity") == [(b,)]


def test_a_refresh_needs_no_extra_and_sees_every_setting(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    assert "is up to date" in run("refresh", "-w", copied).stderr
    toml = copied / "regift.toml"
    before = toml.read_text()
    for effect, expected in (("possible", 0), ("off", 0), ("associated", len(TRUTH))):
        toml.write_text(before + f'\n[entities]\nfuzzy = "{effect}"\n')
        assert run("refresh", "-q", "-w", copied).code == 0
        assert asked(copied, "SELECT count(*) FROM links") == [(expected,)]
    scored = {row["setting"]: row["value"] for row in
              run("config", "show", "--json", "-w", copied).rows}  # fmt: skip
    assert (scored["entities.fuzzy"], scored["entities.fuzzy_sharers"]) == ("associated", "50")


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('fuzzy = "controller"', "'controller' is none of associated, possible, off"),
        ("fuzzy_associated = 9.5", "9.5 is not a whole number of centibits"),
        ("fuzzy_possible = 2000", "fuzzy_possible is above fuzzy_associated: turn them round"),
        ("fuzzy_sharers = 0", "0 is not a whole number above zero"),
    ],
)
def test_settings_that_make_no_sense(copied: Path, setting: str, told: str) -> None:
    toml = copied / "regift.toml"
    toml.write_text(toml.read_text() + f"\n[entities]\n{setting}\n")
    ran = run("refresh", "-w", copied)
    assert ran.code == 2
    assert told in ran.line


def test_without_the_extra(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    ran = run("link", "train", "-w", world)
    assert (ran.code, ran.line) == (6, f"regift: {MISSING}")
    rows = run("link", "list", "--json", "-w", world).rows
    assert [list(row) for row in rows] == [
        ["a", "b", "grade", "kinds", "sharers", "why", "entity"]
    ] * len(rows)
    (told,) = run("link", "explain", "ann", "dan", "--json", "-w", world).rows
    assert "waterfall" not in told


def test_a_model_changed_by_hand_is_refused(copied: Path) -> None:
    file = copied / "link_models" / f"{model_of(copied)}.json"
    content = json.loads(file.read_text()) | {"prior_cb": 0}
    file.write_text(json.dumps(content))
    ran = run("refresh", "-w", copied)
    assert ran.code == 1
    assert "was changed by hand: run `regift link train`" in ran.line


def test_too_little_is_one_line(world: Path) -> None:
    ran = run("link", "train", "-w", world)
    assert ran.code == 1
    assert "too few to learn from: it takes 20 accounts" in ran.line

"""Identifiers stored as keyed hashes: nothing of them is left, and they join as they did."""

from pathlib import Path

import duckdb
import pytest
from command_line import IDENTIFIERS, WORLD, asked, loaded, run

from regift.graph.hashed_identifiers import stored_value
from regift.graph.workspace import Workspace

SECRETS = ("+86 100", "d1", "d2")
SETTING = '\n[identifiers]\nstore = "hash"\n'


@pytest.fixture
def hashed(tmp_path: Path) -> Path:
    place = tmp_path / "ws"
    workspace = Workspace.create(place)
    with workspace.settings_file.open("a") as file:
        file.write(SETTING)
    for table, text in WORLD.items():
        assert loaded(place, table, text).code == 0
    bad = "account,kind,value,first_seen\neve,phone,+86 100 999,never\nann,phone,,\n"
    ran = loaded(place, "identifiers", bad, "--max-bad", "2")
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", place).code == 0
    return place


def test_values_are_hashes_and_join(hashed: Path, tmp_path: Path) -> None:
    rows = asked(hashed, "SELECT account, kind, value FROM identifiers ORDER BY ALL")
    assert [row[:2] for row in rows] == [
        ("ann", "device"), ("ann", "phone"), ("bob", "device"), ("cat", "device"),
        ("dan", "device"), ("dan", "phone"),
    ]  # fmt: skip
    values = {row[:2]: row[2] for row in rows}
    assert all(len(value) == 26 and value.startswith("h-") for value in values.values())
    assert values[("ann", "device")] == values[("dan", "device")] != values[("bob", "device")]
    assert values[("ann", "phone")] == values[("dan", "phone")]
    assert values[("ann", "device")] == stored_value(Workspace(hashed), "device", "d1")
    plain = tmp_path / "plain"
    for table, text in WORLD.items():
        assert loaded(plain, table, text).code == 0
    assert run("refresh", "-q", "-w", plain).code == 0
    same = (
        "SELECT * FROM entity_of ORDER BY ALL",
        "SELECT a, b, kinds, grade FROM links ORDER BY ALL",
        "SELECT * FROM findings ORDER BY ALL",
        "SELECT * FROM account_scores ORDER BY ALL",
    )
    for sql in same:
        assert asked(hashed, sql) == asked(plain, sql), sql


def test_no_file_has_a_value(hashed: Path) -> None:
    assert (hashed / "key").stat().st_mode & 0o777 == 0o600
    rejects = run("rejects", "list", "--json", "-w", hashed).rows
    assert [(row["line"], row["row"]) for row in rejects] == [(2, ""), (3, "")]
    assert "not kept" in rejects[0]["message"]
    stored = [
        text for path in hashed.glob("staged/*/*.parquet") for text in asked_file(hashed, path)
    ]
    assert stored
    for secret in SECRETS:
        assert not [text for text in stored if secret in text], secret


def asked_file(place: Path, path: Path) -> list[str]:
    with duckdb.connect() as con:
        return [
            cell
            for row in con.sql(f"FROM read_parquet('{path}')").fetchall()
            for cell in row
            if isinstance(cell, str) and not cell.startswith("h-")
        ]


def test_the_same_again_is_a_duplicate_and_can_be_withdrawn(hashed: Path) -> None:
    ran = loaded(hashed, "identifiers", IDENTIFIERS)
    assert "0 identifiers accepted, 6 already there" in ran.stderr
    exported = asked(hashed, "SELECT account, kind, value FROM identifiers ORDER BY ALL")
    text = "account,kind,value\n" + "".join(",".join(row) + "\n" for row in exported)
    assert "0 identifiers accepted, 6 already there" in loaded(hashed, "identifiers", text).stderr
    file = hashed.parent / "gone.csv"
    file.write_text("account,kind,value\nann,device,d1\n")
    ran = run("withdraw", file, "--table", "identifiers", "--reason", "x", "-w", hashed)
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", hashed).code == 0
    left = asked(hashed, "SELECT account FROM identifiers WHERE kind = 'device' ORDER BY ALL")
    assert left == [("bob",), ("cat",), ("dan",)]


def test_asking_by_the_value_itself(hashed: Path) -> None:
    ran = run("explain", "ann", "--without", "device:d2", "--json", "-w", hashed)
    assert ran.code == 0, ran.stderr
    ran = run("explain", "ann", "--without", "device:d3", "--json", "-w", hashed)
    assert (ran.code, "nothing of the generation is that" in ran.stderr) == (2, True)


def test_the_setting_cannot_change_under_what_is_stored(hashed: Path, tmp_path: Path) -> None:
    settings = hashed / "regift.toml"
    settings.write_text(settings.read_text().replace('"hash"', '"plain"'))
    ran = loaded(hashed, "identifiers", "account,kind,value\neve,device,d7\n")
    assert (ran.code, "was stored as 'hash'" in ran.line) == (2, True)
    settings.write_text(settings.read_text().replace('"plain"', '"sha1"'))
    ran = run("config", "show", "-w", hashed)
    assert (ran.code, "store: 'sha1' is none of plain, hash" in ran.line) == (2, True)
    other = tmp_path / "other"
    assert loaded(other, "identifiers", IDENTIFIERS).code == 0
    with (other / "regift.toml").open("a") as file:
        file.write(SETTING)
    ran = loaded(other, "identifiers", IDENTIFIERS)
    assert (ran.code, "L000001 was stored as 'plain'" in ran.line) == (2, True)


def test_without_the_key_nothing_is_loaded_under_a_new_one(hashed: Path) -> None:
    (hashed / "key").unlink()
    ran = loaded(hashed, "identifiers", IDENTIFIERS)
    assert (ran.code, "key is missing: restore it from a backup" in ran.line) == (1, True)

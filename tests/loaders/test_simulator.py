"""The simulator's contract: the same bytes, files that fit the tables, one innocent world."""

import dataclasses
import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest
from simulated import Written

from regift.loaders.errors import UsageError
from regift.loaders.simulator import evaluation_ranges, ranges, simulate
from regift.loaders.tables import TABLES

FROZEN = "deee6635df2a4011"
FILES = sorted([*(f"{table}.csv" for table in TABLES), "truth.json"])
PATTERNS = {
    "id": r"[0-9a-f]{12}",
    "text": r"\S.*",
    "enum": r"[a-z_]+",
    "currency": r"CNY",
    "integer": r"-?\d+",
    "number": r"\d+\.\d\d",
    "time": r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00",
    "money": r"\d+\.\d\d",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Written:
    directory = tmp_path_factory.mktemp("world")
    simulate(directory, seed=11, scale="small")
    return Written(directory)


@pytest.fixture(scope="module")
def innocent(tmp_path_factory: pytest.TempPathFactory) -> Written:
    directory = tmp_path_factory.mktemp("innocent")
    simulate(directory, seed=11, scale="small", plant=False)
    return Written(directory)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_ranges_are_frozen() -> None:
    """A change here makes results incomparable with earlier ones: decide it, then pin it anew."""
    values = {
        f"{module.__name__} {name}": value
        for module in (ranges, evaluation_ranges)
        for name, value in vars(module).items()
        if name.isupper()
    }
    assert len(values) >= 150
    assert hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16] == FROZEN


def test_same_seed_same_bytes(world: Written, tmp_path: Path) -> None:
    simulate(tmp_path / "again", seed=11, scale="small")
    simulate(tmp_path / "other", seed=12, scale="small")
    first, again = contents(world.directory), contents(tmp_path / "again")
    assert sorted(first) == FILES
    assert first == again
    assert all(first[name] != data for name, data in contents(tmp_path / "other").items())


@pytest.mark.parametrize("name", list(TABLES))
def test_every_file_fits_its_table(world: Written, name: str) -> None:
    """Columns, required cells, the text of every type, the words of lists, unique keys."""
    rows, table = world.tables[name], TABLES[name]
    assert list(rows.columns) == [c.name for c in table.columns if c.name in rows.columns]
    for column in table.columns:
        if column.name not in rows.columns:
            assert not column.required
            continue
        cells = rows[column.name]
        # Codes and origins of labels are words; all other ids are random-looking.
        pattern = PATTERNS["enum" if column.name in ("code", "origin") else column.type]
        assert not (column.required and cells.isna().any())
        assert cells.dropna().str.fullmatch(pattern).all()
        if column.values:
            assert set(cells.dropna()) <= set(column.values)
    assert not rows.duplicated(list(table.key)).any()
    for column in ("price", "amount"):
        if column in rows.columns:
            assert (rows[column].isna() == rows["currency"].isna()).all()
            assert (rows[column].dropna().astype(float) > 0).all()


def test_files_refer_to_what_exists(world: Written) -> None:
    tables = world.tables
    accounts, items = set(tables["accounts"]["account"]), set(tables["items"]["item"])
    for name in ("gifts", "transfers"):
        rows = tables[name]
        assert set(rows["source"]) | set(rows["target"]) <= accounts
        assert set(rows["refers_to"].dropna()) <= set(rows["record_id"])
        assert (rows["source"] != rows["target"]).all()
    assert set(tables["gifts"]["item"]) == items
    assert set(tables["items"]["issuer"]) <= accounts
    for name in ("identifiers", "certificates", "labels"):
        assert set(tables[name]["account"]) <= accounts


def test_truth_refers_to_what_exists(world: Written) -> None:
    truth, tables = world.truth, world.tables
    assert {key: truth[key] for key in ("seed", "scale", "clock", "split")} == {
        "seed": 11,
        "scale": "small",
        "clock": "1s",
        "split": "development",
    }
    accounts, items = set(tables["accounts"]["account"]), set(tables["items"]["item"])
    records = set(tables["gifts"]["record_id"]) | set(tables["transfers"]["record_id"])
    for side in ("planted", "innocent"):
        groups = truth[side]
        assert [g["id"] for g in groups] == sorted({g["id"] for g in groups})
        for group in groups:
            assert {a["account"] for a in group["accounts"]} <= accounts
            assert group["accounts"]
            assert set(group["records"]) <= records
            assert set(group["items"]) <= items
    innocent = {r for group in truth["innocent"] for r in group["records"]}
    assert not innocent & world.planted_records
    without = {"merchant", "household_device"}
    assert {g["kind"] for g in truth["innocent"]} == {*ranges.INNOCENT, *without}
    assert all(bool(g["records"]) != (g["kind"] in without) for g in truth["innocent"])


def test_planting_only_adds(world: Written, innocent: Written) -> None:
    """Without planting every row is there, letter for letter, and the same groups are innocent."""
    assert innocent.truth["planted"] == []
    assert innocent.truth["innocent"] == world.truth["innocent"]
    for name in TABLES:
        with_plants = set(world.tables[name].fillna("").itertuples(index=False, name=None))
        without = set(innocent.tables[name].fillna("").itertuples(index=False, name=None))
        assert without <= with_plants
        grew = name in ("gifts", "transfers", "items", "identifiers", "certificates")
        assert (len(with_plants) > len(without)) == grew or name == "labels"


def test_records_are_in_time_order_over_all_kinds(world: Written) -> None:
    for name in ("gifts", "transfers"):
        assert world.tables[name]["at"].is_monotonic_increasing
    for name in ("accounts", "items"):
        assert world.tables[name].iloc[:, 0].is_monotonic_increasing


def test_nights_are_quiet_and_days_are_within_the_world(world: Written) -> None:
    at = pd.to_datetime(world.tables["transfers"]["at"])
    at_night = at.dt.hour.isin([2, 3, 4]).mean()
    at_noon = at.dt.hour.isin([11, 12, 20]).mean()
    assert at_night < 0.01
    assert at_noon > 0.18
    assert at.min() >= pd.Timestamp("2026-04-06T00:00:00+08:00")
    assert at.max() < pd.Timestamp("2026-06-29T00:00:00+08:00")


def test_activity_is_uneven(world: Written) -> None:
    """A tenth of the people make more than a quarter of the payments."""
    made = world.tables["transfers"]["source"].value_counts()
    assert made.iloc[: len(made) // 10].sum() > 0.25 * made.sum()


def test_the_summary_counts_what_was_written(tmp_path: Path) -> None:
    made = simulate(tmp_path, seed=3, scale="small")
    written = Written(tmp_path)
    assert made.rows == {name: len(rows) for name, rows in written.tables.items()}
    assert sum(made.planted.values()) == len(written.truth["planted"])
    assert made.planted["money_cycle"] == 14
    assert sum(made.innocent.values()) == len(written.truth["innocent"])
    assert dataclasses.asdict(made)["directory"] == tmp_path


def test_unknown_scale_and_negative_seed_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape("no scale 'huge': choose one of small")):
        simulate(tmp_path, seed=1, scale="huge")
    with pytest.raises(UsageError, match="no split 'test': choose one of development, evaluation"):
        simulate(tmp_path, seed=1, scale="small", split="test")
    with pytest.raises(UsageError, match="must not be negative"):
        simulate(tmp_path, seed=-1, scale="small")
    assert list(tmp_path.iterdir()) == []

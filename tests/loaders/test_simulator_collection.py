"""The simulated history of one collection: its files, and levels that the ledger agrees on."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from collection_world import ALIASES, ITEMS, simulate_collection

from regift.graph.snapshot import Settings, snapshot_from_rows
from regift.loaders.errors import UsageError


def stored(directory: Path, name: str) -> list[dict[str, object]]:
    """Rows of a file as the store has them; times and money are numbers."""
    rows = pd.read_csv(directory / f"{name}.csv", dtype="str")
    if "at" in rows:
        at = pd.to_datetime(rows.pop("at"), utc=True)
        rows["at_us"] = at.dt.as_unit("us").astype("int64")
        rows["price_minor"] = rows.pop("price").astype(float).mul(100).round().astype("Int64")
    whole = rows.astype(object).where(rows.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in whole.to_dict("records")]


def test_same_seed_same_bytes_and_rows_as_said(tmp_path: Path) -> None:
    digests = []
    for folder in ("one", "two"):
        rows = simulate_collection(tmp_path / folder, seed=5)
        files = sorted((tmp_path / folder).iterdir())
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1]
    assert len(digests[0]) == 5
    assert rows["items"] == ITEMS
    assert rows["identifiers"] == 2 * ALIASES
    assert rows["gifts"] == len(pd.read_csv(tmp_path / "one" / "gifts.csv"))
    with pytest.raises(UsageError, match="negative"):
        simulate_collection(tmp_path, seed=-1)


def test_days_only_and_every_kind_of_hop(tmp_path: Path) -> None:
    simulate_collection(tmp_path, seed=6)
    gifts = pd.read_csv(tmp_path / "gifts.csv", dtype="str")
    assert gifts["at"].str.endswith("T00:00:00+08:00").all()
    counts = gifts["kind"].value_counts()
    assert counts["issue"] == ITEMS
    assert counts["gift"] > 1000
    assert counts["sale"] > 1000
    assert counts["return"] > 50
    assert (gifts["price"].notna() == (gifts["kind"] == "sale")).all()
    assert gifts.duplicated(["item", "at"]).sum() > 100


@pytest.mark.parametrize("seed", [7, 8])
def test_the_ledger_finds_the_levels_of_the_truth(tmp_path: Path, seed: int) -> None:
    """Also where several hops fall on one day and only custody orders them."""
    simulate_collection(tmp_path, seed=seed)
    truth = pd.read_json(tmp_path / "truth.json", typ="series")["levels"]
    rows = {name: stored(tmp_path, name) for name in ("gifts", "items", "accounts", "identifiers")}
    settings = Settings(clock_unit_us=86_400_000_000, return_window_us=0)
    with snapshot_from_rows(rows, settings) as graph:
        found = dict(graph.con.sql("SELECT record_id, level FROM custody").fetchall())
        gaps = graph.con.sql("SELECT count(*) FROM custody WHERE gap IS NOT NULL").fetchall()
    assert gaps == [(0,)]
    assert found == truth
    assert max(truth.values()) >= 7

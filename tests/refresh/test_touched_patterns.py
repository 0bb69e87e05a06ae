"""Patterns of flow after late, withdrawn and corrected payments: searched where touched, as full.

Rings, fans and splits repeat over four months, in episodes that late payments join and withdrawn
ones part; some payments lie exactly one window from others, or share their time.
"""

import csv
import random
from pathlib import Path

import pytest
from generations import tables_of

from regift.graph.staging import LoadRequest, stage
from regift.graph.store import Manifest
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh

SETTINGS = """
[typology.common_exit]
min_outs = 1
min_accounts = 1
share = "0.5"
[typology.common_funder]
min_accounts = 1
[typology.lockstep]
min_matches = 1
min_accounts = 2
jaccard = "0.2"
[typology.same_amount]
min_accounts = 2
common = "1"
[typology.unusual_amount]
deviations = 3
common = "1"
[typology.one_off_payment]
common = "0.01"
[typology.scatter_gather]
min_accounts = 2
"""
HOURS = 24 * 120
WINDOW = 72

Row = dict[str, str]


def _moment(hour: int) -> str:
    months = (31, 28, 31, 30)
    day, month = hour // 24, 0
    while month < 3 and day >= months[month]:
        day, month = day - months[month], month + 1
    return f"2026-{month + 1:02}-{day + 1:02}T{hour % 24:02}:00:00Z"


class World:
    """Payments that are made, and files of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.workspace = Workspace.create(folder / "w")
        self.workspace.settings_file.write_text(SETTINGS)
        self.made: list[Row] = []
        self.files = 0

    def pay(self, hour: int, source: str, target: str, amount: str = "100.00") -> Row:
        row = {
            "record_id": f"t{len(self.made):04}", "at": _moment(hour % HOURS), "source": source,
            "target": target, "amount": amount, "currency": "CNY", "kind": "payment",
        }  # fmt: skip
        self.made.append(row)
        return row

    def ring(self, hour: int) -> list[Row]:
        who = self.chance.choice((("a", "b"), ("a", "b", "c"), ("d", "e", "f")))
        steps = zip(who, (*who[1:], who[0]), strict=True)
        return [self.pay(hour + n, x, y) for n, (x, y) in enumerate(steps)]

    def split(self, hour: int) -> list[Row]:
        u, w = self.chance.choice((("u", "w"), ("a", "w")))
        relays = self.chance.sample(("j", "k", "l", "m"), self.chance.choice((2, 3)))
        out = [self.pay(hour, u, j, "50.00") for j in relays]
        return out + [self.pay(hour + self.chance.choice((1, 5)), j, w, "48.00") for j in relays]

    def any(self, hour: int) -> list[Row]:
        x, y = self.chance.sample("abcdefghjkluw", 2)
        return [self.pay(hour, x, y, self.chance.choice(("7.00", "7.77", "100.00", "900.00")))]

    def load(self, rows: list[Row], action: str = "load") -> None:
        self.files += 1
        path = self.folder / f"{self.files}.csv"
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        reason = None if action == "load" else "test"
        stage(
            self.workspace,
            LoadRequest(
                sources=(str(path),), table="transfers", options=ReadOptions(), action=action,
                reason=reason,
            ),
        )  # fmt: skip

    def refreshed(self) -> Manifest:
        """The manifest of a refresh, when it has left what a full one leaves."""
        manifest = refresh(self.workspace).manifest
        found = tables_of(self.workspace)
        before = self.workspace.current.readlink()
        refresh(self.workspace, full=True)
        wanted = tables_of(self.workspace)
        self.workspace.current.unlink()
        self.workspace.current.symlink_to(before)
        for table, rows in wanted.items():
            assert found[table] == rows, table
        return manifest


@pytest.mark.parametrize("seed", range(2))
def test_late_withdrawn_and_corrected_payments(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    for hour in range(0, HOURS - 24, 31):
        (world.ring, world.split, world.any, world.any)[hour // 31 % 4](hour)
    world.load(world.made)
    first = world.refreshed()
    found = {ran["typology"] for ran in first.run["typologies"] if ran["findings"]}
    patterns = {"money_cycle", "scatter_gather", "same_amount", "common_exit", "unusual_amount"}
    assert patterns <= found
    modes: dict[str, set[str]] = {}
    for _ in range(3):
        hour = world.chance.randrange(WINDOW, HOURS - WINDOW)
        near = world.chance.choice((0, WINDOW, -WINDOW, 1))
        make = world.chance.choice((world.ring, world.split, world.any))
        world.load(make(hour) + world.any(hour + near))
        gone = world.chance.choice(world.made[:-10])
        how = world.chance.choice(("withdraw", "replace"))
        world.load([{**gone, "amount": "99.00"}], how)
        for ran in world.refreshed().run["typologies"]:
            modes.setdefault(ran["typology"], set()).add(ran["mode"])
    for name in (*patterns, "lockstep", "common_funder"):
        assert "touched" in modes[name], name

"""What checks of simulated worlds look things up in: moves, items, identifiers, by the files."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from simulated import Written

HOUR = 3600
DAY = 24 * HOUR
Group = dict[str, Any]


@dataclass(frozen=True)
class Move:
    """One record of either table; money in minor units."""

    record: str
    at: int
    source: str
    target: str
    kind: str
    channel: str
    item: str
    money: int


class Facts:
    """What the checks look things up in."""

    def __init__(self, world: Written) -> None:
        self.truth = world.truth
        self.tables = world.tables
        self.moves: dict[str, Move] = {}
        self.of_item: dict[str, list[Move]] = {}
        self.transfers_of: dict[str, list[Move]] = {}
        for table in ("gifts", "transfers"):
            for move in self._moves(world.tables[table]):
                self.moves[move.record] = move
                if table == "gifts":
                    self.of_item.setdefault(move.item, []).append(move)
                else:
                    self.transfers_of.setdefault(move.source, []).append(move)
                    self.transfers_of.setdefault(move.target, []).append(move)
        items = world.tables["items"]
        self.issuer = dict(zip(items["item"], items["issuer"], strict=True))
        self.collection = dict(zip(items["item"], items["collection"], strict=True))
        self.price = dict(zip(items["item"], self._minor(items["price"]), strict=True))
        accounts = world.tables["accounts"]
        self.kind = dict(zip(accounts["account"], accounts["kind"], strict=True))
        self.values: dict[str, set[tuple[str, str]]] = {}
        strong = world.tables["identifiers"].query("kind in ['phone', 'device', 'payment_card']")
        for row in strong.itertuples():
            self.values.setdefault(row.account, set()).add((row.kind, row.value))
        self.certificates = world.tables["certificates"]

    def _minor(self, money: pd.Series) -> list[int]:
        return money.astype(float).fillna(-0.01).mul(100).round().astype(int).tolist()

    def _moves(self, rows: pd.DataFrame) -> list[Move]:
        at = pd.to_datetime(rows["at"], utc=True).dt.as_unit("s").astype("int64")
        item = rows["item"] if "item" in rows else rows["kind"]
        money = self._minor(rows["price" if "price" in rows else "amount"])
        columns = [rows[c].fillna("") for c in ("source", "target", "kind", "channel")]
        return [
            Move(*cells) for cells in zip(rows["record_id"], at, *columns, item, money, strict=True)
        ]

    def records(self, group: Group) -> list[Move]:
        """The instance's records in time order."""
        return sorted((self.moves[r] for r in group["records"]), key=lambda m: (m.at, m.record))

    def one_person(self, a: str, b: str) -> bool:
        """One account, or two that share identifiers of two kinds."""
        shared = self.values[a] & self.values[b]
        return a == b or len({kind for kind, _ in shared}) >= 2

    def level_before(self, first: Move) -> int:
        """Hops of the item by users before this one; the first is the issuer's."""
        before = [m for m in self.of_item[first.item] if m.at < first.at]
        assert before[0].source == self.issuer[first.item]
        assert before[-1].target == first.source
        return len(before) - 1

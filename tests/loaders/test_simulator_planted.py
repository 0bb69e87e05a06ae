"""Every planted instance fulfils its own definition, checked on the written files alone.

The checks are the shortest restatements of DEFINITIONS D-2 and D-5 to D-9 that suffice for one
instance; they use neither the searches nor the simulator's arrays.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from simulated import Written

from regift.loaders.simulator import simulate

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


@pytest.fixture(scope="module", params=[("small", 1), ("small", 2), ("medium", 3)])
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    scale, seed = request.param
    directory: Path = tmp_path_factory.mktemp(f"{scale}{seed}")
    simulate(directory, seed=seed, scale=scale)
    return Facts(Written(directory))


def head_to_tail(moves: list[Move]) -> None:
    """Each record begins where and after the one before ended."""
    for one, two in itertools.pairwise(moves):
        assert one.target == two.source
        assert one.at < two.at


def multi_level_gift(facts: Facts, group: Group) -> None:
    moves = [m for m in facts.records(group) if m.kind == "gift"]
    head_to_tail(moves)
    assert facts.level_before(moves[0]) == 0
    hops = [m for m in moves if not facts.one_person(m.source, m.target)]
    variant = group["variant"].split("_")
    assert len(hops) == (2 if variant[0] == "behind" else int(variant[1]))
    assert len({m.item for m in moves}) == 1
    if "relay_gifting" in group["also"]:
        gaps = [two.at - one.at for one, two in itertools.pairwise(moves)]
        assert max(gaps) <= DAY
        assert len(moves) >= 3


def second_level_sale(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    head_to_tail(moves)
    assert facts.level_before(moves[0]) == 0
    assert moves[-1].kind == "sale"
    assert moves[-1].money > 0
    assert all(m.source != facts.issuer[m.item] for m in moves)


def closed_channel_sale(facts: Facts, group: Group) -> None:
    for move in facts.records(group):
        assert move.kind == "sale" or facts.level_before(move) == 0
        assert move.money > 0
        where = move.channel or facts.kind[move.source]
        assert where == "mini_program"
        if group["variant"] == "issuer_sale":
            assert move.source == facts.issuer[move.item]


def paid_gift(facts: Facts, group: Group) -> None:
    (gift,) = [m for m in facts.records(group) if m.kind == "gift"]
    paid = [m for m in facts.records(group) if m.kind != "gift"]
    assert facts.level_before(gift) == 0
    assert all(abs(m.at - gift.at) <= 3 * DAY for m in paid)
    assert not facts.one_person(gift.source, gift.target)
    reference = gift.money if gift.money > 0 else facts.price[gift.item]
    variant = group["variant"]
    if variant == "no_price":
        assert reference < 0
        peers = [i for i, c in facts.collection.items() if c == facts.collection[gift.item]]
        assert all(m.kind != "sale" for item in peers for m in facts.of_item[item])
        assert paid[0].money >= 1_000
    elif variant != "routed":
        assert reference <= 2 * sum(m.money for m in paid) <= 4 * reference
    if variant == "split":
        assert 2 <= len(paid) <= 10
        assert all(2 * m.money < reference for m in paid)
    else:
        assert len(paid) == (2 if variant == "routed" else 1)
    if variant == "routed":
        head_to_tail(paid)
        assert 8_000 * paid[0].money <= 10_000 * paid[1].money <= 10_000 * paid[0].money
    assert paid[0].source == gift.target
    if variant == "linked_account":
        assert paid[0].target != gift.source
        assert facts.values[paid[0].target] & facts.values[gift.source]
    else:
        assert paid[-1].target == gift.source


def closed_circulation(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    head_to_tail(moves)
    assert facts.level_before(moves[0]) == 0
    assert facts.one_person(moves[0].source, moves[-1].target)
    assert len({m.target for m in moves}) == len(moves) >= 3
    assert {m.kind for m in moves} == ({"sale"} if "sale" in group["variant"] else {"gift"})


def money_cycle(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    head_to_tail(moves)
    assert moves[-1].target == moves[0].source
    assert len({m.source for m in moves}) == len(moves) == int(group["variant"].split("_")[1])
    assert moves[-1].at - moves[0].at <= 3 * DAY
    money = [m.money for m in moves]
    assert 10_000 * min(money) >= 5_000 * max(money)


def pass_through(facts: Facts, group: Group) -> None:
    """FIFO over everything the relay did, its own life included (D-7)."""
    (relay,) = [a["account"] for a in group["accounts"] if a["role"] == "relay"]
    refunded = {m.record for m in facts.transfers_of[relay] if m.kind in ("refund", "fee")}
    lots: list[list[Any]] = []
    events = []
    for move in sorted(facts.transfers_of[relay], key=lambda m: (m.at, m.record)):
        if move.record in refunded:
            continue
        if move.target == relay:
            lots.append([move, move.money, 0])
            continue
        left = move.money
        lots = [lot for lot in lots if move.at - lot[0].at <= DAY and lot[1] > 0]
        for lot in lots:
            taken = min(left, lot[1])
            left -= taken
            lot[1] -= taken
            lot[2] += taken if move.target != lot[0].source else 0
            if taken and 10_000 * lot[2] >= 9_000 * lot[0].money:
                events.append(lot[0])
    ours = [m for m in dict.fromkeys(events) if m.record in set(group["records"])]
    assert len(ours) >= 3
    gaps = [two.at - one.at for one, two in itertools.pairwise(ours)]
    assert max(gaps) <= 7 * DAY


def layering_path(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    head_to_tail(moves)
    assert len(moves) == int(group["variant"].split("_")[1]) >= 4
    assert len({m.source for m in moves} | {moves[-1].target}) == len(moves) + 1
    for one, two in itertools.pairwise(moves):
        assert two.at - one.at <= DAY
        assert 9_000 * one.money <= 10_000 * two.money <= 11_000 * one.money


def scatter_gather(facts: Facts, group: Group) -> None:
    role = {a["account"]: a["role"] for a in group["accounts"]}
    moves = facts.records(group)
    out = {m.target: m for m in moves if role[m.source] == "source"}
    back = {m.source: m for m in moves if role[m.target] == "sink"}
    assert set(out) == set(back)
    assert len(out) == int(group["variant"].split("_")[1]) >= 3
    assert moves[-1].at - moves[0].at <= 5 * DAY
    for account in out:
        assert out[account].at < back[account].at
        assert 9_000 * out[account].money <= 10_000 * back[account].money


def uncertified_issue(facts: Facts, group: Group) -> None:
    (issuer,) = [a["account"] for a in group["accounts"]]
    assert facts.kind[issuer] == "official_account"
    own = facts.certificates[facts.certificates["account"] == issuer]
    assert len(own) == (0 if group["variant"] == "no_certificate" else 1)
    for move in facts.records(group):
        assert (move.source, move.kind) == (issuer, "sale")
        assert facts.issuer[move.item] == issuer
        for row in own.itertuples():
            begin, end = (pd.Timestamp(t).timestamp() for t in (row.valid_from, row.valid_to))
            assert not begin <= move.at < end
            assert (end <= move.at) == (group["variant"] == "expired")


CHECKS: dict[str, Callable[[Facts, Group], None]] = {
    "closed_channel_sale": closed_channel_sale,
    "closed_circulation": closed_circulation,
    "layering_path": layering_path,
    "money_cycle": money_cycle,
    "multi_level_gift": multi_level_gift,
    "paid_gift": paid_gift,
    "pass_through": pass_through,
    "scatter_gather": scatter_gather,
    "second_level_sale": second_level_sale,
    "uncertified_issue": uncertified_issue,
}


@pytest.mark.parametrize("typology", sorted(CHECKS))
def test_every_instance_fulfils_its_definition(facts: Facts, typology: str) -> None:
    groups = [g for g in facts.truth["planted"] if g["typology"] == typology]
    assert len(groups) >= 3
    for group in groups:
        CHECKS[typology](facts, group)


def test_every_planted_typology_has_a_check(facts: Facts) -> None:
    assert {g["typology"] for g in facts.truth["planted"]} == set(CHECKS)


def test_instances_share_no_account_and_no_record(facts: Facts) -> None:
    groups = facts.truth["planted"]
    accounts = [a for g in groups for a in {a["account"] for a in g["accounts"]}]
    records = [r for g in groups for r in g["records"]]
    assert len(accounts) == len(set(accounts))
    assert len(records) == len(set(records))


def test_planted_accounts_live_on_besides(facts: Facts) -> None:
    """Most actors that are people also have records that belong to no planted instance."""
    planted = {r for g in facts.truth["planted"] for r in g["records"]}
    actors = {a["account"] for g in facts.truth["planted"] for a in g["accounts"]}
    people = {a for a in actors if facts.kind[a] == "personal"}
    living = {m.source for m in facts.moves.values() if m.record not in planted}
    assert 100 * len(people & living) >= 95 * len(people)

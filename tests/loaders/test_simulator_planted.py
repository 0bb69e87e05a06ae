"""Every planted instance fulfils its own definition, checked on the written files alone.

The checks are the shortest restatements of DEFINITIONS D-2 and D-5 to D-9 that suffice for one
instance; they use neither the searches nor the simulator's arrays.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import simulated_checks as checks
from simulated import Written
from simulated_checks import of_role
from simulated_facts import DAY, Facts, Group, Move

from regift.loaders.simulator import simulate

WORLDS = (
    ("small", 1, "development"),
    ("medium", 3, "development"),
    ("small", 4, "evaluation"),
    ("medium", 5, "evaluation"),
)


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"{world[2]}-{world[0]}")
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    scale, seed, split = request.param
    directory: Path = tmp_path_factory.mktemp(f"{scale}{seed}")
    simulate(directory, seed=seed, scale=scale, split=split)
    return Facts(Written(directory))


def whole(facts: Facts) -> list[Group]:
    """Instances all of whose records are in the files, inside the bounds of their searches."""
    return [g for g in facts.truth["planted"] if not g["missing"] and not g["beyond"]]


def head_to_tail(moves: list[Move]) -> None:
    """Each record begins where and after the one before ended."""
    for one, two in itertools.pairwise(moves):
        assert one.target == two.source
        assert one.at < two.at


def multi_level_gift(facts: Facts, group: Group) -> None:
    if group["variant"] == "taken_over":
        stolen(facts, group)
        return
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


def stolen(facts: Facts, group: Group) -> None:
    """Two items, each given by who was taken over and passed on by who got it."""
    moves = facts.records(group)
    items = {m.item for m in moves}
    assert len(items) == 2
    for item in items:
        one, two = (m for m in moves if m.item == item)
        head_to_tail([one, two])
        assert facts.level_before(one) == 0
        assert [one.source] == of_role(group, "taken_over")


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
    members = {a["account"] for a in group["accounts"]}
    runs = [moves[i : i + len(members)] for i in range(0, len(moves), len(members))]
    assert len(moves) == len(runs) * len(members)
    assert (len(runs) >= 2) == (group["variant"] == "repeated")
    for run in runs:
        head_to_tail(run)
        assert run[-1].target == run[0].source
        assert {m.source for m in run} == members
        assert run[-1].at - run[0].at <= 3 * DAY
        money = [m.money for m in run]
        assert 10_000 * min(money) >= 5_000 * max(money)
    if group["variant"].startswith("length"):
        assert len(members) == int(group["variant"].split("_")[1]) <= 6
    if group["variant"] == "shared_device":
        kinds = [{v for v in facts.values[m] if v[0] == "device"} for m in sorted(members)]
        assert set.intersection(*kinds)


def pass_through(facts: Facts, group: Group) -> None:
    """FIFO over everything the relay did, its own life included (D-7)."""
    (relay,) = of_role(group, "relay", "taken_over")
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
    assert len(moves) >= 4
    assert group["variant"] in (f"edges_{len(moves)}", "leak", "slow")
    assert len({m.source for m in moves} | {moves[-1].target}) == len(moves) + 1
    for one, two in itertools.pairwise(moves):
        assert two.at - one.at <= 2 * DAY
        assert 8_000 * one.money <= 10_000 * two.money <= 12_500 * one.money


def scatter_gather(facts: Facts, group: Group) -> None:
    role = {a["account"]: a["role"] for a in group["accounts"]}
    moves = facts.records(group)
    out = {m.target: m for m in moves if role[m.source] == "source"}
    back = {m.source: m for m in moves if role[m.target] == "sink"}
    assert set(out) == set(back)
    assert len(out) >= 3
    assert group["variant"] in (f"width_{len(out)}", "leak")
    assert moves[-1].at - moves[0].at <= 5 * DAY
    for account in out:
        assert out[account].at < back[account].at
        assert 7_000 * out[account].money <= 10_000 * back[account].money


CHECKS: dict[str, Callable[[Facts, Group], None]] = {
    "back_and_forth": checks.back_and_forth,
    "biclique": checks.biclique,
    "closed_channel_sale": closed_channel_sale,
    "closed_circulation": closed_circulation,
    "commission_peak": checks.commission_peak,
    "common_exit": checks.common_exit,
    "common_funder": checks.common_funder,
    "custody_gap": checks.custody_gap,
    "escrow_broker": checks.escrow_broker,
    "evasion": checks.evasion,
    "fan_in": checks.fan,
    "fan_out": checks.fan,
    "gather_scatter": checks.gather_scatter,
    "issuance_shape": checks.issuance_shape,
    "layering_path": layering_path,
    "lockstep": checks.lockstep,
    "money_cycle": money_cycle,
    "multi_level_gift": multi_level_gift,
    "paid_gift": paid_gift,
    "pass_through": pass_through,
    "peel_chain": checks.peel_chain,
    "repeated_acquisition": checks.repeated_acquisition,
    "scatter_gather": scatter_gather,
    "second_level_sale": second_level_sale,
    "shared_controller": checks.shared_controller,
    "structuring": checks.structuring,
    "uncertified_issue": checks.uncertified_issue,
    "zero_risk_ring": checks.zero_risk_ring,
}


@pytest.mark.parametrize("typology", sorted(CHECKS))
def test_every_instance_fulfils_its_definition(facts: Facts, typology: str) -> None:
    assert any(g["typology"] == typology for g in facts.truth["planted"])
    for group in whole(facts):
        if group["typology"] == typology:
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

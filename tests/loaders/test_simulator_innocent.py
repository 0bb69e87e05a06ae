"""Innocent look-alikes do what they are called, by the written files: each kind by its own mark."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from simulated import Written
from simulated_checks import of_role, span
from simulated_facts import DAY, Facts, Group

from regift.loaders.simulator import ranges, simulate

LINE = ranges.LINE_MINOR


@pytest.fixture(scope="module", params=["development", "evaluation"])
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    directory: Path = tmp_path_factory.mktemp(request.param)
    simulate(directory, seed=31, scale="small", split=request.param)
    return Facts(Written(directory))


def pooled_present(facts: Facts, group: Group) -> None:
    (head,) = of_role(group, "organiser")
    moves = facts.records(group)
    parts = [m for m in moves if m.target == head]
    (gift,) = [m for m in moves if m.kind == "gift"]
    assert len({m.money for m in parts}) == 1
    assert gift.source == head
    assert facts.level_before(gift) == 0
    assert all(m.at < gift.at for m in parts)


def street_vendor(facts: Facts, group: Group) -> None:
    (vendor,) = of_role(group, "vendor")
    ins = [m for m in facts.records(group) if m.target == vendor]
    assert facts.kind[vendor] == "personal"
    assert len({m.source for m in ins}) >= 35


def rotating_savings(facts: Facts, group: Group) -> None:
    """Everybody pays everybody else once, so nobody gains."""
    members = of_role(group, "member")
    moves = facts.records(group)
    pairs = sorted((m.source, m.target) for m in moves)
    assert pairs == sorted(itertools.permutations(members, 2))
    assert len({m.money for m in moves}) == 1


def purchasing_agent(facts: Facts, group: Group) -> None:
    """Orders come in and go out at one rate, at a shop that is always the same."""
    (agent,) = of_role(group, "agent")
    came = [m for m in facts.records(group) if m.target == agent]
    left = [m for m in facts.records(group) if m.source == agent]
    assert len(came) == len(left) >= ranges.AGENT_ORDERS[0]
    assert len({m.target for m in left}) == 1
    kept = 1 - sum(m.money for m in left) / sum(m.money for m in came)
    assert ranges.AGENT_KEEPS[0] * 0.9 < kept < ranges.AGENT_KEEPS[1] * 1.1


def class_fee(facts: Facts, group: Group) -> None:
    (teacher,) = of_role(group, "teacher")
    fees = [m for m in facts.records(group) if m.target == teacher]
    (outing,) = [m for m in facts.records(group) if m.source == teacher]
    assert len({m.source for m in fees}) >= 12
    assert len({m.money for m in fees}) == 1
    assert outing.money == sum(m.money for m in fees)
    assert facts.kind[outing.target] == "merchant"


def pocket_money(facts: Facts, group: Group) -> None:
    (parent,) = of_role(group, "parent")
    moves = facts.records(group)
    children = {m.target for m in moves}
    assert {m.source for m in moves} == {parent}
    assert len({m.money for m in moves}) == 1
    assert len(moves) == len(children) * (ranges.DAYS // 7)


def large_purchase(facts: Facts, group: Group) -> None:
    one, two, three = facts.records(group)
    assert len({(m.source, m.target) for m in (one, two, three)}) == 1
    assert span([one, two, three]) <= 7 * DAY
    assert one.money < two.money


def landlord(facts: Facts, group: Group) -> None:
    (owner,) = of_role(group, "landlord")
    moves = facts.records(group)
    assert {m.target for m in moves} == {owner}
    assert len(moves) == len({m.source for m in moves}) * len(ranges.PAY_DAYS)


def weekly_drop(facts: Facts, group: Group) -> None:
    """All of a week within minutes, and the same people in other weeks."""
    moves = facts.records(group)
    weeks = [list(part) for _, part in itertools.groupby(moves, lambda m: m.at // (2 * DAY))]
    assert len({m.target for m in moves}) == 1
    assert len(moves) > len({m.source for m in moves})
    assert len(weeks) >= 3


def burned(facts: Facts, group: Group) -> None:
    (move,) = facts.records(group)
    assert move.kind == "burn"
    assert facts.of_item[move.item][-1] is move
    assert facts.level_before(move) == 0


KINDS: dict[str, Callable[[Facts, Group], None]] = {
    "pooled_present": pooled_present,
    "street_vendor": street_vendor,
    "rotating_savings": rotating_savings,
    "purchasing_agent": purchasing_agent,
    "class_fee": class_fee,
    "pocket_money": pocket_money,
    "large_purchase": large_purchase,
    "landlord": landlord,
    "weekly_drop": weekly_drop,
    "burned": burned,
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_look_alike_does_what_it_is_called(facts: Facts, kind: str) -> None:
    groups = [g for g in facts.truth["innocent"] if g["kind"] == kind]
    expected = facts.truth["parameters"]["innocent"][kind] * 3
    assert len(groups) == expected
    for group in groups:
        KINDS[kind](facts, group)


def test_some_large_purchases_stay_just_below_the_line(facts: Facts) -> None:
    """Or else every amount there would be a planted one."""
    groups = [g for g in facts.truth["innocent"] if g["kind"] == "large_purchase"]
    money = [m.money for g in groups for m in facts.records(g)]
    assert any(0.8 * LINE <= amount < LINE for amount in money)
    assert any(amount >= LINE for amount in money)


def test_households_that_share_a_device_are_marked(facts: Facts) -> None:
    groups = [g for g in facts.truth["innocent"] if g["kind"] == "household_device"]
    assert len(groups) >= 100
    for group in groups:
        family = of_role(group, "family")
        assert group["records"] == []
        assert len(family) >= 2
        devices = [{v for v in facts.values[a] if v[0] == "device"} for a in family]
        assert len(set.intersection(*devices)) >= 1

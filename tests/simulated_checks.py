"""Checks of planted trades, flows and identity patterns: the shortest restatement of D-8 and D-18.

Each takes the facts of a world and one instance, and fails if the instance is not what it says.
"""

import itertools
from collections import Counter

import pandas as pd
from simulated_facts import DAY, HOUR, Facts, Group, Move

FLOWS = ("payment", "red_packet")
LINE = 5_000_000


def of_role(group: Group, *roles: str) -> list[str]:
    """Accounts of these roles."""
    return [a["account"] for a in group["accounts"] if a["role"] in roles]


def span(moves: list[Move]) -> int:
    return max(m.at for m in moves) - min(m.at for m in moves)


def back_and_forth(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    (first, second) = of_role(group, "member")
    assert {(m.source, m.target) for m in moves} == {(first, second), (second, first)}
    assert all(two.at - one.at <= 30 * DAY for one, two in itertools.pairwise(moves))
    if group["variant"] == "pair":
        assert len(moves) >= 4
        assert len({m.item for m in moves}) == len(moves)
        assert all(one.source == two.target for one, two in itertools.pairwise(moves))
        return
    for item in {m.item for m in moves}:
        one, two = (m for m in moves if m.item == item)
        assert (one.source, one.target) == (two.target, two.source)
        assert two.at - one.at > DAY


def repeated_acquisition(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    assert all(one.target == two.source for one, two in itertools.pairwise(moves))
    assert all(two.at - one.at > DAY for one, two in itertools.pairwise(moves))
    (again,) = [a for a, n in Counter(m.target for m in moves).items() if n == 3]
    assert span([m for m in moves if m.target == again]) <= 30 * DAY


def zero_risk_ring(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    assert len(moves) >= 3
    assert len({facts.collection[m.item] for m in moves}) == 1
    assert len({m.at // (7 * DAY) for m in moves}) == 1
    assert Counter(m.source for m in moves) == Counter(m.target for m in moves)
    assert len({m.kind for m in moves}) == 1
    money = [max(m.money, 0) for m in moves]
    assert all(money) == (group["variant"] == "sales")
    for member in of_role(group, "member"):
        got = sum(x for m, x in zip(moves, money, strict=True) if m.source == member)
        paid = sum(x for m, x in zip(moves, money, strict=True) if m.target == member)
        assert 10 * abs(paid - got) * len(moves) <= sum(money)


def escrow_broker(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    gifts = [m for m in moves if m.kind == "gift"]
    money = [m for m in moves if m.kind != "gift"]
    (broker,) = of_role(group, "broker")
    assert span(gifts) <= 7 * DAY
    assert len({m.source for m in gifts} - {broker}) >= 10
    assert len({m.target for m in gifts} - {broker}) >= 10
    for item in {m.item for m in gifts}:
        one, two = (m for m in gifts if m.item == item)
        assert one.target == broker == two.source
        assert one.at < two.at
    assert len(money) == len(gifts)
    for gift in gifts:
        back = [m for m in money if (m.source, m.target) == (gift.target, gift.source)]
        price = facts.price[gift.item]
        assert len(back) == 1
        assert 0 < back[0].at - gift.at <= 3 * DAY
        assert price <= 2 * back[0].money <= 4 * price


def custody_gap(facts: Facts, group: Group) -> None:
    one, two = facts.records(group)
    assert one.item == two.item
    assert one.at < two.at
    earlier = [m for m in facts.of_item[one.item] if m.at < one.at]
    assert [m.target for m in earlier] == [one.source]
    if group["variant"] == "not_holder":
        assert (one.kind, two.kind) == ("gift", "gift")
        assert one.source == two.source
    elif group["variant"] == "double_issue":
        assert (earlier[0].kind, two.kind) == ("issue", "issue")
        assert two.source == facts.issuer[two.item]
    else:
        assert (one.kind, two.kind) == ("burn", "gift")
        assert one.source == two.source


def evasion(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    if group["variant"] == "reissue":
        one, back, again = moves
        issuer = facts.issuer[one.item]
        assert {m.item for m in moves} == {one.item}
        assert facts.level_before(one) == 0
        assert (one.target, back.target, again.source) == (back.source, issuer, issuer)
        assert again.target == back.source
        assert again.at - back.at <= 30 * DAY
        return
    closed, open_ = moves
    assert (closed.source, closed.target) == (open_.source, open_.target)
    assert (closed.kind, open_.kind, closed.channel) == ("sale", "sale", "mini_program")
    assert open_.channel in ("official_account", "personal")
    assert 0 < open_.at - closed.at <= 30 * DAY


def fan(facts: Facts, group: Group) -> None:
    inward = group["typology"] == "fan_in"
    moves = facts.records(group)
    (hub,) = of_role(group, "sink" if inward else "payer")
    assert {m.target if inward else m.source for m in moves} == {hub}
    assert len({m.source if inward else m.target for m in moves}) == len(moves) >= 8
    assert span(moves) <= DAY
    assert (len({m.money for m in moves}) == 1) == (group["variant"] == "equal")


def gather_scatter(facts: Facts, group: Group) -> None:
    (middle,) = of_role(group, "relay")
    ins = [m for m in facts.records(group) if m.target == middle]
    outs = [m for m in facts.records(group) if m.source == middle]
    assert min(len({m.source for m in ins}), len({m.target for m in outs})) >= 3
    assert max(m.at for m in ins) < min(m.at for m in outs)
    assert span(ins + outs) <= 5 * DAY
    whole = sum(m.money for m in ins)
    assert 7 * whole <= 10 * sum(m.money for m in outs) <= 10 * whole


def structuring(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    inward = group["variant"] == "under_in"
    (hub,) = of_role(group, "sink" if inward else "payer")
    assert {m.target if inward else m.source for m in moves} == {hub}
    assert len(moves) >= 3
    assert span(moves) <= 7 * DAY
    assert all(8 * LINE <= 10 * m.money < 10 * LINE for m in moves)
    assert not inward or len({m.source for m in moves}) >= 2


def peel_chain(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    on_chain = set(of_role(group, "relay", "sink"))
    hops = [m for m in moves if m.target in on_chain]
    assert len(hops) == int(group["variant"].split("_")[1]) >= 4
    for came, left in itertools.pairwise(hops):
        x = came.target
        assert left.source == x
        near = [
            m
            for m in facts.transfers_of[x]
            if m.kind in FLOWS and came.at <= m.at <= came.at + 2 * DAY and m is not came
        ]
        assert all(m.source == x for m in near)
        assert 2 <= len(near) <= 4
        assert sum(m.money for m in near) <= came.money
        assert max(near, key=lambda m: m.money) is left
        assert 10 * left.money >= 8 * came.money
        assert {m.target for m in near if m is not left} <= set(of_role(group, "receiver"))


def issuance_shape(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    (hub,) = of_role(group, "organiser")
    joined = {m.source: m.at for m in moves if m.target == hub}
    served = {m.target: m.at for m in moves if m.source == hub}
    assert len(joined) >= 20
    assert span(moves) <= 30 * DAY
    for payer, at in served.items():
        assert any(joined[payer] < other <= at for other in joined.values())
    assert 4 * len(served) >= len(joined)


def biclique(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    sources, targets = of_role(group, "source"), of_role(group, "receiver")
    assert min(len(sources), len(targets)) >= 2
    pairs = sorted((m.source, m.target) for m in moves)
    assert pairs == sorted(itertools.product(sources, targets))
    assert span(moves) <= 20 * DAY


def commission_peak(facts: Facts, group: Group) -> None:
    relays = of_role(group, "relay")
    moves = facts.records(group)
    assert len(relays) >= 20
    bins = []
    for relay in relays:
        came, left = (m for m in moves if relay in (m.source, m.target))
        assert came.target == relay == left.source
        assert 0 < left.at - came.at <= 20 * DAY
        bins.append(2_000 * left.money // came.money)
    assert 10 * Counter(bins).most_common(1)[0][1] >= 9 * len(relays)


def shared_controller(facts: Facts, group: Group) -> None:
    members = of_role(group, "member")
    assert len(members) >= 2
    assert all(facts.one_person(a, b) for a, b in itertools.combinations(members, 2))
    assert {text.split()[0] for text in group["identifiers"]} == set(members)
    moves = facts.records(group)
    assert {m.source for m in moves} | {moves[0].target} == set(members)
    assert {m.target for m in moves} == {moves[0].target}


def lockstep(facts: Facts, group: Group) -> None:
    members = of_role(group, "member")
    assert len(members) >= 4
    acts: dict[str, set[tuple[str, int]]] = {member: set() for member in members}
    for move in facts.moves.values():
        if move.source in acts and move.kind in (*FLOWS, "gift", "sale"):
            acts[move.source].add((move.target, move.at // HOUR))
    for one, two in itertools.combinations(acts.values(), 2):
        assert len(one & two) >= 3
        assert 10 * len(one & two) >= 7 * len(one | two)


def common_funder(facts: Facts, group: Group) -> None:
    moves = facts.records(group)
    (funder,) = of_role(group, "payer")
    assert span(moves) <= 7 * DAY
    assert len({m.target for m in moves}) == len(moves) >= 3
    for entry in moves:
        x = entry.target
        before = [m for m in facts.transfers_of[x] if m.at <= entry.at and m is not entry]
        assert entry.source == funder
        assert all(m.kind in ("fee", "refund") for m in before)


def common_exit(facts: Facts, group: Group) -> None:
    (sink,) = of_role(group, "sink")
    payers = of_role(group, "payer")
    assert len(payers) >= 3
    for payer in payers:
        paid = [
            m
            for m in facts.transfers_of[payer]
            if m.source == payer and m.kind in (*FLOWS, "payout")
        ]
        there = [m for m in paid if m.target == sink]
        assert len(there) >= 2
        assert 10 * sum(m.money for m in there) >= 7 * sum(m.money for m in paid)


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

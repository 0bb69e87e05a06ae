"""D-10 once more: every join of every pass in its order, a union of sets with a guard; roles."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations
from json import loads
from typing import Any

from ledger import TYPOLOGIES, Found, Ledger

from oracles.scores import counts
from regift.ranking.constants import LEADING_ROLES, RING_TYPOLOGIES, ROLE_PERCENT

DAY = 86_400_000_000
Join = tuple[int, str, str]
Case = set[str]


def opens(found: Found) -> bool:
    told = loads(found.detail or "{}")
    rate = Decimal(str(told.get("pair_rate", 0)))
    return not (told.get("tier") == "plain" and rate >= Decimal("0.2"))


def is_fact(found: Found) -> bool:
    if found.typology == "paid_gift":
        return loads(found.detail or "{}").get("tier") == "price"
    return TYPOLOGIES[found.typology].fact


def _earliest(found: Found) -> tuple[int, bytes]:
    return found.first_us, found.id.encode()


class World:
    """The findings that join, and what D-10 asks of them."""

    def __init__(self, ledger: Ledger, gap_us: int, hub: int) -> None:
        self.ledger, self.gap_us = ledger, gap_us
        self.findings = {
            f.id: f for f in ledger.findings if opens(f) and counts(f, ledger.calibration)
        }
        self.records = {f: set(found.records) for f, found in self.findings.items()}
        self.people = {
            f: {ledger.entities.get(a, a) for a, _ in found.subjects}
            for f, found in self.findings.items()
        }
        self.crowded = {
            entity
            for entity in set().union(*self.people.values())
            if sum(entity in each for each in self.people.values()) > hub
        }
        self.quiet = {
            record
            for record in set().union(*self.records.values())
            if sum(record in each for each in self.records.values()) <= hub
        }

    def facts(self) -> Iterator[Join]:
        """Findings on a record on which a fact rests."""
        firm = {r for f, found in self.findings.items() if is_fact(found) for r in self.records[f]}
        for f, g in combinations(self.findings, 2):
            if self.records[f] & self.records[g] & firm:
                yield 0, f, g

    def items(self) -> Iterator[Join]:
        """Findings that name one item, two of their hops of it near in time."""
        for f, g in combinations(self.findings, 2):
            for item in set(self.findings[f].items) & set(self.findings[g].items):
                gap = min(abs(a - b) for a in self._hops(f, item) for b in self._hops(g, item))
                if gap <= self.gap_us:
                    yield gap, f, g

    def _hops(self, f: str, item: str) -> set[int]:
        gifts = {row["record_id"]: row for row in self.ledger.gifts}
        rows = [gifts[r] for table, r in self.records[f] if table == "gifts"]
        return {row["at_us"] for row in rows if row["item"] == item} or {self.findings[f].first_us}

    def nested(self) -> Iterator[Join]:
        """A weak finding and its one host by records."""
        for f, found in self.findings.items():
            hosts = []
            for g, other in self.findings.items():
                mine, theirs = self.records[f], self.records[g]
                larger = (-len(theirs), _earliest(other)) < (-len(mine), _earliest(found))
                if larger and mine & theirs & self.quiet and 2 * len(mine & theirs) >= len(mine):
                    hosts.append((-len(mine & theirs), len(theirs), _earliest(other), g))
            if hosts and not is_fact(found):
                yield 0, f, min(hosts)[-1]

    def principals(self, cases: list[Case]) -> Iterator[Join]:
        """Findings of cases that have one principal, the same."""
        led = {}
        for case in cases:
            principals = {self._principal(f) for f in case}
            if len(principals) == 1 and not principals & {None, *self.crowded}:
                led.update(dict.fromkeys(case, principals.pop()))
        for f, g in combinations(led, 2):
            gap = abs(self.findings[f].first_us - self.findings[g].first_us)
            if led[f] == led[g] and gap <= self.gap_us:
                yield gap, f, g

    def _principal(self, f: str) -> str | None:
        entity = self.ledger.entities
        for role in LEADING_ROLES:
            named = {entity.get(a, a) for a, each in self.findings[f].subjects if each == role}
            if named:
                return named.pop() if len(named) == 1 else None
        return None

    def hosted(self, cases: list[Case]) -> Iterator[Join]:
        """The earliest findings of a case and of the one that has all of its entities."""
        told = []
        for case in cases:
            found = [self.findings[f] for f in case]
            first = min(found, key=_earliest)
            everybody = set().union(*(self.people[f] for f in case))
            told.append((first, max(f.last_us for f in found), everybody))
        for first, last, people in told:
            hosts = []
            for other, ends, everybody in told:
                gap = max(0, other.first_us - last, first.first_us - ends)
                larger = len(everybody) > len(people) or _earliest(other) < _earliest(first)
                if larger and people <= everybody and people - self.crowded and gap <= self.gap_us:
                    hosts.append((gap, _earliest(other), other.id))
            if hosts:
                yield min(hosts)[0], first.id, min(hosts)[-1]


def cases(
    ledger: Ledger, *, gap_us: int = 30 * DAY, hub: int = 100, most: int = 200
) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Case of each finding that has one, and the pairs of cases that were refused."""
    world = World(ledger, gap_us, hub)
    members: dict[str, Case] = {f: {f} for f in world.findings}
    named = {f.id: {a for a, _ in f.subjects} for f in ledger.findings}
    refused = []
    for number in range(5):
        now = [set(each) for each in {frozenset(each) for each in members.values()}]
        made = (world.facts, world.items, world.nested, lambda n=now: world.principals(n),
                lambda n=now: world.hosted(n))[number]()  # fmt: skip
        in_order = sorted((gap, *sorted((f, g), key=str.encode)) for gap, f, g in made)
        for _, f, g in in_order:
            if members[f] is members[g]:
                continue
            union = members[f] | members[g]
            if len(set().union(*(named[each] for each in union))) > most:
                refused.append((f, g))
                continue
            for each in union:
                members[each] = union
    case = {
        f: "C-" + min(each, key=lambda m: _earliest(world.findings[m]))[-16:]
        for f, each in members.items()
    }
    related = {(case[f], case[g]) for f, g in refused}
    return case, related | {(b, a) for a, b in related}


def covers(ledger: Ledger, case: dict[str, str]) -> set[tuple[str, str, str]]:
    """(case, ring, ring told under it)."""
    rings = [f for f in ledger.findings if f.typology in RING_TYPOLOGIES and f.id in case]
    found = set()
    for long in rings:
        above = []
        for short in rings:
            mine, theirs = set(long.records), set(short.records)
            fewer = len(theirs) < len(mine) and case[short.id] == case[long.id]
            if fewer and mine & theirs and 2 * len(mine & theirs) >= len(mine):
                above.append((-len(mine & theirs), len(theirs), _earliest(short), short.id))
        if above:
            found.add((case[long.id], min(above)[-1], long.id))
    return found


def roles(ledger: Ledger, case: dict[str, str]) -> dict[tuple[str, str], str]:
    """Role of every account in each of its cases."""
    found = {}
    for each in set(case.values()):
        inside = [f for f in ledger.findings if case.get(f.id) == each]
        for account in {a for f in inside for a, _ in f.subjects}:
            found[each, account] = _role(ledger, inside, account)
    return found


def _role(ledger: Ledger, inside: list[Found], me: str) -> str:
    mine = {role for f in inside for a, role in f.subjects if a == me}
    things = {item for f in inside for item in f.items}
    rows = [row for row in ledger.gifts if row["item"] in things and row["source"] != row["target"]]
    issued = any(row["kind"] == "issue" and row["source"] == me for row in rows)
    issued |= any(row["item"] in things and row.get("issuer") == me for row in ledger.items)
    if (
        mine & {"organiser", "issuer"}
        or issued
        or any(c["account"] == me for c in ledger.certificates)
    ):
        return "organiser"
    if mine & {"broker", "router"}:
        return "broker"
    rests = {record for f in inside for table, record in f.records if table == "transfers"}
    flows: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    moved: list[dict[str, Any]] = [r for r in ledger.transfers if r["record_id"] in rests]
    for row in moved:
        if row["source"] != row["target"]:
            flows[row["currency"]][0] += row["amount_minor"] * (row["target"] == me)
            flows[row["currency"]][1] += row["amount_minor"] * (row["source"] == me)
    largest = sorted((-sum(each), currency) for currency, each in flows.items() if any(each))
    came, went = flows[largest[0][1]] if largest else (0, 0)
    got = any(row["target"] == me for row in rows)
    gave = any(row["source"] == me for row in rows)
    if (came and went and 2 * min(came, went) >= max(came, went)) or (got and gave):
        return "relay"
    if came > went:
        return "sink"
    if got:
        return "receiver"
    if went or gave:
        return "source"
    return min(mine, key=lambda role: (-ROLE_PERCENT.get(role, 100), role.encode()))

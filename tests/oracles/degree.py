"""D-14 once more for accounts with a fact: degree, its parts and the step, in plain sums."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from json import loads
from typing import Any

from ledger import TYPOLOGIES, Found, Ledger

from oracles.scores import lfdr
from regift.ranking.gate_rules import GateRules, Table

MEASURES = ("notice", "rectify", "restrict", "take_down", "ban")
Part = tuple[str, str | None, int, int]
"""part, of, n, points."""


@dataclass(frozen=True)
class Act:
    """A finding that names an account as more than a source; clause None: none was in force."""

    found: Found
    clause: str | None
    doubtful: bool


def is_fact(found: Found) -> bool:
    if found.typology == "paid_gift":
        return bool(loads(found.detail or "{}").get("tier") == "price")
    return TYPOLOGIES[found.typology].fact


def acts_of(ledger: Ledger, named: Iterable[tuple[str, str]]) -> dict[str, list[Act]]:
    """Acts by account; named: (finding, account) pairs with weight, of findings in a case."""
    gaps: dict[str, int] = {}
    for found in ledger.findings:
        if found.typology == "custody_gap":
            for item in found.items:
                gaps[item] = min(gaps.get(item, found.first_us), found.first_us)
    acts = defaultdict(list)
    pairs = set(named)
    for found in ledger.findings:
        told = loads(found.detail or "{}")
        doubtful = not found.complete or told.get("lower_bound") or told.get("linked")
        if is_fact(found):
            doubtful = doubtful or any(gaps.get(i, found.last_us + 1) <= found.last_us
                                       for i in found.items)  # fmt: skip
        actors = {a for a, role in found.subjects if role != "source"}
        for account in sorted(actors):
            if (found.id, account) in pairs:
                clause = clause_of(ledger.rules or GateRules(), found)
                acts[account].append(Act(found, clause, bool(doubtful)))
    return acts


def clause_of(rules: GateRules, found: Found) -> str | None:
    """Of rules without channels: the first that is in force at the last event."""
    if rules.clauses is None:
        return TYPOLOGIES[found.typology].clauses[0]
    held = [
        (row.place, row.clause)
        for row in rules.clauses
        if row.typology == found.typology and row.from_us <= found.last_us
        and (row.until_us is None or found.last_us < row.until_us)
    ]  # fmt: skip
    return min(held)[1] if held else None


def points(table: Table, n: int) -> int:
    return max((worth for least, worth in table if n >= least), default=0)


def parts_of(ledger: Ledger, account: str, acts: list[Act]) -> list[Part]:
    """Parts of the degree of these acts, those of nothing left out; without a fact none."""
    rules = ledger.rules or GateRules()
    degree = rules.degree
    acts = [act for act in acts if act.clause is not None]
    facts = [act for act in acts if is_fact(act.found)]
    if not facts:
        return []
    under: dict[str, int] = defaultdict(int)
    for act in facts:
        under[str(act.clause)] += 1
    worth = dict(degree.clause)
    clause = min(under, key=lambda c: (-worth.get(c, 0), -under[c], c))
    items = {item for act in facts for item in act.found.items}
    people = {a for act in facts for a, _ in act.found.subjects} - {account}
    told: list[Part] = [
        ("clause", clause, under[clause], worth.get(clause, 0)),
        ("facts", None, len(facts), points(degree.facts, len(facts))),
        ("items", None, len(items), points(degree.items, len(items))),
        ("people", None, len(people), points(degree.people, len(people))),
        *_money(ledger, facts),
        ("repetition", None, *_repetition(ledger, account, facts)),
    ]
    since = [row[1] for row in ledger.measured if row[0] == account]
    defied = [a for a in facts if since and a.found.last_us > min(since)]
    for act in acts:
        rate = lfdr(act.found, ledger.calibration)
        if act.found.typology == "evasion" and (rate is None or rate <= 1000):
            defied.append(act)
    told.append(("confrontation", None, len(defied), points(degree.confrontation, len(defied))))
    return [part for part in told if part[2]]


def _money(ledger: Ledger, facts: list[Act]) -> list[Part]:
    rows = {("gifts", r["record_id"]): (r.get("price_minor"), r.get("currency"))
            for r in ledger.gifts}  # fmt: skip
    rows |= {("transfers", r["record_id"]): (r["amount_minor"], r["currency"])
             for r in ledger.transfers}  # fmt: skip
    sums: dict[str, int] = defaultdict(int)
    for key in {key for act in facts for key in act.found.records}:
        value, currency = rows.get(key, (None, None))
        if value is not None and currency is not None:
            sums[currency] += value
    tables = dict((ledger.rules or GateRules()).degree.money)
    told = [("money", c, n, points(tables.get(c, ()), n)) for c, n in sums.items()]
    return sorted(told, key=lambda part: (-part[3], part[1]))[:1]


def _repetition(ledger: Ledger, account: str, facts: list[Act]) -> tuple[int, int]:
    rules = ledger.rules or GateRules()
    last = max(act.found.last_us for act in facts)
    newest = max(row["at_us"] for row in ledger.gifts + ledger.transfers)
    n = total = 0
    for who, at_us, clause, _ in ledger.strikes:
        held = rules.spans is None or any(
            id == clause and since <= at_us and (to is None or at_us < to)
            for id, since, to in rules.spans
        )
        if who == account and at_us < last and held:
            half = rules.degree.half_life_us
            halvings = 0 if half is None else max(newest - at_us, 0) // half
            n, total = n + 1, total + rules.degree.strike // 2**halvings
    return n, total


def step_of(rules: GateRules, degree: int) -> int:
    """Place among measures, from 1; 0: none."""
    reached = [MEASURES.index(step) + 1 for least, step in rules.ladder if degree >= least]
    return max(reached, default=0)


def proposed(ledger: Ledger, account: str, acts: list[Act]) -> tuple[int, int, list[Part]]:
    """Step (from 1, 0: none), degree and its parts, whoever the account is."""
    rules = ledger.rules or GateRules()
    whole = parts_of(ledger, account, acts)
    sure = parts_of(ledger, account, [act for act in acts if not act.doubtful])
    degree, clear = (sum(part[3] for part in parts) for parts in (whole, sure))
    cap = MEASURES.index(rules.shaky_cap) + 1
    return max(step_of(rules, clear), min(step_of(rules, degree), cap)), degree, whole


def rows_of(parts: list[Part]) -> list[dict[str, Any]]:
    return [dict(zip(("part", "of", "n", "points"), part, strict=True)) for part in parts]

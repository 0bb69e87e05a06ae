"""D-10 once more: all pairs of findings, all joins sorted, a union of sets with a guard."""

from collections import defaultdict
from decimal import Decimal
from itertools import combinations
from json import loads

from ledger import Found, Ledger, accounts

DAY = 86_400_000_000
Join = tuple[int, int, str, str]


def opens(found: Found) -> bool:
    told = loads(found.detail or "{}")
    rate = Decimal(str(told.get("pair_rate", 0)))
    return not (told.get("tier") == "plain" and rate >= Decimal("0.2"))


def _records(ledger: Ledger) -> dict[tuple[str, str], dict[str, object]]:
    rows = {("gifts", row["record_id"]): row for row in ledger.gifts}
    return rows | {("transfers", row["record_id"]): row for row in ledger.transfers}


def _moments(ledger: Ledger, found: Found, hub: set[str]) -> dict[tuple[str, str], set[int]]:
    """(item | entity, its name) -> when the finding touches it."""
    known = _records(ledger)
    rows = [known[key] for key in found.records if key in known]
    touched: dict[tuple[str, str], set[int]] = defaultdict(set)
    for item in found.items:
        times = {int(str(row["at_us"])) for row in rows if row.get("item") == item}
        touched["item", item] |= times or {found.first_us}
    for account in {a for a, _ in found.subjects} - hub:
        times = {
            int(str(row["at_us"])) for row in rows if account in (row["source"], row["target"])
        }
        entity = ledger.entities.get(account, account)
        touched["entity", entity] |= times or {found.first_us}
    return touched


def joins(ledger: Ledger, gap_us: int, hub_size: int) -> list[Join]:
    """Every join of D-10, in its order."""
    findings = [f for f in ledger.findings if opens(f)]
    hub = {
        a
        for a in accounts(ledger)
        if sum(any(a == each for each, _ in f.subjects) for f in findings) > hub_size
    }
    moments = {f.id: _moments(ledger, f, hub) for f in findings}
    found: list[Join] = []
    for f, g in combinations(sorted(findings, key=lambda each: each.id.encode()), 2):
        if set(f.records) & set(g.records):
            found.append((1, 0, f.id, g.id))
        for key in moments[f.id].keys() & moments[g.id].keys():
            gap = min(abs(a - b) for a in moments[f.id][key] for b in moments[g.id][key])
            if gap <= gap_us:
                found.append((2 if key[0] == "item" else 3, gap, f.id, g.id))
    return sorted(found)


def cases(
    ledger: Ledger, *, gap_us: int = 30 * DAY, hub: int = 100, most: int = 200
) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Case of each finding that has one, and the pairs of cases that were refused."""
    members = {f.id: {f.id} for f in ledger.findings if opens(f)}
    named = {f.id: {a for a, _ in f.subjects} for f in ledger.findings}
    refused = []
    for _, _, f, g in joins(ledger, gap_us, hub):
        if members[f] is members[g]:
            continue
        union = members[f] | members[g]
        if len(set().union(*(named[each] for each in union))) > most:
            refused.append((f, g))
            continue
        for each in union:
            members[each] = union
    first = {f.id: f.first_us for f in ledger.findings}
    case = {
        f: "C-" + min(each, key=lambda m: (first[m], m.encode()))[-16:]
        for f, each in members.items()
    }
    related = {(case[f], case[g]) for f, g in refused}
    return case, related | {(b, a) for a, b in related}

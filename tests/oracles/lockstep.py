"""lockstep: accounts that act on the same targets in the same hours (D-18)."""

from collections import defaultdict
from typing import Any

from oracles.custody import hops
from oracles.moves import Record, Records, Shape, described
from oracles.records import Row, place

Action = tuple[str, int]
Deeds = dict[str, dict[Action, tuple[str, Row]]]


def order(acted: tuple[str, Row]) -> tuple[int, str, int, str]:
    """Time, gifts before transfers, seq, id."""
    table, row = acted
    at_us, seq, record = place(row)
    return at_us, table, seq, record


def deeds(records: Records, params: Any) -> Deeds:
    """account -> action -> its first record; actions of too many are left out."""
    acted = [("transfers", row) for row in records.effective.payments]
    acted += [
        ("gifts", hop.row)
        for hop in hops(records.ledger)
        if hop.row["kind"] in ("gift", "sale")
        and hop.undone != "return"
        and hop.row["source"] != hop.row["target"]
    ]
    first: Deeds = defaultdict(dict)
    sharers: dict[Action, set[str]] = defaultdict(set)
    for table, row in sorted(acted, key=order):
        action = (row["target"], row["at_us"] // max(params.bucket_us, 1))
        first[row["source"]].setdefault(action, (table, row))
        sharers[action].add(row["source"])
    return {
        account: {a: row for a, row in of.items() if len(sharers[a]) <= params.crowd}
        for account, of in first.items()
    }


def matches(first: Deeds, params: Any) -> list[tuple[str, str]]:
    found = []
    for a in first:
        for b in first:
            common = len(first[a].keys() & first[b].keys())
            either = len(first[a].keys() | first[b].keys())
            enough = common >= max(params.min_matches, 1)
            if a != b and enough and 10_000 * common >= params.jaccard_bp * either:
                found.append((a, b))
    return found


def lockstep(records: Records, params: Any) -> set[Shape]:
    first = deeds(records, params)
    pairs = matches(first, params)
    group = {account: {account} for pair in pairs for account in pair}
    for a, b in pairs:
        union = group[a] | group[b]
        group.update(dict.fromkeys(union, union))
    found = set()
    for members in {frozenset(one) for one in group.values()}:
        if len(members) < params.min_accounts:
            continue
        shared = {
            (a, action)
            for a, b in pairs
            if a in members
            for action in first[a].keys() & first[b].keys()
        }
        acted = sorted((first[a][action] for a, action in shared), key=order)
        evidence: list[Record] = [(table, row, "action") for table, row in acted]
        accounts = [(account, "member") for account in sorted(members)]
        accounts += [(row["target"], "target") for _, row in acted]
        table, row = acted[0]
        # The comparison writes records of gifts without their table.
        where = row["record_id"] if table == "gifts" else f"transfers:{row['record_id']}"
        actions = {action for _, action in shared}
        anchor = (min(members), where)
        found.add(described(anchor, accounts, evidence, len(members), len(actions)))
    return found

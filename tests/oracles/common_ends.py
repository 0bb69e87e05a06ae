"""common_exit and common_funder: many accounts whose money ends or begins at one (D-18)."""

from collections import defaultdict
from typing import Any

from oracles.moves import Record, Records, Root, Shape, described, episodes
from oracles.patterns import within
from oracles.records import Row, place


def moved(records: Records, *kinds: str) -> list[Row]:
    """Effective payments and red packets, and transfers of these kinds to another, in order."""
    others = [
        row
        for row in records.rows.get("transfers", [])
        if row["kind"] in kinds and row["source"] != row["target"]
    ]
    return sorted([*records.effective.payments, *others], key=place)


def exits(paid: list[Row], params: Any) -> dict[str, Row]:
    """Of what one account paid in one currency: exit -> last record to it."""
    if len(paid) < max(params.min_outs, 1):
        return {}
    got: dict[str, int] = defaultdict(int)
    for row in paid:
        got[row["target"]] += row["amount_minor"]
    whole = sum(got.values())
    last = {row["target"]: row for row in paid}
    return {f: row for f, row in last.items() if 10_000 * got[f] >= params.share_bp * whole}


def common_exit(records: Records, params: Any) -> set[Shape]:
    paid: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in moved(records, "payout"):
        paid[row["source"], row["currency"]].append(row)
    shared: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for (_, currency), rows in paid.items():
        for f, last in exits(rows, params).items():
            shared[f, currency].append(last)
    found = set()
    for (f, currency), rows in shared.items():
        if not records.acts(f) or not params.min_accounts <= len(rows) <= params.hub:
            continue
        rows.sort(key=place)
        accounts = [(f, "sink"), *((row["source"], "payer") for row in rows)]
        evidence: list[Record] = [("transfers", row, "exit") for row in rows]
        anchor = (f, currency, rows[0]["record_id"])
        said = (sum(row["amount_minor"] for row in rows), currency)
        found.add(described(anchor, accounts, evidence, 1, len(rows), said))
    return found


def entry(records: Records, account: str) -> Row | None:
    """The first money of an account, if it paid nothing before."""
    ins = [row for row in moved(records, "topup") if row["target"] == account]
    outs = [row for row in moved(records, "payout") if row["source"] == account]
    if not ins or (outs and place(outs[0]) < place(ins[0])):
        return None
    return ins[0]


def common_funder(records: Records, params: Any) -> set[Shape]:
    entries = [row for account in records.kinds if (row := entry(records, account))]
    found = set()
    for f in records.kinds:
        mine = sorted((row for row in entries if row["source"] == f), key=place)
        if not records.acts(f) or len(mine) > params.hub:
            continue
        for currency in {row["currency"] for row in mine}:
            same = [row for row in mine if row["currency"] == currency]
            roots = []
            for e in same:
                seen = [row for row in same if within(row, e, params.window_us)]
                if len(seen) >= params.min_accounts:
                    accounts = [(f, "payer"), *((row["target"], "receiver") for row in seen)]
                    shown: list[Record] = [("transfers", row, "entry") for row in seen]
                    roots.append(Root(e, len(seen), accounts, shown))
            found |= episodes(
                (f, currency),
                roots,
                params.window_us,
                1,
                lambda root: (
                    sum(r["amount_minor"] for _, r, _ in root.records),
                    root.row["currency"],
                ),
            )
    return found

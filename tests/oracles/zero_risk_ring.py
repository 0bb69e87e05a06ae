"""zero_risk_ring, prefix by prefix (D-18)."""

from collections.abc import Iterable
from typing import Any

from oracles.moves import Records, Shape, described, ends
from oracles.records import Row

Class = tuple[bool, str]


def reached(start: str, rows: list[Row], records: Records) -> set[str]:
    """Entities to which trades lead from one, itself among them."""
    seen = {start}
    while True:
        more = {records.of(r["target"]) for r in rows if records.of(r["source"]) in seen} - seen
        if not more:
            return seen
        seen |= more


def components(rows: list[Row], records: Records) -> Iterable[set[str]]:
    """Strongly connected components of two or more entities."""
    entities = {records.of(row[end]) for row in rows for end in ("source", "target")}
    there = {entity: reached(entity, rows, records) for entity in entities}
    found = {frozenset(b for b in there[a] if a in there[b]) for a in entities}
    return (set(each) for each in found if len(each) > 1)


def balanced(rows: list[Row], records: Records, margin_bp: int) -> bool:
    """Whether everybody gave as many as it got, and paid about what it got."""
    items: dict[str, int] = {}
    paid: dict[str, int] = {}
    priced = [row for row in rows if row.get("price_minor")]
    for row in rows:
        seller, buyer = records.of(row["source"]), records.of(row["target"])
        price = row.get("price_minor") or 0
        items[seller], items[buyer] = items.get(seller, 0) - 1, items.get(buyer, 0) + 1
        paid[seller], paid[buyer] = paid.get(seller, 0) - price, paid.get(buyer, 0) + price
    if any(items.values()) or len({row["currency"] for row in priced}) > 1:
        return False
    total = sum(row["price_minor"] for row in priced)
    return all(10_000 * abs(p) * len(priced) <= margin_bp * total for p in paid.values())


def zero_risk_ring(records: Records, params: Any) -> set[Shape]:
    collection = {row["item"]: row.get("collection") for row in records.rows.get("items", [])}
    trades: dict[tuple[Class, int], list[Row]] = {}
    for hop in records.moves:
        series = collection.get(hop.row["item"])
        kind = (series is None, hop.row["item"] if series is None else series)
        bucket = hop.row["at_us"] // max(1, params.window_us)
        trades.setdefault((kind, bucket), []).append(hop.row)
    found = set()
    for rows in trades.values():
        for members in components(rows, records):
            inner = [
                row
                for row in rows
                if {records.of(row["source"]), records.of(row["target"])} <= members
            ]
            for size in range(len(inner), max(1, params.min_trades) - 1, -1):
                prefix = inner[:size]
                if balanced(prefix, records, params.margin_bp):
                    on = {records.of(row["source"]) for row in prefix}
                    on |= {records.of(row["target"]) for row in prefix}
                    shown = [("gifts", row, "trade") for row in prefix]
                    anchor = (prefix[0]["record_id"],)
                    accounts = ends(prefix, "member")
                    found.add(described(anchor, accounts, shown, len(on), size))
                    break
    return found

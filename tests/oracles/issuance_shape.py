"""issuance_shape, root by root and payer by payer (D-18)."""

from typing import Any

from oracles.custody import hops
from oracles.moves import Record, Records, Root, Shape, episodes
from oracles.patterns import within
from oracles.records import Row, place


def in_order(record: Record) -> tuple[int, str, tuple[int, int, str]]:
    """(time, gifts before transfers, seq, id)"""
    table, row, _ = record
    return row["at_us"], table, place(row)


def root_of(e: Row, ins: list[Row], services: list[Record], params: Any) -> Root | None:
    """The root e, if it qualifies. services: by x, in order."""
    firsts: dict[str, Row] = {}
    for row in ins:
        if within(row, e, params.window_us):
            firsts.setdefault(row["source"], row)
    served = []
    for p, own in firsts.items():
        doing = [
            service
            for service in services
            if service[1]["target"] == p
            and within(service[1], e, params.window_us)
            and any(own["at_us"] < q["at_us"] <= service[1]["at_us"] for q in firsts.values())
        ]
        served += doing[:1]
    if len(firsts) < params.min_payers or not served:
        return None
    if 10_000 * len(served) < params.share_bp * len(firsts):
        return None
    shown = [("transfers", row, "in") for row in firsts.values()] + served
    accounts = [(e["target"], "organiser"), *((p, "source") for p in firsts)]
    return Root(e, len(firsts), accounts, sorted(shown, key=in_order))


def issuance_shape(records: Records, params: Any) -> set[Shape]:
    payments = records.effective.payments
    found = set()
    for x, currency in {(row["target"], row["currency"]) for row in payments}:
        if not records.acts(x):
            continue
        ins = [r for r in payments if r["target"] == x and r["currency"] == currency]
        services = [
            ("transfers", row, "out")
            for row in payments
            if row["source"] == x and row["currency"] == currency
        ]
        services += [
            ("gifts", hop.row, "out")
            for hop in hops(records.ledger)
            if hop.row["source"] == x and hop.row["kind"] != "burn"
        ]
        services.sort(key=in_order)
        roots = [root_of(e, ins, services, params) for e in ins]
        kept = [root for root in roots if root is not None]
        found |= episodes((x, currency), kept, params.window_us, 1)
    return found

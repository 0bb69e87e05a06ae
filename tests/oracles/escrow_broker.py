"""escrow_broker, broker by broker and root by root (D-18)."""

from typing import Any

from oracles.custody import hops
from oracles.moves import Records, Root, Shape, episodes
from oracles.paid_gift import Params as PaidParams
from oracles.paid_gift import paid_gift
from oracles.records import Row, place
from regift.queries.paid_gift import Params as Defaults

Chain = tuple[Row, Row]


def chains(records: Records, window_us: int) -> list[Chain]:
    """A paid gift to somebody and the paid gift by which the item goes on."""
    default = Defaults()
    given = PaidParams(default.window_us, default.floor, default.linked, default.split)
    matched = paid_gift(
        records.rows, records.ledger, records.who, records.effective, records.kinds, given
    )
    paid = {gift for gift, _, _ in matched}
    found = []
    for hop in hops(records.ledger):
        after = records.after(hop)
        if after is None:
            continue
        into, out = hop.row, after.row
        if (
            into["kind"] == out["kind"] == "gift"
            and {into["record_id"], out["record_id"]} <= paid
            and out["source"] == into["target"]
            and out["at_us"] - into["at_us"] <= window_us
            and len({records.of(a) for a in (into["source"], out["source"], out["target"])}) == 3
        ):
            found.append((into, out))
    return found


def escrow_broker(records: Records, params: Any) -> set[Shape]:
    by_broker: dict[str, list[Chain]] = {}
    for into, out in chains(records, params.window_us):
        if records.acts(into["target"]):
            by_broker.setdefault(into["target"], []).append((into, out))
    found = set()
    for m, own in by_broker.items():
        roots = []
        for e, _ in own:
            until = e["at_us"] + params.window_us
            seen = [c for c in own if e["at_us"] <= c[0]["at_us"] and c[1]["at_us"] <= until]
            givers = {records.of(into["source"]) for into, _ in seen}
            receivers = {records.of(out["target"]) for _, out in seen}
            if len(givers) < params.min_givers or len(receivers) < params.min_receivers:
                continue
            legs = [
                ("gifts", row, role)
                for c in seen
                for row, role in zip(c, ("in", "out"), strict=True)
            ]
            legs.sort(key=lambda leg: place(leg[1]))
            accounts = [(m, "broker")]
            accounts += [(row["source"], "giver") for _, row, role in legs if role == "in"]
            accounts += [(row["target"], "receiver") for _, row, role in legs if role == "out"]
            roots.append(Root(e, len(seen), accounts, legs))
        found |= episodes((m,), roots, params.window_us, 2)
    return found

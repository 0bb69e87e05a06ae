"""D-1, refunds: which transfers are undone, and which payments are left."""

from dataclasses import dataclass

from oracles.records import Row, Rows, place
from regift.graph.snapshot import Settings


@dataclass(frozen=True)
class Effective:
    """cancelled: transfer -> its refund; payments: what is left, in total order."""

    cancelled: dict[str, str]
    payments: list[Row]


def effective(rows: Rows, settings: Settings) -> Effective:
    transfers = sorted(rows.get("transfers", []), key=place)
    cancelled: dict[str, str] = {}
    for i, refund in enumerate(transfers):
        if refund["kind"] != "refund":
            continue
        open_ = [
            t
            for t in transfers[:i]
            if t["kind"] in ("payment", "red_packet")
            and t["record_id"] not in cancelled
            and (t["source"], t["target"]) == (refund["target"], refund["source"])
        ]
        named = [t for t in open_ if t["record_id"] == refund.get("refers_to")]
        equal = [
            t
            for t in open_
            if (t["amount_minor"], t["currency"]) == (refund["amount_minor"], refund["currency"])
            and refund["at_us"] - t["at_us"] <= settings.refund_window_us
        ]
        for t in (named or equal)[-1:]:
            cancelled[t["record_id"]] = refund["record_id"]
    payments = [
        t
        for t in transfers
        if t["kind"] in ("payment", "red_packet")
        and t["record_id"] not in cancelled
        and t["source"] != t["target"]
    ]
    return Effective(cancelled, payments)

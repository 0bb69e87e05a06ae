"""second_level_sale: a live sale by rule 4 or 5, to the issuer unless buy-back is first level."""

from oracles.custody import Ledger, hops
from oracles.entities import Entities


def second_level_sale(ledger: Ledger, who: Entities, buy_back: bool) -> set[tuple[str, int]]:
    """(record, level)"""
    return {
        (hop.row["record_id"], hop.level)
        for hop in hops(ledger)
        if hop.row["kind"] == "sale"
        and hop.rule in ("hop", "internal")
        and hop.undone is None
        and not (buy_back and hop.issuer is not None and who.same(hop.row["target"], hop.issuer))
    }

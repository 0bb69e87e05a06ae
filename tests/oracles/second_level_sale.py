"""second_level_sale: a live sale by rule 4 or 5, to the issuer unless buy-back is first level.

With `resale` also one by the issuer of what had come back to it.
"""

from oracles.custody import Ledger, hops
from oracles.entities import Entities


def second_level_sale(
    ledger: Ledger, who: Entities, buy_back: bool, resale: bool = False
) -> set[tuple[str, int]]:
    """(record, level)"""
    return {
        (hop.row["record_id"], hop.level)
        for hop in hops(ledger)
        if hop.row["kind"] == "sale"
        and hop.undone is None
        and (hop.rule in ("hop", "internal") or (resale and hop.rule == "issuer" and hop.reissued))
        and not (buy_back and hop.issuer is not None and who.same(hop.row["target"], hop.issuer))
    }

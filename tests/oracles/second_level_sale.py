"""second_level_sale: a live sale by rule 4 or 5, to the issuer unless buy-back is first level."""

from oracles.custody import Ledger, hops
from oracles.entities import Entities
from regift.graph.snapshot import Settings


def second_level_sale(ledger: Ledger, who: Entities, settings: Settings) -> set[tuple[str, int]]:
    """(record, level)"""
    return {
        (hop.row["record_id"], hop.level)
        for hop in hops(ledger)
        if hop.row["kind"] == "sale"
        and hop.rule in ("hop", "internal")
        and hop.undone is None
        and not (
            settings.buy_back_first_level
            and hop.issuer is not None
            and who.same(hop.row["target"], hop.issuer)
        )
    }

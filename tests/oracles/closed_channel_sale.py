"""closed_channel_sale: sales in a mini program, undone or not; live priced gifts to level 1."""

from oracles.custody import Ledger, hops


def closed_channel_sale(ledger: Ledger) -> set[str]:
    """The records."""
    return {
        hop.row["record_id"]
        for hop in hops(ledger)
        if hop.channel == "mini_program"
        and (
            hop.row["kind"] == "sale"
            or (
                hop.row["kind"] == "gift"
                and hop.undone is None
                and (hop.row.get("price_minor") or 0) > 0
                and hop.level <= 1
            )
        )
    }

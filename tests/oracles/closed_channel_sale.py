"""closed_channel_sale: any sale in a mini program, and a priced first-level gift there."""

from oracles.custody import Ledger, hops


def closed_channel_sale(ledger: Ledger) -> set[str]:
    """The records."""
    return {
        hop.row["record_id"]
        for hop in hops(ledger)
        if hop.channel == "mini_program"
        and hop.undone is None
        and (
            hop.row["kind"] == "sale"
            or (
                hop.row["kind"] == "gift"
                and (hop.row.get("price_minor") or 0) > 0
                and hop.rule == "hop"
                and hop.level == 1
            )
        )
    }

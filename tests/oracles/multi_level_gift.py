"""multi_level_gift: a live gift by rule 5 of more than the allowed level, not held long enough."""

from oracles.custody import Hop, Ledger, hops
from oracles.entities import Entities

Periods = tuple[tuple[int, int], ...]


def multi_level_gift(
    ledger: Ledger, allowed: int, who: Entities | None = None, holding: Periods = ()
) -> set[tuple[str, int]]:
    """(record, level)"""
    return {
        (hop.row["record_id"], hop.level)
        for of_item in ledger.values()
        for hop in hops({"": of_item})
        if hop.row["kind"] == "gift"
        and hop.rule == "hop"
        and hop.undone is None
        and hop.level > allowed
        and not (who and cured(of_item, hop, who, holding))
    }


def cured(of_item: list[Hop], hop: Hop, who: Entities, holding: Periods) -> bool:
    """Whether its giver had held the item for the period of that time."""
    at = hop.row["at_us"]
    periods = [us for since, us in holding if since <= at]
    before = [
        each
        for each in of_item
        if each.ord < hop.ord and each.undone is None
        and not who.same(each.row["source"], each.row["target"])
    ]  # fmt: skip
    if not periods or not before:
        return False
    last = before[-1].row
    return who.same(last["target"], hop.row["source"]) and at - last["at_us"] >= periods[-1]

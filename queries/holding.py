"""Holding periods: for how long an item had to be kept before it might be passed on.

    ann --gift--> bob ... 180 d ... bob --gift--> cat      cured, where 180 d had to pass then

A gift is cured when the entity of the giver had held the item for the period that was in force at
the time of the gift, or longer. It holds an item since the last hop that brought it there from
another entity and was not undone; where the record does not tell since when, nothing is cured.

Source: holding periods of collectible platforms of 180 days and less (docs/typologies.md).
"""

from regift.queries.params import Periods


def cured_sql(periods: Periods, ledger: str) -> str:
    """SQL of the records of `ledger`, rows as in `custody`, that a holding period cures.

    Cost: one sort of the ledger by item.

    >>> cured_sql((), "custody")
    'SELECT record_id FROM custody WHERE false'
    """
    if not periods:
        return f"SELECT record_id FROM {ledger} WHERE false"
    whens = " ".join(f"WHEN at_us >= {at:d} THEN {held:d}" for at, held in reversed(periods))
    return f"""
        SELECT record_id FROM (
            SELECT *, lag(at_us) OVER hops AS since_us, lag(target_entity) OVER hops AS holder
            FROM {ledger} WHERE undone IS NULL AND source_entity <> target_entity
            WINDOW hops AS (PARTITION BY item ORDER BY ord))
        WHERE kind = 'gift' AND holder = source_entity AND at_us - since_us >= CASE {whens} END
    """

"""What a move of an item is (definition D-18): the rows of the ledger that most item patterns read.

A gift or a sale that passes an item on, from one entity to another, and that no platform `return`
undid. A gift back counts: it did move the item.
"""

MOVES = (
    "kind IN ('gift', 'sale') AND rule IN ('hop', 'issuer', 'return') "
    "AND source_entity <> target_entity AND undone IS DISTINCT FROM 'return'"
)
"""Condition in SQL over the columns of `custody` (`graph/custody.py`)."""

"""The class of a payment by its pair of accounts (D-18), payment by payment."""

from oracles.records import Row, place

DAY_US = 86_400_000_000


def pair_of(row: Row) -> frozenset[str]:
    return frozenset((row["source"], row["target"]))


def class_of(row: Row, payments: list[Row]) -> str:
    """payments: all effective ones, of every kind and currency."""
    same = [other for other in payments if pair_of(other) == pair_of(row)]
    if len(same) == 1:
        return "one_off"
    begin_us = min(other["at_us"] for other in payments)
    if row is min(same, key=place) and row["at_us"] - begin_us >= 20 * DAY_US:
        return "first"
    return "repeated"

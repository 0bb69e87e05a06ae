"""The total order of one table (D-1) and every account that a record names."""

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judgements = Sequence[tuple[str, str, str]]

ACCOUNT_COLUMNS = ("source", "target", "account", "issuer")


def place(row: Row) -> tuple[int, int, str]:
    """Where a record stands in the total order of its table."""
    return row["at_us"], row.get("seq") or 0, row["record_id"]


def account_kinds(rows: Rows, judgements: Judgements) -> dict[str, str | None]:
    """Every account that a record or a judgement names, and its kind if it is known."""
    kinds: dict[str, str | None] = {}
    for each in rows.values():
        for row in each:
            kinds.update({row[c]: None for c in ACCOUNT_COLUMNS if row.get(c) is not None})
    for a, b, _ in judgements:
        kinds.update({a: None, b: None})
    kinds.update({row["account"]: row.get("kind") for row in rows.get("accounts", [])})
    return kinds

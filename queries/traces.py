"""Traces of money as rows that people and programs read: ISO times, amounts as decimal text."""

from decimal import Decimal
from typing import Any

from regift.graph.paths import trace_account, trace_path
from regift.graph.snapshot import Snapshot
from regift.graph.temporal import temporal_graph
from regift.graph.workspace import utc_text
from regift.loaders.currencies import DECIMALS


def account_rows(
    graph: Snapshot, account: str, *, forward: bool, within_us: int, from_us: int | None
) -> list[dict[str, Any]]:
    """Accounts that money of `account` reached, or came from, in the order of arrival.

    Keys: account, at, hops, record, amount (first in, first out), currency. UsageError for an
    account that no effective payment names.
    """
    traced = trace_account(
        temporal_graph(graph), account, forward=forward, within_us=within_us, from_us=from_us
    )
    return [
        {
            "account": row["account"],
            "at": utc_text(row["at_us"]),
            "hops": row["hops"],
            "record": row["record"],
            "amount": decimal_text(row["amount_minor"], row["currency"]),
            "currency": row["currency"],
        }
        for row in traced.to_pylist()
    ]


def path_rows(
    graph: Snapshot, a: str, b: str, *, within_us: int, max_hops: int, from_us: int | None
) -> list[dict[str, Any]]:
    """Ways from `a` to `b`, at most two a currency: the earliest arrival and the widest.

    Keys: which, accounts, records, first_at, last_at, amount (the smallest on the way), currency.
    """
    found = trace_path(
        temporal_graph(graph), a, b, within_us=within_us, max_hops=max_hops, from_us=from_us
    )
    return [
        {
            "which": path.which,
            "accounts": list(path.accounts),
            "records": list(path.records),
            "first_at": utc_text(path.first_us),
            "last_at": utc_text(path.last_us),
            "amount": decimal_text(path.amount_minor, path.currency),
            "currency": path.currency,
        }
        for path in found
    ]


def decimal_text(minor: int, currency: str) -> str:
    """Minor units as decimal text.

    >>> decimal_text(9500, "CNY"), decimal_text(5, "JPY"), decimal_text(5, "CNY")
    ('95.00', '5', '0.05')
    """
    return f"{Decimal(minor).scaleb(-DECIMALS[currency]):f}"

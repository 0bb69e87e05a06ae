"""Who else a measure would touch: what a plan shows beside each account.

    counterparties   other accounts on gifts and transfers of the account in the last 30 days
    items_held       items that it handed on and that somebody else holds now
    linked           accounts of its entity and those with an *associated* link to it
    legal_subject    other accounts of its legal subject
    state of these   the severest measure of theirs that is planned or in force, else `proposed
                     STEP` where the gate proposes one, else `none`

The 30 days end with the newest record: this is the time of the records, not of the clock.
"""

from typing import Any

import duckdb

from regift.graph.snapshot import DAY_US
from regift.ranking.gate import step_of

LAST_US = 30 * DAY_US
"""example: how far back a counterparty is one that a measure would touch."""

SHOWN = 20
"""Linked accounts that a row names; how many there are stands beside them."""

_STATE = """
    coalesce(s.state, 'proposed ' || l.measure, 'none')"""


def collateral(con: duckdb.DuckDBPyConnection, as_of_us: int | None) -> dict[str, dict[str, Any]]:
    """Of each account in `taken`, by account. After `proposed.choose`.

    Cost: a scan of the records of the last 30 days, and one of the ledger.
    """
    since_us = (as_of_us or 0) - LAST_US
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE standing AS
        SELECT account, arg_max(concat(state, ' ', step), ({step_of("step")}, number)) AS state
        FROM measures WHERE state NOT IN ('closed', 'reversed') GROUP BY account
        """
    )
    rows = con.execute(
        f"""
        WITH mine AS (SELECT account, subject FROM taken),
        moved AS (
            SELECT source, target FROM gifts WHERE at_us >= $since
            UNION SELECT source, target FROM transfers WHERE at_us >= $since),
        touched AS (
            SELECT account, count(DISTINCT other) AS counterparties FROM (
                SELECT source AS account, target AS other FROM moved UNION
                SELECT target, source FROM moved) SEMI JOIN mine USING (account)
            WHERE account <> other GROUP BY account),
        handed AS (
            SELECT DISTINCT source AS account, item FROM custody
            WHERE undone IS NULL AND kind <> 'burn' AND source IN (SELECT account FROM mine)),
        held AS (
            SELECT item, arg_max(target, ord) AS holder, arg_max(kind, ord) AS kind FROM custody
            WHERE item IN (SELECT item FROM handed) AND undone IS NULL GROUP BY item),
        things AS (
            SELECT account, count(*) AS items_held FROM handed JOIN held USING (item)
            WHERE holder <> account AND kind <> 'burn' GROUP BY account),
        ties AS (
            SELECT m.account, e.account AS other, 'entity' AS how
            FROM mine m JOIN entity_of o USING (account) JOIN entity_of e ON e.entity = o.entity
            UNION ALL SELECT m.account, b, grade FROM mine m JOIN links ON a = m.account
            UNION ALL SELECT m.account, a, grade FROM mine m JOIN links ON b = m.account
            UNION ALL SELECT m.account, g.account, 'legal_subject'
            FROM mine m JOIN legal_subjects g USING (subject)),
        told AS (
            SELECT t.account, other, hows, {_STATE} AS state
            FROM (SELECT account, other, list(DISTINCT how ORDER BY how) AS hows
                  FROM ties WHERE account <> other GROUP BY ALL) t
            LEFT JOIN standing s ON s.account = other
            LEFT JOIN listed l ON l.account = other AND choice = 1),
        lists AS (
            SELECT account,
                   list({{'account': other, 'how': hows, 'state': state}} ORDER BY other)
                       FILTER (hows <> ['legal_subject']) AS linked,
                   list({{'account': other, 'state': state}} ORDER BY other)
                       FILTER (list_contains(hows, 'legal_subject')) AS legal_subject
            FROM told GROUP BY account)
        SELECT account, coalesce(counterparties, 0), coalesce(items_held, 0),
               coalesce(linked, []), coalesce(legal_subject, [])
        FROM mine LEFT JOIN touched USING (account) LEFT JOIN things USING (account)
        LEFT JOIN lists USING (account)
        """,
        {"since": since_us},
    ).fetchall()
    return {
        account: {
            "counterparties": people,
            "items_held": items,
            "linked_accounts": len(linked),
            "linked": linked[:SHOWN],
            "legal_subject": others,
        }
        for account, people, items, linked, others in rows
    }

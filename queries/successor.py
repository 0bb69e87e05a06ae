"""Successors: who goes on where a linked account was measured (form `successor` of `evasion`).

    ann  --- measure in force since day 10 ---
     |   one entity, or a link                     bob is new, has no measure himself yet, and
    bob             day 12 --sale--> cat           does what is a fact: found
    dan             day 3 --gift--> ...            dan was there before: not
    eve             linked, nothing of her own     not: the tie alone is a note (`tie_of`)

`since` is the time from which the measure holds, by the clock of people; records have their own.
New: no gift and no transfer names the account at `since` or before, or it was opened later
(`accounts.opened_at`). A fact: a hop by the account, later than `since` and no later than a measure
against the account itself, so a decision on it leaves the finding where it is; and found by
`multi_level_gift`, `second_level_sale` or `closed_channel_sale` or shown by `uncertified_issue`, by
their default parameters. Links are those of `links`, so shared identifiers over their cap are none.
Definition D-18.

One finding a new account; it names those that it follows, and shows the first such hop.

Cost: nothing without a measure in force; else a scan of custody, transfers and links, and the
search of uncertified sales.
"""

from typing import Any

import duckdb

from regift.graph.connect import count, dicts
from regift.graph.snapshot import Snapshot
from regift.queries import (
    closed_channel_sale,
    multi_level_gift,
    second_level_sale,
    uncertified_issue,
)

# The grades in the order of the alphabet: entity is stronger than controller, than associated.
_TIED = """
    WITH former AS (
        SELECT account, min(since_us) AS since_us FROM measured GROUP BY account),
    both_ways AS (
        SELECT a AS former, b AS account, grade, why FROM links
        UNION ALL SELECT b, a, grade, why FROM links
        UNION ALL
        SELECT x.account, y.account, 'entity', NULL
        FROM former JOIN entity_of x USING (account) JOIN entity_of y USING (entity)
        WHERE x.account <> y.account)
    SELECT t.account, former, f.since_us, own.since_us AS own_us, max(grade) AS grade,
           coalesce(max(why), 'one entity') AS why
    FROM both_ways t JOIN former f ON f.account = t.former
    LEFT JOIN former own ON own.account = t.account
    GROUP BY t.account, former, f.since_us, own.since_us
"""

# Whether each was there already: null for those that no record names.
_THERE = """
    WITH named AS (
        SELECT unnest([source, target]) AS account, at_us FROM custody
        UNION ALL SELECT unnest([source, target]), at_us FROM transfers),
    began AS (
        SELECT account, min(at_us) AS first_us FROM named
        WHERE account IN (SELECT account FROM {tied}) GROUP BY account)
    SELECT t.*, first_us <= since_us AND NOT coalesce(opened_at_us > since_us, false) AS there
    FROM {tied} t LEFT JOIN began USING (account) LEFT JOIN accounts USING (account)
"""


def _acts() -> str:
    """Facts by new accounts later than the measure; `_ev_uncertified` has the records of sales."""
    return f"""
    CREATE OR REPLACE TEMP TABLE _ev_acts AS
    SELECT n.account, former, since_us, grade, record_id, item, at_us, seq, kind
    FROM _ev_new n JOIN custody c ON c.source = n.account AND at_us > since_us
    WHERE NOT there AND coalesce(at_us <= own_us, true) AND (
          ({multi_level_gift.condition(multi_level_gift.Params())})
       OR ({second_level_sale.SOLD_ON})
       OR ({closed_channel_sale.condition(closed_channel_sale.Params())})
       OR record_id IN (SELECT record FROM _ev_uncertified))
    """


_ROWS = """
    WITH counted AS (
        SELECT account, count(DISTINCT record_id) AS acts, min(since_us) AS since_us,
               arg_min({'record': record_id, 'item': item, 'at_us': at_us, 'role': kind},
                       (at_us, seq, record_id)) AS act,
               max(grade) AS grade FROM _ev_acts GROUP BY account),
    formers AS (
        SELECT account, list(former ORDER BY since_us, former) AS formers
        FROM (SELECT DISTINCT account, former, since_us FROM _ev_acts) GROUP BY account)
    SELECT [account, 'successor'] AS anchor, account AS unit, act.at_us AS first_us,
           act.at_us AS last_us, NULL AS amount_minor, NULL AS currency, 1 AS length,
           acts AS instances, NULL AS level, true AS complete, [act.item] AS items,
           json_object('form', 'successor', 'linked', grade, 'since_us', since_us) AS detail,
           [account] || formers AS accounts,
           ['giver'] || list_transform(formers, lambda a: 'member') AS roles,
           [{'tbl': 'gifts', 'record': act.record, 'role': act.role}] AS evidence
    FROM counted JOIN formers USING (account)
"""


def rows(graph: Snapshot) -> str | None:
    """Query of the findings over tables that it makes; None where nobody is linked so."""
    con = graph.con
    con.execute(f"CREATE OR REPLACE TEMP TABLE _ev_tied AS {_TIED}")
    if not count(con, "_ev_tied"):
        return None
    con.execute(f"CREATE OR REPLACE TEMP TABLE _ev_new AS {_THERE.format(tied='_ev_tied')}")
    sales = uncertified_issue.find(graph, uncertified_issue.Params()).evidence
    con.register("_ev_uncertified", sales)
    con.execute(_acts())
    con.unregister("_ev_uncertified")
    return _ROWS


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the tables of `rows`."""
    for table in ("_ev_tied", "_ev_new", "_ev_acts"):
        con.execute(f"DROP TABLE IF EXISTS {table}")


def ties_of(con: duckdb.DuckDBPyConnection, account: str) -> list[dict[str, Any]]:
    """Measured accounts that an account without a measure is linked to, earliest first.

    Keys: former, since_us, grade (entity | controller | associated), why, there (whether it did
    anything by then; None if no record names it), found (the finding of form `successor` that
    names both, or None). Cost: a scan of links, gifts and transfers.
    """
    tied = f"SELECT * FROM ({_TIED}) WHERE account = ? AND own_us IS NULL"
    con.execute(f"CREATE OR REPLACE TEMP TABLE _tied AS {tied}", [account])
    found = dicts(
        con,
        f"""
        SELECT former, since_us, grade, why, there, finding AS found
        FROM ({_THERE.format(tied="_tied")}) LEFT JOIN (
            SELECT x.account, y.account AS former, finding
            FROM findings JOIN subjects x USING (finding) JOIN subjects y USING (finding)
            WHERE typology = 'evasion' AND detail ->> '$.form' = 'successor'
              AND x.ord = 0 AND y.ord > 0) USING (account, former)
        ORDER BY since_us, former
        """,
    )
    con.execute("DROP TABLE _tied")
    return found

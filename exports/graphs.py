"""A window or the evidence of findings as a networkx graph: accounts, and a record an edge.

    node   account; kind, operator, entity
    edge   key `table:record_id`, since a gift and a transfer may share an id; table, record, at,
           kind, amount (decimal text), currency, item, level, undone, cancelled_by

Made for what a person looks at: networkx keeps about 2 KB an edge, so take days, not years.
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import networkx as nx

from regift.queries.shown import define_macros

RECORDS = """
    SELECT 'gifts' AS "table", record_id AS record, at_us, seq, source, target, kind, item, level,
           undone, NULL AS cancelled_by, price_minor AS minor, currency
    FROM custody
    UNION ALL
    SELECT 'transfers', record_id, at_us, coalesce(seq, 0), source, target, kind, NULL, NULL,
           NULL, refund_id, amount_minor, currency
    FROM transfers LEFT JOIN cancelled USING (record_id)
"""


def window_graph(
    con: duckdb.DuckDBPyConnection, since_us: int | None = None, until_us: int | None = None
) -> "nx.MultiDiGraph":
    """Records in [since_us, until_us), in order of time; an absent bound leaves that side open.

    con: of a snapshot of a generation. Refunded and undone records are in it, marked as such.
    """
    return _graph(
        con,
        "($since IS NULL OR at_us >= $since) AND ($until IS NULL OR at_us < $until)",
        {"since": since_us, "until": until_us},
    )


def findings_graph(con: duckdb.DuckDBPyConnection, findings: Sequence[str]) -> "nx.MultiDiGraph":
    """The records in the evidence of these findings, the accounts on them and those they name.

    A finding that rests on identifiers has accounts and no record.
    """
    ids = list(findings)
    named = con.execute(
        "SELECT DISTINCT account FROM subjects WHERE list_contains(?, finding)", [ids]
    ).fetchall()
    return _graph(
        con,
        '("table", record) IN (SELECT (tbl, record) FROM evidence '
        "WHERE list_contains($findings, finding))",
        {"findings": ids},
        [account for (account,) in named],
    )


def _graph(
    con: duckdb.DuckDBPyConnection,
    where: str,
    given: dict[str, Any],
    named: Sequence[str] = (),
) -> "nx.MultiDiGraph":
    define_macros(con)
    edges = con.sql(
        f"""
        SELECT source, target, "table" || ':' || record AS key, "table", record, iso(at_us) AS at,
               kind, decimal_text(minor, digits) AS amount, currency, item, level, undone,
               cancelled_by
        FROM ({RECORDS}) LEFT JOIN currencies USING (currency) WHERE {where}
        ORDER BY at_us, seq, "table", record
        """,
        params=given,
    ).to_arrow_table()
    con.register("_edges", edges)
    nodes = con.sql(
        """
        SELECT account, kind, operator, entity
        FROM (SELECT source AS account FROM _edges UNION SELECT target FROM _edges
              UNION SELECT unnest($named::VARCHAR[]))
        LEFT JOIN account_kinds USING (account) LEFT JOIN entity_of USING (account)
        ORDER BY account
        """,
        params={"named": list(named)},
    ).to_arrow_table()
    con.unregister("_edges")
    graph = nx.MultiDiGraph()
    graph.add_nodes_from((row.pop("account"), row) for row in nodes.to_pylist())
    graph.add_edges_from(
        (row.pop("source"), row.pop("target"), row.pop("key"), row) for row in edges.to_pylist()
    )
    return graph

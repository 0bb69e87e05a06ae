"""Which accounts are run by one hand: links from shared identifiers and judgements, and entities.

    ann -- phone 1, device 7 -- bob      two kinds, each below its cap: controller
    bob -- device 9 ----------- cid      one kind: associated, never one entity by itself
    dan -- legal_subject L ---- eve      one subject: controller (associated where
                                         `legal_subject` is "separate"); more than 30 are a star
    ann -- judged same -------- fay      controller
    ann -- judged different --- bob      no link, and nothing may bring them into one entity
    ann -- looks like --------- gil      associated (`graph/fuzzy.py`), never one entity by itself

Definition D-3. An identifier links when at most its cap of accounts share it; kinds outside LINKING
never link. Controller links are tried strongest first (judged same; one legal subject; more kinds;
fewer sharers; ids) and a union is refused that would bring a `different` pair together or make an
entity of more than `entity_max` accounts. Refused links stay in `links` and say why in
`refused_links`.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from regift.graph import fuzzy
from regift.graph.snapshot import Settings
from regift.graph.union_find import APART, TOO_LARGE, join_guarded

LINKING = ("device", "payee", "payment_card", "phone")
"""Kinds that link when few accounts share them; `legal_subject` links however many share it."""

ONE_SUBJECT, SEPARATE = "controller", "separate"
"""What sharing a legal subject makes of two accounts: one entity, or a link and no more."""

STAR_FROM = 31
"""Accounts of one legal subject from which on only those with its smallest account are pairs."""

REFUSED = {
    APART: "it would bring together two accounts judged different",
    TOO_LARGE: "the entity would have more than {entity_max} accounts",
}
"""Why a union was refused, by what `join_guarded` says."""

_SHARING = """
    CREATE OR REPLACE TEMP TABLE _sharing AS
    SELECT account, kind, value, sharers, sharers > cap AS ignored
    FROM (SELECT account, kind, value, count(*) OVER (PARTITION BY kind, value) AS sharers
          FROM (SELECT DISTINCT account, kind, value FROM identifiers))
    JOIN _caps USING (kind)
"""

# Pairs that share, a row for each identifier. A large legal subject joins each of its accounts to
# the smallest one (n - 1 pairs, not n * (n - 1) / 2), and counts for any pair that is here anyhow.
# In a small one all are pairs: else those judged different from the smallest would be on their own.
_SHARED_PAIRS = f"""
    CREATE OR REPLACE TEMP TABLE _shared_pairs AS
    WITH few AS (FROM _sharing WHERE NOT ignored AND sharers > 1),
    subjects AS (
        SELECT account, value, count(*) OVER same AS sharers, min(account) OVER same AS centre
        FROM (SELECT DISTINCT account, value FROM identifiers WHERE kind = 'legal_subject')
        WINDOW same AS (PARTITION BY value)),
    small AS (FROM subjects WHERE sharers < {STAR_FROM}),
    large AS (FROM subjects WHERE sharers >= {STAR_FROM}),
    few_pairs AS (
        SELECT x.account AS a, y.account AS b, x.kind, x.sharers
        FROM few x JOIN few y USING (kind, value) WHERE x.account < y.account),
    pairs AS (SELECT a, b FROM few_pairs UNION SELECT a, b FROM _judged WHERE verdict = 'same')
    FROM few_pairs
    UNION ALL
    SELECT x.account, y.account, 'legal_subject', x.sharers
    FROM small x JOIN small y USING (value) WHERE x.account < y.account
    UNION ALL
    SELECT centre, account, 'legal_subject', sharers FROM large WHERE centre < account
    UNION ALL
    SELECT a, b, 'legal_subject', x.sharers
    FROM pairs JOIN large x ON x.account = a
               JOIN large y ON y.account = b AND y.value = x.value
    WHERE x.centre <> a
"""

# Sharers of a link: of each kind the rarest shared identifier, of these the most shared one. So
# one more identifier of a kind never makes a link weaker.
_LINKS = """
    CREATE OR REPLACE TEMP TABLE _links AS
    WITH kinds AS (SELECT a, b, kind, min(sharers) AS sharers FROM _shared_pairs GROUP BY ALL),
    pairs AS (
        SELECT a, b, list(kind ORDER BY kind) AS kinds, max(sharers) AS sharers,
               string_agg(kind || ' shared by ' || sharers, ', ' ORDER BY kind) AS shared
        FROM kinds GROUP BY a, b),
    -- Looking alike adds no kind: it makes no controller, alone or beside one shared identifier.
    alike AS (
        SELECT a, b, 'alike in ' || array_to_string(fields, ' and ') AS alike
        FROM fuzzy_links WHERE grade = 'associated')
    SELECT a, b, coalesce(verdict = 'same', false) AS judged, coalesce(kinds, []) AS kinds,
           list_contains(coalesce(kinds, []), 'legal_subject') AS subject, sharers,
           judged OR (subject AND $one_subject) OR coalesce(
               len(list_filter(pairs.kinds, lambda kind: kind <> 'legal_subject')) >= 2, false)
               AS controller,
           concat_ws(', ', CASE WHEN judged THEN 'judged same' END, shared, alike) AS why
    FROM pairs FULL JOIN (FROM _judged WHERE verdict = 'same') USING (a, b)
        FULL JOIN alike USING (a, b)
    WHERE (a, b) NOT IN (SELECT (a, b) FROM _judged WHERE verdict = 'different')
"""

_NODES = """
    CREATE OR REPLACE TEMP TABLE _nodes AS
    SELECT account, row_number() OVER (ORDER BY account) - 1 AS node
    FROM (SELECT a AS account FROM _links WHERE controller
          UNION SELECT b FROM _links WHERE controller)
"""

_JOINS = """
    SELECT a, b, x.node AS left_node, y.node AS right_node
    FROM _links JOIN _nodes x ON x.account = a JOIN _nodes y ON y.account = b
    WHERE controller
    ORDER BY judged DESC, subject DESC, len(kinds) DESC, sharers, a, b
"""

_APART = """
    SELECT x.node AS left_node, y.node AS right_node
    FROM _judged JOIN _nodes x ON x.account = a JOIN _nodes y ON y.account = b
    WHERE verdict = 'different'
"""


def derive(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make `links`, `entity_of`, `ignored_identifiers`, `fuzzy_links`, `fuzzy_ignored` (see
    `graph/snapshot.py`) and `refused_links(a, b, why)`: controller links whose union was refused.

    links.kinds: the shared kinds that count, sorted, VARCHAR[]; links.sharers: how many accounts
    share (of each kind the rarest identifier, of these the most shared), null when only judged
    or alike.
    The latest judgement of a pair (largest seq) counts. `different` removes the pair's own link.
    Reads identifiers, judgements, account_kinds. Cost: linear in the identifiers; each that links
    is shared by at most its cap of accounts and so gives at most (cap - 1) / 2 pairs a row.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE _judged AS
        SELECT a, b, arg_max(verdict, seq) AS verdict FROM judgements GROUP BY a, b
        """
    )
    caps = {kind: cap for kind, cap in settings.identifier_caps.items() if kind in LINKING}
    table = {"kind": pa.array(caps.keys(), pa.string()), "cap": pa.array(caps.values(), pa.int64())}
    con.register("_caps", pa.table(table))
    con.execute(_SHARING)
    con.unregister("_caps")
    con.execute(_SHARED_PAIRS)
    fuzzy.derive(con, settings)
    con.execute(_LINKS, {"one_subject": settings.legal_subject == ONE_SUBJECT})
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE ignored_identifiers AS
        SELECT DISTINCT kind, value, sharers AS accounts FROM _sharing WHERE ignored
        ORDER BY kind, value;
        CREATE OR REPLACE TEMP TABLE links AS
        SELECT a, b, CASE WHEN controller THEN 'controller' ELSE 'associated' END AS grade,
               kinds, sharers, why
        FROM _links ORDER BY a, b
        """
    )
    _unite(con, settings.entity_max)
    for name in ("_judged", "_sharing", "_shared_pairs", "_links", "_nodes"):
        con.execute(f"DROP TABLE {name}")


def _unite(con: duckdb.DuckDBPyConnection, entity_max: int) -> None:
    """Make `entity_of` and `refused_links`: a guarded union-find over the controller links."""
    con.execute(_NODES)
    joins = con.sql(_JOINS).to_arrow_table()
    apart = con.sql(_APART).to_arrow_table()
    nodes = int(con.execute("SELECT count(*) FROM _nodes").fetchall()[0][0])
    # Writable, whatever Arrow shares: one type for the kernel.
    ends = [
        table[side].to_numpy().copy()
        for table in (joins, apart)
        for side in ("left_node", "right_node")
    ]
    left, right, apart_left, apart_right = ends
    least, became = join_guarded(nodes, left, right, entity_max, apart_left, apart_right)
    con.register("_least", pa.table({"node": np.arange(nodes), "least": least}))
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE entity_of AS
        SELECT k.account, coalesce(e.account, k.account) AS entity
        FROM account_kinds k LEFT JOIN _nodes n USING (account)
            LEFT JOIN _least l ON l.node = n.node LEFT JOIN _nodes e ON e.node = l.least
        ORDER BY k.account
        """
    )
    con.unregister("_least")
    con.register("_became", joins.select(["a", "b"]).append_column("became", pa.array(became)))
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE refused_links AS
        SELECT a, b, CASE became WHEN $apart THEN $differ ELSE $full END AS why
        FROM _became WHERE became IN ($apart, $large) ORDER BY a, b
        """,
        {
            "apart": APART, "large": TOO_LARGE, "differ": REFUSED[APART],
            "full": REFUSED[TOO_LARGE].format(entity_max=entity_max),
        },
    )  # fmt: skip
    con.unregister("_became")


def link_explain(
    con: duckdb.DuckDBPyConnection, a: str, b: str, caps: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Why two accounts are, or are not, linked and one entity.

    caps: `identifier_caps` of the settings that the links were made with; the defaults if absent.

    Keys: a, b; entity_a, entity_b (null: no record names the account), same_entity; grade, why
    (null without a link); identifiers: [{kind, value, accounts, cap, counts}], all that both used;
    path: fewest controller links from a to b when they are one entity, [{a, b, why}]; refused:
    unions refused between their two entities, [{a, b, why}]; judgements: of this pair, oldest
    first, [{verdict, seq}]. Values of identifiers stand as they are: who shows them masks them.
    Cost: a scan of identifiers and links.
    """
    pair = sorted((a, b))
    rows = con.execute("SELECT * FROM entity_of WHERE account IN (?, ?)", pair).fetchall()
    entity: dict[str, str] = dict(rows)
    known = a in entity and b in entity
    same = known and entity[a] == entity[b]
    link = con.execute("SELECT grade, why FROM links WHERE a = ? AND b = ?", pair).fetchone()
    judged = con.execute(
        "SELECT verdict, seq FROM judgements WHERE a = ? AND b = ? ORDER BY seq", pair
    ).fetchall()
    if caps is None:
        caps = Settings().identifier_caps
    return {
        "a": a,
        "b": b,
        "entity_a": entity.get(a),
        "entity_b": entity.get(b),
        "same_entity": same,
        "grade": link[0] if link else None,
        "why": link[1] if link else None,
        "identifiers": _common_identifiers(con, a, b, caps),
        "path": _path(con, a, b) if same else [],
        "refused": (_refused_between(con, entity[a], entity[b]) if known and not same else []),
        "judgements": [{"verdict": verdict, "seq": seq} for verdict, seq in judged],
    }


def _common_identifiers(
    con: duckdb.DuckDBPyConnection, a: str, b: str, caps: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Identifiers that both used, and whether each counts towards a link."""
    rows = con.execute(
        """
        WITH both_used AS (
            SELECT kind, value FROM identifiers WHERE account = ?
            INTERSECT SELECT kind, value FROM identifiers WHERE account = ?)
        SELECT kind, value, count(DISTINCT account) AS accounts
        FROM identifiers SEMI JOIN both_used USING (kind, value)
        GROUP BY kind, value ORDER BY kind, value
        """,
        [a, b],
    ).fetchall()
    found = []
    for kind, value, accounts in rows:
        cap = caps.get(kind) if kind in LINKING else None
        counts = kind == "legal_subject" or (cap is not None and accounts <= cap)
        found.append(
            {"kind": kind, "value": value, "accounts": accounts, "cap": cap, "counts": counts}
        )
    return found


def _path(con: duckdb.DuckDBPyConnection, a: str, b: str) -> list[dict[str, str]]:
    """Fewest controller links from a to b, both of one entity; smallest ids first among equals."""
    rows = con.execute(
        """
        WITH inside AS (
            SELECT account FROM entity_of
            WHERE entity = (SELECT entity FROM entity_of WHERE account = ?))
        SELECT a, b, why FROM links
        WHERE grade = 'controller' AND a IN (FROM inside) AND b IN (FROM inside)
        ORDER BY a, b
        """,
        [a],
    ).fetchall()
    why = {(x, y): text for x, y, text in rows} | {(y, x): text for x, y, text in rows}
    came_from = {a: a}
    for here in (queue := [a]):  # breadth first; at most entity_max accounts
        for x, y in sorted(why):
            if x == here and y not in came_from:
                came_from[y] = here
                queue.append(y)
    steps = []
    while b != a:
        steps.append({"a": came_from[b], "b": b, "why": why[came_from[b], b]})
        b = came_from[b]
    return steps[::-1]


def _refused_between(con: duckdb.DuckDBPyConnection, a: str, b: str) -> list[dict[str, str]]:
    """Refused unions between the entities of a and b."""
    rows = con.execute(
        """
        SELECT r.a, r.b, r.why
        FROM refused_links r JOIN entity_of x ON x.account = r.a JOIN entity_of y ON y.account = r.b
        WHERE (x.entity, y.entity) IN ((?, ?), (?, ?)) ORDER BY r.a, r.b
        """,
        [a, b, b, a],
    ).fetchall()
    return [{"a": x, "b": y, "why": why} for x, y, why in rows]

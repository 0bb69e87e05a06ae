"""Paid gift: an item given away that is paid for on the side (definition D-9).

    item     A --gift--> B                    plain, price     one payment
    money    A <--p----- B                    sum              several payments
             A <--p2-- M <--p1-- B            route            through a third account

A gift counts if it is no entity hop and no platform `return` undid it (a gift back does not hide
it); give-aways of the issuer count too. A payment counts (table `payments`) if
|its time - the gift's| <= window, both ends included, and it goes from B to A. With `linked`, it
may also go from B's side to A's side: an account's side is its entity and the accounts that have
a link of their own with it. The payer may not be in A's entity, nor the payee in B's, nor may they
be of one.

R, the price of the gift: its own, else the item's, else the median (of two middle ones the lower)
of the collection's sales in the 30 days before it, strictly before, all in one currency; sales in
several currencies have no median. 0 is no price. Payments count only in the currency of R.

Passes, each greedy, over the gifts that are left and the payments that are free; g and p compare
by their total order:

    price   R known, R/2 <= p <= 2R; order (|lag|, g, p)
    sum     R known; per gift in order, payments below R/2 by (|lag|, p) until they make R, 10 at
            most; they fit from R/2 on (so there are at least two, and never more than 2R)
    plain   R unknown, p >= floor; order (|lag|, g, p). Then per gift in order payments below the
            floor, of one currency, earliest first, until they make it
    route   p1 B>M, p2 M>A with p1 < p2 strictly in time, both inside the window of the gift, one
            currency, p2 <= p1 and 10000 * p2 >= 8000 * p1; M is not A or B, no merchant, no
            platform and no hub (more than HUB counterparties); order (p2 - p1, p1, p2, g)

pair_rate: payments from B's side to A's side in [g - 90 d, g) that no gift took, scaled to the
2 * window of a search (n / 90 d * 2 * window), rounded half up to 4 decimals.

Only tier `price` is a fact of the records (D-14): readers of `fact` look at `detail.tier`.
detail: tier, pair_rate, lag_us (gift to its nearest payment), reference_minor,
reference_currency (R), linked (null | controller | associated: how the ends are tied to A and B).

Cost: candidates are joined on payer, payee and a time bucket as long as the window, so c candidate
pairs cost O(c log c) to sort and O(c) to match; c is at most 3/2 of the pairs in the bucket's
reach. Routes: for each pair of a gift that is left, the payees of B that also paid A.
Sources: restriction of accounts for paid gifts outside the platform, 2022 (docs/typologies.md).
"""

from dataclasses import dataclass
from decimal import Decimal

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regift.graph.matching import match_chains, match_singles, match_sums
from regift.graph.snapshot import DAY_US, Snapshot
from regift.loaders.currencies import DECIMALS
from regift.loaders.tables import MAX_MINOR
from regift.queries.findings import Findings, collect
from regift.queries.params import duration, flag, money
from regift.queries.typology import Typology

TIERS = ("price", "sum", "plain", "route")
MOST_IN_SUM = 10
HUB = 100
SALES_US = 30 * DAY_US
BASELINE_US = 90 * DAY_US
ROUTE_KEEP_BP = 8000
UNBOUNDED = 2**62


@dataclass(frozen=True)
class Params:
    """What a paid gift is."""

    window_us: int = duration("72h", "longest time between gift and payment, either way")
    floor: Decimal = money("10.00", "without a known price, smaller payments are small change")  # noqa: RUF009
    linked: bool = flag(True, "payments between linked accounts count too")
    split: bool = flag(True, "several payments that make up the price together count too")


_GIFTS = f"""
    CREATE OR REPLACE TEMP TABLE _pg_gifts AS
    WITH given AS (
        SELECT c.record_id, c.at_us, c.seq, c.item, c.collection, c.level,
               c.source AS a, c.target AS b, c.source_entity AS ea, c.target_entity AS eb,
               CASE WHEN c.price_minor > 0 AND c.currency IS NOT NULL THEN c.price_minor END AS own,
               CASE WHEN i.price_minor > 0 AND i.currency IS NOT NULL THEN i.price_minor END
                   AS listed,
               c.currency AS own_currency, i.currency AS listed_currency
        FROM custody c LEFT JOIN items i USING (item)
        WHERE c.kind = 'gift' AND c.rule <> 'internal' AND c.source_entity <> c.target_entity
          AND c.undone IS DISTINCT FROM 'return'),
    line AS (
        SELECT collection, at_us, record_id, NULL::BIGINT AS price_minor, NULL AS currency
        FROM given WHERE own IS NULL AND listed IS NULL AND collection IS NOT NULL
        UNION ALL
        SELECT collection, at_us, NULL, price_minor, currency FROM custody
        WHERE kind = 'sale' AND price_minor > 0 AND currency IS NOT NULL
          AND collection IS NOT NULL),
    medians AS (
        SELECT record_id, quantile_disc(price_minor, 0.5) OVER month AS median,
               min(currency) OVER month AS currency, max(currency) OVER month AS other
        FROM line
        WINDOW month AS (PARTITION BY collection ORDER BY at_us
                         RANGE BETWEEN {SALES_US} PRECEDING AND 1 PRECEDING))
    SELECT row_number() OVER (ORDER BY at_us, seq, record_id) - 1 AS g,
           record_id, at_us, item, level, a, b, ea, eb,
           coalesce(own, listed, median) AS r_minor,
           CASE WHEN own IS NOT NULL THEN own_currency WHEN listed IS NOT NULL THEN listed_currency
                ELSE m.currency END AS r_currency
    FROM given LEFT JOIN (FROM medians WHERE record_id IS NOT NULL AND currency = other) m
        USING (record_id)
"""

# Who may pay whom for a gift a > b. `tie`: 0 the two themselves, 1 by entity, 2 by a link.
_SIDES = """
    CREATE OR REPLACE TEMP TABLE _pg_sides AS
    WITH ends AS (SELECT DISTINCT a, b, ea, eb FROM _pg_gifts),
    accounts AS (SELECT a AS account FROM ends UNION SELECT b FROM ends),
    side AS (
        SELECT account, account AS other FROM accounts
        UNION SELECT account, m.account FROM accounts JOIN entity_of e USING (account)
              JOIN entity_of m ON $linked AND m.entity = e.entity
        UNION SELECT l.a, l.b FROM links l JOIN accounts ON $linked AND account = l.a
        UNION SELECT l.b, l.a FROM links l JOIN accounts ON $linked AND account = l.b),
    paid AS (SELECT DISTINCT source, target FROM payments)
    SELECT a, b, source AS payer, target AS payee,
           CASE WHEN source = b AND target = a THEN 0
                WHEN payers.entity = eb AND payees.entity = ea THEN 1 ELSE 2 END AS tie
    FROM ends JOIN side x ON x.account = b JOIN side y ON y.account = a
        JOIN paid ON source = x.other AND target = y.other
        JOIN entity_of payers ON payers.account = source
        JOIN entity_of payees ON payees.account = target
    WHERE payers.entity NOT IN (ea, payees.entity) AND payees.entity <> eb
"""

# `slot` numbers the payments in total order. Buckets make the time part of the hash join's key.
_CANDIDATES = """
    CREATE OR REPLACE TEMP TABLE _pg_candidates AS
    WITH spread AS (
        SELECT g, at_us, r_minor, r_currency, payer, payee,
               unnest([at_us // $bucket - 1, at_us // $bucket, at_us // $bucket + 1]) AS bucket
        FROM _pg_gifts JOIN _pg_sides USING (a, b))
    SELECT g, ord, dense_rank() OVER (ORDER BY ord) - 1 AS slot, amount_minor, currency,
           abs(p.at_us - s.at_us) AS lag, r_minor, floor_minor,
           r_minor IS NULL AS free, r_currency = currency AS same
    FROM spread s JOIN payments p ON p.source = payer AND p.target = payee
        AND p.at_us // $bucket = s.bucket AND abs(p.at_us - s.at_us) <= $window
        JOIN _pg_floors USING (currency)
"""

# Kernel inputs of each pass, in the order in which it walks them.
_PRICE = """
    SELECT g, slot FROM _pg_candidates
    WHERE same AND 2 * amount_minor >= r_minor AND amount_minor <= 2 * r_minor
    ORDER BY lag, g, slot
"""
_SUM = """
    SELECT g, 0::BIGINT AS grp, slot, amount_minor, r_minor AS stop, (r_minor + 1) // 2 AS enough
    FROM _pg_candidates WHERE same AND 2 * amount_minor < r_minor ORDER BY g, lag, slot
"""
_PLAIN = """
    SELECT g, slot FROM _pg_candidates
    WHERE free AND amount_minor >= floor_minor ORDER BY lag, g, slot
"""
_SMALL = """
    SELECT g, dense_rank() OVER (ORDER BY currency) AS grp, slot, amount_minor,
           floor_minor AS stop, floor_minor AS enough
    FROM _pg_candidates WHERE free AND amount_minor < floor_minor ORDER BY g, grp, slot
"""

_ROUTES = f"""
    CREATE OR REPLACE TEMP TABLE _pg_routes AS
    WITH unmatched AS (FROM _pg_gifts ANTI JOIN _pg_matches USING (g)),
    unused AS (FROM payments ANTI JOIN _pg_matches USING (ord)),
    ends AS (SELECT DISTINCT a, b FROM unmatched),
    paid AS (
        SELECT DISTINCT source, target FROM unused
        WHERE source IN (SELECT b FROM ends) OR target IN (SELECT a FROM ends)),
    between AS (
        SELECT a, b, x.target AS m
        FROM ends JOIN paid x ON x.source = b JOIN paid y ON y.target = a AND y.source = x.target
        WHERE x.target NOT IN (a, b)),
    met AS (SELECT source AS m, target AS other FROM payments
            WHERE source IN (SELECT m FROM between)
            UNION SELECT target, source FROM payments WHERE target IN (SELECT m FROM between)),
    barred AS (
        SELECT account AS m FROM account_kinds WHERE kind IN ('merchant', 'platform')
        UNION ALL SELECT m FROM met GROUP BY m HAVING count(*) > {HUB}),
    middle AS (FROM between WHERE m NOT IN (SELECT m FROM barred)),
    spread AS (
        SELECT g, at_us, a, b, m,
               unnest([at_us // $bucket - 1, at_us // $bucket, at_us // $bucket + 1]) AS bucket
        FROM unmatched JOIN middle USING (a, b)),
    firsts AS (
        SELECT g, m, p.* FROM spread s JOIN unused p ON p.source = b AND p.target = m
        AND p.at_us // $bucket = bucket AND abs(p.at_us - s.at_us) <= $window),
    seconds AS (
        SELECT g, m, p.* FROM spread s JOIN unused p ON p.source = m AND p.target = a
        AND p.at_us // $bucket = bucket AND abs(p.at_us - s.at_us) <= $window)
    SELECT g, x.ord AS p1, y.ord AS p2, y.at_us - x.at_us AS took
    FROM firsts x JOIN seconds y USING (g, m, currency)
    WHERE x.at_us < y.at_us AND y.amount_minor <= x.amount_minor
      AND 10000 * y.amount_minor >= {ROUTE_KEEP_BP} * x.amount_minor
"""

# A free payment counts towards the rate; `n` is how many of its two accounts came up to its time.
_RATES = f"""
    CREATE OR REPLACE TEMP TABLE _pg_rates AS
    WITH probes AS (
        SELECT g, at_us AS to_us, at_us - {BASELINE_US} AS from_us, payer, payee
        FROM _pg_gifts SEMI JOIN _pg_matches USING (g) JOIN _pg_sides USING (a, b)),
    series AS (
        SELECT DISTINCT source, target, at_us,
               count(*) OVER (PARTITION BY source, target ORDER BY at_us) AS n
        FROM payments ANTI JOIN _pg_matches USING (ord)
        SEMI JOIN probes ON payer = source AND payee = target),
    counted AS (
        SELECT g, sum(coalesce(x.n, 0) - coalesce(y.n, 0)) AS n
        FROM probes
            ASOF LEFT JOIN series x ON x.source = payer AND x.target = payee AND to_us > x.at_us
            ASOF LEFT JOIN series y ON y.source = payer AND y.target = payee AND from_us > y.at_us
        GROUP BY g)
    SELECT g, (n::HUGEINT * 2 * $window * 10000 + {BASELINE_US // 2}) // {BASELINE_US} AS rate
    FROM counted
"""

# What is told of each gift: accounts besides A and B in the order of their payments.
_TOLD = """
    CREATE OR REPLACE TEMP TABLE _pg_told AS
    WITH moves AS (
        SELECT g, ord, tier, p.record_id, p.at_us, p.source, p.target, amount_minor, p.currency,
               a, b, abs(p.at_us - x.at_us) AS lag,
               CASE WHEN tier <> 'route' THEN 'payment'
                    WHEN p.source = b THEN 'route_in' ELSE 'route_out' END AS role
        FROM _pg_matches JOIN payments p USING (ord) JOIN _pg_gifts x USING (g)),
    others AS (
        SELECT g, source AS account, 'payer' AS role, ord FROM moves
        WHERE role = 'payment' AND source <> b
        UNION ALL SELECT g, target, 'payee', ord FROM moves WHERE role = 'payment' AND target <> a
        UNION ALL SELECT g, target, 'router', ord FROM moves WHERE role = 'route_in'),
    named AS (
        SELECT g, list(account ORDER BY ord, role DESC) AS accounts,
               list(role ORDER BY ord, role DESC) AS roles
        FROM (SELECT g, account, role, min(ord) AS ord FROM others GROUP BY ALL) GROUP BY g),
    paid AS (
        SELECT g, any_value(tier) AS tier, min(at_us) AS first_us, max(at_us) AS last_us,
               sum(amount_minor) FILTER (role <> 'route_in') AS amount_minor,
               any_value(currency) AS paid_currency, min(lag) AS lag_us,
               max(tie) FILTER (role = 'payment') AS tie,
               list({'tbl': 'transfers', 'record': record_id, 'role': role} ORDER BY ord) AS records
        FROM moves LEFT JOIN (SELECT a, b, payer AS source, payee AS target, tie FROM _pg_sides)
            USING (a, b, source, target)
        GROUP BY g)
    FROM paid LEFT JOIN named USING (g)
"""

_ROWS = """
    SELECT ['gifts:' || record_id] AS anchor, item AS unit,
           least(at_us, first_us) AS first_us, greatest(at_us, last_us) AS last_us,
           amount_minor, paid_currency AS currency, 1 + len(records) AS length,
           1 AS instances, level, true AS complete, [item] AS items,
           json_object('tier', tier, 'pair_rate', coalesce(rate, 0) // 10000 || '.'
                           || lpad((coalesce(rate, 0) % 10000)::VARCHAR, 4, '0'),
                       'lag_us', lag_us, 'reference_minor', r_minor,
                       'reference_currency', r_currency,
                       'linked', CASE tie WHEN 1 THEN 'controller' WHEN 2 THEN 'associated' END
           ) AS detail,
           [a, b] || coalesce(accounts, []) AS accounts,
           ['giver', 'receiver'] || coalesce(roles, []) AS roles,
           [{'tbl': 'gifts', 'record': record_id, 'role': 'gift'}] || records AS evidence
    FROM _pg_gifts JOIN _pg_told USING (g)
        LEFT JOIN (SELECT g, rate FROM _pg_rates) USING (g)
"""

MATCHED_TABLES = (
    "_pg_gifts",
    "_pg_sides",
    "_pg_floors",
    "_pg_candidates",
    "_pg_matches",
    "_pg_routes",
)
"""What `match` leaves; its caller drops them."""

WORK_TABLES = (*MATCHED_TABLES, "_pg_rates", "_pg_told")


def find(graph: Snapshot, params: Params) -> Findings:
    """Gifts that are paid for, at most one finding a gift."""
    con = graph.con
    matched(graph, params)
    con.execute(_RATES, {"window": params.window_us})
    con.execute(_TOLD)
    found = collect(con, "paid_gift", "pg", _ROWS)
    for table in WORK_TABLES:
        con.execute(f"DROP TABLE {table}")
    del graph.kept["paid gifts"]
    return found


def matched(graph: Snapshot, params: Params) -> None:
    """What `match` makes, once for a snapshot: `escrow_broker` asks for the same with defaults."""
    if graph.kept.get("paid gifts") != params:
        match(graph.con, params)
        graph.kept["paid gifts"] = params


def match(con: duckdb.DuckDBPyConnection, params: Params) -> None:
    """Make `_pg_gifts` (g, record_id, item, a, b, ...) and `_pg_matches(g, ord, tier)`: the payment
    with place `ord` in `payments` was taken by gift g, in which pass.
    """
    within = {"window": params.window_us, "bucket": max(params.window_us, 1)}
    _floors(con, params.floor)
    con.execute(_GIFTS)
    con.execute(_SIDES, {"linked": params.linked})
    con.execute(_CANDIDATES, within)
    con.execute("CREATE OR REPLACE TEMP TABLE _pg_matches (g BIGINT, ord BIGINT, tier VARCHAR)")
    _match_direct(con, params.split)
    con.execute(_ROUTES, within)
    _match_routes(con)


def _floors(con: duckdb.DuckDBPyConnection, floor: Decimal) -> None:
    """`_pg_floors(currency, floor_minor)`: the floor in minor units of each currency paid in."""
    codes = [code for (code,) in con.sql("SELECT DISTINCT currency FROM payments").fetchall()]
    minor = [-int(-floor.scaleb(DECIMALS[code]) // 1) for code in codes]
    con.register(
        "_floors",
        pa.table(
            {
                "currency": pa.array(codes, pa.string()),
                "floor_minor": pa.array([min(m, MAX_MINOR + 1) for m in minor], pa.int64()),
            }
        ),
    )
    con.execute("CREATE OR REPLACE TEMP TABLE _pg_floors AS FROM _floors")
    con.unregister("_floors")


def _match_direct(con: duckdb.DuckDBPyConnection, split: bool) -> None:
    """The passes price, sum and plain."""
    tier = _unmatched(con)
    paid = con.sql("SELECT DISTINCT slot, ord FROM _pg_candidates ORDER BY slot").to_arrow_table()
    owner = np.full(len(paid), -1, np.int64)
    gift, slot = _arrays(con, _PRICE)
    match_singles(gift, slot, 1, tier, owner)
    if split:
        gift, group, slot, amount, stop, enough = _arrays(con, _SUM)
        match_sums(gift, group, slot, amount, stop, enough, MOST_IN_SUM, 2, tier, owner)
    gift, slot = _arrays(con, _PLAIN)
    match_singles(gift, slot, 3, tier, owner)
    gift, group, slot, amount, stop, enough = _arrays(con, _SMALL)
    match_sums(gift, group, slot, amount, stop, enough, UNBOUNDED, 3, tier, owner)
    _keep(con, paid["ord"].to_numpy(), tier, owner)


def _match_routes(con: duckdb.DuckDBPyConnection) -> None:
    """The pass route, over what the others left."""
    gift, first, second = _arrays(con, "SELECT g, p1, p2 FROM _pg_routes ORDER BY took, p1, p2, g")
    paid, slot = np.unique(np.concatenate((first, second)), return_inverse=True)
    tier, owner = _unmatched(con), np.full(len(paid), -1, np.int64)
    match_chains(gift, slot[: len(gift)], slot[len(gift) :], 4, tier, owner)
    _keep(con, paid, tier, owner)


def _unmatched(con: duckdb.DuckDBPyConnection) -> npt.NDArray[np.int8]:
    return np.zeros(con.sql("SELECT count(*) FROM _pg_gifts").fetchall()[0][0], np.int8)


def _arrays(con: duckdb.DuckDBPyConnection, sql: str) -> list[npt.NDArray[np.int64]]:
    return [column.to_numpy().copy() for column in con.sql(sql).to_arrow_table().columns]


def _keep(
    con: duckdb.DuckDBPyConnection,
    ord: npt.NDArray[np.int64],
    tier: npt.NDArray[np.int8],
    owner: npt.NDArray[np.int64],
) -> None:
    """Add to `_pg_matches` the payments that a gift took."""
    taken = np.flatnonzero(owner >= 0)
    names = pa.array(TIERS).take(pa.array(tier[owner[taken]] - 1))
    con.register("_taken", pa.table({"g": owner[taken], "ord": ord[taken], "tier": names}))
    con.execute("INSERT INTO _pg_matches FROM _taken")
    con.unregister("_taken")


TYPOLOGY = Typology(
    name="paid_gift",
    prefix="pg",
    layer="item",
    family="payment",
    kappa_percent=80,
    fact=True,
    clauses=("R2",),
    partition="whole",
    anchor="gifts:record_id of the gift",
    params=Params,
    find=find,
    reads=("custody", "items", "payments", "links", "entity_of", "account_kinds"),
    nulls=("time",),
    texts={
        "en": "A gift that is paid for on the side: directly, in parts, by or to a linked account, "
        "or through a third one.",
        "zh": "以赠送为名的付费转让：赠送前后有对应付款，"
        "包括直接付款、拆分付款、关联账号付款或经第三方中转付款。",
    },
)

"""unusual_amount: a payment that is far larger or smaller than what its sender always pays.

    ann > ...   100  102  98  100  101      the middle is 100, half lie within 1 % of it
    ann > bob   900                         9 times as much: found

The size of an amount is its natural logarithm in thousandths, rounded down (`log_amounts.py`), so
that twice as much is as far as half as much. Of a sender and currency with at least `min_payments`
effective payments and red packets: the median M of their sizes, and the median S of their distances
from M; between two middle numbers their mean. Found: a payment with

    |size - M|  >  deviations * (1.4826 * S + 50)        compared as whole numbers, times 40,000

1.4826 makes S the standard deviation where sizes are normally distributed; 50 thousandths (5 %) are
a spread that every sender has, or one that pays a constant would be unusual by a cent. The payment
is one of those that M and S are of. If more than `common` of all payments of the store are far,
nothing is found, and `chance` tells the counts. Definition D-18.

One finding a payment: `payer`, `counterparty`, and the record (`unusual`).

detail: side (above | below), deviations (how many, rounded down), typical_minor (the middle amount
of the sender, the lower one of two), payments (how many M is of).

Chance: if just as many payments lie between 3 deviations and `deviations` as beyond, amounts here
have a long tail and none of them stands apart; the share near / far is taken off the weight of a
rare kind of payments (`queries/rarity.py`). Told with `far`, `near`, `payments`, `common_bp`.

Cost: one aggregation of the payments by sender with two sorts, one join. Sources: median absolute
deviation, Hampel 1974, Leys et al. 2013; the factors by our measurements on simulated ledgers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from regift.graph.connect import row
from regift.graph.snapshot import Snapshot
from regift.queries import scopes
from regift.queries.findings import Findings, collect
from regift.queries.kept import keep
from regift.queries.log_amounts import log_amounts
from regift.queries.params import count, ratio
from regift.queries.rarity import COMMON, chance_of, is_common, weight_bp
from regift.queries.typology import Chance, Redo, Typology

NEAR = 3
"""Deviations beyond which an amount counts for the tail: of normal ones 1 in 370 does."""


@dataclass(frozen=True)
class Params:
    """How far is far, and when that is rare."""

    deviations: int = count(5, "an unusual amount is more deviations from the sender's median")
    min_payments: int = count(5, "fewest payments of a sender in a currency")
    common_bp: int = ratio(COMMON, "largest share of all payments that may be unusual")


def _measured(params: Params) -> str:
    """CTE `measured`: payments of senders with enough of them, distances as whole numbers.

    middle2: twice the median of sizes; apart2: twice the distance from it; spread4: four times the
    median of distances; unit: 40,000 deviations.
    """
    return f"""
    sizes AS MATERIALIZED (
        SELECT amount_minor, thousandths
        FROM (SELECT DISTINCT amount_minor FROM payments) a
            ASOF JOIN _log_amounts ON a.amount_minor >= at_least),
    senders AS (
        SELECT source, currency, count(*) AS n, list_sort(list(thousandths)) AS own,
               list_sort(list(amount_minor)) AS amounts
        FROM payments JOIN sizes USING (amount_minor)
        GROUP BY source, currency HAVING count(*) >= greatest({params.min_payments:d}, 1)),
    middles AS (
        SELECT *, own[(n + 1) // 2] + own[n // 2 + 1] AS middle2 FROM senders),
    spreads AS (
        SELECT *, list_sort(list_transform(own, lambda size: abs(2 * size - middle2))) AS aparts
        FROM middles),
    habits AS (
        SELECT source, currency, n, middle2, amounts[(n + 1) // 2] AS typical_minor,
               14826 * (aparts[(n + 1) // 2] + aparts[n // 2 + 1]) + 2000000 AS unit
        FROM spreads),
    measured AS (
        SELECT p.*, n, typical_minor, 2 * thousandths > middle2 AS above,
               20000 * abs(2 * thousandths - middle2) AS apart, unit
        FROM payments p JOIN sizes USING (amount_minor) JOIN habits USING (source, currency))
    """


def _far(params: Params) -> str:
    return f"""
    CREATE OR REPLACE TEMP TABLE _ua_far AS
    WITH {_measured(params)}
    SELECT * FROM measured WHERE apart > {params.deviations:d}::HUGEINT * unit
    """


_KEPT = "SELECT source AS account, count(*) AS far FROM _ua_far GROUP BY source"
"""How many of an account's payments are far: all of them together must be few."""

_ROWS = """
    SELECT ['transfers:' || record_id] AS anchor, source AS unit, at_us AS first_us,
           at_us AS last_us, amount_minor, currency, 1 AS length, 1 AS instances, NULL AS level,
           true AS complete, [] AS items,
           json_object('side', CASE WHEN above THEN 'above' ELSE 'below' END,
                       'deviations', apart // far.unit, 'typical_minor', typical_minor,
                       'payments', n) AS detail,
           [source, target] AS accounts, ['payer', 'counterparty'] AS roles,
           [{'tbl': 'transfers', 'record': record_id, 'role': 'unusual'}] AS evidence
    FROM _ua_far far
"""


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """Senders that were touched; all if unusual amounts are rare now and were not, or were."""
    con = graph.con
    seen = scopes.accounts(con)
    with log_amounts(con), scopes.shown(con, {"payments": seen.sees["payments"]}):
        con.execute(_far(params))
    keep(graph, "far_payments", _KEPT)
    return seen if scopes.as_rare(graph, "far_payments", "sum(far)", params.common_bp) else None


def find(graph: Snapshot, params: Params) -> Findings:
    """Payments far from what their sender pays; see the head of this file."""
    con = graph.con
    if graph.before is None:
        with log_amounts(con):
            con.execute(_far(params))
        keep(graph, "far_payments", _KEPT)
    far, payments = scopes.share(con, "_kept_far_payments", "sum(far)")
    few = "WHERE false" if is_common(far, payments, params.common_bp) else ""
    found = collect(con, TYPOLOGY.name, TYPOLOGY.prefix, f"{_ROWS} {few}")
    con.execute("DROP TABLE _ua_far")
    return found


def chance(graph: Snapshot, params: Params, seed: int) -> Mapping[str, Chance]:
    """How far unusual amounts stand apart from the others; nothing in it is drawn by lot."""
    with log_amounts(graph.con):
        payments, far, near = row(
            graph.con,
            f"""
            WITH {_measured(params)}
            SELECT (SELECT count(*) FROM payments),
                   count(*) FILTER (apart > {params.deviations:d}::HUGEINT * unit),
                   count(*) FILTER (apart > {NEAR} * unit
                                    AND apart <= {params.deviations:d}::HUGEINT * unit)
            FROM measured
            """,
        )
    told = {"far": far, "near": near, "payments": payments, "common_bp": params.common_bp}
    apart = weight_bp(far, payments) * max(far - near, 0) // max(far, 1)
    return chance_of(apart, far, payments, params.common_bp, told)


TYPOLOGY = Typology(
    name="unusual_amount",
    prefix="ua",
    layer="value",
    family="amount",
    kappa_percent=55,
    fact=False,
    clauses=("R5",),
    partition="account",
    redo=redo,
    keeps=("far_payments",),
    anchor="transfers:record_id of the payment",
    params=Params,
    find=find,
    reads=("payments",),
    chance=chance,
    texts={
        "en": "A payment whose amount is far from what its sender always pays",
        "zh": "付款金额与付款方一贯的付款金额相差悬殊",
    },
)

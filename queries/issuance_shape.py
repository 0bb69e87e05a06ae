"""Issuance shape: many pay one account, which serves the earlier ones as the later ones come in.

    p1 --> x   p2 --> x   x --> p1   p3 --> x   x ==item==> p2 ...        within `window` of the
       1st pay    2nd        p1 is served: p2 came before the service     root, the first payment

Root: a payment or red packet to x. The payers of x in [root, root + window], ends included, count
with their first payment there. A payer is served if x pays it, or an item goes from x to it, later
than that payment and still in the window, once another payer has come in meanwhile: that one's
first payment there lies after the payer's (strictly, by time) and not after the service. The root
counts if there are at least `min_payers` payers and at least `share` of them are served, one at
least. Each currency by itself, items serve in all of them. Merchants and platforms are left out:
to sell and to pay back is their trade. Definition D-18.

One finding an episode of roots of x; it shows the first payments in the window of the root with the
most payers, and the first service of each that is served. detail: payers, served, stratum.

Cost: n log^2 n in the payments to accounts with enough payers (`served_kernel.py`).
Sources: prepaid offerings and the payout of early entrants from later ones' money, which regulators
name as signs of illegal fund-raising: CSRC, statement on NFT of 2022-04-13; Chen et al. 2018 on
Ponzi schemes in ledgers (doi 10.1145/3178876.3186046).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph import episodes, spans
from regift.graph.served_kernel import NEVER, served_from
from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pair_rate
from regift.queries.params import count, duration, ratio
from regift.queries.strata import size_stratum
from regift.queries.typology import Typology

Longs = NDArray[Any]


@dataclass(frozen=True)
class Params:
    """How many payers, and how many of them must be served."""

    window_us: int = duration("30d", "time in which payments and services lie, inclusive")
    min_payers: int = count(20, "fewest payers of one account in the window")
    share_bp: int = ratio("0.25", "least share of the payers that are served")


# `place` numbers the payments by account, currency and time, `payer_number` the payers of each.
_PAID = """
    CREATE OR REPLACE TEMP TABLE _is_paid AS
    WITH open AS (
        SELECT target, currency FROM payments JOIN account_kinds k ON k.account = target
        WHERE k.kind IS NULL OR k.kind NOT IN ('merchant', 'platform')
        GROUP BY target, currency HAVING count(DISTINCT source) >= $least)
    SELECT target AS x, currency, source AS payer, record_id, at_us, seq,
           row_number() OVER (ORDER BY target, currency, ord) - 1 AS place,
           dense_rank() OVER (ORDER BY target, currency) - 1 AS who,
           dense_rank() OVER (ORDER BY target, currency, source) - 1 AS payer_number,
           coalesce(lag(at_us) OVER (PARTITION BY target, currency, source ORDER BY ord), $before)
               AS before_us
    FROM payments SEMI JOIN open USING (target, currency)
"""

# Of services at one time the first in the order of evidence.
_SERVICES = """
    CREATE OR REPLACE TEMP TABLE _is_services AS
    WITH payers AS (SELECT DISTINCT x, currency, payer, payer_number FROM _is_paid),
    services AS (
        SELECT payer_number, at_us, 'transfers' AS tbl, seq, record_id
        FROM payments p JOIN payers y
            ON y.x = p.source AND y.payer = p.target AND y.currency = p.currency
        UNION ALL
        SELECT payer_number, at_us, 'gifts', seq, record_id
        FROM custody c JOIN payers y ON y.x = c.source AND y.payer = c.target
        WHERE c.kind <> 'burn')
    SELECT payer_number, at_us, min((tbl, seq, record_id)) AS record
    FROM services GROUP BY payer_number, at_us
"""

_ROWS = f"""
    WITH firsts AS (
        SELECT root, until_us, p.*,
               min(at_us) OVER (PARTITION BY root ORDER BY at_us
                   RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS joined_us
        FROM (SELECT *, unnest(range(low, high)) AS place FROM _is_roots) JOIN _is_paid p
            USING (place)
        WHERE before_us < begin_us),
    records AS (
        SELECT root, at_us, 'transfers' AS tbl, seq, record_id, 'in' AS role FROM firsts
        UNION ALL
        SELECT root, s.at_us, s.record[1], s.record[2], s.record[3], 'out'
        FROM firsts f ASOF JOIN _is_services s
            ON s.payer_number = f.payer_number AND f.joined_us <= s.at_us
        WHERE s.at_us <= until_us),
    evidence AS (
        SELECT root, min(at_us) AS first_us, max(at_us) AS last_us,
               list({{'tbl': tbl, 'record': record_id, 'role': role}}
                    ORDER BY at_us, tbl, seq, record_id) AS evidence
        FROM records GROUP BY root),
    payers AS (
        SELECT root, any_value(x) AS x, any_value(currency) AS currency,
               list(payer ORDER BY place) AS payers FROM firsts GROUP BY root),
    items AS (
        SELECT root, list_sort(list(DISTINCT item)) AS items
        FROM records JOIN custody USING (record_id) WHERE tbl = 'gifts' GROUP BY root)
    SELECT [x, currency, first_root] AS anchor, x AS unit, first_us, last_us, NULL AS amount_minor,
           currency, 1 AS length, instances, NULL AS level, true AS complete,
           coalesce(items, []) AS items, json_object('payers', number, 'served', served,
               'stratum', {size_stratum("number")}) AS detail,
           [x] || payers AS accounts,
           ['organiser'] || list_transform(payers, lambda payer: 'source') AS roles, evidence
    FROM _is_roots JOIN evidence USING (root) JOIN payers USING (root) LEFT JOIN items USING (root)
"""


def _served_from(paid: pa.Table, services: pa.Table, window_us: int) -> Longs:
    """Of each payment the earliest begin of a window in which it is served."""
    who, payer, at_us, before_us = (
        paid[name].to_numpy().copy() for name in ("who", "payer_number", "at_us", "before_us")
    )
    server, served_us = (services[name].to_numpy().copy() for name in ("payer_number", "at_us"))
    times = np.unique(served_us)
    keys = spans.keys(server, served_us, times)
    serves = np.stack(
        [np.searchsorted(keys, spans.keys(payer, at, times, "right"))
         for at in (at_us, at_us + window_us)]
    )  # fmt: skip
    end = np.cumsum(np.bincount(who, minlength=1))[who]
    return served_from(end, at_us, before_us, serves, served_us, window_us)


def _roots(graph: Snapshot, params: Params, window_us: int) -> pa.Table:
    """One row an episode: its first root, the root that is shown with window and places."""
    paid = graph.con.sql(
        "SELECT who, payer_number, at_us, before_us, record_id FROM _is_paid ORDER BY place"
    ).to_arrow_table()
    services = graph.con.sql(
        "SELECT payer_number, at_us FROM _is_services ORDER BY payer_number, at_us"
    ).to_arrow_table()
    who, at_us, before_us = (paid[name].to_numpy() for name in ("who", "at_us", "before_us"))
    first_us = np.maximum(before_us + 1, at_us - window_us)
    number, served = (
        spans.stabbed(who[some], begin[some], at_us[some], who, at_us)
        for begin in (first_us, _served_from(paid, services, window_us))
        for some in [begin <= at_us]
    )
    enough = (number >= params.min_payers) & (served > 0)
    root = np.flatnonzero(enough & (10_000 * served >= params.share_bp * number))
    episode = episodes.split(who[root], at_us[root], window_us)
    shown = root[episodes.shown(episode, number[root])]
    times = np.unique(at_us)
    keys = spans.keys(who, at_us, times)
    ends = spans.keys(who[shown], at_us[shown] + window_us, times, "right")
    first = root[np.flatnonzero(np.diff(episode, prepend=-1))]
    return pa.table(
        {
            "root": shown,
            "first_root": paid["record_id"].take(pa.array(first)),
            "instances": np.bincount(episode) if len(root) else root,
            "number": number[shown],
            "served": served[shown],
            "low": np.searchsorted(keys, keys[shown]),
            "high": np.searchsorted(keys, ends),
            "begin_us": at_us[shown],
            "until_us": at_us[shown] + window_us,
        }
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes in which an account is paid by many and serves the earlier of them."""
    con, window_us = graph.con, min(params.window_us, spans.LONGEST_US)
    con.execute(_PAID, {"least": max(params.min_payers, 2), "before": -NEVER})
    con.execute(_SERVICES)
    con.register("_is_roots", _roots(graph, params, window_us))
    found = collect(con, TYPOLOGY.name, TYPOLOGY.prefix, with_pair_rate(_ROWS, window_us))
    con.unregister("_is_roots")
    con.execute("DROP TABLE _is_paid; DROP TABLE _is_services")
    return found


TYPOLOGY = Typology(
    name="issuance_shape",
    prefix="is",
    layer="value",
    family="issuance",
    kappa_percent=20,
    fact=False,
    clauses=("R1",),
    partition="account",
    anchor="account, currency, first root of the episode",
    params=Params,
    find=find,
    reads=("payments", "custody", "account_kinds"),
    nulls=("time", "targets"),
    texts={
        "en": "is paid by many and serves the earlier ones as the later ones come in",
        "zh": "向多人收款，并在后来者付款后向先付款者兑付",
    },
)

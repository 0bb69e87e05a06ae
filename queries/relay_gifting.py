"""Relay gifting: an item is handed on quickly by several who keep little (definition D-18).

    ann --gift--> bob --gift--> cat --gift--> dan       min_hops = 3, each at most `dwell` after
    giver         relay         relay         receiver  the one before

A chain is a run of neighbouring ledger rows of one item, all gifts by rule `hop` that nothing
undid, each by the entity to which the one before went, as long as possible; where one goes to an
entity that is on the chain already, it ends, and the next begins with that hop. bob and cat are
found as relays only if they pass on what they are given: of the gifts of any item to each in [first
hop - `window`, last hop], at most `retain` is kept, that is, not given or sold by the item's very
next ledger row, at most `dwell` later. Time bounds are inclusive.

detail: kept, given (gifts to the relays in that time, together, and those kept).

Cost: one sort of the ledger by item, one of the gifts by receiver; the rest is linear in chains.
Sources: fixed holding periods of collectible platforms, and relay accounts that get round them
(docs/typologies.md); money mules, who keep little of what goes through them: FATF, 2018.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from regift.graph.gift_chain_kernel import cut_chains
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.queries.findings import Findings, collect
from regift.queries.moves import MOVES
from regift.queries.params import count, duration, ratio
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """How fast, how far, and how little is kept."""

    dwell_us: int = duration("24h", "longest time that a relay holds an item, inclusive")
    min_hops: int = count(3, "fewest hops of a chain; less than two is read as two")
    retain_bp: int = ratio("0.2", "largest share of its gifts that a relay keeps")
    window_us: int = duration("24h", "time before the chain in which a relay's gifts count")


# Runs of hops that follow each other; the others of the ledger make no chain.
_HOPS = """
    CREATE OR REPLACE TEMP TABLE _rg_hops AS
    WITH gifts AS (
        SELECT record_id, item, ord, at_us, source, target, source_entity, target_entity,
               lag(ord) OVER hops = ord - 1 AND lag(target_entity) OVER hops = source_entity
                   AND at_us - lag(at_us) OVER hops <= $dwell AS goes_on
        FROM custody WHERE kind = 'gift' AND rule = 'hop' AND undone IS NULL
        WINDOW hops AS (PARTITION BY item ORDER BY ord)),
    numbered AS (
        SELECT *, count(*) FILTER (goes_on IS NOT true) OVER (PARTITION BY item ORDER BY ord) AS run
        FROM gifts)
    SELECT row_number() OVER (ORDER BY item, ord) - 1 AS hop, * EXCLUDE (run) FROM numbered
    QUALIFY count(*) OVER (PARTITION BY item, run) >= $least
"""

_CHAINS = """
    CREATE OR REPLACE TEMP TABLE _rg_chains AS
    SELECT h.*, c.chain, row_number() OVER (PARTITION BY c.chain ORDER BY hop) AS place
    FROM _rg_hops h JOIN _rg_cut c USING (hop)
    QUALIFY count(*) OVER (PARTITION BY c.chain) >= $least
"""

# What each relay was given, and kept: running counts, read at both ends of its time.
_RELAYS = f"""
    CREATE OR REPLACE TEMP TABLE _rg_relays AS
    WITH spans AS (
        SELECT chain, min(at_us) - $window AS low_us, max(at_us) AS high_us, max(place) AS hops
        FROM _rg_chains GROUP BY chain),
    relays AS (
        SELECT chain, target_entity AS entity, low_us, high_us
        FROM _rg_chains JOIN spans USING (chain) WHERE place < hops),
    rows AS (
        SELECT item, kind, rule, undone, at_us, source_entity, target_entity,
               coalesce(lead(kind) OVER hops IN ('gift', 'sale')
                        AND lead(source_entity) OVER hops = target_entity
                        AND lead(at_us) OVER hops - at_us <= $dwell, false) AS passed
        FROM custody WINDOW hops AS (PARTITION BY item ORDER BY ord)),
    given AS (
        SELECT DISTINCT target_entity AS entity, at_us, count(*) OVER upto AS number,
               count(*) FILTER (NOT passed) OVER upto AS kept
        FROM rows WHERE {MOVES} AND kind = 'gift' AND target_entity IN (SELECT entity FROM relays)
        WINDOW upto AS (PARTITION BY target_entity ORDER BY at_us))
    SELECT chain, r.entity, y.number - coalesce(x.number, 0) AS given,
           y.kept - coalesce(x.kept, 0) AS kept
    FROM relays r ASOF JOIN given y ON y.entity = r.entity AND r.high_us >= y.at_us
        ASOF LEFT JOIN given x ON x.entity = r.entity AND r.low_us > x.at_us
"""

_ROWS = """
    WITH found AS (
        SELECT chain, sum(given)::BIGINT AS given, sum(kept)::BIGINT AS kept FROM _rg_relays
        GROUP BY chain HAVING bool_and(10000 * kept <= {retain_bp:d} * given)),
    shown AS (
        SELECT chain, any_value(item) AS item, arg_min(record_id, hop) AS first_record,
               min(at_us) AS first_us, max(at_us) AS last_us, count(*) AS hops,
               [arg_min(source, hop)] || list(target ORDER BY hop) AS accounts,
               list({{'tbl': 'gifts', 'record': record_id, 'role': 'hop'}} ORDER BY hop) AS evidence
        FROM _rg_chains SEMI JOIN found USING (chain) GROUP BY chain)
    SELECT ['gifts:' || first_record] AS anchor, item AS unit, first_us, last_us,
           NULL AS amount_minor, NULL AS currency, hops AS length, hops AS instances, NULL AS level,
           true AS complete, [item] AS items,
           json_object('kept', kept, 'given', given) AS detail, accounts,
           ['giver'] || list_transform(range(hops - 1), lambda i: 'relay') || ['receiver'] AS roles,
           evidence
    FROM shown JOIN found USING (chain)
"""


def _cut(graph: Snapshot, least: int) -> None:
    """`_rg_chains`: the hops of chains that are long enough, with chain and place on it."""
    con = graph.con
    hops = con.sql(
        "SELECT hop, goes_on IS NOT true AS begins, source_entity, target_entity FROM _rg_hops "
        "ORDER BY hop"
    ).to_arrow_table()
    ends = [hops[name].combine_chunks() for name in ("source_entity", "target_entity")]
    coded = pa.concat_arrays(ends).dictionary_encode()
    codes = coded.indices.to_numpy().astype(np.int64)
    begins = hops["begins"].to_numpy().copy()
    size = len(hops)
    chain = cut_chains(begins, codes[:size], codes[size:], len(coded.dictionary))
    con.register("_rg_cut", pa.table({"hop": hops["hop"], "chain": chain}))
    con.execute(_CHAINS, {"least": least})
    con.unregister("_rg_cut")


def find(graph: Snapshot, params: Params) -> Findings:
    """Chains of quick gifts by way of entities that keep little."""
    con, least = graph.con, max(params.min_hops, 2)
    dwell, window = min(params.dwell_us, LONGEST_US), min(params.window_us, LONGEST_US)
    con.execute(_HOPS, {"dwell": dwell, "least": least})
    _cut(graph, least)
    con.execute(_RELAYS, {"dwell": dwell, "window": window})
    rows = _ROWS.format(retain_bp=params.retain_bp)
    found = collect(con, TYPOLOGY.name, TYPOLOGY.prefix, rows)
    for table in ("_rg_hops", "_rg_chains", "_rg_relays"):
        con.execute(f"DROP TABLE {table}")
    return found


TYPOLOGY = Typology(
    name="relay_gifting",
    prefix="rg",
    layer="item",
    family="circulation",
    kappa_percent=50,
    fact=False,
    clauses=("R4", "R5"),
    partition="whole",
    anchor="gifts:record_id of the first hop",
    params=Params,
    find=find,
    reads=("custody",),
    nulls=("recipients", "time"),
    texts={
        "en": "hands an item on quickly through accounts that keep little of what they are given",
        "zh": "藏品经多个几乎不留存的账号快速接力转赠",
    },
)

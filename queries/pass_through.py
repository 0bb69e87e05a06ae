"""pass_through: money that leaves soon after it came, nearly whole, again and again.

    r1 s > x 100.00  @0h   --.
    r2 x > t  95.00  @3h   <-'  of r1, 95 of 100 went on to others within `dwell`: an event
    ...                         `min_events` events, neighbours at most `window` apart: a finding

First in, first out, per account and currency: an out takes from the oldest money that came in at
most `dwell` (inclusive) and, with `ties=strict`, at an earlier time. What goes back to its own
source counts for nothing. An event is an incoming record of which at least `keep` was taken by
others. `payment` and `red_packet` count on both sides, `topup` only in, `payout` only out.

One finding an account, currency and episode: accounts are the relay, then the sources of the
events, then the receivers; records are the events' incoming records and the outs that took them,
in total order; amount is the sum of the incoming events; `instances` the number of events.
Definition D-7.

Cost: linear in the records. Sources: Suzumura and Kanezashi, AMLSim; FATF, indicators of funnel
and mule accounts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.relay_kernels import first_in_first_out
from regift.graph.snapshot import Snapshot
from regift.graph.temporal import RELAY_KINDS, TemporalGraph, flows
from regift.queries.findings import Findings, collect
from regift.queries.habit import with_pairs
from regift.queries.params import choice, count, duration, ratio
from regift.queries.typology import Typology

Ints = NDArray[Any]

_ROWS = """
    WITH accounts AS (
        SELECT episode, relay AS account, 'relay' AS role, 0 AS place, 0 AS edge FROM _moves
        UNION ALL SELECT episode, source, 'source', 1, edge FROM _moves WHERE role = 'in'
        UNION ALL SELECT episode, target, 'receiver', 2, edge FROM _moves WHERE role = 'out'),
    once AS (
        SELECT episode, account, arg_min(role, (place, edge)) AS role,
               min((place, edge)) AS place
        FROM accounts GROUP BY episode, account),
    parties AS (
        SELECT episode, list(account ORDER BY place) AS accounts, list(role ORDER BY place) AS roles
        FROM once GROUP BY episode),
    episodes AS (
        SELECT episode, any_value(relay) AS unit, any_value(currency) AS currency,
               arg_min(record, edge) FILTER (role = 'in') AS root,
               min(at_us) AS first_us, max(at_us) AS last_us,
               sum(amount_minor) FILTER (role = 'in') AS amount_minor,
               count(*) FILTER (role = 'in') AS instances,
               list({'tbl': 'transfers', 'record': record, 'role': role} ORDER BY edge) AS evidence
        FROM _moves GROUP BY episode)
    SELECT [unit, currency, root] AS anchor, unit, first_us, last_us, amount_minor, currency,
           2 AS length, instances, NULL AS level, true AS complete, [] AS items, NULL AS detail,
           accounts, roles, evidence
    FROM episodes JOIN parties USING (episode)
"""


@dataclass(frozen=True)
class Params:
    """What an event and an episode are."""

    dwell_us: int = duration("24h", "longest stay of money that was passed on, inclusive")
    keep_bp: int = ratio("0.9", "least share of an incoming record that others took")
    min_events: int = count(3, "fewest events of an episode")
    window_us: int = duration("7d", "longest gap between neighbouring events, inclusive")
    ties: str = choice("strict", ("strict", "order"), "whether equal times may follow each other")


def _events(part: TemporalGraph, params: Params) -> tuple[Ints, Ints, Ints, Ints]:
    """Events with their episodes, and the outs that took them: (edge, episode, out, episode)."""
    payout, topup = RELAY_KINDS.index("payout"), RELAY_KINDS.index("topup")
    comes_in, goes_out = part.kind != payout, part.kind != topup
    taken, took_in, took_out, _ = first_in_first_out(
        part.edges, comes_in, goes_out, params.dwell_us, params.ties == "order", False
    )
    enough = comes_in & (10_000 * taken >= params.keep_bp * part.amount_minor)
    events = part.edges.in_edge[enough[part.edges.in_edge]]
    new = np.ones(len(events), np.bool_)
    new[1:] = (np.diff(part.target[events]) != 0) | (np.diff(part.at_us[events]) > params.window_us)
    episode = np.cumsum(new) - 1
    large = np.bincount(episode) >= params.min_events if len(events) else new
    chosen = large[episode]
    episode_of = np.full(len(part), -1, np.int64)
    episode_of[events[chosen]] = episode[chosen]
    taking = episode_of[took_in] >= 0
    # An out that took several events of one episode is one record of it.
    outs = np.unique(
        np.stack([took_out[taking].astype(np.int64), episode_of[took_in[taking]]]), axis=1
    )
    return events[chosen], episode[chosen], outs[0], outs[1]


def _moves(currency: str, part: TemporalGraph, params: Params, base: int) -> pa.Table:
    """One row for each record of each episode; episodes are numbered from `base`."""
    events, episode, outs, out_episode = _events(part, params)
    edges = np.concatenate((events, outs))
    size, ins = len(edges), len(events)
    relay = np.concatenate((part.target[events], part.source[outs]))
    text = pa.large_string()
    return pa.table(
        {
            "episode": base + np.concatenate((episode, out_episode)),
            "edge": part.rank[edges],
            "record": part.records_of(edges),
            "role": pa.array(["in"] * ins + ["out"] * (size - ins), text),
            "relay": part.accounts.take(pa.array(relay)),
            "source": part.accounts.take(pa.array(part.source[edges])),
            "target": part.accounts.take(pa.array(part.target[edges])),
            "at_us": part.at_us[edges],
            "amount_minor": part.amount_minor[edges],
            "currency": pa.array([currency] * size, text),
        }
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """Episodes of events; see the head of this file."""
    tables = []
    base = 0
    for currency, part in flows(graph, RELAY_KINDS):
        tables.append(_moves(currency, part, params, base))
        base += len(part)
    graph.con.register("_moves", pa.concat_tables(tables))
    found = collect(graph.con, "pass_through", "pt", with_pairs(_ROWS, params.window_us))
    graph.con.unregister("_moves")
    return found


TYPOLOGY = Typology(
    name="pass_through",
    prefix="pt",
    layer="value",
    family="relay",
    kappa_percent=60,
    fact=False,
    clauses=("R5",),
    partition="account",
    anchor="account, currency, first record of the episode",
    params=Params,
    find=find,
    halo=lambda params: int(params.dwell_us + params.window_us),
    reads=("payments", "transfers"),
    nulls=("time", "shift", "targets"),
    texts={
        "en": "Money left soon after it came, nearly whole, {instances} times",
        "zh": "资金到账后短时间内几乎全部转出，共 {instances} 次",
    },
)

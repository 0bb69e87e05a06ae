"""How each engine answers the questions of `peers.py`: columns or a graph in, answer and cost out.

Columns in memory are where regift, DuckDB and Polars begin, and what they build of them (indexes,
hash tables) is counted. igraph, networkx and Raphtory begin with their own graph, which is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from measuring import Spent, load_kernels, stage
from numpy.typing import NDArray

from regift.graph.connect import connect
from regift.graph.cycles import CycleParams, Cycles
from regift.graph.index_kernels import horizons
from regift.graph.path_kernels import first_arrivals
from regift.graph.temporal import TemporalGraph

Ints = NDArray[Any]
LONGEST, STATIC_LONGEST, SEEDS = 4, 3, 5
Answer = tuple[Any, Spent]


@dataclass(frozen=True)
class World:
    """Transfers in order of time: numbers of accounts, microseconds. window_us: of a cycle."""

    name: str
    source: Ints
    target: Ints
    at_us: Ints
    window_us: int

    @property
    def accounts(self) -> int:
        return int(max(self.source.max(), self.target.max())) + 1


def world_of(name: str, source: Ints, target: Ints, at_us: Ints, window_us: int) -> World:
    """Sorted by time, without transfers to oneself."""
    moves = source != target
    order = np.argsort(at_us[moves], kind="stable")
    columns = [column[moves][order].astype(np.int64) for column in (source, target, at_us)]
    return World(name, *columns, window_us)


def graph_of(world: World) -> TemporalGraph:
    """As regift searches it."""
    m = len(world.source)
    return TemporalGraph(
        pa.array(np.arange(world.accounts)).cast(pa.large_string()),
        pa.array(np.arange(m)).cast(pa.large_string()),
        ("CNY",), ("payment",), world.source, world.target, world.at_us, np.arange(m),
        np.ones(m), np.zeros(m), np.zeros(m),
    )  # fmt: skip


def timed(work: Callable[[], Any]) -> Answer:
    """What the work gives, and what it spent."""
    spent: dict[str, Spent] = {}
    with stage(spent, "work"):
        found = work()
    return found, spent["work"]


# Temporal cycles: instances by length.


def cycles_of(world: World, graph: TemporalGraph) -> Cycles:
    """regift's search, indexes included."""
    return Cycles(graph, CycleParams(world.window_us, LONGEST, 0, False))


def cycles_counted(world: World) -> Answer:
    """regift, numbers alone."""
    load_kernels()
    graph = graph_of(world)
    return timed(lambda: cycles_of(world, graph).by_length())


def cycles_with_rings(world: World) -> Answer:
    """regift, numbers and a witness of each ring's every episode."""
    load_kernels()
    graph = graph_of(world)

    def work() -> dict[int, int]:
        cycles = cycles_of(world, graph)
        cycles.witnesses()
        return cycles.by_length()

    return timed(work)


def cycles_listed(world: World) -> Answer:
    """regift, the transfers of every instance: what joins do."""
    load_kernels()
    graph = graph_of(world)

    def work() -> dict[int, int]:
        cycles = cycles_of(world, graph)
        start, _ = cycles.list_instances(2**31 - 1)
        lengths, instances = np.unique(np.diff(start), return_counts=True)
        return dict(zip(lengths.tolist(), instances.tolist(), strict=True))

    return timed(work)


_WALKS = """
    WITH RECURSIVE walks AS (
        SELECT source AS root, target AS here, at_us AS first_us, at_us AS last_us, 1 AS hops,
               [source, target] AS path
        FROM moves
        UNION ALL
        SELECT w.root, m.target, w.first_us, m.at_us, w.hops + 1, list_append(w.path, m.target)
        FROM walks w JOIN moves m ON m.source = w.here
            AND m.at_us > w.last_us AND m.at_us <= w.first_us + $window
        WHERE w.hops < $longest AND w.here <> w.root
            AND (m.target = w.root OR NOT list_contains(w.path, m.target)))
    SELECT hops, count(*) FROM walks WHERE here = root GROUP BY hops
"""


def cycles_in_duckdb(world: World) -> Answer:
    """One recursive query."""
    con = connect(threads=1)
    con.register("_moves", pa.table({k: getattr(world, k) for k in ("source", "target", "at_us")}))
    con.execute("CREATE TEMP TABLE moves AS FROM _moves")
    asked = {"window": world.window_us, "longest": LONGEST}
    return timed(lambda: dict(con.execute(_WALKS, asked).fetchall()))


def cycles_in_polars(world: World) -> Answer:
    """A join for each hop; Polars has its own threads, processor time counts them all."""
    import polars as pl

    moves = pl.DataFrame({"source": world.source, "target": world.target, "at": world.at_us})
    column = pl.col

    def work() -> dict[int, int]:
        walks = moves.select(
            root=column("source"), here=column("target"), first=column("at"), last=column("at")
        )
        found, seen = {}, []
        for hops in range(2, LONGEST + 1):
            later = (column("at") > column("last")) & (
                column("at") <= column("first") + world.window_us
            )
            fresh = [column("target") != column(name) for name in seen]
            walks = (
                walks.lazy()
                .join(moves.lazy(), left_on="here", right_on="source")
                .filter(later, *fresh)
                .with_columns(column("here").alias(f"v{hops}"), last=column("at"))
                .with_columns(here=column("target"))
                .drop("target", "at")
                .collect()
            )
            seen.append(f"v{hops}")
            closed = column("here") == column("root")
            found[hops] = walks.filter(closed).height
            walks = walks.filter(~closed)
        return found

    return timed(work)


def cycles_in_networkx(world: World) -> Answer:
    """Paths in the graph whose nodes are transfers and whose edges lead to later transfers."""
    import networkx as nx

    source, target, at_us = (c.tolist() for c in (world.source, world.target, world.at_us))
    by_source: dict[int, list[int]] = {}
    for e, account in enumerate(source):
        by_source.setdefault(account, []).append(e)
    follows = nx.DiGraph()
    for e in range(len(source)):
        for f in by_source.get(target[e], ()):
            if at_us[e] < at_us[f] <= at_us[e] + world.window_us:
                follows.add_edge(e, f)

    def work() -> dict[int, int]:
        found: dict[int, int] = {}
        for e in list(follows):
            reached = nx.single_source_shortest_path_length(follows, e, cutoff=LONGEST - 1)
            ends = [
                f for f in reached
                if target[f] == source[e] and at_us[f] <= at_us[e] + world.window_us and f != e
            ]  # fmt: skip
            for path in nx.all_simple_paths(follows, e, ends, cutoff=LONGEST - 1) if ends else ():
                if len({source[f] for f in path}) == len(path):
                    found[len(path)] = found.get(len(path), 0) + 1
        return found

    return timed(work)


# Rings by the transfer that closes them: how many (last transfer, order of accounts) by length.

MOST_ACCOUNTS = 64
"""The last bin that snapml is given; longer rings would fall into it and disagree."""


def closed_in_regift(world: World) -> Answer:
    """Rings of each first transfer, any length, with time and transfers turned round."""
    load_kernels()
    last = world.at_us[-1]
    back = (column[::-1].copy() for column in (world.target, world.source, last - world.at_us))
    graph = graph_of(World(world.name, *back, world.window_us))

    def work() -> dict[int, int]:
        cycles = Cycles(graph, CycleParams(world.window_us, 0, 0, False))
        before = np.append(0, np.cumsum(cycles.rings.hi - cycles.rings.lo))
        found = np.bincount(cycles.lengths, weights=np.diff(before[cycles.rings.first]))
        return {int(k): int(found[k]) for k in np.flatnonzero(found)}

    return timed(work)


def closed_in_snapml(world: World) -> Answer:
    """The histograms of each transfer's temporal cycles, added up."""
    return features_of_snapml(world, "temp-cycle")


def nothing_in_snapml(world: World) -> Answer:
    """The same calls and the same dynamic graph, no pattern searched; no answer."""
    _, spent = features_of_snapml(world, "")
    return None, spent


def features_of_snapml(world: World, pattern: str) -> Answer:
    """`GraphFeaturePreprocessor`, one thread, one transfer a call, in seconds.

    A batch would count each cycle at all of its transfers; microseconds are too large for it.
    """
    from snapml import GraphFeaturePreprocessor

    window_s, rest = divmod(world.window_us, 1_000_000)
    if rest or (world.at_us % 1_000_000).any():
        raise ValueError(f"{world.name}: snapml is asked in whole seconds")
    features = GraphFeaturePreprocessor()
    asked = features.get_params()
    switches = [name for name, given in asked.items() if isinstance(given, bool)]
    asked |= {name: name == pattern for name in switches}
    asked |= {name: window_s for name in asked if name.endswith("_tw")}
    asked |= {"num_threads": 1, "time_window": window_s}
    asked["temp-cycle_bins"] = list(range(2, MOST_ACCOUNTS + 1))
    features.set_params(asked)
    seconds = (world.at_us - world.at_us[0]) // 1_000_000
    columns = (np.arange(len(seconds)), world.source, world.target, seconds)
    moves = np.column_stack(columns).astype(np.float64)

    def work() -> dict[int, int]:
        total = np.zeros(MOST_ACCOUNTS - 1 if pattern else 0)
        for e in range(len(moves)):
            total += features.transform(moves[e : e + 1])[0, 4:]
        return {int(k) + 2: int(total[k]) for k in np.flatnonzero(total)}

    return timed(work)


# Static cycles: how many of each length.


def pairs_of(world: World) -> list[tuple[int, int]]:
    """Who ever paid whom."""
    return sorted(set(zip(world.source.tolist(), world.target.tolist(), strict=True)))


def static_in_regift(world: World) -> Answer:
    """Rings of the pairs, each of which pays at the times 1, 2, 3."""
    load_kernels()
    source, target = np.array(pairs_of(world)).T
    at_us = np.repeat(np.arange(1, STATIC_LONGEST + 1), len(source))
    often = (np.tile(column, STATIC_LONGEST) for column in (source, target))
    graph = graph_of(world_of("static", *often, at_us, STATIC_LONGEST))

    def work() -> dict[int, int]:
        cycles = Cycles(graph, CycleParams(STATIC_LONGEST, STATIC_LONGEST, 0, False))
        return by_size(cycles.lengths.tolist())

    return timed(work)


def static_in_igraph(world: World) -> Answer:
    """`Graph.simple_cycles`."""
    import igraph

    graph = igraph.Graph(world.accounts, pairs_of(world), directed=True)
    return timed(lambda: by_size(len(cycle) for cycle in graph.simple_cycles(max=STATIC_LONGEST)))


def static_in_networkx(world: World) -> Answer:
    """`simple_cycles`."""
    import networkx as nx

    graph = nx.DiGraph(pairs_of(world))
    listed = nx.simple_cycles
    return timed(
        lambda: by_size(len(cycle) for cycle in listed(graph, length_bound=STATIC_LONGEST))
    )


def by_size(lengths: Any) -> dict[int, int]:
    """How often each length comes."""
    found, times = np.unique(np.fromiter(lengths, np.int64), return_counts=True)
    return dict(zip(found.tolist(), times.tolist(), strict=True))


# Reach: accounts that each seed reaches, itself aside.


def seeds_of(world: World) -> list[int]:
    """Accounts with the most transfers out, the smaller number first."""
    return np.argsort(-np.bincount(world.source), kind="stable")[:SEEDS].tolist()


def reach_in_regift(world: World) -> Answer:
    """One pass over the transfers for each seed."""
    load_kernels()
    graph = graph_of(world)
    n = world.accounts

    def work() -> list[int]:
        group = horizons(graph.at_us, 0, False)[0]
        found = []
        for seed in seeds_of(world):
            by, _ = first_arrivals(graph.source.copy(), graph.target.copy(), group, n, seed)
            found.append(int((by >= 0).sum()))
        return found

    return timed(work)


def reach_in_raphtory(world: World) -> Answer:
    """`temporally_reachable_nodes`; more hops than accounts bound nothing."""
    from raphtory import Graph, algorithms

    graph = Graph()
    for source, target, at_us in zip(
        world.source.tolist(), world.target.tolist(), world.at_us.tolist(), strict=True
    ):
        graph.add_edge(at_us // 1_000_000, source, target)
    first = int(world.at_us[0]) // 1_000_000 - 1

    def work() -> list[int]:
        found = []
        for seed in seeds_of(world):
            reached = algorithms.temporally_reachable_nodes(
                graph, world.accounts + 1, first, [seed], None
            )
            found.append(sum(1 for events in reached.values() if events) - 1)
        return found

    return timed(work)

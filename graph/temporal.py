"""The temporal graph: money moves as immutable columns in total order, with indexes by account.

    edge      0        1        2            numbers are places in the total order (D-1)
    source    ann      bob      ann          dense int32, in the order of the ids' UTF-8 bytes
    target    bob      ann      cat
    at_us     ...

Accounts are numbered in the order of their ids, so comparing numbers is comparing ids. An account
without an edge is not in the graph.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.graph.index_kernels import group_by, group_pairs
from regift.graph.snapshot import Snapshot
from regift.loaders.currencies import least_minor
from regift.loaders.errors import RegiftError, UsageError

Ints = NDArray[Any]

FLOW_KINDS = ("payment", "red_packet")
RELAY_KINDS = (*FLOW_KINDS, "topup", "payout")
"""With the kinds that only enter or leave the network (D-1)."""

MAX_EDGES = 2**31 - 2
COLUMNS = {
    "source": np.int32,
    "target": np.int32,
    "at_us": np.int64,
    "rank": np.int64,
    "amount_minor": np.int64,
    "currency": np.int16,
    "kind": np.int8,
}

_EDGES = """
    CREATE OR REPLACE TEMP TABLE _edges AS
    WITH wanted AS (SELECT unnest($kinds::VARCHAR[]) AS kind,
                           generate_subscripts($kinds::VARCHAR[], 1) - 1 AS code)
    SELECT record_id, at_us, coalesce(seq, 0) AS seq, source, target, amount_minor, currency, code
    FROM payments JOIN wanted USING (kind)
    WHERE source <> target AND at_us BETWEEN $since_us AND $until_us
    UNION ALL
    SELECT record_id, at_us, coalesce(seq, 0), source, target, amount_minor, currency, code
    FROM transfers JOIN wanted USING (kind)
    WHERE kind IN ('topup', 'payout') AND source <> target
          AND at_us BETWEEN $since_us AND $until_us
"""
_NUMBERED = """
    WITH names AS (SELECT account, row_number() OVER (ORDER BY account) - 1 AS id
                   FROM (SELECT source AS account FROM _edges UNION SELECT target FROM _edges)),
    coins AS (SELECT currency, row_number() OVER (ORDER BY currency) - 1 AS id
              FROM (SELECT DISTINCT currency FROM _edges))
    SELECT e.record_id, e.at_us, s.id::INTEGER AS source, t.id::INTEGER AS target, e.amount_minor,
           c.id::SMALLINT AS currency, e.code::TINYINT AS kind
    FROM _edges e JOIN names s ON s.account = e.source JOIN names t ON t.account = e.target
         JOIN coins c ON c.currency = e.currency
    ORDER BY e.at_us, e.seq, e.record_id
"""


def _frozen(array: Any, dtype: Any) -> Ints:
    """A contiguous array that nobody can change: kernels are compiled for exactly this."""
    copy: Ints = np.array(array, dtype=dtype, order="C")
    copy.flags.writeable = False
    return copy


class Edges(NamedTuple):
    """What kernels read of a temporal graph. Places are int32; m edges, n accounts, p pairs.

    source, target, at_us, amount: per edge. out_edge, in_edge: edges by source, by target, in
    order; out_start, in_start (n + 1): where each account's begin. pair_edge: edges by (source,
    target, order); pair_start (p + 1); pair_of, pair_place, previous: per edge its pair, its place
    in pair_edge, the edge before it in its pair or -1; pair_head (p): first edge of a pair;
    pairs_from (n + 1): first pair of each source; in_pair, in_pairs_from: pairs by target.
    """

    source: Ints
    target: Ints
    at_us: Ints
    amount: Ints
    out_start: Ints
    out_edge: Ints
    in_start: Ints
    in_edge: Ints
    pair_start: Ints
    pair_edge: Ints
    pair_of: Ints
    pair_place: Ints
    previous: Ints
    pair_head: Ints
    pairs_from: Ints
    in_pair: Ints
    in_pairs_from: Ints


@dataclass(frozen=True, eq=False)
class TemporalGraph:
    """Edges in total order as columns, and the names behind the numbers.

    source, target: int32 into `accounts`; at_us, amount_minor: int64; rank: int64 into
    `record_ids`, the place in the total order of the graph this one was taken from; currency,
    kind: codes into `currencies`, `kinds`. The columns are read-only.
    Memory: 37 bytes an edge, 36 more when `edges` (the indexes) is used.

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> row = {"record_id": "t1", "at_us": 5, "source": "bob", "target": "ann",
    ...        "amount_minor": 100, "currency": "CNY", "kind": "payment"}
    >>> with snapshot_from_rows({"transfers": [row]}) as snapshot:
    ...     graph = temporal_graph(snapshot)
    >>> len(graph), graph.accounts.to_pylist(), graph.source
    (1, ['ann', 'bob'], array([1], dtype=int32))
    """

    accounts: pa.Array
    record_ids: pa.Array
    currencies: tuple[str, ...]
    kinds: tuple[str, ...]
    source: Ints
    target: Ints
    at_us: Ints
    rank: Ints
    amount_minor: Ints
    currency: Ints
    kind: Ints

    def __post_init__(self) -> None:
        if len(self.source) > MAX_EDGES:
            raise RegiftError(
                f"a temporal graph holds at most {MAX_EDGES:,} edges and this one has "
                f"{len(self.source):,}: search a shorter span of time"
            )
        for name, dtype in COLUMNS.items():
            object.__setattr__(self, name, _frozen(getattr(self, name), dtype))

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def edges(self) -> Edges:
        """The columns with all indexes, made by counting sorts when first asked for: linear."""
        n = len(self.accounts)
        out_start, out_edge = group_by(self.source, n)
        in_start, in_edge = group_by(self.target, n)
        pair_edge, pair_of, place, previous, start, head, pair_to, pairs_from = group_pairs(
            self.source, in_start, in_edge, out_start
        )
        in_pairs_from, in_pair = group_by(pair_to, n)
        indexes = (
            out_start, out_edge, in_start, in_edge, start, pair_edge, pair_of, place, previous,
            head, pairs_from, in_pair, in_pairs_from,
        )  # fmt: skip
        for index in indexes:
            index.flags.writeable = False  # of nobody else: no copy
        return Edges(self.source, self.target, self.at_us, self.amount_minor, *indexes)

    def select(self, chosen: Ints) -> "TemporalGraph":
        """The same graph with only some edges (a mask or ascending edge numbers)."""
        columns = {name: getattr(self, name)[chosen] for name in COLUMNS}
        return TemporalGraph(self.accounts, self.record_ids, self.currencies, self.kinds, **columns)

    def by_currency(self) -> Iterator[tuple[str, "TemporalGraph"]]:
        """One graph for each currency that has edges, in the order of the codes.

        A graph without any edge is one part, of currency "".
        """
        if len(self.currencies) <= 1 or not len(self):
            yield (*self.currencies, "")[0], self
            return
        for code, name in enumerate(self.currencies):
            part = self.select(self.currency == code)
            if len(part):
                yield name, part

    def records_of(self, edges: Ints) -> pa.Array:
        """Record ids of some edges."""
        return self.record_ids.take(pa.array(self.rank[edges]))

    def account(self, name: str) -> int:
        """Number of an account; a UsageError if no money moved through it."""
        place = pc.index(self.accounts, name).as_py()
        if place < 0:
            raise UsageError(f"account {name!r} has no money moves in these records")
        return int(place)


Span = tuple[int, int]
EVER: Span = (-(2**63), 2**63 - 1)


def temporal_graph(
    graph: Snapshot, kinds: tuple[str, ...] = FLOW_KINDS, span: Span = EVER
) -> TemporalGraph:
    """The effective money moves of a snapshot, of some kinds, in a span of time (both ends in it).

    `payment` and `red_packet` come from `payments`; `topup` and `payout`, which only pass_through
    uses, from `transfers` (refunds cancel neither). Self-loops take part in no flow (D-1).
    Cost: one sort of the moves in DuckDB and two joins that number the accounts.
    """
    con = graph.con
    con.execute(_EDGES, {"kinds": list(kinds), "since_us": span[0], "until_us": span[1]})
    table = con.sql(_NUMBERED).to_arrow_table()
    names = "SELECT source AS name FROM _edges UNION SELECT target FROM _edges ORDER BY name"
    accounts = con.sql(names).to_arrow_table()["name"]
    coins = con.execute("SELECT DISTINCT currency FROM _edges ORDER BY currency").fetchall()
    con.execute("DROP TABLE _edges")
    columns = {name: table[name].to_numpy() for name in COLUMNS if name != "rank"}
    return TemporalGraph(
        _one_array(accounts),
        _one_array(table["record_id"]),
        tuple(coin for (coin,) in coins),
        kinds,
        rank=np.arange(table.num_rows),
        **columns,
    )


def flows(
    graph: Snapshot,
    kinds: tuple[str, ...] = FLOW_KINDS,
    min_amount: Decimal = Decimal(0),
    span: Span = EVER,
) -> list[tuple[str, TemporalGraph]]:
    """The moves of each currency, of some kinds and at least `min_amount`, as (currency, graph).

    Made once for a snapshot, indexes included, and shared by its searches; those of a span are made
    anew each time, so that memory holds no more. Accounts that only other kinds touch are in the
    graph too. kind codes are places in `RELAY_KINDS`.
    """
    kept = graph.kept if span == EVER else {}
    if "moves" not in kept:
        kept["moves"] = temporal_graph(graph, RELAY_KINDS, span)
    name = f"flows {','.join(kinds)}"
    if name not in kept:
        moves: TemporalGraph = kept["moves"]
        chosen = np.isin(moves.kind, [RELAY_KINDS.index(kind) for kind in kinds])
        kept[name] = list((moves if chosen.all() else moves.select(chosen)).by_currency())
    parts = []
    for currency, part in kept[name]:
        enough = part.amount_minor >= least_minor(min_amount, currency)
        parts.append((currency, part if enough.all() else part.select(enough)))
    return parts


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    """One array of 64-bit offsets: ids of a large graph pass 2 GiB together."""
    text = pa.large_string()
    return pa.concat_arrays(column.cast(text).chunks or [pa.array([], text)])

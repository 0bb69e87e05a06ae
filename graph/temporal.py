"""The temporal graph: money moves as immutable columns in total order, with indexes by account.

    edge      0        1        2            numbers are places in the total order (D-1)
    source    ann      bob      ann          dense int32, in the order of the ids' UTF-8 bytes
    target    bob      ann      cat
    at_us     ...

Accounts are numbered in the order of their ids, so comparing numbers is comparing ids. An account
without an edge is not in the graph.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.graph.connect import large_texts
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
    "rank": np.int32,
    "amount_minor": np.int64,
    "currency": np.int16,
    "kind": np.int8,
}

# `ord` is the place in the total order of payments; entries and exits have none.
_COLUMNS = """
    record_id, at_us, coalesce(seq, 0) AS seq, source, target, amount_minor, currency,
    (list_position($kinds::VARCHAR[], kind) - 1)::TINYINT AS kind
"""
_CHOSEN = "list_contains($kinds::VARCHAR[], kind) AND at_us BETWEEN $since_us AND $until_us"
_PAID = f"SELECT {_COLUMNS}, ord FROM payments WHERE source <> target AND {_CHOSEN}"
_ENTRIES = f"""
    SELECT {_COLUMNS}, NULL::BIGINT AS ord FROM transfers
    WHERE kind IN ('topup', 'payout') AND source <> target AND {_CHOSEN}
"""


def _frozen(array: Any, dtype: Any) -> Ints:
    """A contiguous array that nobody can change: kernels are compiled for exactly this."""
    copy: Ints = array
    owned = isinstance(array, np.ndarray) and array.base is None and not array.flags.writeable
    if owned and array.dtype == dtype and array.flags.c_contiguous:
        return copy  # frozen before, by `_own` or another graph
    copy = np.array(array, dtype=dtype, order="C")
    copy.flags.writeable = False
    return copy


def _own(array: Any, dtype: Any) -> Ints:
    """The same for an array that nobody else holds: it is frozen without a copy if it can be."""
    fresh: Ints = np.require(array, dtype, ["C", "O"])
    fresh.flags.writeable = False
    return fresh


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

    source, target: int32 into `accounts`; at_us, amount_minor: int64; rank: int32 into
    `record_ids`, the place in the total order of the graph this one was taken from; currency,
    kind: codes into `currencies`, `kinds`. The columns are read-only.
    Memory: 31 bytes an edge, 36 more when `edges` (the indexes) is used.

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
        columns = {
            name: _own(getattr(self, name)[chosen], dtype) for name, dtype in COLUMNS.items()
        }
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
    Cost: payments are read as they lie, so in order; only what happens in the same microsecond as
    an entry or exit is sorted with it. Account ids are hashed once, and sorted where they differ.
    """
    con = graph.con
    asked = {"kinds": list(kinds), "since_us": span[0], "until_us": span[1]}
    with large_texts(con):
        paid, entries = (con.sql(sql, params=asked).to_arrow_table() for sql in (_PAID, _ENTRIES))
    table = pa.concat_tables([paid, entries])
    order = _total_order(con, table, len(paid))
    names, ends = _numbered(table["source"].chunks + table["target"].chunks)
    coins, currency = _numbered(table["currency"].chunks)
    columns = {
        "source": ends[: len(table)],
        "target": ends[len(table) :],
        "currency": currency,
        **{name: table[name].to_numpy() for name in ("at_us", "amount_minor", "kind")},
    }
    record_ids = _one_array(table["record_id"])
    del table, paid, entries
    if order is not None:
        record_ids = record_ids.take(pa.array(order))
        columns = {name: column[order] for name, column in columns.items()}
    owned = {name: _own(columns.pop(name), COLUMNS[name]) for name in list(columns)}
    rank = _own(np.arange(len(record_ids), dtype=np.int32), np.int32)
    return TemporalGraph(names, record_ids, tuple(coins.to_pylist()), kinds, rank=rank, **owned)


def _total_order(con: duckdb.DuckDBPyConnection, table: pa.Table, paid: int) -> Ints | None:
    """Rows in total order (D-1); None if they lie in it. The first `paid` have their `ord`."""
    ord = table["ord"].slice(0, paid).to_numpy()
    sorted_ = bool(np.all(ord[1:] > ord[:-1]))
    if sorted_ and paid == len(table):
        return None
    order: Ints = np.arange(paid) if sorted_ else np.argsort(ord)
    if paid == len(table):
        return order
    at_us = table["at_us"].to_numpy()
    # Payments at the times of entries and exits, as ranges of the order.
    paid_us, times = at_us[order], np.unique(at_us[paid:])
    first = np.searchsorted(paid_us, times, "left")
    end = np.searchsorted(paid_us, times, "right")
    met = end > first
    steps = np.zeros(paid + 1, np.int8)
    steps[first[met]] += 1
    steps[end[met]] -= 1
    tied = np.cumsum(steps[:-1], dtype=np.int8).astype(np.bool_)
    rows = np.concatenate((order[tied], np.arange(paid, len(table))))
    unsorted = table.select(["at_us", "seq", "record_id"]).take(pa.array(rows))
    con.register("_tied", unsorted.append_column("row", pa.array(rows)))
    sorted_rows = con.sql("SELECT row FROM _tied ORDER BY at_us, seq, record_id").to_arrow_table()
    con.unregister("_tied")
    # Two runs by time that share no time: a stable sort only merges them.
    runs = np.concatenate((order[~tied], sorted_rows["row"].to_numpy()))
    whole: Ints = runs[np.argsort(at_us[runs], kind="stable")]
    return whole


def _numbered(chunks: list[pa.Array]) -> tuple[pa.Array, Ints]:
    """Different texts in the order of their bytes, and the number of each row's.

    >>> text = pa.large_string()
    >>> _numbered([pa.array(["b"], text), pa.array(["a", "b"], text)])[1]
    array([1, 0, 1], dtype=int32)
    """
    coded = pa.chunked_array(chunks, pa.large_string()).dictionary_encode().chunks
    if not coded:
        return pa.array([], pa.large_string()), np.empty(0, np.int32)
    names = coded[0].dictionary  # of all chunks
    order = pc.sort_indices(names)
    number = np.empty(len(names), np.int32)
    number[order.to_numpy()] = np.arange(len(names), dtype=np.int32)
    return names.take(order), number[np.concatenate([chunk.indices.to_numpy() for chunk in coded])]


def flows(
    graph: Snapshot,
    kinds: tuple[str, ...] = FLOW_KINDS,
    min_amount: Decimal = Decimal(0),
    span: Span = EVER,
) -> list[tuple[str, TemporalGraph]]:
    """The moves of each currency, of some kinds and at least `min_amount`, as (currency, graph).

    Made once for a snapshot, indexes included, and shared by its searches. Those of a span, and
    those with entries or exits, which one search asks for, are made anew each time, so that memory
    holds no more. Accounts that only other kinds touch are in the graph too. kind codes are places
    in `RELAY_KINDS`.
    """
    kept = graph.kept if span == EVER else {}
    if "moves" not in kept:
        kept["moves"] = temporal_graph(graph, RELAY_KINDS, span)
    moves: TemporalGraph = kept["moves"]
    there = np.bincount(moves.kind, minlength=len(RELAY_KINDS)) > 0
    wanted = [code for code, kind in enumerate(RELAY_KINDS) if kind in kinds and there[code]]
    name = f"flows {wanted}"
    parts = kept.get(name)
    if parts is None:
        # `replace` shares the columns, not the indexes.
        every = len(wanted) == there.sum()
        chosen = replace(moves) if every else moves.select(np.isin(moves.kind, wanted))
        parts = list(chosen.by_currency())
        if all(RELAY_KINDS[code] in FLOW_KINDS for code in wanted):
            kept[name] = parts
    enough = []
    for currency, part in parts:
        large = part.amount_minor >= least_minor(min_amount, currency)
        enough.append((currency, part if large.all() else part.select(large)))
    return enough


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    """One array of 64-bit offsets: ids of a large graph pass 2 GiB together."""
    text = pa.large_string()
    return pa.concat_arrays(column.cast(text).chunks or [pa.array([], text)])

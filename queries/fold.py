"""What the parts of a search found, made one: partial findings become findings (definition D-5).

A part (`queries/slices.py`) gives a table of *partials*: what its own roots give to a finding.

    subject       list of texts   what the anchor is besides the record of the first root
    root          text            record of the first root; `root_us`: its time
    last_root_us  int64           time of the last root
    instances     text            exact decimal number: it may exceed 64 bits
    complete      bool            no bound touched it; cuts at its accounts are added later
    exact         bool            (may be missing) `instances` is no lower bound
    key           fixed list of int64, `tie` list of texts: which partial shows the finding: the
                  least key, then the least tie (both may be missing), then the earliest part
    ...           columns of `findings.ROW` about what is shown; the rest of them are made here

Partials come in the order of their roots: those of a part by subject and then root, parts by time.
Neighbouring partials of a subject whose roots are at most `gap_us` apart are one finding. A part
has done the same inside it, so any parts give the same findings.

Cost: one stable sort of the subjects; only partials that meet others are compared.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.queries import columns

Ints = NDArray[Any]

LARGEST = 10**38 - 1
"""Largest `instances` of the findings' column; beyond it stands in `detail` as text."""

MASK = 2**31 - 1


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    joined = column.combine_chunks()
    if isinstance(joined, pa.ChunkedArray):
        return joined.chunk(0) if joined.num_chunks else pa.array([], column.type)
    return joined


def codes(lists: pa.Array) -> Ints:
    """Equal lists of texts get equal numbers, from 0 in the order in which they come first.

    >>> codes(pa.array([["a", "b"], ["ab"], ["a", "b"]], pa.large_list(pa.large_string())))
    array([0, 1, 0])
    """
    words = lists.flatten().dictionary_encode().indices.to_numpy().astype(np.int32)
    sizes = pc.list_value_length(lists).to_numpy()
    return _numbered(words, np.concatenate(([0], np.cumsum(sizes))))


def _numbered(words: Ints, start: Ints) -> Ints:
    """The same for lists of numbers: their bytes are compared, so no two lists can be confused."""
    as_bytes = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(start) - 1,
        [None, pa.py_buffer((4 * start).astype(np.int64)), pa.py_buffer(words)],
    )  # fmt: skip
    found: Ints = as_bytes.dictionary_encode().indices.to_numpy().astype(np.int64)
    return found


def exact_sums(text: pa.Array, group: Ints, groups: int) -> list[int]:
    """Sums of decimal texts by group, exact.

    >>> exact_sums(pa.array(["9" * 18, "1", "9" * 40]), np.array([0, 0, 1]), 2)[0]
    1000000000000000000
    """
    if not len(text):
        return [0] * groups
    if pc.max(pc.binary_length(text)).as_py() <= 18:
        value = text.cast(pa.int64()).to_numpy()
        high, low = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
        np.add.at(high, group, value >> 31)
        np.add.at(low, group, value & MASK)
        total = (high.astype(object) << 31) + low
    else:
        total = np.zeros(groups, object)
        np.add.at(total, group, np.array([int(n) for n in text.to_pylist()], object))
    return [int(n) for n in total]


def fold(partials: list[pa.Table], gap_us: int) -> pa.Table:
    """One row for each finding, in the columns of the partials."""
    rows = pa.concat_tables(partials)
    if len([part for part in partials if len(part)]) < 2:
        return rows
    subject = codes(one_array(rows["subject"]))
    order = np.argsort(subject, kind="stable")
    subject = subject[order]
    begin, end = (rows[name].to_numpy()[order] for name in ("root_us", "last_root_us"))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(subject) != 0) | (begin[1:] - end[:-1] > gap_us)
    start = np.flatnonzero(new)
    if len(start) == len(order):
        return rows
    meets = ~(new & np.append(new[1:], True))
    finding = np.cumsum(new) - 1
    winner = order[start]
    met = np.flatnonzero(meets)
    if "key" in rows.column_names:
        best = _least(rows.take(pa.array(order[met])), finding[met])
        winner[finding[met[best]]] = order[met[best]]
    merged = np.unique(finding[met])
    sums = exact_sums(
        one_array(rows["instances"].take(pa.array(order[met]))),
        np.searchsorted(merged, finding[met]), len(merged),
    )  # fmt: skip
    shown = rows.take(pa.array(winner))
    mask = np.zeros(len(start), np.bool_)
    mask[merged] = True
    added = pa.array([str(n) for n in sums], columns.TEXT)
    last = order[np.append(start[1:], len(order)) - 1]
    made = {
        "root": rows["root"].take(pa.array(order[start])),
        "root_us": rows["root_us"].take(pa.array(order[start])),
        "last_root_us": rows["last_root_us"].take(pa.array(last)),
        "instances": pc.replace_with_mask(one_array(shown["instances"]), pa.array(mask), added),
    }
    for name in {"complete", "exact"}.intersection(rows.column_names):
        every = np.logical_and.reduceat(rows[name].to_numpy()[order], start)
        made[name] = pa.array(every)
    for name, column in made.items():
        shown = shown.set_column(shown.column_names.index(name), name, column)
    return shown


def _least(rows: pa.Table, finding: Ints) -> Ints:
    """Place of the partial that shows each finding; finding: ascending."""
    key = one_array(rows["key"])
    width = key.type.list_size
    numbers = key.flatten().to_numpy().reshape(-1, width)
    tie = _order_of(one_array(rows["tie"])) if "tie" in rows.column_names else np.arange(len(rows))
    by = np.lexsort((np.arange(len(rows)), tie, *numbers.T[::-1], finding))
    first = np.ones(len(by), np.bool_)
    first[1:] = np.diff(finding[by]) != 0
    best: Ints = by[first]
    return best


def _order_of(lists: pa.Array) -> Ints:
    """Rank of lists of texts, compared text by text by their bytes; equal lists share one."""
    encoded = lists.flatten().dictionary_encode()
    rank = np.empty(len(encoded.dictionary), np.int32)
    rank[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(rank))
    words = rank[encoded.indices.to_numpy()].astype(">i4")
    start = np.concatenate(([0], np.cumsum(pc.list_value_length(lists).to_numpy())))
    # Numbers from the most significant byte on compare as bytes do.
    as_bytes = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(lists),
        [None, pa.py_buffer((4 * start).astype(np.int64)), pa.py_buffer(words)],
    )  # fmt: skip
    found: Ints = pc.rank(as_bytes, tiebreaker="dense").to_numpy().astype(np.int64)
    return found


def finished(rows: pa.Table) -> pa.Table:
    """Rows for `collect` of folded partials: the anchor, and `instances` as a number."""
    subject = one_array(rows["subject"])
    sizes = pc.list_value_length(subject).to_numpy()
    flat = subject.flatten()
    ends = np.cumsum(sizes)
    order = np.insert(np.arange(len(flat)), ends, len(flat) + np.arange(len(sizes)))
    tails = pa.concat_arrays([flat, one_array(rows["root"])])
    anchor = columns.lists(np.append(0, np.cumsum(sizes + 1)), tails.take(pa.array(order)))
    counted = one_array(rows["instances"])
    fits = pc.less_equal(pc.binary_length(counted), len(str(LARGEST)))
    number = pc.if_else(fits, counted, None).cast(pa.decimal128(38, 0))
    around = [pa.scalar(text, columns.TEXT) for text in ('{"instances": "', '"}', "")]
    large = pc.binary_join_element_wise(around[0], counted, *around[1:])
    detail = pc.if_else(fits, one_array(rows["detail"]), large)
    left = (
        "subject",
        "root",
        "root_us",
        "last_root_us",
        "exact",
        "key",
        "tie",
        "instances",
        "detail",
    )
    kept = rows.drop_columns([name for name in left if name in rows.column_names])
    return (
        kept.append_column("anchor", anchor)
        .append_column("instances", number)
        .append_column("detail", detail)
    )

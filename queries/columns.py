"""Findings of one currency as Arrow columns: what value typologies hand to `findings.collect`.

Lists are given flat with their offsets (`start`, one more than findings), as kernels make them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.temporal import TemporalGraph

Ints = NDArray[Any]

TEXT = pa.large_string()


def lists(start: Ints, values: pa.Array) -> pa.LargeListArray:
    """One list a finding of flat values."""
    return pa.LargeListArray.from_arrays(pa.array(start, pa.int64()), values)


def words(codes: Ints, names: Sequence[str]) -> pa.Array:
    """Words by their code."""
    return pa.array(names, TEXT).take(pa.array(codes))


def ramp(sizes: Ints) -> Ints:
    """0, 1, .. size - 1 for each size, one after the other.

    >>> ramp(np.array([2, 3]))
    array([0, 1, 0, 1, 2])
    """
    before: Ints = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.arange(sizes.sum()) - before


def anchors(parts: Sequence[pa.Array]) -> pa.LargeListArray:
    """One anchor (D-4) a finding: the parts side by side.

    >>> anchors([pa.array(["a", "b"]), pa.array(["CNY", "CNY"])]).to_pylist()
    [['a', 'CNY'], ['b', 'CNY']]
    """
    size, width = len(parts[0]), len(parts)
    order = np.arange(size * width).reshape(width, size).T.ravel()
    flat = pa.concat_arrays([part.cast(TEXT) for part in parts]).take(pa.array(order))
    return lists(np.arange(size + 1) * width, flat)


def evidence(graph: TemporalGraph, start: Ints, edges: Ints, roles: pa.Array) -> pa.LargeListArray:
    """The records of each finding, in the order given, with their roles."""
    kind = pa.array(["transfers"] * len(edges), TEXT)
    flat = pa.StructArray.from_arrays(
        [kind, graph.records_of(edges), roles], ["tbl", "record", "role"]
    )
    return lists(start, flat)


def accounts(graph: TemporalGraph, start: Ints, numbers: Ints) -> pa.LargeListArray:
    """The accounts of each finding, in the order given."""
    return lists(start, graph.accounts.take(pa.array(numbers)))


def table(size: int, **columns: Any) -> pa.Table:
    """Rows of `findings.ROW`; a column that is not given is null, of `items` empty.

    currency may be one text for all.
    """
    whole: dict[str, Any] = {
        "amount_minor": pa.nulls(size, pa.int64()),
        "level": pa.nulls(size, pa.int64()),
        "items": lists(np.zeros(size + 1), pa.array([], TEXT)),
        "detail": pa.nulls(size, TEXT),
        **columns,
    }
    if isinstance(whole["currency"], str):
        whole["currency"] = pa.array([whole["currency"]] * size, TEXT)
    return pa.table(whole)

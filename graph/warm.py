"""Compile the kernels of searches once, so that no later command has to.

Each kernel is called on tiny arrays of the types that searches pass; Numba keeps what it compiles
in its cache (see `jit.py`), and a second call finds everything there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from regift.graph.cycles import CycleParams, Cycles
from regift.graph.matching import match_chains, match_singles, match_sums
from regift.graph.paths import trace_account, trace_path
from regift.graph.snapshot import snapshot_from_rows
from regift.graph.temporal import TemporalGraph


def _derived_tables() -> None:
    """Refunds, entities and custody: their kernels run when a snapshot is made."""
    gift = {"source": "a", "target": "b", "item": "x", "kind": "gift", "at_us": 0}
    move = {"source": "a", "target": "b", "at_us": 0, "amount_minor": 1, "currency": "CNY"}
    back = {"source": "b", "target": "a", "kind": "refund"}
    shared = [{"kind": kind, "value": "1"} for kind in ("phone", "device")]
    rows: dict[str, list[dict[str, Any]]] = {
        "gifts": [gift | {"record_id": "g1"}],
        "transfers": [
            move | {"record_id": "t1", "kind": "payment"},
            move | back | {"record_id": "t2"},
        ],
        "identifiers": [{"account": name} | one for name in ("a", "b") for one in shared],
    }
    snapshot_from_rows(rows).close()


def _matching() -> None:
    """Gifts with payments."""
    none, tier = np.zeros(0, np.int64), np.zeros(0, np.int8)
    match_singles(none, none, 1, tier, none)
    match_chains(none, none, none, 1, tier, none)
    match_sums(none, none, none, none, none, none, 1, 1, tier, none)


def _zigzag() -> TemporalGraph:
    """0 > 1, 1 > 0, 0 > 1, ..."""
    size = 8
    return TemporalGraph(
        pa.array(["a", "b"], pa.large_string()),
        pa.array([str(i) for i in range(size)], pa.large_string()),
        ("CNY",),
        ("payment",),
        source=np.arange(size) % 2,
        target=1 - np.arange(size) % 2,
        at_us=np.arange(size),
        rank=np.arange(size),
        amount_minor=np.full(size, 100),
        currency=np.zeros(size),
        kind=np.zeros(size),
    )


def _cycles() -> None:
    """Search, counts, episodes, witnesses, lists."""
    found = Cycles(_zigzag(), CycleParams(9, 6, 5000, False))
    found.instances()
    found.witnesses()
    found.list_instances(1)


def _paths() -> None:
    """Reach, traced amounts (the queue of pass_through too), best paths."""
    graph = _zigzag()
    trace_account(graph, "a", within_us=9)
    trace_account(graph, "a", within_us=9, forward=False)
    trace_path(graph, "a", "b", within_us=9)


STEPS: dict[str, Callable[[], None]] = {
    "derived tables": _derived_tables,
    "matching": _matching,
    "cycles": _cycles,
    "paths": _paths,
}
"""Parts that can be compiled apart from each other."""


def warm_kernels() -> None:
    """Call every kernel of a search once, in this process.

    Cost: some 20 s on one core the first time, under 2 s when the cache holds everything.
    """
    for step in STEPS.values():
        step()

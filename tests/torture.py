"""Worlds that break searches: exponentially many cycles, hubs, dense graphs, parallel moves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from build import EPOCH_US

from regift.graph.bounds import Bounds
from regift.graph.derive import derive_all
from regift.graph.snapshot import Settings, Snapshot
from regift.loaders.tables import TABLES

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
GUARD_S = 30
"""Processor time that no search of such a world may take; they take a few seconds at most."""


def snapshot(
    source: Any, target: Any, at_us: Any, amount: Any = 100, kind: str = "payment",
    bounds: Bounds | None = None,
) -> Snapshot:  # fmt: skip
    """A snapshot of one payment (CNY) a place of the arrays; record ids are t and the place."""
    source, target, at_us = np.asarray(source), np.asarray(target), np.asarray(at_us)
    size = len(source)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET threads = 1")
    for table in TABLES.values():
        con.execute(f"CREATE TABLE {table.name} ({table.ddl})")
    given = pa.table(
        {
            "source": pa.array(source.astype(str)),
            "target": pa.array(target.astype(str)),
            "at_us": EPOCH_US + at_us.astype(np.int64),
            "amount_minor": np.broadcast_to(np.asarray(amount, np.int64), size).copy(),
            "place": np.arange(size),
        }
    )
    con.register("_given", given)
    con.execute(
        "INSERT INTO transfers BY NAME SELECT printf('t%08d', place) AS record_id, "
        f"* EXCLUDE (place), '{kind}' AS kind, 'CNY' AS currency FROM _given"
    )
    con.unregister("_given")
    con.execute("CREATE TABLE judgements (a VARCHAR, b VARCHAR, verdict VARCHAR, seq BIGINT)")
    settings = Settings()
    derive_all(con, settings)
    return Snapshot(con, settings, bounds=bounds)


@contextmanager
def guarded() -> Iterator[None]:
    """Fails when what is inside takes too long; kernels are to be compiled before."""
    begun = time.process_time()
    yield
    taken = time.process_time() - begun
    assert taken < GUARD_S, f"{taken:.1f} s of processor time"


def diamonds(count: int, **given: Any) -> Snapshot:
    """v0 > (a0 | b0) > v1 > (a1 | b1) > .. > v0: 2**count rings of 2 * count accounts."""
    source, target, at_us = [], [], []
    for i in range(count):
        after = f"v{(i + 1) % count}"
        for side in "ab":
            source += [f"v{i}", f"{side}{i}"]
            target += [f"{side}{i}", after]
            at_us += [2 * i * SECOND_US, (2 * i + 1) * SECOND_US]
    return snapshot(source, target, at_us, **given)


def hub(degree: int, back: int, **given: Any) -> Snapshot:
    """Customers pay one merchant, one a second; `back` of 100 comes back a minute later."""
    customers = [f"c{i:05}" for i in range(degree)]
    at_us = np.arange(degree) * SECOND_US
    source, target, amount = customers, ["m"] * degree, np.full(degree, 100)
    if back:
        source, target = customers + target, target + customers
        at_us = np.concatenate((at_us, at_us + 60 * SECOND_US))
        amount = np.repeat((100, back), degree)
    return snapshot(source, target, at_us, amount, **given)


def complete(accounts: int, **given: Any) -> Snapshot:
    """Everybody pays everybody once, in an order that looks like chance, one a second."""
    ends = [(u, v) for u in range(accounts) for v in range(accounts) if u != v]
    order = np.random.default_rng(5).permutation(len(ends))
    source, target = np.array(ends)[order].T
    return snapshot(source, target, np.arange(len(ends)) * SECOND_US, **given)


def parallel(size: int, both_ways: bool, **given: Any) -> Snapshot:
    """Moves between two accounts, one a millisecond: a > b, or turn by turn a > b and b > a."""
    back = np.arange(size) % 2 * both_ways
    source, target = np.where(back, "b", "a"), np.where(back, "a", "b")
    return snapshot(source, target, np.arange(size) * 1000, **given)


def triangle(size: int, **given: Any) -> Snapshot:
    """a > b many times, then b > c as often, then c > a once: size * size instances of one ring."""
    source = ["a"] * size + ["b"] * size + ["c"]
    target = ["b"] * size + ["c"] * size + ["a"]
    return snapshot(source, target, np.arange(2 * size + 1) * 1000, **given)

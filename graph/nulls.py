"""Null models: worlds in which one thing is by chance and all else is as it was.

    name         is shuffled                                 kept
    time         times inside hour-of-week strata (day-of-   who did what; times per stratum;
                 week on a clock of a day), of transfers      the order of an item's gifts, so
                 of one kind, of all gifts                    that who held it stays true
    shift        all times of a pair, round a circle          gaps of each pair on the circle
    targets      destinations of one-off payments, inside     repeated pairs; degrees per bin
                 bins of 10 days
    amounts      amounts of a source in one currency          who paid whom, and when
    rewire       destinations of transfers of one kind,       in- and out-degree per day
                 inside a day
    recipients   recipients of gifts (of sales) of one        gifts that each gives and gets
                 collection, inside a day; of those that      per day, or per week
                 are alone on their day, inside a week
    identity     accounts of identifiers of one kind          how many each account and value has

What a search finds in such a world it finds by chance (definition D-11). Destinations are permuted
as they are, so a few may come back to their source: such a transfer is part of no pattern.

A model is a pure function of `Records` and a seeded generator. What it gives depends on the order
of the records, which is the total order, and on which accounts are the same, but not on their
names. Cost: sorts of whole columns. Sources: Gauvin et al., Randomized reference models for
temporal networks (SIAM Review 2022); Newman, Strogatz and Watts, configuration model (2001).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.graph.snapshot import DAY_US

Ints = NDArray[Any]

HOUR_US = DAY_US // 24
TARGETS_BIN_US = 10 * DAY_US
"""Destinations move no farther than this: who is paid changes over the months."""
LEAST_ROUND_US = 7 * DAY_US
"""From a week on pairs are shifted by whole days, so that nobody pays by night who never does."""
PAID = ("payment", "red_packet")
GIVEN = ("gift", "sale")


@dataclass(frozen=True)
class Records:
    """Record tables (columns as stored) that null models permute, each in its total order.

    gifts have a column `collection` more. identifiers: by kind, value and the place of the
    account's first record, so that their order does not depend on names.
    """

    transfers: pa.Table
    gifts: pa.Table
    identifiers: pa.Table
    clock_unit_us: int = 1_000_000


@dataclass(frozen=True)
class NullModel:
    """One model: `permute` gives the tables that it changes, by name."""

    name: str
    tables: tuple[str, ...]
    permute: Callable[[Records, np.random.Generator], Mapping[str, pa.Table]]


def strata_of(*columns: Ints) -> Ints:
    """One number for each different row of some columns of whole numbers.

    >>> strata_of(np.array([5, 5, 7]), np.array([1, 2, 1]))
    array([0, 1, 2])
    """
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        dense = np.unique(column, return_inverse=True)[1].ravel()
        code = code * (int(dense.max(initial=0)) + 1) + dense
        code = np.unique(code, return_inverse=True)[1].ravel()
    return code


def shuffled(strata: Ints, rng: np.random.Generator) -> Ints:
    """For each row the row of the same stratum whose value it gets: each is taken once.

    >>> shuffled(np.array([0, 1, 0, 2]), np.random.default_rng(1))[[1, 3]]
    array([1, 3])
    """
    taken = np.empty(len(strata), np.int64)
    taken[np.argsort(strata, kind="stable")] = np.lexsort((rng.permutation(len(strata)), strata))
    return taken


def codes(column: pa.ChunkedArray) -> Ints:
    """Equal numbers for equal texts, in the order in which they come; null is a text too."""
    dense = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(dense.indices.to_numpy(zero_copy_only=False), np.int64)


def pair_codes(table: pa.Table) -> Ints:
    """Equal numbers for equal unordered pairs of source and target, in the order they come."""
    ends = codes(pa.chunked_array([*table["source"].chunks, *table["target"].chunks], pa.string()))
    low, high = np.sort(ends.reshape(2, -1), axis=0)
    _, first, which = np.unique(
        low * (int(ends.max(initial=0)) + 1) + high, return_index=True, return_inverse=True
    )
    return np.argsort(np.argsort(first))[which.ravel()]


def one_off(table: pa.Table) -> NDArray[np.bool_]:
    """Which transfers are payments, not to oneself, whose pair has no other."""
    found = pc.and_(
        pc.is_in(table["kind"], pa.array(PAID)), pc.not_equal(table["source"], table["target"])
    )
    paid: NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    pairs = pair_codes(table)
    payments = np.bincount(pairs[paid], minlength=len(paid) + 1)
    return np.asarray(paid & (payments[pairs] == 1))


def _times(table: pa.Table) -> Ints:
    return np.asarray(table["at_us"].to_numpy(), np.int64)


def _with(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with other values in some columns."""
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def _moved(table: pa.Table, taken: Ints, *names: str) -> pa.Table:
    """The table with some columns of other rows."""
    rows = pa.array(taken)
    return _with(table, **{name: table[name].take(rows) for name in names})


def _when(records: Records, table: pa.Table) -> Ints:
    at_us = _times(table)
    of_day = records.clock_unit_us >= DAY_US
    return np.asarray(at_us // DAY_US % 7 if of_day else at_us // HOUR_US % 168)


def _time(records: Records, rng: np.random.Generator) -> Mapping[str, pa.Table]:
    money, gifts = records.transfers, records.gifts
    paid = shuffled(strata_of(codes(money["kind"]), _when(records, money)), rng)
    given = shuffled(_when(records, gifts), rng)
    item = codes(gifts["item"])
    # An item's hops take the times that they got in the order that they have.
    given[np.argsort(item, kind="stable")] = given[np.lexsort((given, item))]
    return {
        "transfers": _moved(money, paid, "at_us", "seq"),
        "gifts": _moved(gifts, given, "at_us", "seq"),
    }


def _shift(records: Records, rng: np.random.Generator) -> Mapping[str, pa.Table]:
    table = records.transfers
    at_us = _times(table)
    if not len(at_us):
        return {"transfers": table}
    begin, span_us = int(at_us.min()), int(at_us.max() - at_us.min())
    step = max(DAY_US if span_us >= LEAST_ROUND_US else 1, records.clock_unit_us)
    steps = span_us // step + 1
    pairs = pair_codes(table)
    by_us = rng.integers(0, steps, int(pairs.max()) + 1)[pairs] * step
    return {
        "transfers": _with(table, at_us=pa.array(begin + (at_us - begin + by_us) % (steps * step)))
    }


def _targets(records: Records, rng: np.random.Generator) -> Mapping[str, pa.Table]:
    table = records.transfers
    alone = one_off(table)
    # Rows that stay are each a stratum of its own.
    bins = np.where(alone, _times(table) // TARGETS_BIN_US, np.arange(len(alone)))
    return {"transfers": _moved(table, shuffled(strata_of(alone, bins), rng), "target")}


def _amounts(records: Records, rng: np.random.Generator) -> Mapping[str, pa.Table]:
    table = records.transfers
    strata = strata_of(codes(table["source"]), codes(table["currency"]))
    return {"transfers": _moved(table, shuffled(strata, rng), "amount_minor")}


def _rewire(records: Records, rng: np.random.Generator) -> Mapping[str, pa.Table]:
    table = records.transfers
    strata = strata_of(codes(table["kind"]), _times(table) // DAY_US)
    return {"transfers": _moved(table, shuffled(strata, rng), "target")}


def _recipients(records: Records, rng: np.random.Generator) -> Mapping[str, pa.Table]:
    table = records.gifts
    given = pc.is_in(table["kind"], pa.array(GIVEN)).to_numpy(zero_copy_only=False)
    same = strata_of(given, codes(table["kind"]), codes(table["collection"]))
    days = np.where(given, _times(table) // DAY_US, np.arange(len(given)))
    daily = strata_of(same, days)
    alone = given & (np.bincount(daily, minlength=1)[daily] == 1)
    weekly = strata_of(same, np.where(alone, _times(table) // (7 * DAY_US), 0))
    strata = strata_of(alone, np.where(alone, weekly, daily))
    return {"gifts": _moved(table, shuffled(strata, rng), "target")}


def _identity(records: Records, rng: np.random.Generator) -> Mapping[str, pa.Table]:
    table = records.identifiers
    return {"identifiers": _moved(table, shuffled(codes(table["kind"]), rng), "account")}


NULLS: dict[str, NullModel] = {
    model.name: model
    for model in (
        NullModel("time", ("transfers", "gifts"), _time),
        NullModel("shift", ("transfers",), _shift),
        NullModel("targets", ("transfers",), _targets),
        NullModel("amounts", ("transfers",), _amounts),
        NullModel("rewire", ("transfers",), _rewire),
        NullModel("recipients", ("gifts",), _recipients),
        NullModel("identity", ("identifiers",), _identity),
    )
}
"""Every null model, by the name that typologies give in `nulls`."""


def generator(seed: int, name: str, world: int) -> np.random.Generator:
    """The generator of one world of one model; it depends on nothing else.

    >>> int(generator(1, "time", 0).integers(100)) == int(generator(1, "time", 0).integers(100))
    True
    """
    return np.random.Generator(np.random.PCG64([seed, world, *name.encode()]))

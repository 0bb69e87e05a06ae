"""Made-up transfers: 30 days between accounts of which few move much, with habits and patterns.

    activity   the r-th most active of n accounts pays in proportion to r ** -0.5, and is paid by
               strangers in proportion to r ** -0.6: at 10 million transfers the largest sends about
               10,000 and gets about 25,000
    habits     4 of 10 transfers go to one of ten neighbours, whoever they are
    patterns   1 of 200 runs of seven transfers is a quarter each: a chain of six hops, each at most
               12 h after the one before with 93 to 100 % of it, half of them closed; a chain of
               four hops that peel; three paths from one account to another; three payments of
               40,000 to 50,000 in a day
    time       whole seconds, by night a tenth of what there is at noon
    amounts    log-normal around 50.00, a third of them whole tens
    kinds      of 1,000: 860 payments, 100 red packets, 15 topups, 15 payouts, 5 fees, 5 refunds

Everything follows from the seed and the numbers of transfers and accounts.
"""

from math import gcd
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.connect import connect, quote

Ints = NDArray[Any]

SEED = 1
PER_ACCOUNT = 10
"""Transfers for each account."""

START_US = 1_767_225_600_000_000
DAY_S = 86_400
DAYS = 30
CHUNK = 600_000
KINDS = ("payment", "red_packet", "topup", "payout", "fee", "refund")
KIND_SHARES = (0.86, 0.1, 0.015, 0.015, 0.005, 0.005)
HOURS = 1.1 + np.sin((np.arange(24) - 8) * np.pi / 12)
RUN = 7
PLANTED = 1 / 200

_NAMED = """
    SELECT 't' || lpad(id::VARCHAR, 9, '0') AS record_id, at_us,
           'u' || lpad(source::VARCHAR, 8, '0') AS source,
           'u' || lpad(target::VARCHAR, 8, '0') AS target,
           amount_minor, 'CNY' AS currency, $kinds[kind + 1] AS kind,
           NULL::VARCHAR AS channel, NULL::BIGINT AS seq, NULL::VARCHAR AS refers_to
    FROM _chunk
"""


def columns(count: int, accounts: int, first: int = 0, seed: int = SEED) -> dict[str, Ints]:
    """`count` transfers whose ids begin at `first`: id, at_us, source, target, amount_minor, kind.

    In no order. source, target: below `accounts`; kind: place in KINDS.
    """
    rng = np.random.default_rng([seed, first])
    source = _spread(_power_law(rng, count, accounts, 0.5), accounts)
    target = _spread(_power_law(rng, count, accounts, 0.6), accounts)
    habit = rng.random(count) < 0.4
    steps = rng.integers(1, 6, count) * rng.choice([-1, 1], count)
    target[habit] = (source[habit] + steps[habit]) % accounts
    hour = rng.choice(24, count, p=HOURS / HOURS.sum())
    at_s = rng.integers(0, DAYS, count) * DAY_S + hour * 3600 + rng.integers(0, 3600, count)
    amount = np.exp(rng.normal(np.log(5_000), 1.5, count)).astype(np.int64) + 1
    whole = rng.random(count) < 1 / 3
    amount[whole] = (amount[whole] // 1000 + 1) * 1000
    kind = rng.choice(len(KINDS), count, p=KIND_SHARES).astype(np.int8)
    _plant(rng, Rows(source, target, at_s, amount), kind)
    _refund(rng, source, target, at_s, amount, kind)
    return {
        "id": np.arange(first, first + count), "at_us": START_US + at_s * 1_000_000,
        "source": source, "target": target, "amount_minor": amount, "kind": kind,
    }  # fmt: skip


def _power_law(rng: np.random.Generator, count: int, accounts: int, fall: float) -> Ints:
    """Ranks below `accounts`, rank r in proportion to r ** -fall (inverse of the sums)."""
    return (accounts * rng.random(count) ** (1 / (1 - fall))).astype(np.int64)


def _spread(rank: Ints, accounts: int) -> Ints:
    """Number of the account of each rank: neighbours in number are not alike in rank.

    Multiples of the golden section of the whole lie as far from each other as can be.
    """
    factor = 618_034 * accounts // 1_000_000
    while gcd(factor, accounts) > 1:
        factor += 1
    return rank * factor % accounts


class Rows(NamedTuple):
    """Columns that patterns are planted in."""

    source: Ints
    target: Ints
    at_s: Ints
    amount: Ints

    def follow(self, rng: np.random.Generator, row: Ints, before: Ints, least: float) -> None:
        """Let rows go on from where others ended, with at least that share of them."""
        self.source[row] = self.target[before]
        self.at_s[row] = self.at_s[before] + rng.integers(60, 12 * 3600, len(row))
        self.amount[row] = (self.amount[before] * rng.uniform(least, 1, len(row))).astype(int) + 1


def _plant(rng: np.random.Generator, rows: Rows, kind: Ints) -> None:
    """Turn some runs of neighbouring rows into patterns, a quarter into each."""
    runs = np.flatnonzero(rng.random(len(kind) // RUN) < PLANTED) * RUN
    kind[runs + np.arange(RUN)[:, None]] = 0
    chains, peels, splits, below = (runs[rng.permutation(len(runs)) % 4 == k] for k in range(4))
    for hop in chains + np.arange(1, 6)[:, None]:
        rows.follow(rng, hop, hop - 1, 0.93)
    closed = chains[rng.random(len(chains)) < 0.5]
    rows.target[closed + 5] = rows.source[closed]
    for hop in peels + np.array([2, 4, 6])[:, None]:
        rows.follow(rng, hop, hop - 2, 0.9)
        rows.source[hop - 1], rows.at_s[hop - 1] = rows.source[hop], rows.at_s[hop]
        rows.amount[hop] -= rows.amount[hop - 2] // 10
        rows.amount[hop - 1] = rows.amount[hop - 2] // 20 + 1
    for part in splits + np.array([0, 2, 4])[:, None]:
        rows.source[part], rows.at_s[part] = rows.source[splits], rows.at_s[splits]
        rows.follow(rng, part + 1, part, 0.93)
        rows.target[part + 1] = rows.target[splits + 1]
    for part in below + np.arange(3)[:, None]:
        rows.source[part] = rows.source[below]
        rows.at_s[part] = rows.at_s[below] + rng.integers(0, DAY_S, len(part))
        rows.amount[part] = rng.integers(4_000_000, 5_000_000, len(part))


def _refund(
    rng: np.random.Generator, source: Ints, target: Ints, at_s: Ints, amount: Ints, kind: Ints
) -> None:
    """Let each refund undo some payment, up to two days later."""
    refunds, payments = np.flatnonzero(kind == 5), np.flatnonzero(kind == 0)
    if len(payments):
        undone = rng.choice(payments, len(refunds))
        source[refunds], target[refunds] = target[undone], source[undone]
        amount[refunds] = amount[undone]
        at_s[refunds] = at_s[undone] + rng.integers(60, 2 * DAY_S, len(refunds))


def accounts_of(transfers: int) -> int:
    """How many accounts so many transfers are made between."""
    return max(transfers // PER_ACCOUNT, 10)


def write(path: Path, transfers: int) -> None:
    """Write so many rows of the table `transfers` as one Parquet file, unsorted."""
    con = connect(path.parent)
    kinds = {"kinds": list(KINDS)}
    for first in range(0, transfers, CHUNK):
        size = min(CHUNK, transfers - first)
        con.register("_chunk", pa.table(columns(size, accounts_of(transfers), first)))
        made = "INSERT INTO made" if first else "CREATE TABLE made AS"
        con.execute(f"{made} {_NAMED}", kinds)
        con.unregister("_chunk")
    con.execute(f"COPY made TO {quote(str(path))} (FORMAT parquet)")
    con.close()

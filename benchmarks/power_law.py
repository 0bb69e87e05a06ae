"""Made-up transfers: 30 days between accounts of which few move much, with habits and relays.

    activity   the r-th most active of n accounts pays in proportion to r ** -0.5, and is paid by
               strangers in proportion to r ** -0.6: at 10 million transfers the largest sends about
               10,000 and gets about 25,000
    habits     4 of 10 transfers go to one of ten neighbours, whoever they are
    relays     1 of 200 runs of six transfers is a chain: each hop goes on from where the last
               ended, up to 12 h later, with 93 to 100 % of it; half of them end where they began
    time       whole seconds, by night a tenth of what there is at noon
    amounts    log-normal around 50.00, a third of them whole tens
    kinds      of 1,000: 860 payments, 100 red packets, 15 topups, 15 payouts, 5 fees, 5 refunds

Everything follows from the seed and the numbers of transfers and accounts.
"""

from math import gcd
from pathlib import Path
from typing import Any

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
RUN = 6
RELAYED = 1 / 200

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
    _relay(rng, source, target, at_s, amount, kind)
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


def _relay(
    rng: np.random.Generator, source: Ints, target: Ints, at_s: Ints, amount: Ints, kind: Ints
) -> None:
    """Turn some runs of neighbouring rows into chains."""
    runs = np.flatnonzero(rng.random(len(source) // RUN) < RELAYED) * RUN
    kind[runs] = 0
    for hop in runs + np.arange(1, RUN)[:, None]:
        source[hop] = target[hop - 1]
        at_s[hop] = at_s[hop - 1] + rng.integers(60, 12 * 3600, len(hop))
        amount[hop] = (amount[hop - 1] * rng.uniform(0.93, 1, len(hop))).astype(np.int64) + 1
        kind[hop] = 0
    closed = runs[rng.random(len(runs)) < 0.5]
    target[closed + RUN - 1] = source[closed]


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

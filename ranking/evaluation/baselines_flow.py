"""Dense flow from sources through a middle to sinks: a published baseline, from its definition.

Every account stands three times: as source, as middle and as sink. Of a set S of these let f be
what a middle account passes on, the smaller of its money from sources of S and to sinks of S, and q
the larger. The set sought has the largest

    g(S) = sum over middles of (f - lambda (q - f)) / size of S         lambda = 4

Peeling: accounts leave in order of f - lambda / (1 + lambda) q in the middle and of their money at
the ends, and the best set on the way is kept; then its transfers are taken out and the next block
is sought, up to ten blocks. Accounts leave in parts of 2 % of those that are left, so that a pass
over the transfers serves many. An account's place: by g of the first block it is in; those of no
block share the last.

Source: Li et al., FlowScope (AAAI 2020). Money of each currency apart, pairs summed, self-payments
left out. Floats: it decides nothing, it is to be beaten.
"""

import duckdb
import numpy as np

from regift.ranking.evaluation.measures import Floats, Ints, Mask, levels_of
from regift.ranking.evaluation.population import numbers

Con = duckdb.DuckDBPyConnection

LAMBDA = 4.0
BLOCKS = 10
SHARE = 50
"""One in fifty of what is left goes at a time."""

_PAIRS = """
    WITH places AS (
        SELECT account, row_number() OVER (ORDER BY account) - 1 AS n FROM population)
    SELECT s.n AS source, t.n AS target, currency, sum(amount_minor)::DOUBLE AS minor
    FROM transfers JOIN places s ON s.account = source JOIN places t ON t.account = target
    WHERE source <> target GROUP BY ALL ORDER BY currency, s.n, t.n
"""


def levels(con: Con) -> Ints:
    """Levels of the population by the first block that an account is in.

    Cost: at most ten blocks of some 500 passes over the pairs that pay each other.
    """
    size = int(numbers(con, "SELECT count(*) AS n FROM population")[0])
    pairs = con.sql(_PAIRS).to_arrow_table()
    source, target = (
        np.asarray(pairs[name].to_numpy(), dtype=np.int64) for name in ("source", "target")
    )
    minor = np.asarray(pairs["minor"].to_numpy(), dtype=np.float64)
    currency = np.unique(pairs["currency"].to_numpy(zero_copy_only=False), return_inverse=True)[1]
    density = np.zeros(size)
    for each in range(int(currency.max(initial=-1)) + 1):
        inside = currency == each
        found = _blocks(source[inside], target[inside], minor[inside], size)
        density = np.maximum(density, found)
    return levels_of(density)


def _blocks(source: Ints, target: Ints, minor: Floats, size: int) -> Floats:
    """Density of the first block of each account, 0 of none, blocks one after the other."""
    density = np.zeros(size)
    for _ in range(BLOCKS):
        if not source.size:
            break
        best, members = densest(source, target, minor, size)
        if best <= 0:
            break
        chosen = members.any(axis=0)
        density = np.where(chosen & (density == 0), best, density)
        taken = (members[0][source] & members[1][target]) | (
            members[1][source] & members[2][target]
        )
        source, target, minor = source[~taken], target[~taken], minor[~taken]
    return density


def densest(source: Ints, target: Ints, minor: Floats, size: int) -> tuple[float, Mask]:
    """The largest g met while peeling, and who is in it: rows source, middle and sink.

    A chain a -> b -> c of 9 loses nothing: f = q = 9 over three accounts.

    >>> best, members = densest(np.array([0, 1]), np.array([1, 2]), np.array([9.0, 9.0]), 3)
    >>> best, members.tolist()
    (3.0, [[True, False, False], [False, True, False], [False, False, True]])
    """
    first = (source, target, minor)
    second = (source, target, minor)
    alive = np.zeros((3, size), dtype=np.bool_)
    alive[0, source] = alive[2, target] = True
    alive[1] = alive[0] & alive[2]
    best, kept = 0.0, np.zeros_like(alive)
    while alive.any():
        first = _left(first, alive[0], alive[1])
        second = _left(second, alive[1], alive[2])
        came = np.bincount(first[1], first[2], minlength=size)
        went = np.bincount(second[0], second[2], minlength=size)
        lesser, larger = np.minimum(came, went), np.maximum(came, went)
        worth = (1 + LAMBDA) * lesser - LAMBDA * larger
        density = float(worth[alive[1]].sum() / alive.sum())
        if density > best:
            best, kept = density, alive.copy()
        loss = np.stack([
            np.bincount(first[0], first[2], minlength=size),
            worth,
            np.bincount(second[1], second[2], minlength=size),
        ])  # fmt: skip
        places = np.flatnonzero(alive)
        order = np.argsort(loss.ravel()[places], kind="stable")
        alive.ravel()[places[order[: max(1, places.size // SHARE)]]] = False
    return best, kept


def _left(edges: tuple[Ints, Ints, Floats], begin: Mask, end: Mask) -> tuple[Ints, Ints, Floats]:
    """Transfers whose both ends are still there."""
    kept = begin[edges[0]] & end[edges[1]]
    return edges[0][kept], edges[1][kept], edges[2][kept]

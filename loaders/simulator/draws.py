"""Draws that every group of behaviours shares: times with a daily rhythm, amounts, names.

Behaviours are drawn in *activity time*, seconds since day 0 in which every hour of the day is as
busy as any other; `clock` bends a day of it so that the hours get their rhythm. The map is
monotone within a day and keeps midnights, so an order drawn before it holds after it, and neither
planted nor innocent records have hours of their own.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regift.loaders.simulator import ranges

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DAY_S: Final = 86_400
START_S: Final = ranges.END_S - ranges.DAYS * DAY_S

_HOUR_EDGES: Final = np.concatenate([[0.0], np.cumsum(ranges.HOURS) / sum(ranges.HOURS)]) * DAY_S


def clock(activity_s: ArrayLike) -> Ints:
    """Seconds since 1970 UTC of activity times: strictly monotone from five minutes apart.

    >>> [int(s) - START_S for s in clock([0.0, 43_200.0, 86_400.0])]
    [0, 58140, 86400]
    """
    at = np.asarray(activity_s, dtype=np.float64)
    day = np.floor(at / DAY_S)
    inside = np.interp(at - day * DAY_S, _HOUR_EDGES, np.arange(25) * 3600.0)
    return np.asarray(START_S + day * DAY_S + np.floor(inside), dtype=np.int64)


def unclock(seconds_of_day: ArrayLike) -> Floats:
    """Activity time within a day of clock times within one: what `clock` bends back to them.

    >>> float(unclock(58_140.0)) / 86_400 > 0.49
    True
    """
    at = np.asarray(seconds_of_day, dtype=np.float64)
    return np.asarray(np.interp(at, np.arange(25) * 3600.0, _HOUR_EDGES))


def moments(
    rng: np.random.Generator, size: int, first_day: int = 0, last_day: int = ranges.DAYS
) -> Floats:
    """Random activity times in days [first_day, last_day), by the weekly rhythm."""
    days = np.arange(first_day, last_day)
    weight = np.asarray(ranges.WEEKDAYS, dtype=np.float64)[days % 7]
    return days[weighted(rng, weight, size)] * float(DAY_S) + rng.uniform(0, DAY_S, size)


def weighted(rng: np.random.Generator, weight: Floats, size: int) -> Ints:
    """Indexes drawn with these weights, with replacement."""
    edges = np.cumsum(weight)
    place = np.searchsorted(edges, rng.uniform(0, edges[-1], size), side="right")
    return np.asarray(place, dtype=np.int64)


def between(
    rng: np.random.Generator, bounds: tuple[float, float], size: int | tuple[int, ...]
) -> Floats:
    """Uniform draws between two bounds."""
    return rng.uniform(bounds[0], bounds[1], size)


def counts(rng: np.random.Generator, bounds: tuple[int, int], size: int) -> Ints:
    """Uniform whole numbers between two bounds, both included."""
    return rng.integers(bounds[0], bounds[1] + 1, size)


def log_counts(rng: np.random.Generator, bounds: tuple[int, int], size: int) -> Ints:
    """Whole numbers between two bounds, small ones more often: uniform in their logarithm."""
    return np.asarray(np.exp(between(rng, (np.log(bounds[0]), np.log(bounds[1] + 1)), size)), int)


def lognormal(rng: np.random.Generator, median: float, sigma: float, size: int) -> Floats:
    """Log-normal draws by their median."""
    return median * np.exp(sigma * rng.standard_normal(size))


def dress(rng: np.random.Generator, minor: ArrayLike) -> Ints:
    """Round amounts the way people do: many whole, some to tenths, the others to the cent.

    One rule for all payments, so that no last digit belongs to any behaviour.
    """
    value = np.maximum(np.rint(np.asarray(minor, dtype=np.float64)), 1.0)
    how = rng.uniform(size=value.shape)
    step = np.where(
        how < ranges.SHARE_WHOLE,
        100.0,
        np.where(how < ranges.SHARE_WHOLE + ranges.SHARE_TENTHS, 10.0, 1.0),
    )
    rounded = np.rint(value / step) * step
    return np.asarray(np.where(rounded > 0, rounded, value), dtype=np.int64)


def payments(rng: np.random.Generator, size: int) -> Ints:
    """Amounts of everyday payments, minor units."""
    return dress(rng, lognormal(rng, ranges.PAYMENT_MEDIAN, ranges.PAYMENT_SIGMA, size))


def packets(rng: np.random.Generator, size: int) -> Ints:
    """Amounts of red packets, minor units, at most the limit of one packet."""
    amount = lognormal(rng, ranges.PACKET_MEDIAN, ranges.PACKET_SIGMA, size)
    return dress(rng, np.clip(amount, 50, ranges.PACKET_MAX))


def planted_amounts(rng: np.random.Generator, size: int) -> Floats:
    """Amounts that planted money patterns start from, minor units, not rounded."""
    amount = lognormal(rng, ranges.PLANTED_MEDIAN, ranges.PLANTED_SIGMA, size)
    return np.maximum(amount, ranges.PLANTED_MIN)


def prices(rng: np.random.Generator, size: int) -> Ints:
    """List prices of collections: they end in .90 or .00."""
    amount = lognormal(rng, ranges.PRICE_MEDIAN, ranges.PRICE_SIGMA, size)
    whole = np.clip(np.rint(amount / 100) * 100, 1_000, ranges.PRICE_MAX + 90)
    return np.asarray(np.where(rng.uniform(size=size) < 0.6, whole - 10, whole), dtype=np.int64)


def scrambled(numbers: Ints, key: int) -> NDArray[np.bytes_]:
    """Random-looking 12-digit hex names, one to one with numbers below 2^48.

    key: makes the names of one table of one seed differ from all others.

    >>> scrambled(np.array([0, 1]), 7).tolist()
    [b'483d9058349f', b'f1c115f60a86']
    """
    mask = np.uint64((1 << 48) - 1)
    half = np.uint64(24)
    multipliers = np.random.default_rng(key).integers(1, 1 << 47, 3, dtype=np.uint64)
    x = (numbers.astype(np.uint64) + multipliers[0]) & mask
    for multiplier in multipliers:
        x = (x * (multiplier | np.uint64(1))) & mask
        x = x ^ (x >> half)
    return (
        np.frombuffer(x.astype(">u8").tobytes().hex().encode(), dtype="S16")
        .view("S1")
        .reshape(-1, 16)[:, 4:]
        .copy()
        .view("S12")
        .ravel()
    )

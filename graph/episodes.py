"""Episodes: roots of one subject that follow each other with no gap of more than a window (D-5)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]


def split(subject: Ints, at_us: Ints, window_us: int) -> Ints:
    """Episode of each root: numbers from 0 in the order given.

    subject: one number per root, roots of one subject beside each other and in time order.

    >>> split(np.array([7, 7, 7, 9]), np.array([0, 3, 9, 9]), 5)
    array([0, 0, 1, 2])
    """
    new = np.zeros(len(subject), np.int64)
    new[1:] = (np.diff(subject) != 0) | (np.diff(at_us) > window_us)
    return np.cumsum(new)


def shown(episode: Ints, value: Ints) -> Ints:
    """Place of the root of each episode that is shown: the largest value, the first of those.

    >>> shown(np.array([0, 0, 0, 1]), np.array([4, 9, 9, 1]))
    array([1, 3])
    """
    # Stable: of equal values the one that came first stays first.
    order = np.lexsort((np.arange(len(value)), -value, episode))
    first = np.ones(len(order), np.bool_)
    first[1:] = np.diff(episode[order]) != 0
    places: Ints = order[first]
    return places


def starts(group: Ints, groups: int) -> Ints:
    """Offsets of lists whose members have ascending group numbers: int64, one more than groups.

    >>> starts(np.array([0, 0, 2]), 3)
    array([0, 2, 2, 3])
    """
    return np.concatenate(([0], np.cumsum(np.bincount(group, minlength=groups)))).astype(np.int64)

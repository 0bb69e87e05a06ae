"""Runs of hops cut into chains that come to no entity twice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regift.graph.jit import kernel

Longs = NDArray[np.int64]


@kernel
def cut_chains(begins: Any, source: Longs, target: Longs, entities: int) -> Longs:
    """Number of the chain of each hop, from 0.

    begins: where a run begins; inside a run each source is the target before it. source, target:
    numbers below `entities`. A hop to an entity that its chain has been at begins the next chain.
    Linear.

    >>> run = np.array([True, False, False, False])
    >>> cut_chains(run, np.array([0, 1, 2, 0]), np.array([1, 2, 0, 3]), 4)
    array([0, 0, 1, 1])
    """
    chain = np.empty(len(source), np.int64)
    seen = np.full(entities, -1, np.int64)
    number = -1
    first = 0
    for i in range(len(source)):
        # Places: 2i for the source of hop i, 2i + 1 for its target.
        if begins[i] or seen[target[i]] >= first:
            number += 1
            first = 2 * i
            seen[source[i]] = first
        seen[target[i]] = 2 * i + 1
        chain[i] = number
    return chain

"""How many examples a property is tried on: few in `make test`, many in `make test-long`."""

import os

LONG = bool(os.environ.get("REGIFT_LONG"))
"""`make test-long` sets REGIFT_LONG=1."""

TIMES = 20
"""So many times the examples in the night's run, which takes hours."""

LEAST = 8
"""Fewer than so many are all tried, always."""


def examples(usual: int) -> int:
    """Of a property that was written with so many examples, how many now.

    `make test` has to end within 20 minutes on two processors: it tries two fifths.
    """
    if LONG:
        return usual * TIMES
    return max(min(usual, LEAST), usual * 2 // 5)

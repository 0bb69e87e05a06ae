"""How many examples a property is tried on: few in `make test`, many in `make test-long`."""

import os

LONG = bool(os.environ.get("REGIFT_LONG"))
"""`make test-long` sets REGIFT_LONG=1."""

TIMES = 20
"""So many times the examples of `make test`: the night's run takes hours."""


def examples(few: int) -> int:
    """Of a property that `make test` tries on `few` examples, how many now."""
    return few * TIMES if LONG else few

"""Resource bounds of a search: what may cut it, never what a finding is (definition D-13).

`expansions` and `hub_degree` are the same on every machine and for every way of slicing, so what
they cut is part of the result; the deadline cuts whole slices. Whatever is cut is counted by cause
and place and makes the exit code 4.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

EXPANSIONS = 1_000_000
"""Steps that the search from one root may take. The deepest root of 14 days of bitcoin-OTC takes
far fewer; a complete graph of 60 accounts inside one window takes them all beyond length 6."""

HUB_DEGREE = 20_000
"""Counterparties of one account, in and out apart, inside the window of one root; a path does not
go on through more. A person has some tens. Two accounts with so many cost 4 * 10^8 looks, about a
second."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far a search may go.

    deadline_s: value of `time.monotonic()` after which no further slice begins; None: no end.
    jobs: threads; slices: parts by time, 0: as many as memory asks for. Neither changes a finding.
    on_progress: is told (parts that are done, parts in all) while a search goes on.
    """

    expansions: int = EXPANSIONS
    hub_degree: int = HUB_DEGREE
    deadline_s: float | None = None
    jobs: int = os.cpu_count() or 1
    slices: int = 0
    on_progress: Callable[[int, int], None] | None = field(default=None, compare=False)

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return self.deadline_s is not None and time.monotonic() >= self.deadline_s

    @property
    def decisive(self) -> dict[str, int]:
        """Those that can change what is found, and change it the same everywhere."""
        return {"expansions": self.expansions, "hub_degree": self.hub_degree}

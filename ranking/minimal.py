"""The least evidence that keeps a unit above a line, and the fewest findings that hold it there.

    S = sum of the strong records, plus the largest of the weak ones (D-12)

*Least evidence*: as records add up and no finding is split here, the most that k records can say is
the k largest strong ones, or all of the strong ones and the largest weak one. So taking them in
that order is exact: the first k that reach the line are the fewest that do.

*What would clear it*: a set of findings without which S is below the line, the records staying as
they are. Each step takes the finding without which S is smallest. One or two found so are the
fewest: a single one that does would have been the first step. If it takes more, all pairs are tried
among the first `PAIRED` findings; where that leaves smaller sets open, `exact` is false.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb

from regift.ranking.constants import STRONG_NANO

PAIRED = 60
"""Findings of which all pairs are tried: 1,770 of them take a moment."""
STEPPED = 100
"""Up to so many findings each step looks at all that are left; beyond, they go in the order of what
is left without each alone, which is quick for thousands and may take more of them."""

Piece = tuple[str, str, str, int]
"""record, family, finding, nano-nats"""


@dataclass(frozen=True)
class Least:
    """Records in the order of what they say, each with its weight; s: what they add up to."""

    records: tuple[tuple[str, int], ...]
    of: int
    s: int


@dataclass(frozen=True)
class Clearing:
    """Findings without which only `s` is left; exact: no fewer would do."""

    findings: tuple[str, ...]
    of: int
    s: int
    exact: bool


def pieces_of(con: duckdb.DuckDBPyConnection) -> list[Piece]:
    """What `own_evidence` (ranking/units.py) says, in an order that depends on nothing else."""
    return con.execute(
        "SELECT rec, family, finding, max(nano) AS nano FROM own_evidence "
        "GROUP BY ALL ORDER BY rec, family, finding"
    ).fetchall()


def least(pieces: Iterable[Piece], bound: int) -> Least | None:
    """The fewest records that add up to `bound`; None if all of them do not.

    >>> least([("a", "f", "x", 400_000_000), ("b", "f", "y", 900_000_000)], 500_000_000).records
    (('b', 900000000),)
    """
    totals = _totals(pieces, ())
    strong = sorted(
        ((rec, nano) for rec, nano in totals.items() if nano >= STRONG_NANO),
        key=lambda each: (-each[1], each[0].encode()),
    )
    weak = sorted(
        ((rec, nano) for rec, nano in totals.items() if nano < STRONG_NANO),
        key=lambda each: (-each[1], each[0].encode()),
    )
    taken: list[tuple[str, int]] = []
    for rec, nano in [*strong, *weak[:1]]:
        taken.append((rec, nano))
        said = sum(each for _, each in taken)
        if said >= bound:
            return Least(tuple(taken), len(totals), said)
    return None


def clearing(pieces: list[Piece], bound: int) -> Clearing | None:
    """Findings without which less than `bound` is left; None if less is there to begin with."""
    unit, now = _Unit(pieces), _Unit(pieces)
    left = unit.without(())
    if left < bound:
        return None
    step_by_step = len(unit.findings) <= STEPPED
    removed: list[str] = []
    remaining = list(unit.findings)
    while left >= bound:
        tried = remaining if step_by_step else remaining[:1]
        left, finding = min((now.without((each,)), each) for each in tried)
        removed.append(finding)
        remaining.remove(finding)
        now.remove(finding)
    exact = len(removed) == 1 or (len(removed) == 2 and step_by_step)
    if not exact:
        among = unit.findings[:PAIRED]
        pairs = [(unit.without(pair), pair) for pair in combinations(among, 2)]
        left_by_pair, pair = min(pairs)
        if left_by_pair < bound:
            removed, left, exact = list(pair), left_by_pair, True
        else:
            exact = len(removed) == 3 and len(unit.findings) <= PAIRED
    return Clearing(tuple(removed), len(unit.findings), left, exact)


def _totals(pieces: Iterable[Piece], removed: Collection[str]) -> dict[str, int]:
    best: dict[tuple[str, str], int] = {}
    for rec, family, finding, nano in pieces:
        if finding not in removed:
            best[rec, family] = max(nano, best.get((rec, family), 0))
    totals: dict[str, int] = {}
    for (rec, _), nano in best.items():
        totals[rec] = totals.get(rec, 0) + nano
    return totals


def _weak(totals: dict[str, int]) -> list[tuple[int, str]]:
    """Weak records, the largest first."""
    weak = ((nano, rec) for rec, nano in totals.items() if nano < STRONG_NANO)
    return sorted(weak, reverse=True)


def _if_strong(nano: int) -> int:
    return nano if nano >= STRONG_NANO else 0


class _Unit:
    """The evidence of one unit; findings in the order of what is left without each."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._by_record: dict[str, list[Piece]] = {}
        self._records: dict[str, set[str]] = {}
        for piece in pieces:
            self._by_record.setdefault(piece[0], []).append(piece)
            self._records.setdefault(piece[2], set()).add(piece[0])
        self._totals = _totals(pieces, ())
        self._strong = sum(nano for nano in self._totals.values() if nano >= STRONG_NANO)
        self._weak = _weak(self._totals)
        self.findings = sorted(self._records, key=lambda each: (self.without((each,)), each))

    def remove(self, finding: str) -> None:
        """Leave a finding out for good."""
        for rec in self._records[finding]:
            self._by_record[rec] = [each for each in self._by_record[rec] if each[2] != finding]
            before, now = self._totals[rec], _totals(self._by_record[rec], ()).get(rec, 0)
            self._totals[rec] = now
            self._strong += _if_strong(now) - _if_strong(before)
        self._weak = _weak(self._totals)

    def without(self, removed: Collection[str]) -> int:
        """S without some findings. Cost: the pieces of the records that they rest on."""
        touched: set[str] = set().union(*(self._records[each] for each in removed))
        strong = self._strong
        weak = next((nano for nano, rec in self._weak if rec not in touched), 0)
        left: dict[str, Any] = _totals(
            (piece for rec in touched for piece in self._by_record[rec]), removed
        )
        for rec in touched:
            before, now = self._totals[rec], left.get(rec, 0)
            strong -= before if before >= STRONG_NANO else 0
            if now >= STRONG_NANO:
                strong += now
            else:
                weak = max(weak, now)
        return int(strong + weak)

"""What the gate is told (definition D-14): degree, steps, caps, who is measured, clauses by date.

Plain data: a policy pack gives it (`enforcement/policy_rules.py`), a generation keeps what it was
ranked with, and without a pack the defaults hold.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from regift.ranking.constants import (
    CALIBRATED_CAP,
    EXAMPLE_DEGREE,
    EXAMPLE_LADDER,
    LEFT_OUT_KINDS,
    SHAKY_CAP,
    UNCALIBRATED_CAP,
)


@dataclass(frozen=True)
class InForce:
    """A clause that a typology evidences, in one channel and span of time.

    place: which of several clauses is meant, the smallest first. channel: None is any.
    from_us is in, until_us out; None: no end.
    """

    clause: str
    typology: str
    place: int
    channel: str | None
    from_us: int
    until_us: int | None


Table = tuple[tuple[int, int], ...]
"""(from how much on, points), rising in both; below the first there are none."""


@dataclass(frozen=True)
class DegreeRules:
    """Points of each part of the degree (ranking/degree.py).

    clause: (id, points); money: (currency, table in minor units). strike: points of an earlier
    measure, halved for each half_life_us since; None: never.
    """

    clause: tuple[tuple[str, int], ...] = ()
    facts: Table = ()
    items: Table = ()
    people: Table = ()
    money: tuple[tuple[str, Table], ...] = ()
    confrontation: Table = ()
    strike: int = 0
    half_life_us: int | None = None

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "DegreeRules":
        """The rules as JSON kept them."""
        tables = {key: _table(plain[key]) for key in ("facts", "items", "people", "confrontation")}
        return cls(
            clause=tuple((str(id), int(points)) for id, points in plain["clause"]),
            money=tuple((str(currency), _table(each)) for currency, each in plain["money"]),
            strike=plain["strike"],
            half_life_us=plain["half_life_us"],
            **tables,
        )


def _table(rows: Any) -> Table:
    return tuple((int(least), int(points)) for least, points in rows)


@dataclass(frozen=True)
class GateRules:
    """Rules of the gate.

    ladder: (degree of an account, step proposed from there on). degree: what it is made of.
    shaky_cap, calibrated_cap, uncalibrated_cap: highest step on doubtful facts, on two families
    that chance does not explain, and on two families without a calibration.
    left_out_kinds, unknown_left_out: kinds of account that are evidence only.
    ladder_example, caps_example: whether some number of these is ours and not the rule's.
    clauses: None: each typology evidences the first of its own, at all times. spans: when each
    clause is in force, (id, from_us, until_us or None); None: at all times.

    >>> GateRules.of(GateRules().plain) == GateRules()
    True
    """

    ladder: tuple[tuple[int, str], ...] = EXAMPLE_LADDER
    degree: DegreeRules = DegreeRules(**EXAMPLE_DEGREE)
    shaky_cap: str = SHAKY_CAP
    calibrated_cap: str = CALIBRATED_CAP
    uncalibrated_cap: str = UNCALIBRATED_CAP
    left_out_kinds: tuple[str, ...] = LEFT_OUT_KINDS
    unknown_left_out: bool = True
    clauses: tuple[InForce, ...] | None = None
    ladder_example: bool = True
    caps_example: bool = True
    spans: tuple[tuple[str, int, int | None], ...] | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "GateRules":
        """The rules from what `plain` gave, also after JSON.

        Older generations knew no degree: their ladder counts facts, each of which is a point here.
        """
        clauses, spans = plain["clauses"], plain.get("spans")
        degree = plain.get("degree")
        counted = DegreeRules(facts=tuple((int(n), int(n)) for n, _ in plain["ladder"]))
        return cls(
            degree=DegreeRules.of(degree) if degree else counted,
            caps_example=plain.get("caps_example", True),
            spans=None if spans is None else tuple((id, since, to) for id, since, to in spans),
            ladder=tuple((int(n), str(step)) for n, step in plain["ladder"]),
            shaky_cap=plain["shaky_cap"],
            calibrated_cap=plain["calibrated_cap"],
            uncalibrated_cap=plain["uncalibrated_cap"],
            left_out_kinds=tuple(plain["left_out_kinds"]),
            unknown_left_out=plain["unknown_left_out"],
            ladder_example=plain["ladder_example"],
            clauses=None if clauses is None else tuple(InForce(**each) for each in clauses),
        )

"""What the gate is told (definition D-14): steps, caps, who is measured, clauses with their dates.

Plain data: a policy pack gives it (`enforcement/policy_rules.py`), a generation keeps what it was
ranked with, and without a pack the defaults hold.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from regift.ranking.constants import (
    CALIBRATED_CAP,
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


@dataclass(frozen=True)
class GateRules:
    """Rules of the gate.

    ladder: (facts that name an account, step proposed from there on).
    shaky_cap, calibrated_cap, uncalibrated_cap: highest step on doubtful facts, on two families
    that chance does not explain, and on two families without a calibration.
    left_out_kinds, unknown_left_out: kinds of account that are evidence only.
    ladder_example: whether some count of the ladder is ours and not the rule's.
    clauses: None: each typology evidences the first of its own, at all times.

    >>> GateRules.of(GateRules().plain) == GateRules()
    True
    """

    ladder: tuple[tuple[int, str], ...] = EXAMPLE_LADDER
    shaky_cap: str = SHAKY_CAP
    calibrated_cap: str = CALIBRATED_CAP
    uncalibrated_cap: str = UNCALIBRATED_CAP
    left_out_kinds: tuple[str, ...] = LEFT_OUT_KINDS
    unknown_left_out: bool = True
    clauses: tuple[InForce, ...] | None = None
    ladder_example: bool = True

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "GateRules":
        """The rules from what `plain` gave, also after JSON."""
        clauses = plain["clauses"]
        return cls(
            ladder=tuple((int(n), str(step)) for n, step in plain["ladder"]),
            shaky_cap=plain["shaky_cap"],
            calibrated_cap=plain["calibrated_cap"],
            uncalibrated_cap=plain["uncalibrated_cap"],
            left_out_kinds=tuple(plain["left_out_kinds"]),
            unknown_left_out=plain["unknown_left_out"],
            ladder_example=plain["ladder_example"],
            clauses=None if clauses is None else tuple(InForce(**each) for each in clauses),
        )

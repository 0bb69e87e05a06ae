"""What people decided of findings, taken into a calibration (definition D-11).

    confirmed c, refuted r      dossiers with a finding of the typology whose decision stands
    lfdr' = (prior * lfdr + 10000 * r) / (prior + c + r)

In basis points, rounded down, in every stratum of the typology and in all of them together. So what
chance makes of a typology counts like `prior` dossiers. Facts are not calibrated: they keep lfdr 0,
and their dossiers are told.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from regift.ranking.calibration import Calibrated, Calibration

PRIOR = 20
"""example: of so many dossiers what the null models say is worth as much as what people say."""


@dataclass(frozen=True)
class Verdicts:
    """Dossiers of one typology, and whether it is one of facts alone."""

    confirmed: int
    refuted: int
    fact: bool = False


def decided_bp(lfdr_bp: int, confirmed: int, refuted: int, prior: int = PRIOR) -> int:
    """The rate after so many dossiers, in basis points.

    >>> decided_bp(1000, 0, 0), decided_bp(1000, 0, 5), decided_bp(1000, 5, 0)
    (1000, 2800, 800)
    """
    return (prior * lfdr_bp + 10_000 * refuted) // (prior + confirmed + refuted)


def learn(
    calibration: Calibration, verdicts: Mapping[str, Verdicts], head: str, prior: int = PRIOR
) -> Calibration:
    """The calibration with what people decided; the same one where they decided nothing.

    head: of the audit log, up to which the dossiers were counted. It and the counts are named in
    `made_of`, and so in the id.
    """
    if not verdicts:
        return calibration
    named = {
        "head": head,
        "prior": prior,
        "typologies": {name: asdict(verdicts[name]) for name in sorted(verdicts)},
    }
    return replace(
        calibration,
        made_of={**calibration.made_of, "decisions": named},
        typologies={
            name: _moved(each, verdicts[name], prior) if name in verdicts else each
            for name, each in calibration.typologies.items()
        },
    )


def _moved(each: Calibrated, said: Verdicts, prior: int) -> Calibrated:
    def moved(lfdr_bp: int) -> int:
        return decided_bp(lfdr_bp, said.confirmed, said.refuted, prior)

    return replace(
        each,
        strata={
            key: replace(s, lfdr_bp=moved(s.lfdr_bp), chance_bp=s.lfdr_bp)
            for key, s in each.strata.items()
        },
        lfdr_bp=None if each.lfdr_bp is None else moved(each.lfdr_bp),
        chance_bp=each.lfdr_bp,
    )


def rows(calibration: Calibration | None) -> list[tuple[str, str | None, int | None, int, int]]:
    """(typology, stratum, rate of chance alone, confirmed, refuted), of every stratum that moved.

    Of facts one row without stratum and rate.
    """
    said: Mapping[str, Any] = calibration.decisions if calibration else {}
    found: list[tuple[str, str | None, int | None, int, int]] = []
    for name, each in sorted(said.get("typologies", {}).items()):
        counts = (each["confirmed"], each["refuted"])
        known = calibration.typologies.get(name) if calibration else None
        for key in sorted(known.strata) if known else ():
            found.append((name, key, known.strata[key].chance_bp if known else None, *counts))
        if each["fact"]:
            found.append((name, None, None, *counts))
    return found

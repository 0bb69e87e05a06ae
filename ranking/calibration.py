"""A calibration: what chance makes of findings, as a file with an id that follows its content.

    calibrations/K-3f0c...json        one calibration, never changed
    calibrations/current              -> K-3f0c...json, renamed atomically

By typology and stratum it has the local false-discovery rate, with the numbers that it comes from
(definition D-11). A refresh reads the current one whole; nothing but `write` changes which it is.

    lfdr = (C + 1) / (n * R + 1)      n findings in the sample; C in R null worlds, of the model
                                      that makes most; in basis points, rounded down, at most 1

What people decided moves it (ranking/decided.py): `lfdr_bp` is then the rate after that, and
`chance_bp` the one above.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

from regift.graph.store import digest_of
from regift.graph.workspace import Workspace, private_folder, read_json, sync_folder, write_json
from regift.loaders.errors import RegiftError
from regift.ranking.constants import DEMOTED_BP, GATE_LEAST_BP, ID_DIGITS
from regift.ranking.weights import EXACT

FOLDER = "calibrations"
FORMAT = 1
"""Changes when the file does; another one is refused."""


def lfdr_bp(observed: int, by_chance: int, worlds: int) -> int:
    """Share of the observed findings that chance explains, in basis points.

    by_chance: findings in all null worlds together.

    >>> lfdr_bp(5, 0, 20), lfdr_bp(5, 40, 20), lfdr_bp(0, 3, 20)
    (99, 4059, 10000)
    """
    return min(10_000, (by_chance + 1) * 10_000 // (observed * worlds + 1))


def gate_bp(one_off: int, payments: int) -> int:
    """How much novelty tells where so many payments are the only one of their pair.

    log2(1 / share), at least 0.05 and at most 1: with half of them or fewer it tells all it can.

    >>> gate_bp(1, 4), gate_bp(3, 4), gate_bp(98, 100), gate_bp(0, 0)
    (10000, 4150, 500, 10000)
    """
    if 2 * one_off <= payments:
        return 10_000
    bits = EXACT.divide(EXACT.ln(EXACT.divide(payments, one_off)), EXACT.ln(Decimal(2)))
    return max(GATE_LEAST_BP, int((bits * 10_000).to_integral_value(ROUND_FLOOR)))


@dataclass(frozen=True)
class Stratum:
    """One stratum: findings observed, by chance in all worlds (by model), and the rate.

    told: of a typology with a background of its own, the whole numbers that it says of it.
    chance_bp: the rate before decisions moved it, None if they did not.
    """

    observed: int
    lfdr_bp: int
    nulls: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, int] = field(default_factory=dict)
    chance_bp: int | None = None


@dataclass(frozen=True)
class Calibrated:
    """One typology: its strata and all of them together.

    lfdr_bp: None if nothing was found, neither there nor by chance; cut: searches of the sample
    and of null worlds that a resource bound cut; chance_bp: as of a stratum.
    """

    strata: Mapping[str, Stratum]
    observed: int
    by_chance: str
    lfdr_bp: int | None
    cut: int = 0
    chance_bp: int | None = None

    @property
    def demoted(self) -> bool:
        """Whether chance, or what people refuted, explains more than half of what it finds."""
        return self.lfdr_bp is not None and self.lfdr_bp > DEMOTED_BP

    @property
    def kept(self) -> int:
        """Findings of the sample in strata of which chance explains at most half."""
        return sum(s.observed for s in self.strata.values() if s.lfdr_bp <= DEMOTED_BP)


@dataclass(frozen=True)
class Calibration:
    """What one run of `calibrate` learned.

    made_of: generation, seed, sample, parameters, bounds, clock; worlds: of each null model.
    one_off, payments: of the generation, for the gate of novelty.
    """

    made_of: Mapping[str, Any]
    worlds: int
    one_off: int
    payments: int
    typologies: Mapping[str, Calibrated]

    @property
    def id(self) -> str:
        """`K-` and 16 hex digits of the hash of all that it says."""
        return f"K-{digest_of(self.content())[:ID_DIGITS]}"

    @property
    def decisions(self) -> Mapping[str, Any]:
        """What people decided, as `made_of` names it; empty where nothing of that is in it."""
        said: Mapping[str, Any] = self.made_of.get("decisions", {})
        return said

    @property
    def gate_bp(self) -> int:
        """Factor of novelty, in basis points."""
        return gate_bp(self.one_off, self.payments)

    def content(self) -> dict[str, Any]:
        """What the file says, but for its id."""
        return {
            "format": FORMAT,
            "made_of": dict(self.made_of),
            "worlds": self.worlds,
            "novelty": {
                "one_off": self.one_off, "payments": self.payments, "gate_bp": self.gate_bp,
            },
            "typologies": {
                name: {
                    "observed": each.observed,
                    "by_chance": each.by_chance,
                    "lfdr_bp": each.lfdr_bp,
                    "demoted": each.demoted,
                    "cut": each.cut,
                    "strata": {key: _shown(each.strata[key]) for key in sorted(each.strata)},
                    **_before(each),
                }
                for name, each in sorted(self.typologies.items())
            },
        }  # fmt: skip

    def fitting(self, parameters: Mapping[str, Any]) -> "Calibration":
        """The same without typologies that are searched with other parameters by now.

        parameters: as `queries/params.show` has them, by typology.
        """
        of = self.made_of["parameters"]
        kept = {n: t for n, t in self.typologies.items() if of.get(n) == parameters.get(n)}
        return replace(self, typologies=kept)


def _shown(stratum: Stratum) -> dict[str, Any]:
    numbers = {"nulls": dict(sorted(stratum.nulls.items())), "told": dict(stratum.told)}
    shown = {"observed": stratum.observed, "lfdr_bp": stratum.lfdr_bp}
    return shown | {name: each for name, each in numbers.items() if each} | _before(stratum)


def _before(each: Stratum | Calibrated) -> dict[str, int]:
    """The rate of chance alone, where decisions moved it: files without any stay as they were."""
    return {} if each.chance_bp is None else {"chance_bp": each.chance_bp}


def percent(rate_bp: int) -> str:
    """A rate as people read it.

    >>> percent(1234), percent(5)
    ('12.34 %', '0.05 %')
    """
    return f"{rate_bp // 100}.{rate_bp % 100:02} %"


def write(workspace: Workspace, calibration: Calibration) -> Path:
    """Write a calibration and make it the current one; gives its file."""
    folder = workspace.root / FOLDER
    private_folder(folder)
    path = folder / f"{calibration.id}.json"
    write_json(path, {"calibration": calibration.id, **calibration.content()})
    link = folder / f".current.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    os.replace(link, folder / "current")
    sync_folder(folder)
    return path


def current(workspace: Workspace) -> Calibration | None:
    """The current calibration, or None if there never was one.

    RegiftError when it was lost or damaged: to go on without it would score everything anew.
    """
    link = workspace.root / FOLDER / "current"
    if link.is_symlink():
        return read(link.parent / os.readlink(link))
    if link.exists() or any(link.parent.glob("K-*.json")):
        raise RegiftError(
            f"{link} is no link to a calibration: it was lost in a copy; make it anew with "
            f"`ln -sfn K-....json current` in {link.parent}, or run `regift calibrate`"
        )
    return None


def read(path: Path) -> Calibration:
    """Read a calibration; RegiftError when it is missing or not what its name says."""
    if not path.is_file():
        raise RegiftError(f"{path} is missing: {_MENDED}")
    value = read_json(path)
    try:
        found = _calibration(value)
        same = value["calibration"] == found.id == path.stem and value["format"] == FORMAT
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RegiftError(f"{path} is damaged ({error!r}): {_MENDED}") from None
    if not same:
        raise RegiftError(f"{path} is damaged or of another version of regift: {_MENDED}")
    return found


_MENDED = "restore it from a backup, or make one anew with `regift calibrate`"


def _calibration(value: Mapping[str, Any]) -> Calibration:
    return Calibration(
        made_of=value["made_of"],
        worlds=value["worlds"],
        one_off=value["novelty"]["one_off"],
        payments=value["novelty"]["payments"],
        typologies={
            name: Calibrated(
                strata={key: Stratum(**stratum) for key, stratum in each["strata"].items()},
                observed=each["observed"],
                by_chance=each["by_chance"],
                lfdr_bp=each["lfdr_bp"],
                cut=each["cut"],
                chance_bp=each.get("chance_bp"),
            )
            for name, each in value["typologies"].items()
        },
    )


def listed(workspace: Workspace) -> list[dict[str, Any]]:
    """Every calibration of a workspace, the current one marked, by generation and id.

    `damaged` says what is wrong with one that cannot be read; those come last.
    """
    now = current(workspace)
    rows = []
    for path in sorted((workspace.root / FOLDER).glob("K-*.json")):
        try:
            each = read(path)
        except RegiftError as error:
            keys = ("generation", "seed", "worlds", "sample")
            unread = {"calibration": path.stem, "current": False, **dict.fromkeys(keys)}
            rows.append(unread | {"damaged": str(error)})
            continue
        rows.append(
            {
                "calibration": each.id,
                "current": now is not None and now.id == each.id,
                "generation": each.made_of["generation"],
                "seed": each.made_of["seed"],
                "worlds": each.worlds,
                "sample": each.made_of["sample"],
                "damaged": None,
            }
        )
    return sorted(rows, key=lambda row: (row["generation"] is None, row["generation"],
                                         row["calibration"]))  # fmt: skip


def shown(calibration: Calibration) -> list[dict[str, Any]]:
    """One row a typology: findings of the sample, how many by chance, the rate, demoted or not.

    With decisions also `chance_bp`, `confirmed` and `refuted`, and rows of typologies of facts.
    """
    said = calibration.decisions.get("typologies", {})
    rows = [
        {
            "typology": name,
            "findings": each.observed,
            "by_chance": each.by_chance,
            "lfdr_bp": each.lfdr_bp,
            "demoted": each.demoted,
            "kept": each.kept,
            "strata": {key: _shown(each.strata[key]) for key in sorted(each.strata)},
            "cut": each.cut,
            **_counts(said, name),
            **_before(each),
        }
        for name, each in calibration.typologies.items()
    ]
    facts = [
        {"typology": name, **dict.fromkeys(("findings", "by_chance")), "lfdr_bp": 0,
         "demoted": False, "kept": None, "strata": {}, "cut": 0, **_counts(said, name)}
        for name in said if name not in calibration.typologies and said[name]["fact"]
    ]  # fmt: skip
    return sorted(rows + facts, key=lambda row: str(row["typology"]))


def _counts(said: Mapping[str, Any], name: str) -> dict[str, int]:
    if not said:
        return {}
    return {key: said.get(name, {}).get(key, 0) for key in ("confirmed", "refuted")}

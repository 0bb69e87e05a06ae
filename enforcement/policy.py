"""Policy packs: a platform's rule as data, one TOML file a version.

    enforcement/policies/*.toml       packs that come with regift
    <workspace>/policies/*.toml       the user's; one of the same name and version is refused

`[policy] pack = "wechat-3.24"` in regift.toml says which is in use: a name, which means its newest
version, or `name@version`. What a pack may hold is checked in `policy_schema.py`; what the gate,
decisions and searches are told is made of it in `policy_rules.py`.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from regift.enforcement import policy_schema as schema
from regift.graph.snapshot import DAY_US
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.ranking.gate_rules import DegreeRules

SHIPPED = Path(__file__).parent / "policies"
FOLDER = "policies"
DEFAULT_PACK = "wechat-3.24"


@dataclass(frozen=True)
class Clause:
    """One version of a clause: in force from a date (in) until another (out; None: no end).

    typologies evidence it before any other clause, those of `also` where none of these is in force.
    channels: of `loaders.tables.CHANNELS`, `unknown`, or `any` alone.
    """

    id: str
    title: Mapping[str, str]
    source: str
    begins: date
    ends: date | None
    channels: tuple[str, ...]
    typologies: tuple[str, ...]
    also: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of the ladder. example: the rule does not give its numbers.

    from_points: None: no degree proposes it. due_after_us, lasts_us: None: not at all.
    """

    measure: str
    title: Mapping[str, str]
    from_points: int | None
    due_after_us: int | None
    lasts_us: int | None
    functions: tuple[str, ...]
    second_person: bool
    example: bool


@dataclass(frozen=True)
class Degree:
    """What the degree of a violation is made of. example: the rule does not give its numbers."""

    rules: DegreeRules
    example: bool


@dataclass(frozen=True)
class Caps:
    """Highest step on doubtful facts, on two families, and on these without a calibration."""

    doubtful: str
    two_families: str
    uncalibrated: str
    example: bool


@dataclass(frozen=True)
class Certificates:
    """When proof is asked for again, and from when on a coming end is told."""

    remind_every_us: int
    expires_within_us: int
    example: bool


EXAMPLE_CERTIFICATES = Certificates(7 * DAY_US, 30 * DAY_US, example=True)
"""Of a pack that says nothing of it."""


@dataclass(frozen=True)
class Holding:
    """How long an item has to be held from a date on, where `holding_period` cures."""

    begins: date
    held_us: int
    example: bool


@dataclass(frozen=True)
class Policy:
    """One version of one pack; content: hash of the file."""

    name: str
    version: str
    zone: str
    title: Mapping[str, str]
    source: str
    clauses: tuple[Clause, ...]
    steps: tuple[Step, ...]
    degree: Degree
    caps: Caps
    certificates: Certificates
    switches: Mapping[str, str]
    holding: tuple[Holding, ...]
    content: str
    path: Path

    @property
    def id(self) -> str:
        """Name, version and what stands in it."""
        return f"{self.name}@{self.version}+{self.content[:12]}"

    @property
    def clause_ids(self) -> tuple[str, ...]:
        """Ids of clauses, each once, in the order of the file."""
        return tuple(dict.fromkeys(clause.id for clause in self.clauses))


def read(path: Path) -> Policy:
    """The pack of a file; UsageError names the file, the key and how to mend it.

    >>> read(SHIPPED / "wechat-3.24.toml").clause_ids
    ('R1', 'R2', 'R3', 'R4', 'R5', 'R6')
    """
    try:
        data = path.read_bytes()
        table = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: name a policy pack, a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: this is no TOML: {error}") from None
    try:
        told = schema.checked(table)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return Policy(
        **{key: told[key] for key in ("name", "version", "zone", "title", "source", "switches")},
        clauses=tuple(Clause(**each) for each in told["clauses"]),
        steps=tuple(Step(**each) for each in told["steps"]),
        holding=tuple(Holding(**each) for each in told["holding"]),
        degree=Degree(DegreeRules(**told["degree"]["rules"]), told["degree"]["example"]),
        caps=Caps(**told["caps"]),
        certificates=(
            Certificates(**told["certificates"]) if told["certificates"] else EXAMPLE_CERTIFICATES
        ),
        content=hashlib.sha256(data).hexdigest(),
        path=path,
    )


def packs(root: Path | None = None) -> list[Policy]:
    """Packs that come with regift and those of a workspace folder, by name and version.

    UsageError for one that cannot be read, or two of one name and version.
    """
    folders = [SHIPPED, *([] if root is None else [root / FOLDER])]
    found = [read(path) for folder in folders for path in sorted(folder.glob("*.toml"))]
    found.sort(key=lambda pack: (pack.name, _in_order(pack.version)))
    for one, other in pairwise(found):
        if (one.name, one.version) == (other.name, other.version):
            raise UsageError(
                f"{other.path} and {one.path} are both {one.name} version {one.version}: "
                "give one of them another version"
            )
    return found


def _in_order(version: str) -> list[tuple[int, int, str]]:
    """Versions sort by their numbers: 1.9 comes before 1.10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", version)
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]


def chosen(found: list[Policy], asked: str) -> Policy:
    """The pack that `NAME` (its newest version) or `NAME@VERSION` means; UsageError if none."""
    name, _, version = asked.partition("@")
    fitting = [pack for pack in found if pack.name == name and version in ("", pack.version)]
    if not fitting:
        there = ", ".join(f"{pack.name}@{pack.version}" for pack in found)
        raise UsageError(f"there is no policy pack {asked!r}: there are {there}")
    return fitting[-1]


def in_use(workspace: Workspace) -> Policy:
    """The pack that holds in a workspace."""
    section = workspace.settings_table().get("policy", {})
    asked = section.get("pack", DEFAULT_PACK) if isinstance(section, dict) else section
    if not isinstance(asked, str):
        raise UsageError(
            f'{workspace.settings_file}: [policy] pack: {asked!r}: write pack = "{DEFAULT_PACK}"'
        )
    found = packs(workspace.root)
    try:
        return chosen(found, asked)
    except UsageError as error:
        raise UsageError(f"{workspace.settings_file}: [policy] pack: {error}") from None

"""The shape of a typology: one declaration from which registry, parameters and documents derive.

A file in this folder holds all that a typology is: its docstring (drawn pattern, strict and
non-strict comparisons, cost, sources), a frozen `Params`, `find(graph, params) -> Findings`, and
one `TYPOLOGY = Typology(...)`. One line in `queries/__init__.py` registers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings

PARTITIONS = ("item", "account", "slice", "whole")


@dataclass(frozen=True, kw_only=True)
class Redo:
    """What a change touches of a typology: what is searched again, and in which records (D-17).

    sees: table -> SQL of the rows that `find` is shown of it. owned: condition on a row of
    `findings` for those that are searched again;
    named: condition on a row of `subjects`, of at least one of a finding; both, if both are given,
    by `or`. A search of the rows seen gives exactly those findings that a search of all gives.
    """

    sees: Mapping[str, str]
    owned: str = "false"
    named: str = "false"


@dataclass(frozen=True)
class Chance:
    """What chance explains of the findings of one stratum, and the numbers that say so.

    lfdr_bp: local false-discovery rate in basis points, 0 to 10,000. told: whole numbers by name,
    kept in the calibration so that a reader can work the rate out again.
    """

    lfdr_bp: int
    told: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.lfdr_bp <= 10_000:
            raise ValueError(f"a rate of {self.lfdr_bp} basis points is none")


@dataclass(frozen=True, kw_only=True)
class Typology:
    """What the rest of regift has to know about a typology.

    partition: what can be recomputed alone. `item`: `find` of a graph that holds only some items
        gives exactly the findings of those items; `account`: the same for the ledger rows and
        records of some accounts; `slice`: for roots in a time slice plus `halo`; `whole`: neither.
    unit of a finding (`Findings.unit`): the item, account or slice that owns it.
    halo: how far (us) after its slice a search must see, from the parameters.
    reads: the derived tables it depends on; when none of them changed it need not run.
    redo: of a typology that is no `item` and no `account`: what a change touches of it, from the
        graph of a refresh (queries/scopes.py says what that has) and the parameters; None: all.
    keeps: tables that `find` makes by account and a generation keeps (queries/kept.py); such a
        typology searches touched accounts and then goes through what all of them gave.
    fact: whether a finding is a fact of the records (definitions D-12, D-14).
    kappa: share of non-chance findings that are worth a reviewer's time, as x/100.

    How a calibration learns what chance makes of it (definition D-11), one of the two, of facts
    neither. Findings tell their stratum by the key `stratum` of their `detail`; without one it is
    their `tier`, or their `form` and length, `all` if that is 1 and they have no form.
    nulls: names of the null models (graph/nulls.py) in whose worlds it is searched too.
    chance: its own background on the real records, by stratum; takes the graph, its parameters and
        a seed.
    """

    name: str
    prefix: str
    layer: str
    family: str
    kappa_percent: int
    fact: bool
    clauses: tuple[str, ...]
    partition: str
    anchor: str
    params: type
    find: Callable[[Snapshot, Any], Findings]
    halo: Callable[[Any], int] | None = None
    reads: tuple[str, ...] = ()
    redo: Callable[[Snapshot, Any], Redo | None] | None = None
    keeps: tuple[str, ...] = ()
    count: Callable[[Snapshot, Any], dict[str, Any]] | None = None
    cypher: str | None = None
    nulls: tuple[str, ...] = ()
    chance: Callable[[Snapshot, Any, int], Mapping[str, Chance]] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.partition not in PARTITIONS:
            raise ValueError(
                f"{self.name}: partition {self.partition!r} is not one of {PARTITIONS}"
            )

    @property
    def bounded(self) -> bool:
        """Whether resource bounds may cut it: searches of single items are linear."""
        return self.partition != "item"

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that can run it, by the names of `--engine`."""
        return ("embedded", "neo4j") if self.cypher else ("embedded",)

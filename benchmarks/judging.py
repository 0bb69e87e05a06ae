"""Data sets with a known truth, and what our list and the baselines are worth on each.

    simulated   worlds of `regift simulate`, parameters drawn by the seed (split `evaluation`), so
                that nothing could be tuned to them
    AMLSim      the runs of benchmarks/amlsim_runs.py

Each is loaded, refreshed and calibrated once; scores without the calibration, and without single
families, are derived anew from the same findings (benchmarks/rescored.py).
"""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from amlsim_runs import Run, absent, loaded, refreshed, runs
from rescored import rescore

from regift.commands.options import opened
from regift.graph.snapshot import Snapshot
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.loaders.simulator import simulate
from regift.loaders.tables import TABLES
from regift.queries import ALL
from regift.ranking import calibration as calibrations
from regift.ranking.evaluation.baselines import LISTS
from regift.ranking.evaluation.evaluate import Judged, evaluate
from regift.ranking.evaluation.truth import Truth, read_truth
from regift.refresh.calibrate import calibrate
from regift.refresh.run import searched_of

SEEDS = (101, 102, 103, 104, 105)
SIMULATED = "simulated"


@dataclass(frozen=True)
class Result:
    """One data set. records: gifts and transfers; labelled_unseen: labelled accounts on no list of
    ours; off: families that are switched off; demoted: typologies of whose findings chance makes
    more than half; ablated: family -> average precision without it."""

    name: str
    group: str
    records: int
    instances: int
    labelled_unseen: int
    calibrated: Judged
    uncalibrated: Judged
    off: list[str]
    demoted: list[str]
    seconds: float
    ablated: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A data set before it is loaded: its name, and how a workspace in a folder is made of it."""

    name: str
    group: str
    make: Callable[[Path], tuple[Workspace, Truth]]


def sources(data: Path, folder: Path, scale: str, seeds: Sequence[int]) -> Iterator[Source]:
    """The data sets that are there; a line on stderr for real data that is not."""
    for seed in seeds:
        yield Source(f"seed {seed}", SIMULATED, partial(_simulated, scale, seed))
    lacking = absent(data)
    if lacking is not None:
        print(f"AMLSim left out: no real data at {lacking}", file=sys.stderr)
        return
    for run in sorted(runs(data, folder), key=lambda run: run.name != "1K"):
        yield Source(run.name, "AMLSim", partial(_amlsim, run))


def _simulated(scale: str, seed: int, folder: Path) -> tuple[Workspace, Truth]:
    world = folder / f"world-{seed}"
    simulate(world, seed=seed, scale=scale, split="evaluation")
    files = [world / f"{table}.csv" for table in TABLES]
    root = _place(folder, *files)
    truth = read_truth(world / "truth.json")
    if root.exists():
        return Workspace.open(root), truth
    workspace = Workspace.create(root)
    for table, file in zip(TABLES, files, strict=True):
        stage(workspace, LoadRequest(sources=(str(file),), table=table, options=ReadOptions()))
    return workspace, truth


def _amlsim(run: Run, folder: Path) -> tuple[Workspace, Truth]:
    root = _place(folder, run.records)
    return (Workspace.open(root) if root.exists() else loaded(run, root)), run.truth


def _place(folder: Path, *files: Path) -> Path:
    """A workspace's place, named by the content of its files: other records, another workspace."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return folder / f"workspace-{digest.hexdigest()[:16]}"


def judge(source: Source, folder: Path, ablate: bool) -> Result:
    """Load, search, calibrate and judge one data set; what is in `folder` already is used again."""
    began = time.monotonic()
    workspace, truth = source.make(folder)
    fresh = refreshed(workspace)
    calibration = None if fresh else calibrations.current(workspace)
    calibration = calibration or calibrate(workspace)
    _, settings, manifest, graph = opened(workspace.root)
    searched, clock_us = searched_of(manifest), settings.clock_unit_us
    with graph:
        rescore(graph, None)
        before = evaluate(graph.con, truth, searched, clock_us=clock_us)
        rescore(graph, calibration)
        after = evaluate(graph.con, truth, searched, beside=tuple(LISTS), clock_us=clock_us)
        off, demoted = (
            _texts(graph, f"SELECT DISTINCT {name} FROM {table} ORDER BY 1")
            for table, name in (("switched_off", "family"), ("demoted", "typology"))
        )
        unseen = _unseen(graph)
        (records,) = graph.con.sql(
            "SELECT (SELECT count(*) FROM gifts) + (SELECT count(*) FROM transfers)"
        ).fetchall()[0]
        ablated = _ablated(graph, calibration, truth) if ablate else {}
    spent = time.monotonic() - began
    print(f"{source.name}: {spent:.0f} s", file=sys.stderr, flush=True)
    return Result(
        source.name, source.group, int(records), len(truth.planted), unseen, after, before, off,
        demoted, spent, ablated,
    )  # fmt: skip


def _unseen(graph: Snapshot) -> int:
    rows = graph.con.sql(
        "SELECT count(*) FROM labelled WHERE account NOT IN "
        "(SELECT account FROM account_scores WHERE s > 0)"
    ).fetchall()
    return int(rows[0][0])


def _texts(graph: Snapshot, sql: str) -> list[str]:
    return [text for (text,) in graph.con.sql(sql).fetchall()]


def _ablated(
    graph: Snapshot, calibration: calibrations.Calibration, truth: Truth
) -> dict[str, float]:
    """Average precision without each family that weighs anything, by family."""
    weighing = _texts(graph, "SELECT DISTINCT family FROM pieces ORDER BY family")
    known = {each.family for each in ALL.values()}
    found = {}
    for family in weighing:
        if family in known:
            rescore(graph, calibration, {family})
            (ours,) = evaluate(graph.con, truth, (), resamples=0).lists
            found[family] = ours["average_precision"]
    return found

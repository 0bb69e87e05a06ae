"""Temporal graphs made from columns or from files of real data, without a snapshot."""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from regift.graph.temporal import TemporalGraph

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


def graph_of(source: Any, target: Any, at_us: Any, amount: Any = 100) -> TemporalGraph:
    """A graph of one currency; edges are sorted by time, ties stay as given, self-loops go."""
    source, target, at_us = np.asarray(source), np.asarray(target), np.asarray(at_us, np.int64)
    amount = np.broadcast_to(np.asarray(amount, np.int64), source.shape)
    kept = np.flatnonzero(source != target)
    order = kept[np.argsort(at_us[kept], kind="stable")]
    names, numbers = np.unique(np.stack([source, target])[:, order], return_inverse=True)
    ends = numbers.reshape(2, -1)
    size = len(order)
    return TemporalGraph(
        pa.array([f"{name:>09}" for name in names.tolist()], pa.large_string()),
        pa.array([f"t{i:09}" for i in range(size)], pa.large_string()),
        ("CNY",),
        ("payment",),
        source=ends[0],
        target=ends[1],
        at_us=at_us[order],
        rank=np.arange(size),
        amount_minor=amount[order],
        currency=np.zeros(size),
        kind=np.zeros(size),
    )


def college(folder: Path) -> TemporalGraph:
    """CollegeMsg: messages as moves of one amount, times in seconds."""
    rows = np.loadtxt(folder / "CollegeMsg.txt", dtype=np.int64)
    return graph_of(rows[:, 0], rows[:, 1], rows[:, 2] * SECOND_US)


def bitcoin_otc(folder: Path) -> TemporalGraph:
    """soc-sign-bitcoinotc: ratings as moves of one amount, times in seconds."""
    rows = np.loadtxt(
        folder / "soc-sign-bitcoinotc.csv", delimiter=",", skiprows=1, usecols=(0, 1, 3)
    ).astype(np.int64)
    return graph_of(rows[:, 0], rows[:, 1], rows[:, 2] * SECOND_US)


def amlsim_20k(folder: Path) -> TemporalGraph:
    """20K_cycle200 of AMLSim: one step is a day."""
    with tarfile.open(folder / "20K_cycle200.tgz") as archive:
        rows = np.loadtxt(
            archive.extractfile("20K_cycle200/transactions.csv"),
            delimiter=",", skiprows=1, usecols=(0, 1, 3),
        ).astype(np.int64)  # fmt: skip
    return graph_of(rows[:, 0], rows[:, 1], rows[:, 2] * DAY_US)

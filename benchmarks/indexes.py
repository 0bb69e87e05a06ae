"""All indexes of a temporal graph of 10 million edges, beside DuckDB sorting the same rows once.

    python benchmarks/indexes.py [--transfers N] [--write]

Ours: `TemporalGraph.edges`, that is edges by source, by target and by pair, pairs by target, and
each edge's place in them. DuckDB: the same rows (source, target, time, amount as integers) from a
table in memory into another, ORDER BY source, time. Both get the rows in order of time, in one
process, in turns. `--write` puts the table into docs/performance.md.
"""

import argparse
import sys

import numpy as np
import power_law
import pyarrow as pa
from measuring import Spent, apart, load_kernels, machine, stage
from page import against, show, table

from regift.graph.connect import connect
from regift.graph.temporal import TemporalGraph

TARGET = 1
"""Processor time of all indexes, in sorts by DuckDB."""

ROWS = ("source", "target", "at_us", "amount_minor")
SORT = "CREATE OR REPLACE TEMP TABLE sorted AS FROM edges ORDER BY source, at_us"


def made(transfers: int) -> TemporalGraph:
    """A graph of made-up transfers."""
    accounts = power_law.accounts_of(transfers)
    given = power_law.columns(transfers, accounts)
    order = np.argsort(given["at_us"], kind="stable")
    zeros = np.zeros(transfers, np.int8)
    return TemporalGraph(
        pa.array(np.arange(accounts)).cast(pa.large_string()),
        pa.array([], pa.large_string()),
        ("CNY",), ("payment",), given["source"][order], given["target"][order],
        given["at_us"][order], np.arange(transfers), given["amount_minor"][order], zeros, zeros,
    )  # fmt: skip


def measured(transfers: int, repeat: int) -> tuple[list[Spent], list[Spent]]:
    """What each of our turns and each of DuckDB's spent."""
    load_kernels()
    graph = made(transfers)
    con = connect()
    rows = pa.table({name: getattr(graph, name) for name in ROWS})
    con.register("_edges", rows)
    con.execute("CREATE TEMP TABLE edges AS FROM _edges")
    ours, theirs = [], []
    spent: dict[str, Spent] = {}
    for _ in range(repeat):
        fresh = graph.select(slice(None))
        with stage(spent, "ours"):
            _ = fresh.edges
        with stage(spent, "theirs"):
            con.execute(SORT)
        ours.append(spent["ours"])
        theirs.append(spent["theirs"])
        del fresh
    return ours, theirs


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--transfers", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    asked = parser.parse_args(arguments)
    ours, theirs = (
        min(runs, key=lambda each: each.cpu)
        for runs in apart(measured, asked.transfers, asked.repeat)
    )
    ratio = against(ours.cpu / theirs.cpu, TARGET, 2)
    show("indexes", [
        machine(),
        f"{asked.transfers:,} edges, the best of {asked.repeat} turns:",
        table("what | processor s | clock s | sorts by DuckDB", [
            ["DuckDB sorts once", f"{theirs.cpu:.2f}", f"{theirs.clock:.2f}", "1.00"],
            ["all indexes", f"{ours.cpu:.2f}", f"{ours.clock:.2f}", ratio],
        ]),
    ], asked.write)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])

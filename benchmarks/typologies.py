"""Every search of money moves over 10 million transfers, beside DuckDB reading and sorting them.

    python benchmarks/typologies.py [--transfers N] [--data ../shared/data] [--write]

Two worlds, each one Parquet file in no order: made-up transfers of 30 days (`power_law.py`), and a
run of AMLSim repeated in time until it is as long. The unit is DuckDB reading the file and sorting
it by time and record id, all columns, in the same run. What is measured is what a refresh does with
the file: effective records, the temporal graph with its indexes, then each search with its
defaults. Kernels are loaded before. `--write` puts the tables into docs/performance.md.
"""

import argparse
import sys
import tarfile
import tempfile
from pathlib import Path

import power_law
from measuring import Spent, apart, load_kernels, machine, stage
from page import ROOT, against, show, table

from regift.graph.connect import connect, parquet, quote
from regift.graph.derive import derive_all
from regift.graph.snapshot import Settings, Snapshot
from regift.graph.temporal import flows
from regift.loaders.tables import TABLES
from regift.queries import ALL

EACH, TOGETHER, MEMORY = 6, 40, 4
"""Targets: units for one search, for everything, GiB."""

AMLSIM = "20K_cycle200"
_REPEATED = """
    COPY (
        SELECT printf('%d-%06d', turn, n) AS record_id,
               (1483228800 + (time + turn * 150) * 86400) * 1000000 AS at_us,
               sourceNodeId AS source, targetNodeId AS target,
               round(value * 100)::BIGINT AS amount_minor, 'USD' AS currency, 'payment' AS kind,
               NULL::VARCHAR AS channel, NULL::BIGINT AS seq, NULL::VARCHAR AS refers_to
        FROM (SELECT *, row_number() OVER () AS n FROM read_csv($file, types = {
                  'sourceNodeId': 'VARCHAR', 'targetNodeId': 'VARCHAR', 'value': 'DECIMAL(18, 4)'}))
             CROSS JOIN range($turns) t(turn)
        ORDER BY hash(n, turn))
"""


def write_amlsim(path: Path, archive: Path, transfers: int) -> int:
    """Write a run of the simulator, one turn of 150 days after the other; how many turns."""
    with tarfile.open(archive) as packed:
        member = f"{AMLSIM}/transactions.csv"
        packed.extract(member, path.parent, filter="data")
    con = connect(path.parent)
    file = {"file": str(path.parent / member)}
    (rows,) = con.execute("SELECT count(*) FROM read_csv($file)", file).fetchall()[0]
    turns = max(1, round(transfers / rows))
    con.execute(f"{_REPEATED} TO {quote(str(path))} (FORMAT parquet)", {**file, "turns": turns})
    con.close()
    return turns


def sorted_by_duckdb(path: Path) -> Spent:
    """The unit."""
    spent: dict[str, Spent] = {}
    con = connect(path.parent)
    with stage(spent, "unit"):
        con.execute(f"CREATE TABLE t AS FROM {parquet(path)} ORDER BY at_us, record_id")
    return spent["unit"]


def snapshot_of(path: Path) -> Snapshot:
    """A snapshot of transfers alone, with everything that is derived from them."""
    con = connect(path.parent)
    for each in TABLES.values():
        if each.name != "transfers":
            con.execute(f"CREATE TABLE {each.name} ({each.ddl})")
    con.execute(f"CREATE VIEW transfers AS FROM {parquet(path)}")
    con.execute("CREATE TABLE judgements (a VARCHAR, b VARCHAR, verdict VARCHAR, seq BIGINT)")
    derive_all(con, Settings())
    return Snapshot(con, Settings())


def searched(path: Path) -> tuple[dict[str, Spent], dict[str, str]]:
    """What each stage spent, and what it found."""
    spent: dict[str, Spent] = {}
    found: dict[str, str] = {}
    load_kernels()
    with stage(spent, "effective records"):
        graph = snapshot_of(path)
    with stage(spent, "temporal graph"):
        ((_, part),) = flows(graph)
    found["temporal graph"] = f"{len(part):,} moves, {len(part.accounts):,} accounts"
    with stage(spent, "indexes"):
        _ = part.edges
    for name, typology in ALL.items():
        if typology.layer == "value":
            with stage(spent, name):
                result = typology.find(graph, typology.params())
            cut = f", cut by {', '.join(result.truncated)}" if result.truncated else ""
            found[name] = f"{len(result):,} findings{cut}"
    return spent, found


def compared(title: str, path: Path, repeat: int) -> list[str]:
    """The table of one world."""
    units, runs = [], []
    for _ in range(repeat):
        units.append(apart(sorted_by_duckdb, path))
        runs.append(apart(searched, path))
    unit = min(units, key=lambda each: each.cpu)
    spent, found = min(runs, key=lambda run: sum(each.cpu for each in run[0].values()))
    return [title, table(
        "stage | processor s | units | clock s | GiB at the peak | found",
        [row("DuckDB reads and sorts", unit, unit, None, ""),
         *(row(name, each, unit, EACH if name in ALL else None, found.get(name, ""))
           for name, each in spent.items()),
         row("all together", whole(spent), unit, TOGETHER, "")],
    )]  # fmt: skip


def whole(spent: dict[str, Spent]) -> Spent:
    """All stages one after the other."""
    every = spent.values()
    return Spent(
        sum(each.cpu for each in every),
        sum(each.clock for each in every),
        max(each.peak for each in every),
    )


def row(name: str, spent: Spent, unit: Spent, target: float | None, found: str) -> list[str]:
    """Cells of one stage; what misses its target is bold."""
    units = spent.cpu / unit.cpu
    peak = f"{spent.peak:.2f}" if target is None else against(spent.peak, MEMORY, 2)
    return [
        f"`{name}`" if name in ALL else name, f"{spent.cpu:.2f}",
        f"{units:.2f}" if target is None else against(units, target, 2),
        f"{spent.clock:.2f}", peak, found,
    ]  # fmt: skip


def main(arguments: list[str]) -> None:
    """Write the files, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--transfers", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    asked = parser.parse_args(arguments)
    parts: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        apart(load_kernels)  # compiled once, before anything is measured
        made = Path(name) / "made.parquet"
        apart(power_law.write, made, asked.transfers)
        accounts = power_law.accounts_of(asked.transfers)
        title = f"{asked.transfers:,} made-up transfers of 30 days between {accounts:,} accounts:"
        parts += compared(title, made, asked.repeat)
        archive = asked.data / "amlsim_20k" / f"{AMLSIM}.tgz"
        if archive.is_file():
            repeated = Path(name) / "amlsim.parquet"
            turns = apart(write_amlsim, repeated, archive, asked.transfers)
            title = f"AMLSim's run `{AMLSIM}`, {turns} times one after the other:"
            parts += compared(title, repeated, asked.repeat)
        else:
            parts.append(f"AMLSim: not measured, no `{archive.name}` beside the checkout.")
    show("typologies", [machine(), *parts], asked.write)


if __name__ == "__main__":
    main(sys.argv[1:])

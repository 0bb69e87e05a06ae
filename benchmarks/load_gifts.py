"""Loading 5,000,000 gifts with every check, against DuckDB's bare read of the same file.

    python benchmarks/load_gifts.py [--rows N] [--repeat K]

Prints machine, versions, seconds, peak memory and two ratios. Both sides alternate in one run, each
in a process of its own. The ratio of the clock is the target's; on a busy machine it is mostly
luck, and the ratio of processor time (all threads, the kernels' start included) says more.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numba
import pyarrow as pa

COLUMNS = """
    'g' || lpad(i::VARCHAR, 9, '0') AS record_id,
    strftime(make_timestamp(1767225600000000 + i * 3100000), '%Y-%m-%dT%H:%M:%SZ') AS at,
    'u' || (hash(i) % 400000) AS source,
    'u' || (hash(i + 7) % 400000) AS target,
    'item-' || (hash(i * 3) % 900000) AS item,
    CASE hash(i * 5) % 10 WHEN 0 THEN 'issue' WHEN 1 THEN 'sale' ELSE 'gift' END AS kind,
    CASE WHEN hash(i * 5) % 10 = 1
         THEN ((hash(i * 11) % 100000)::DECIMAL(12, 2) / 100)::DECIMAL(12, 2)::VARCHAR END AS price,
    CASE WHEN hash(i * 5) % 10 = 1 THEN 'CNY' END AS currency,
    CASE hash(i * 13) % 3 WHEN 0 THEN 'mini_program' WHEN 1 THEN 'personal' END AS channel,
    i AS seq
"""

BARE = """
import duckdb, json, resource, sys, time
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
start = time.perf_counter()
cpu = time.process_time()
con.execute("CREATE TABLE t AS SELECT * FROM read_csv($path)", {"path": sys.argv[1]})
seconds = time.perf_counter() - start
cpu = time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "cpu": cpu, "kib": peak}))
"""

OURS = """
import json, pathlib, resource, sys, tempfile, time
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
path, rows = sys.argv[1], int(sys.argv[2])
with tempfile.TemporaryDirectory() as folder:
    workspace = Workspace.create(pathlib.Path(folder) / "w")
    request = LoadRequest(sources=(path,), table="gifts", options=ReadOptions())
    start = time.perf_counter()
    cpu = time.process_time()
    found = stage(workspace, request)
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu
assert (found.accepted, found.rejected) == (rows, 0), found
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "cpu": cpu, "kib": peak}))
"""


def measure(code: str, *arguments: str) -> tuple[float, float, int]:
    """(seconds, processor seconds, KiB at the peak) of one run in its own process."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    return float(found["seconds"]), float(found["cpu"]), int(found["kib"])


def main() -> None:
    """Write the file, measure both, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    print(f"machine  {os.cpu_count()} cpus, {platform.machine()}, {platform.system()}")
    print(f"load     {os.getloadavg()[0]:.1f} before the start")
    print(
        f"versions python {platform.python_version()}, duckdb {duckdb.__version__}, "
        f"pyarrow {pa.__version__}, numba {numba.__version__}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gifts.csv"
        duckdb.execute(
            f"COPY (SELECT {COLUMNS} FROM range($rows) r(i)) TO '{path}' (HEADER)",
            {"rows": asked.rows},
        )
        print(f"file     {asked.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
        bare, ours = [], []
        for _ in range(asked.repeat):
            bare.append(measure(BARE, str(path)))
            ours.append(measure(OURS, str(path), str(asked.rows)))
    for name, runs in (("bare", bare), ("load", ours)):
        clock = ", ".join(f"{seconds:.2f}" for seconds, _, _ in runs)
        spent = ", ".join(f"{cpu:.2f}" for _, cpu, _ in runs)
        print(f"{name}     {clock} s; processor {spent} s; peak {_peak(runs):.2f} GiB")
    print(f"clock    ratio {min(ours)[0] / min(bare)[0]:.2f} of the best runs (target 4)")
    spent_ours, spent_bare = (min(cpu for _, cpu, _ in runs) for runs in (ours, bare))
    print(f"cpu      ratio {spent_ours / spent_bare:.2f} of the best runs")


def _peak(runs: list[tuple[float, float, int]]) -> float:
    """GiB of the largest run."""
    return max(kib for _, _, kib in runs) / 2**20


if __name__ == "__main__":
    main()

"""How cost grows with the number of transfers: 1, 3 and 10 million, stage by stage.

    python benchmarks/growth.py [--transfers N N ...] [--write]

The worlds are those of `power_law.py`: always 30 days and ten transfers for each account, so that
what grows is their number, not how dense they are. Stages are those of `typologies.py`. The last
column is how cost grew from the first size to the last: the exponent k of seconds ~ transfers ** k
(1: linear). `--write` puts the table into docs/performance.md.
"""

import argparse
import math
import sys
import tempfile
from pathlib import Path

import power_law
from measuring import Spent, apart, machine
from page import show, table
from typologies import searched, whole

from regift.queries import ALL


def world(transfers: int) -> dict[str, Spent]:
    """What each stage spends on so many transfers."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "made.parquet"
        apart(power_law.write, path, transfers)
        spent, _ = apart(searched, path)
    return {**spent, "all together": whole(spent)}


def exponent(small: float, large: float, times: float) -> str:
    """Power with which cost grew when the transfers grew so many times.

    >>> exponent(1.0, 100.0, 10.0)
    '2.00'
    """
    return f"{math.log(large / small) / math.log(times):.2f}" if small and large else ""


def main(arguments: list[str]) -> None:
    """Measure each size and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    sizes = [1_000_000, 3_000_000, 10_000_000]
    parser.add_argument("--transfers", type=int, nargs="+", default=sizes)
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    asked = parser.parse_args(arguments)
    sizes = sorted(asked.transfers)
    spent = [world(size) for size in sizes]
    rows = [
        [
            f"`{name}`" if name in ALL else name,
            *(f"{each[name].cpu:.2f} s, {each[name].peak:.2f} GiB" for each in spent),
            exponent(spent[0][name].cpu, spent[-1][name].cpu, sizes[-1] / sizes[0]),
        ]
        for name in spent[0]
    ]
    head = " | ".join(["stage", *(f"{size:,}" for size in sizes), "grows with power"])
    show("growth", [machine(), table(head, rows)], asked.write)


if __name__ == "__main__":
    main(sys.argv[1:])

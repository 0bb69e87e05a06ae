"""Run every benchmark, or those that are named: `python benchmarks/run.py [NAME]...`

A benchmark is a script beside this one; it prints what it measured and exits with 1 when it misses
its bound. Each runs in a process of its own, so memory figures do not mix.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run them in order of name; the number of benchmarks that missed their bound."""
    scripts = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem != "run"}
    unknown = [name for name in names if name not in scripts]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(scripts)}", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    missed = 0
    for name in names or scripts:
        print(f"== {name}", flush=True)
        missed += subprocess.run([sys.executable, scripts[name]], check=False).returncode != 0
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run every benchmark, or those that are named: `python benchmarks/run.py [--write] [NAME]...`

A benchmark is a script beside this one that can be started; it prints what it measured and exits
with 1 when it misses its bound. Each runs in a process of its own, so memory figures do not mix.
`--write` runs those that have a part in docs/performance.md and puts what they measured there.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"


def benchmarks(write: bool) -> dict[str, Path]:
    """Scripts by name, in order; with `write` those whose markers the page has."""
    page = PAGE.read_text(encoding="utf-8")
    return {
        path.stem: path
        for path in sorted(HERE.glob("*.py"))
        if path.stem != "run"
        and '\nif __name__ == "__main__":' in path.read_text(encoding="utf-8")
        and (not write or f"<!-- {path.stem} -->" in page)
    }


def main(arguments: list[str]) -> int:
    """Run them in order of name; the number of benchmarks that missed their bound."""
    write = "--write" in arguments
    names = [name for name in arguments if name != "--write"]
    scripts = benchmarks(write)
    unknown = [name for name in names if name not in scripts]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(scripts)}", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    missed = 0
    for name in names or scripts:
        print(f"== {name}", flush=True)
        command = [sys.executable, str(scripts[name]), *(["--write"] if write else [])]
        missed += subprocess.run(command, check=False).returncode != 0
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

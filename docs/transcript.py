"""Write the transcripts of a page by running their commands; `--check` fails when they changed.

    <!-- transcript -->          a page may have one transcript
    ```console
    $ regift typology list       every line that begins with `$ ` is run, in order, in one
    ...                          temporary folder; what it prints replaces the lines below it
    ```
    <!-- end transcript -->

A command that fails ends the run: a page never shows one. Standard error is shown with standard
output, as on a terminal. Times a run takes are written as `N s`, since they differ each time.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from markers import ROOT, parted, put

LONGEST_LINE = 160


def shown(text: str, folder: str) -> list[str]:
    """Output as the page shows it: no run times, no name of the temporary folder, no blanks."""
    text = re.sub(r"\b\d+(\.\d+)? (s|seconds|ms)\b", r"N \2", text.replace(folder, "."))
    return [line.rstrip() for line in text.rstrip("\n").split("\n")] if text.strip() else []


def run(commands: list[str]) -> list[str]:
    """The console block's lines: each command and what it printed.

    Raises SystemExit, with the output, when a command fails or prints a line too long for a page.
    """
    lines = []
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("REGIFT_")},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
    with tempfile.TemporaryDirectory() as folder:
        for command in commands:
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"$ {command}\n{done.stdout}exit code {done.returncode}")
            output = shown(done.stdout, folder)
            if any(len(line) > LONGEST_LINE for line in output):
                raise SystemExit(f"$ {command}: prints lines over {LONGEST_LINE} characters")
            lines += [f"$ {command}", *output]
    return lines


def main(arguments: list[str]) -> int:
    """1 if a transcript had changed under `--check`."""
    check = "--check" in arguments
    fresh = True
    for name in (a for a in arguments if not a.startswith("--")):
        page = (ROOT / name).resolve()
        before, block, after = parted(page.read_text(encoding="utf-8"), "transcript")
        commands = [line[2:] for line in block.split("\n") if line.startswith("$ ")]
        lines = ["```console", *run(commands), "```", ""]
        fresh &= put(page, before + "\n".join(lines) + after, check)
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Write the transcripts of a page by running their commands; `--check` fails when they changed.

    <!-- transcript NAME -->     each block has a name and a temporary folder of its own
    ```console
    $ regift typology list       every line that begins with `$ ` is run, in order; what it prints
    ...                          replaces the lines below it
    ```
    <!-- end transcript NAME -->

    python docs/transcript.py README.md [NAME]...      all blocks, or those named

A command that fails ends the run: a page never shows one. Standard error is shown with standard
output, as on a terminal. Times a run takes are written as `N s`, since they differ each time, and
so do moments of the clock, which unlike those of records have microseconds, and names made of them.
A block that names $REGIFT_SHARED, the folder of real data, is left as it is where that is absent.
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
CLOCK = "<a moment of the clock>".ljust(27)
"""As wide as the moment, so that tables stay as they are."""
SHARED = Path(os.environ.get("REGIFT_SHARED", ROOT.parent / "shared" / "data"))


def shown(text: str, folder: str) -> list[str]:
    """Output as the page shows it: no times of this run, no names of this machine's folders."""
    text = text.replace(folder, ".").replace(str(SHARED), "$REGIFT_SHARED")
    text = re.sub(r"\b\d+(\.\d+)? (s|seconds|ms)\b", r"N \2", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", CLOCK, text)
    text = re.sub(r"\bactions-[0-9a-f]{24}\b", "actions-NAME", text)
    return [line.rstrip() for line in text.rstrip("\n").split("\n")] if text.strip() else []


def run(commands: list[str]) -> list[str]:
    """The console block's lines: each command and what it printed.

    Raises SystemExit, with the output, when a command fails or prints a line too long for a page.
    """
    lines = []
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("REGIFT_")},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "REGIFT_SHARED": str(SHARED),
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


def renewed(text: str, name: str) -> str:
    """The page with one block run anew."""
    before, block, after = parted(text, f"transcript {name}")
    commands = [line[2:] for line in block.split("\n") if line.startswith("$ ")]
    if "$REGIFT_SHARED" in block and not SHARED.is_dir():
        print(f"transcript {name} left as it is: no real data at {SHARED}", file=sys.stderr)
        return text
    return before + "\n".join(["```console", *run(commands), "```", ""]) + after


def main(arguments: list[str]) -> int:
    """1 if a transcript had changed under `--check`."""
    page, *names = [a for a in arguments if not a.startswith("--")]
    path = (ROOT / page).resolve()
    text = path.read_text(encoding="utf-8")
    for name in names or re.findall(r"^<!-- transcript (\S+) -->$", text, re.MULTILINE):
        text = renewed(text, name)
    return 0 if put(path, text, "--check" in arguments) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

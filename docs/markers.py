"""Parts of a page that a program writes, between markers that only readers of the source see."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parted(text: str, name: str) -> tuple[str, str, str]:
    """A page as what stands before, between and after the markers of `name`.

    Raises ValueError when the page has not exactly one pair.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"the page has not exactly one {begin.strip()} ... {end}")
    before, rest = text.split(begin)
    between, after = rest.split(end)
    return before + begin, between, end + after


def put(path: Path, wanted: str, check: bool) -> bool:
    """Write the page, or with `check` only compare; False and a line when it had drifted."""
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    if path.exists() and path.read_text(encoding="utf-8") == wanted:
        return True
    if check:
        print(f"{shown} is out of date: run `make docs`", file=sys.stderr)
        return False
    path.write_text(wanted, encoding="utf-8")
    print(f"wrote {shown}")
    return True

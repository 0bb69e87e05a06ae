"""The parts of docs/performance.md that benchmarks write."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from markers import parted, put  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"


def table(head: str, rows: list[list[str]]) -> str:
    """A Markdown table.

    >>> print(table("a | b", [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    columns = head.split(" | ")
    lines = [f"| {head} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def show(name: str, parts: list[str], write: bool) -> None:
    """Print the parts with an empty line between them; with `write`, put them into the page."""
    text = "\n\n".join(parts)
    print(text, flush=True)
    if write:
        before, _, after = parted(PAGE.read_text(encoding="utf-8"), name)
        put(PAGE, f"{before}\n{text}\n\n{after}", check=False)


def against(value: float, target: float, digits: int = 1) -> str:
    """A number beside the most that it should be; a miss stands out.

    >>> against(2.04, 6), against(7, 6)
    ('2.0', '**7.0** (target 6)')
    """
    text = f"{value:.{digits}f}"
    return text if value <= target else f"**{text}** (target {target:g})"

"""Write README's feature table from what the code registers; `--check` fails when it has drifted.

A row says `works` only if every typology and command it names is there.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from markers import ROOT, parted, put
from planned import POLICY, TYPOLOGIES

from regift.cli import COMMANDS
from regift.queries import ALL


def state(typologies: tuple[str, ...], commands: tuple[str, ...]) -> str:
    """`works`, with what to type, or `not yet` with what is there and what is not."""
    wanted = [(f"regift find {name}", name in ALL) for name in typologies]
    wanted += [(f"regift {name}", name in COMMANDS) for name in commands]
    there = ", ".join(f"`{text}`" for text, has in wanted if has)
    if all(has for _, has in wanted):
        return f"works: {there}"
    lacking = ", ".join(text.split()[-1] for text, has in wanted if not has)
    return f"not yet: {lacking}" + (f" (so far {there})" if there else "")


def table() -> str:
    """The two tables, policy first."""
    unplanned = sorted(set(ALL) - set(TYPOLOGIES))
    if unplanned:
        raise SystemExit(f"docs/planned.py does not name {', '.join(unplanned)}: add a line")
    lines = ["", "| policy | rule | state |", "|---|---|---|"]
    for row, (rule, typologies, commands) in POLICY.items():
        lines.append(f"| {row} | {rule} | {state(typologies, commands)} |")
    lines += ["", "| layer | typology | what it finds | state |", "|---|---|---|---|"]
    for name, (layer, text) in TYPOLOGIES.items():
        works = f"works: `regift find {name}`" if name in ALL else "not yet"
        lines.append(f"| {layer} | `{name}` | {text} | {works} |")
    return "\n".join([*lines, "", ""])


def main(check: bool) -> int:
    """1 if the table had drifted under `check`."""
    page = ROOT / "README.md"
    before, _, after = parted(page.read_text(encoding="utf-8"), "feature table")
    return 0 if put(page, before + table() + after, check) else 1


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))

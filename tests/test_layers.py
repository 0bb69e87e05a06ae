"""A folder imports itself and folders to its left; nothing imports by a relative or a bare name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tree import PACKAGES, ROOT, sources

ORDER = (
    "loaders",
    "graph",
    "queries",
    "ranking",
    "enforcement",
    "refresh",
    "exports",
    "web",
    "commands",
    "cli",
)
FILES = [path for package in PACKAGES for path in sources(package)]


def layer(dotted: str) -> int:
    """Place of `regift.graph.store` in the order; the root package itself is left of nothing."""
    parts = dotted.split(".")
    return ORDER.index(parts[1]) if len(parts) > 1 else len(ORDER)


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of each import, also of those inside functions; relative ones begin with a dot.

    `import regift` and `from regift import __version__` are free to all: they give the version.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name != "regift")
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if base != "regift":
                yield node.lineno, base
            else:
                names = (alias.name for alias in node.names if alias.name != "__version__")
                yield from ((node.lineno, f"regift.{name}") for name in names)


def breaches(source: str, dotted: str) -> list[str]:
    """What a module with this source and name imports against the rule."""
    found = []
    for line, name in imported(ast.parse(source)):
        top = name.split(".")[0]
        if name.startswith("."):
            found.append(f"{line}: relative import of {name}")
        elif top in ORDER:
            found.append(f"{line}: write regift.{name}: a second name makes a second copy")
        elif top == "regift" and name.count(".") and name.split(".")[1] not in ORDER:
            found.append(f"{line}: regift has no part {name}")
        elif top == "regift" and layer(name) > layer(dotted):
            found.append(f"{line}: {name} is to the right of {dotted}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_left(path: Path) -> None:
    relative = path.relative_to(ROOT).with_suffix("")
    parts = [part for part in relative.parts if part != "__init__"]
    assert breaches(path.read_text(encoding="utf-8"), ".".join(["regift", *parts])) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("from regift.loaders.tables import TABLES", 0),
        ("from regift.graph import custody", 0),
        ("import json, duckdb", 0),
        ("from regift import __version__", 0),
        ("from regift.queries import ALL", 1),
        ("import regift.cli", 1),
        ("from regift import exports", 1),
        ("import regift", 0),
        ("def late():\n    from regift.web import serve", 1),
        ("from . import store", 1),
        ("from ..loaders import tables", 1),
        ("import graph", 1),
        ("from loaders.tables import TABLES", 1),
        ("import regift.helpers", 1),
    ],
)
def test_the_rule_sees_a_breach(source: str, count: int) -> None:
    assert len(breaches(source, "regift.graph.store")) == count


def test_every_package_has_a_place_in_the_order() -> None:
    assert {package.split(".")[1] for package in PACKAGES if package != "regift"} <= set(ORDER)

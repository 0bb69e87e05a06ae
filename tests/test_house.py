"""What every file owes the reader: a purpose in its first lines, a length that fits the mind."""

import ast
from pathlib import Path

import pytest
from tree import PACKAGES, ROOT, folder, sources

LONGEST = 450
WRITTEN = [path for package in PACKAGES for path in sources(package)]
WRITTEN += sorted(
    path for name in ("tests", "docs", "benchmarks") for path in (ROOT / name).rglob("*.py")
)
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "models"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_file_says_its_purpose_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST
    assert ast.get_docstring(ast.parse(text)), "the first lines say what the file is for"
    assert path.stem not in VAGUE


@pytest.mark.parametrize("package", PACKAGES)
def test_folder_states_its_purpose(package: str) -> None:
    doc = ast.get_docstring(ast.parse((folder(package) / "__init__.py").read_text("utf-8")))
    assert doc is not None
    assert len(doc.splitlines()[0].split()) >= 5


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_nothing_is_swallowed(path: Path) -> None:
    """A bare `except` or `except Exception` raises again in some branch."""
    if path.is_relative_to(ROOT / "tests"):
        return
    broad = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        )
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert broad == []

"""Where the source files of regift are, for the tests that read them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = tuple(PYPROJECT["tool"]["setuptools"]["packages"])


def folder(package: str) -> Path:
    """The folder of a package: `regift.graph` -> graph/."""
    return ROOT.joinpath(*package.split(".")[1:])


def sources(package: str) -> list[Path]:
    """The package's own Python files, in order."""
    return sorted(folder(package).glob("*.py"))


def modules() -> list[str]:
    """Every module of regift by its dotted name."""
    return [
        package if path.stem == "__init__" else f"{package}.{path.stem}"
        for package in PACKAGES
        for path in sources(package)
    ]

"""What is installed is what is written here, under one name, and works outside the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from tree import PACKAGES, PYPROJECT, ROOT, folder, sources

HEAVY = bool(os.environ.get("CI") or os.environ.get("REGIFT_HEAVY"))
KEPT_OUT = {"tests", "docs", "benchmarks"}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Standard output of a command that must succeed, away from this checkout's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the files that are listed or lie beside them."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("pyproject.toml", "README.md", "LICENSE", "py.typed"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    for package in PACKAGES:
        for path in folder(package).rglob("*") if package != "regift" else sources(package):
            if path.is_file() and "__pycache__" not in path.parts:
                target = copy / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    out = copy / "out"
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-build-isolation", "--wheel-dir", out, "."),
        cwd=copy,
    )
    (built,) = out.glob("*.whl")
    return built


def test_packages_listed_are_the_folders_there_are() -> None:
    found = {
        ".".join(["regift", *path.parent.relative_to(ROOT).parts])
        for path in ROOT.glob("[!.]*/**/__init__.py")
        if path.parent.relative_to(ROOT).parts[0] not in {*KEPT_OUT, "build"}
    }
    assert set(PACKAGES) == {"regift", *found}
    assert list(PACKAGES) == sorted(PACKAGES)


def test_root_holds_two_modules() -> None:
    """Each further one would enter the wheel: a noxfile.py would become regift/noxfile.py."""
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "cli.py"}


def test_tests_see_this_checkout() -> None:
    """A second checkout that uses the first one's environment would test the wrong files."""
    import regift

    assert regift.__file__ is not None
    assert Path(regift.__file__).resolve().parent == ROOT


def test_version_is_said_once() -> None:
    import regift

    assert regift.__version__ == PYPROJECT["project"]["version"]


def test_wheel_holds_regift_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    tops = {name.split("/")[0] for name in names}
    info = {top for top in tops if top.endswith(".dist-info")}
    assert tops - info == {"regift"}
    assert len(info) == 1
    expected = {
        "/".join(["regift", *path.relative_to(ROOT).parts])
        for package in PACKAGES
        for path in sources(package)
    }
    modules = {name for name in names if name.endswith(".py")}
    assert modules == expected
    assert "regift/py.typed" in names
    data = {
        "/".join(["regift", *path.relative_to(ROOT).parts])
        for package in PACKAGES
        if package != "regift"
        for path in folder(package).rglob("*")
        if path.is_file() and path.suffix in {".toml", ".sql", ".cypher", ".json", ".html"}
    }
    assert data <= set(names), "a data file is not in [tool.setuptools.package-data]"


def test_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Installed into a folder of its own, before everything else on the path.

    A folder with an analyst's own graph.py and queries.py is where it is started.
    """
    site, away = tmp_path / "site", tmp_path / "away"
    away.mkdir()
    for name in ("graph.py", "queries.py", "loaders.py"):
        (away / name).write_text("raise SystemExit('the wrong module')\n")
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-index", "--target", site, wheel),
        cwd=away,
    )
    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} <= {
        "regift",
        "bin",
    }
    where = "import regift.cli; print(regift.cli.__file__)"
    found = run(sys.executable, "-c", where, cwd=away, PYTHONPATH=str(site)).strip()
    assert Path(found) == site / "regift" / "cli.py"
    help_text = run(sys.executable, "-m", "regift.cli", "--help", cwd=away, PYTHONPATH=str(site))
    assert help_text.startswith("Usage:")


@pytest.mark.heavy
@pytest.mark.skipif(not HEAVY, reason="full install of the wheel: set CI or REGIFT_HEAVY=1")
def test_full_install_into_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """`pip install regift` into a new environment: nothing but what pyproject names is needed."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(
        *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel),
        cwd=tmp_path,
    )
    script = tmp_path / "env" / "bin" / "regift"
    assert run(script, "--help", cwd=tmp_path).startswith("Usage:")
    listed = run(script, "typology", "list", "--json", cwd=tmp_path)
    assert '"multi_level_gift"' in listed


def test_wheel_holds_the_policies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert "regift/enforcement/policies/wechat-3.24.toml" in names

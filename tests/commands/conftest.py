"""The small world of `command_line`, loaded and refreshed once; a copy for tests that change it."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from command_line import WORLD, loaded, run
from enforced import built, person, set_clock


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A refreshed workspace. Read it; whoever changes it takes `copied`."""
    place = tmp_path_factory.mktemp("world") / "ws"
    for table, text in WORLD.items():
        ran = loaded(place, table, text, name=f"{table}.csv")
        assert ran.code == 0, ran.stderr
    ran = run("refresh", "-q", "-w", place)
    assert (ran.code, ran.stdout, ran.stderr) == (0, "", "")
    return place


@pytest.fixture
def copied(world: Path, tmp_path: Path) -> Path:
    """The small world, to be changed."""
    return Path(shutil.copytree(world, tmp_path / "ws", symlinks=True))


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A place where no workspace is yet."""
    return tmp_path / "ws"


@pytest.fixture(scope="session")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world of `enforced`, taken in by ann. Whoever changes it takes `enforced`."""
    place = tmp_path_factory.mktemp("operators") / "ws"
    with pytest.MonkeyPatch.context() as patch, person("ann"):
        set_clock(patch)
        built(place)
    return place


@pytest.fixture
def enforced(operators: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same, to be changed, an hour later; ann acts where nobody else is named."""
    set_clock(monkeypatch, timedelta(hours=1))
    with person("ann"):
        yield Path(shutil.copytree(operators, tmp_path / "ws", symlinks=True))

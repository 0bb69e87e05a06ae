"""Files and folders of a workspace are their owner's alone, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import ACCOUNTS, GIFTS, TRANSFERS, loaded, run

from regift.graph.workspace import Workspace


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(root: Path, folders: bool) -> dict[str, int]:
    """Rights of all that lies in a folder, and of the folder itself."""
    return {
        str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode)
        for path in (root, *root.rglob("*"))
        if not path.is_symlink() and path.is_dir() == folders
    }


def used(place: Path) -> None:
    """A workspace with all kinds of files: staged, rejected, derived, decided, run."""
    assert loaded(place, "gifts", GIFTS).code == 0
    assert run("refresh", "-w", place).code == 0
    bad = TRANSFERS + "t9,never,a,b,1.00,CNY,payment\n"
    assert loaded(place, "transfers", bad, "--max-bad", "1").code == 0
    assert loaded(place, "accounts", ACCOUNTS).code == 0
    assert run("link", "judge", "ann", "dan", "same", "--reason", "asked", "-w", place).code == 0
    assert run("refresh", "-w", place).code == 0


def test_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    place = tmp_path / "made" / "ws"
    place.parent.mkdir()
    used(place)
    files = modes(place, folders=False)
    assert set(files.values()) == {0o600}, files
    assert {"regift.toml", "casebook.sqlite", "generations/000002.duckdb"} <= files.keys()
    assert {"staged/L000002/rows.parquet", "staged/L000002/rejects.parquet"} <= files.keys()
    folders = modes(place, folders=True)
    assert set(folders.values()) == {0o700}, folders
    assert {".", "segments", "locks", "scratch", "staged/L000001"} <= folders.keys()
    # What the user makes beside it is as the umask says.
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o777 & ~umask
    assert Workspace(place).open_to_others() is None


def test_an_empty_folder_that_becomes_a_workspace_is_closed(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    place.mkdir()
    place.chmod(0o755)
    Workspace.create(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_team_shares_what_its_group_made(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    place.mkdir()
    place.chmod(0o2775)
    used(place)
    assert set(modes(place, folders=False).values()) == {0o660}
    assert set(modes(place, folders=True).values()) == {0o2770}
    assert Workspace(place).open_to_others() is None


@pytest.mark.parametrize("mode", [0o701, 0o755, 0o750, 0o2771])
def test_rights_of_others_are_told(tmp_path: Path, mode: int) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    workspace.root.chmod(mode)
    told = workspace.open_to_others()
    assert told is not None
    assert f"(mode {mode:04o})" in told
    assert told.endswith(f"`chmod -R go= {workspace.root}`")
    assert told in run("status", "-w", workspace.root).stderr
    assert run("status", "--check", "-w", workspace.root).code == 1
    # A workspace that is there keeps its rights: they are its owner's to change.
    Workspace.create(workspace.root)
    assert stat.S_IMODE(workspace.root.stat().st_mode) == mode

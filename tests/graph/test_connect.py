"""Where DuckDB puts what does not fit into memory: never where the user happens to stand."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from regift.graph.connect import connect, row
from regift.loaders.errors import RegiftError


def test_spilling_goes_to_a_private_folder_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("REGIFT_MEMORY", "60MB")
    con, other = connect(threads=1), connect(threads=1)
    home = temporary / f"regift-{os.getuid()}"
    con.execute("CREATE TEMP TABLE t AS SELECT md5(range::VARCHAR) AS m FROM range(4000000)")
    (mine,) = home.iterdir()  # it did spill
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert row(other, "SELECT current_setting('temp_directory')") != (str(mine),)
    con.close()
    other.close()
    assert (list(here.iterdir()), list(home.iterdir())) == ([], [])


def test_a_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    home = tmp_path / f"regift-{os.getuid()}"
    home.symlink_to("/")
    with pytest.raises(RegiftError, match="set TMPDIR to a folder of your own"):
        connect()
    home.unlink()
    home.mkdir()
    home.chmod(0o777)
    connect().close()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700

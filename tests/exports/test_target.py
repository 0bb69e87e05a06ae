"""Files appear whole or not at all; errors say where."""

import os
import stat
from pathlib import Path

import pytest

from regift.exports.target import published, target_of
from regift.loaders.errors import RegiftError


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), published(path) as file:
        file.writelines([b"new", None])  # type: ignore[list-item]
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["list.csv"]


def test_readers_meet_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"old")
    with published(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["list.csv"]


def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with published(tmp_path / "list.csv") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "list.csv").stat().st_mode) == 0o644


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    with published(tmp_path / "link.csv") as file:
        file.write(b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == b"new"


def test_a_device_is_written_and_not_replaced() -> None:
    with published(Path(os.devnull)) as file:
        file.write(b"gone")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("absent/list.csv", "absent/list.csv: make the folder .*absent first"),
        (".", r"it is a folder; name a file in it"),
        ("file/list.csv", "file/list.csv: Not a directory"),
    ],
)
def test_errors_name_the_place(tmp_path: Path, place: str, message: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RegiftError, match=message), published(tmp_path / place) as file:
        file.write(b"x")


def test_a_full_disk_is_one_line() -> None:
    with (
        pytest.raises(RegiftError, match="cannot write /dev/full: No space left on device"),
        published(Path("/dev/full")) as file,
    ):
        file.write(b"x")


def test_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with published(target_of("-")) as file:
        file.write(b"data")
    assert capfdbinary.readouterr().out == b"data"
    assert target_of("a.csv") == Path("a.csv")

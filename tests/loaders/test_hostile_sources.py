"""Folders, archives and packed files that want more than to be read: refused by name."""

import gzip
import io
import os
import socket
import stat
import zipfile
from pathlib import Path

import pytest
from loaders_reading import HEAD, ROW, Read, read_bytes

from regift.loaders import limits
from regift.loaders.errors import BadFile, RegiftError
from regift.loaders.limits import Limits

GOOD = f"{HEAD}\n{ROW}\n".encode()


def rows(many: int) -> bytes:
    """Equal rows, which pack very well."""
    return f"{HEAD}\n".encode() + f"{ROW}\n".encode() * many


def archive(*inside: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A ZIP archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in inside:
            made.writestr(name, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def test_members_are_loaded_like_the_files_of_a_folder(tmp_path: Path) -> None:
    content = archive(
        ("sub/b.csv.gz", gzip.compress(GOOD.replace(b"g1", b"g2"))),
        ("a.csv", GOOD),
        ("sub/", b""),
        ("__MACOSX/._a.csv", b"\x00\x05"),
        (".hidden/c.csv", b""),
        ("礼物.jsonl", b'{"record_id":"g3","at":"2026-01-01","source":"a","target":"b","item":"x"'
         b',"kind":"gift"}\n'),
    )  # fmt: skip
    found = read_bytes(tmp_path, content, name="in.ZIP")
    where = str(tmp_path / "in.ZIP")
    assert found.reading.files == [f"{where}/a.csv", f"{where}/sub/b.csv.gz", f"{where}/礼物.jsonl"]
    assert found.column("record_id") == ["g1", "g2", "g3"]
    assert found.reading.bases == ["a.csv", "b.csv.gz", "礼物.jsonl"]


def test_an_archive_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "b.zip").write_bytes(archive(("x.csv", GOOD.replace(b"g1", b"g2"))))
    (folder / "a.csv").write_bytes(GOOD)
    assert Read([str(folder)], "gifts", tmp_path).column("record_id") == ["g1", "g2"]


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("../x.csv", "leads out of the archive"),
        ("a/../../x.csv", "leads out of the archive"),
        ("/etc/x.csv", "leads out of the archive"),
        ("C:/x.csv", "leads out of the archive"),
        ("..\\x.csv", "leads out of the archive"),
        (link("x.csv"), "is a link or a device"),
        ("inner.zip", "an archive in an archive"),
        ("x.exe", r"in\.zip/x\.exe: unknown kind of file"),
        ("x", "unknown kind of file"),
    ],
)
def test_members_that_are_refused(tmp_path: Path, member: str | zipfile.ZipInfo, says: str) -> None:
    before = set(tmp_path.parent.rglob("x.csv"))
    with pytest.raises(BadFile, match=says):
        read_bytes(tmp_path, archive(("a.csv", GOOD), (member, GOOD)), name="in.zip")
    assert set(tmp_path.parent.rglob("x.csv")) == before
    assert not Path("/etc/x.csv").exists()


def test_names_that_are_legal_and_odd(tmp_path: Path) -> None:
    names = ["-rf.csv", "a b'\";DROP.csv", "\x1b[31m.csv", "a:b.csv", "line\nend.csv", "x" * 250]
    names[-1] += ".csv"
    content = archive(*((name, GOOD.replace(b"g1", b"g%d" % k)) for k, name in enumerate(names)))
    found = read_bytes(tmp_path, content, name="in.zip")
    assert sorted(found.column("record_id")) == [f"g{k}" for k in range(len(names))]
    assert sorted(found.reading.bases) == sorted(names)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_and_none(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"two members are called 'a\.csv'"):
        read_bytes(tmp_path, archive(("a.csv", GOOD), ("a.csv", GOOD)), name="in.zip")
    for content in (archive(), archive(("only/", b""))):
        with pytest.raises(BadFile, match="the archive holds no file"):
            read_bytes(tmp_path, content, name="in.zip")


def test_a_password(tmp_path: Path) -> None:
    content = bytearray(archive(("a.csv", GOOD)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(BadFile, match="has a password"):
        read_bytes(tmp_path, bytes(content), name="in.zip")


def test_damaged_archives(tmp_path: Path) -> None:
    content = archive(("a.csv", rows(1000)))
    lying = bytearray(content)
    place = content.index(b"PK\x01\x02")
    lying[place + 24 : place + 28] = (10).to_bytes(4, "little")  # says 10 bytes, holds more
    for damaged in (b"", b"PK", b"no archive", content[: len(content) // 2], content[:-30], lying):
        with pytest.raises(BadFile, match=r"in\.zip"):
            read_bytes(tmp_path, bytes(damaged), name="in.zip")


def test_growth_out_of_proportion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GROWTH_FROM", 1 << 16)
    for name, content in (
        ("a.csv.gz", gzip.compress(rows(10_000))),
        ("a.zip", archive(("a.csv", rows(10_000)))),
        ("b.zip", archive(("a.csv.gz", gzip.compress(rows(10_000))))),
    ):
        first, again = tmp_path / f"first-{name}", tmp_path / f"again-{name}"
        first.mkdir()
        again.mkdir()
        with pytest.raises(BadFile, match="unpack to more than 20 times as many"):
            read_bytes(first, content, name=name, limits=Limits(ratio=20))
        sound = read_bytes(again, content, name=name, limits=Limits(ratio=1000))
        assert sound.reading.accepted == 10_000


def test_room_is_for_all_files_together(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(rows(100)))
    size = 3 * len(rows(100))
    kept = Read([str(folder)], "gifts", tmp_path, limits=Limits(unpacked=size))
    assert kept.reading.accepted == 300
    with pytest.raises(BadFile, match=r"c\.csv\.gz: the files of this load take more than"):
        Read([str(folder)], "gifts", tmp_path, limits=Limits(unpacked=size - 1))


def test_other_encodings_take_room(tmp_path: Path) -> None:
    content = rows(100).decode().encode("utf-16")
    with pytest.raises(BadFile, match="take more than 1000"):
        read_bytes(tmp_path, content, encoding="utf-16", limits=Limits(unpacked=1000))


def test_too_many_files(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(4):
        (folder / f"{k}.csv").write_bytes(GOOD)
    assert Read([str(folder)], "gifts", tmp_path, limits=Limits(files=4)).reading.accepted == 4
    with pytest.raises(BadFile, match="holds more than 3 files"):
        Read([str(folder)], "gifts", tmp_path, limits=Limits(files=3))
    packed = archive(*((f"{k}.csv", GOOD) for k in range(4)))
    with pytest.raises(BadFile, match="holds more than 3 files"):
        read_bytes(tmp_path, packed, name="in.zip", limits=Limits(files=3))


def test_a_directory_that_would_fill_memory(tmp_path: Path) -> None:
    """The directory is judged by its size, before an entry of it becomes an object."""
    packed = archive(*((f"{k:05d}.csv", b"") for k in range(20_000)))
    with pytest.raises(BadFile, match="holds more than 3 files"):
        read_bytes(tmp_path, packed, name="in.zip", limits=Limits(files=3))


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_bytes(GOOD)
    os.mkfifo(folder / "b.csv")
    for named in (folder, folder / "b.csv"):
        with pytest.raises(BadFile, match=r"b\.csv: is no regular file"):
            Read([str(named)], "gifts", tmp_path)
    (folder / "b.csv").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # the name of a socket may not be long
        try:
            listening.bind("c.csv")
        finally:
            os.chdir(here)
        with pytest.raises(BadFile, match=r"c\.csv: is no regular file"):
            Read([str(folder)], "gifts", tmp_path)
    zero = tmp_path / "zero.csv"
    zero.symlink_to("/dev/zero")
    with pytest.raises(BadFile, match=r"zero\.csv: is no regular file"):
        Read([str(zero)], "gifts", tmp_path)


def test_links_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.csv").write_bytes(GOOD)
    (folder / "b.csv").symlink_to("sub/a.csv")
    assert Read([str(folder)], "gifts", tmp_path).column("record_id") == ["g1", "g1"]
    outside = tmp_path / "outside.csv"
    outside.write_bytes(GOOD)
    for target, says in (
        (outside, "lies outside of the folder"),
        ("../outside.csv", "lies outside of the folder"),
        ("/etc/passwd", "lies outside of the folder"),
        ("nowhere.csv", "leads nowhere"),
        ("c.csv", "leads nowhere"),
        ("sub", "is a link to a folder"),
        ("/", "is a link to a folder"),
    ):
        (folder / "c.csv").symlink_to(target)
        with pytest.raises(BadFile, match=rf"c\.csv: is a link|c\.csv: .*{says}") as refused:
            Read([str(folder)], "gifts", tmp_path)
        assert says in str(refused.value)
        (folder / "c.csv").unlink()
    outside.chmod(0o600)
    named = tmp_path / "named.csv"
    named.symlink_to(outside)
    assert Read([str(named)], "gifts", tmp_path).column("record_id") == ["g1"]  # named is meant


def test_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can list every folder")
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_bytes(GOOD)
    (folder / "sub").chmod(0)
    try:
        with pytest.raises(PermissionError):
            Read([str(folder)], "gifts", tmp_path)
    finally:
        (folder / "sub").chmod(0o700)


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-16", f"{HEAD}\n{ROW}\n".encode("utf-16-le")),
        ("utf-16", b"\xff"),
        ("utf-7", b"record_id\n+2AA-\n"),
        ("unicode_escape", b"record_id\n\\ud800\n"),
        ("gb18030", b"\xff\xff"),
        ("idna", b"a" * 100),
        ("utf-32", b"\xff\xfe\x00\x00\x00\x00\x11\x00"),
    ],
)
def test_text_that_is_not_in_the_encoding_it_is_said_to_be_in(
    tmp_path: Path, encoding: str, content: bytes
) -> None:
    with pytest.raises(RegiftError, match=r"f\.csv: "):
        read_bytes(tmp_path, content, encoding=encoding)

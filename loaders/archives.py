"""Packed input: one compressed file, or a ZIP archive whose members are loaded like a folder's.

Members are written into the scratch folder under numbers: no name in an archive ever becomes a
path. An archive that tries (absolute names, `..`, links), that has a password, a member twice or
another archive inside is refused as a whole. Memory: 8 MiB, and up to 1 KiB a member allowed.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa

from regift.loaders.errors import BadFile
from regift.loaders.limits import Room

STEP = 8 << 20
"""Bytes unpacked at a time: what a bomb can take beyond its limit."""

_DIRECTORY_BYTES = 1 << 10
"""Of the directory of an archive, to each member allowed: its names are held in memory."""

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    struct.error,
)
"""What `zipfile` raises on what is no archive, or on a method or version that it does not know."""


def unpack(path: Path, name: str, packing: str, target: Path, room: Room) -> Path:
    """Decompress a gzip or zstd file in a stream. BadFile if it is damaged or too large."""
    packed = path.stat().st_size
    unpacked = 0
    try:
        with (
            pa.OSFile(str(path), "rb") as raw,
            pa.CompressedInputStream(raw, packing) as stream,
            target.open("wb") as out,
        ):
            while block := stream.read(STEP):
                unpacked += len(block)
                room.take(name, len(block))
                room.check_growth(name, packed, unpacked)
                out.write(block)
    except (OSError, pa.ArrowInvalid) as problem:
        raise BadFile(f"{name}: cannot be unpacked as {packing}: {problem}") from None
    return target


def members(
    path: Path, name: str, folder: Path, room: Room, suffix: Callable[[PurePosixPath], str | None]
) -> list[tuple[Path, str]]:
    """Unpack an archive into `folder`: (path, name to show) of each member, sorted by name.

    suffix: of a member's name, the one its copy is to have; None if no such file can be loaded.
    """
    with opened(path, name, room) as archive:
        inside = [each for each in archive.infolist() if not each.is_dir()]
        inside = [each for each in inside if not _hidden(each.filename)]
        room.check_files(name, len(inside))
        if not inside:
            raise BadFile(f"{name}: the archive holds no file")
        for each in inside:
            _check_member(each, name)
        names = [each.filename for each in inside]
        if twice := sorted({each for each in names if names.count(each) > 1}):
            raise BadFile(f"{name}: two members are called {twice[0]!r}: name each once")
        suffixes = {each.filename: suffix(PurePosixPath(each.filename)) for each in inside}
        if unknown := sorted(each for each, known in suffixes.items() if known is None):
            raise BadFile(
                f"{', '.join(f'{name}/{each}' for each in unknown)}: unknown kind of file, or an "
                "archive in an archive: unpack it first"
            )
        folder.mkdir()
        found = []
        for place, each in enumerate(sorted(inside, key=lambda each: each.filename)):
            target = folder / f"{place:06d}{suffixes[each.filename]}"
            _extract(archive, each, f"{name}/{each.filename}", target, room)
            found.append((target, f"{name}/{each.filename}"))
        return found


def opened(path: Path, name: str, room: Room) -> zipfile.ZipFile:
    """The archive, open. BadFile if it is none, or has a directory out of all proportion."""
    size = path.stat().st_size
    _check_directory(path, name, size, room)
    try:
        return zipfile.ZipFile(path)
    except _DAMAGED as problem:
        raise BadFile(f"{name}: cannot be read as a ZIP archive: {problem}") from None


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> "Member":
    """A member as a stream that raises BadFile where it is damaged."""
    try:
        return Member(archive.open(member), name)
    except _DAMAGED as problem:
        raise _cannot(name, problem) from None


class Member:
    """A member being read; what it gives is at most what the archive says it holds."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, nothing at the end."""
        try:
            return self._stream.read(size)
        except _DAMAGED as problem:
            raise _cannot(self._name, problem) from None

    def close(self) -> None:
        """Give back the stream."""
        self._stream.close()


def _cannot(name: str, problem: Exception) -> BadFile:
    return BadFile(f"{name}: cannot be unpacked: {problem}")


def _extract(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, target: Path, room: Room
) -> None:
    """Write one member; the sizes that the archive states are checked against what comes."""
    room.check_growth(name, member.compress_size, member.file_size)
    stream = read_member(archive, member, name)
    try:
        with target.open("wb") as out:
            while block := stream.read(STEP):
                room.take(name, len(block))
                out.write(block)
    finally:
        stream.close()


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    """BadFile for a member that wants to be more than a file in a folder."""
    shown = f"{name}: the member {member.filename!r}"
    path = PurePosixPath(member.filename)
    outside = path.is_absolute() or ".." in path.parts or "\\" in member.filename
    if outside or not path.parts or path.parts[0].endswith(":"):
        raise BadFile(f"{shown} has a path that leads out of the archive: pack it anew")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise BadFile(f"{shown} is a link or a device: pack what it stands for")
    if member.flag_bits & 1:
        raise BadFile(f"{shown} has a password: unpack the archive first")


def _hidden(name: str) -> bool:
    """Such as __MACOSX/._a.csv; `..` is not hidden but refused."""
    return any(
        part.startswith(".") and not part.startswith("..") for part in PurePosixPath(name).parts
    )


def _check_directory(path: Path, name: str, size: int, room: Room) -> None:
    """BadFile for a directory that would fill memory: each entry of 46 bytes becomes an object."""
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 16) - 42))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        raise BadFile(f"{name}: cannot be read as a ZIP archive: it has no directory")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if directory == 0xFFFFFFFF:  # a ZIP64 archive; its own record ends 20 bytes before ours
        record = tail.rfind(b"PK\x06\x06", 0, end)
        directory = int.from_bytes(tail[record + 40 : record + 48], "little") if record >= 0 else 0
    if directory > max(1 << 20, room.limits.files * _DIRECTORY_BYTES):
        room.check_files(name, room.limits.files + 1)

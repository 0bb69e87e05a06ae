"""From what the user names (files, folders, standard input) to plain UTF-8 files on disk.

Compressed files and archives are unpacked and other encodings rewritten, all in a stream, into the
scratch folder and within limits; every text file is checked to be UTF-8 before a record is read.
"""

import codecs
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, NoReturn

import numpy as np
import pyarrow as pa

from regift.loaders.archives import members, unpack
from regift.loaders.errors import BadFile, UsageError
from regift.loaders.folders import check_regular, files_in
from regift.loaders.limits import Room

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
PACKED = {".gz": "gzip", ".zst": "zstd"}
ARCHIVE = ".zip"
BINARY = ("parquet", "xlsx")
STDIN = "-"

_STEP = 8 << 20
_BOM = codecs.BOM_UTF8


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file: its place among those of the load, the name to show, where its plain form lies,
    and how to read it."""

    place: int
    name: str
    path: Path
    format: str
    tabs: bool = False

    @property
    def base(self) -> str:
        """The name without its folder."""
        return Path(self.name).name


def find_sources(named: Sequence[str], encoding: str, scratch: Path, room: Room) -> list[Source]:
    """The plain files behind `named`, in the order given, folders and archives sorted by path.

    Raises UsageError for a name that is not there, BadFile for a suffix or an encoding that cannot
    be read, for what would lead out of a folder or archive, and over a limit. Cost: one pass over
    each text file, two over a packed or re-encoded one.
    """
    if not named:
        raise UsageError("no file given: name files, a folder, or - for standard input")
    _check_encoding(encoding)
    return [
        _plain(place, path, name, encoding, scratch / f"{place:06d}", room)
        for place, (path, name) in enumerate(_files(named, scratch, room))
    ]


def check_there(named: Sequence[str]) -> None:
    """UsageError for the first name that is neither a file or folder nor standard input."""
    for name in named:
        if name != STDIN and not Path(name).exists():
            raise UsageError(f"{name}: no such file or folder")


def _check_encoding(encoding: str) -> None:
    """UsageError for a name that Python does not know, or knows as something else than text."""
    try:
        "a".encode(encoding)
        codecs.getincrementaldecoder(encoding)
    except (LookupError, ValueError):
        raise UsageError(f"unknown encoding {encoding!r}: try utf-8, gb18030 or utf-16") from None


def _files(named: Sequence[str], scratch: Path, room: Room) -> list[tuple[Path, str]]:
    """(path, name to show) of every file, archives unpacked."""
    check_there(named)
    found: list[tuple[Path, str]] = []
    for name in named:
        path = Path(name)
        if name == STDIN:
            found.append((_spool(scratch, room), STDIN))
        elif path.is_dir():
            found += [(each, str(each)) for each in files_in(path, name, room)]
        else:
            check_regular(path, name)
            found.append((path, name))
    unknown = [name for path, name in found if _kind(path) is None and not _is_archive(path)]
    if unknown:
        raise BadFile(
            f"{', '.join(unknown)}: unknown kind of file; known are "
            f"{' '.join(FORMATS)}, each also with {' or '.join(PACKED)}, and {ARCHIVE}"
        )
    plain: list[tuple[Path, str]] = []
    for place, (path, name) in enumerate(found):
        if _is_archive(path):
            plain += members(path, name, scratch / f"archive{place:06d}", room, _suffix)
        else:
            plain.append((path, name))
    return plain


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() == ARCHIVE


def _kind(path: PurePath) -> str | None:
    """Format by suffix, behind a suffix of packing; None if unknown."""
    inner = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return FORMATS.get(inner.suffix.lower())


def _suffix(path: PurePath) -> str | None:
    """The suffix that says how a file is read, that of packing included; None if none does."""
    if _kind(path) is None:
        return None
    return "".join(path.suffixes[-2:] if path.suffix.lower() in PACKED else path.suffixes[-1:])


def _spool(scratch: Path, room: Room) -> Path:
    """Standard input as a file, named by what it looks like."""
    path = scratch / "stdin.csv"
    with path.open("wb") as out:
        while block := sys.stdin.buffer.read(_STEP):
            room.take("standard input", len(block))
            out.write(block)
    with path.open("rb") as spooled:
        first = spooled.read(4096).removeprefix(_BOM).lstrip()
    if re.match(rb'\{\s*["}]', first):
        return path.rename(scratch / "stdin.jsonl")
    return path


def _plain(place: int, path: Path, name: str, encoding: str, target: Path, room: Room) -> Source:
    """The source as plain UTF-8, unpacked and re-encoded where it has to be."""
    packing = PACKED.get(path.suffix.lower())
    inner = path.with_suffix("") if packing else path
    kind = FORMATS[inner.suffix.lower()]
    tabs = inner.suffix.lower() == ".tsv"
    if packing:
        path = unpack(path, name, packing, target.with_suffix(".plain"), room)
    if kind not in BINARY:
        if codecs.lookup(encoding).name != "utf-8":
            path = _recode(path, name, encoding, target.with_suffix(".utf8"), room)
        check_utf8(path, name)
    return Source(place=place, name=name, path=path, format=kind, tabs=tabs)


def _recode(path: Path, name: str, encoding: str, target: Path, room: Room) -> Path:
    """Rewrite as UTF-8 in a stream; BadFile at the first byte that is not `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    lines = 1
    with path.open("rb") as source, target.open("wb") as out:
        while True:
            block = source.read(_STEP)
            try:
                text = decoder.decode(block, final=not block)
                plain = text.encode("utf-8")
            except UnicodeError as problem:
                raise BadFile(
                    f"{name}: line {lines + _lines_before(problem, encoding)} is not {encoding}; "
                    "give the file's own encoding with --encoding"
                ) from None
            lines += text.count("\n")
            room.take(name, len(plain))
            out.write(plain)
            if not block:
                return target


def _lines_before(problem: UnicodeError, encoding: str) -> int:
    """Line ends between the start of the block and what is wrong in it."""
    if isinstance(problem, UnicodeDecodeError):
        good = codecs.decode(problem.object[: problem.start], encoding, errors="ignore")
        return good.count("\n")
    if isinstance(problem, UnicodeEncodeError):  # it was decoded to what is no character
        return problem.object.count("\n", 0, problem.start)
    return 0  # the codec refuses the block as a whole, as UTF-16 without its mark


def check_utf8(path: Path, name: str) -> None:
    """Raise BadFile if the file is not UTF-8. One pass, nothing kept."""
    with path.open("rb") as source:
        head = source.read(4)
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise BadFile(f"{name}: line 1 shows UTF-16 text; read it with --encoding utf-16")
        source.seek(0)
        lines = 1
        rest = b""
        while block := rest + source.read(_STEP):
            whole = _whole_characters(block, source)
            if not _is_utf8(whole):
                _refuse(whole, name, lines)
            lines += whole.count(b"\n")
            rest = block[len(whole) :]


def _whole_characters(block: bytes, source: BinaryIO) -> bytes:
    """The block without a character cut at its end (unless the file ends there)."""
    if not (ahead := source.read(1)):
        return block
    source.seek(-len(ahead), 1)
    for back in range(1, 4):
        if back <= len(block) and block[-back] >= 0xC0:
            return block[:-back]
        if back <= len(block) and block[-back] < 0x80:
            return block
    return block


def _is_utf8(block: bytes) -> bool:
    """Arrow's check, several times the speed of decoding."""
    offsets = pa.py_buffer(np.array([0, len(block)], np.int64))
    array = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(block))
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _refuse(block: bytes, name: str, lines: int) -> NoReturn:
    """Say in which line the first bad byte lies."""
    try:
        block.decode("utf-8")
        bad = 0
    except UnicodeDecodeError as problem:
        bad = problem.start
    raise BadFile(
        f"{name}: line {lines + block.count(bytes([10]), 0, bad)} is not UTF-8; "
        "if the file is Chinese, try --encoding gb18030"
    )

"""From what the user names (files, folders, standard input) to plain UTF-8 files on disk.

Compressed files are unpacked and other encodings rewritten, both in a stream, into the scratch
folder; every text file is checked to be UTF-8 before a record of it is read.
"""

import codecs
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
import pyarrow as pa

from regift.loaders.errors import BadFile, UsageError

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}
PACKED = {".gz": "gzip", ".zst": "zstd"}
STDIN = "-"

_STEP = 8 << 20
_BOM = codecs.BOM_UTF8


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file: the name to show, where its plain form lies, and how to read it."""

    name: str
    path: Path
    format: str
    tabs: bool = False

    @property
    def base(self) -> str:
        """The name without its folder."""
        return Path(self.name).name


def find_sources(named: Sequence[str], encoding: str, scratch: Path) -> list[Source]:
    """The plain files behind `named`, in the order given, folders sorted by path.

    Raises UsageError for a name that is not there, BadFile for a suffix or an encoding that cannot
    be read. Cost: one pass over each text file, two over a packed or re-encoded one.
    """
    if not named:
        raise UsageError("no file given: name files, a folder, or - for standard input")
    _check_encoding(encoding)
    return [
        _plain(path, name, encoding, scratch / f"{place:06d}")
        for place, (path, name) in enumerate(_files(named, scratch))
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


def _files(named: Sequence[str], scratch: Path) -> list[tuple[Path, str]]:
    """(path, name to show) of every file."""
    check_there(named)
    found: list[tuple[Path, str]] = []
    unknown: list[str] = []
    for name in named:
        path = Path(name)
        if name == STDIN:
            found.append((_spool(scratch), STDIN))
        elif path.is_dir():
            inside = sorted(
                p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")
            )
            if not inside:
                raise UsageError(f"{name}: the folder holds no file")
            unknown += [str(p) for p in inside if _kind(p) is None]
            found += [(p, str(p)) for p in inside]
        else:
            if _kind(path) is None:
                unknown.append(name)
            found.append((path, name))
    if unknown:
        raise BadFile(
            f"{', '.join(unknown)}: unknown kind of file; known are "
            f"{' '.join(FORMATS)}, each also with {' or '.join(PACKED)}"
        )
    return found


def _kind(path: Path) -> str | None:
    """Format by suffix, behind a suffix of packing; None if unknown."""
    inner = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return FORMATS.get(inner.suffix.lower())


def _spool(scratch: Path) -> Path:
    """Standard input as a file, named by what it looks like."""
    path = scratch / "stdin.csv"
    with path.open("wb") as out:
        while block := sys.stdin.buffer.read(_STEP):
            out.write(block)
    with path.open("rb") as spooled:
        first = spooled.read(4096).removeprefix(_BOM).lstrip()
    if re.match(rb'\{\s*["}]', first):
        return path.rename(scratch / "stdin.jsonl")
    return path


def _plain(path: Path, name: str, encoding: str, target: Path) -> Source:
    """The source as plain UTF-8, unpacked and re-encoded where it has to be."""
    packing = PACKED.get(path.suffix.lower())
    inner = path.with_suffix("") if packing else path
    kind = FORMATS[inner.suffix.lower()]
    tabs = inner.suffix.lower() == ".tsv"
    if packing:
        path = _unpack(path, name, packing, target.with_suffix(".plain"))
    if kind != "parquet":
        if codecs.lookup(encoding).name != "utf-8":
            path = _recode(path, name, encoding, target.with_suffix(".utf8"))
        check_utf8(path, name)
    return Source(name=name, path=path, format=kind, tabs=tabs)


def _unpack(path: Path, name: str, packing: str, target: Path) -> Path:
    """Decompress in a stream, 8 MiB at a time."""
    try:
        with (
            pa.OSFile(str(path), "rb") as raw,
            pa.CompressedInputStream(raw, packing) as stream,
            target.open("wb") as out,
        ):
            while block := stream.read(_STEP):
                out.write(block)
    except (OSError, pa.ArrowInvalid) as problem:
        raise BadFile(f"{name}: cannot be unpacked as {packing}: {problem}") from None
    return target


def _recode(path: Path, name: str, encoding: str, target: Path) -> Path:
    """Rewrite as UTF-8 in a stream; BadFile at the first byte that is not `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    lines = 1
    with path.open("rb") as source, target.open("wb") as out:
        while True:
            block = source.read(_STEP)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as problem:
                good = codecs.decode(problem.object[: problem.start], encoding, errors="ignore")
                raise BadFile(
                    f"{name}: line {lines + good.count(chr(10))} is not {encoding}; "
                    "give the file's own encoding with --encoding"
                ) from None
            lines += text.count("\n")
            out.write(text.encode("utf-8"))
            if not block:
                return target


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

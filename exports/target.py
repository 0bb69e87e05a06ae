"""Where a file goes: whole at its place, or not at all.

A path is written beside its place, flushed to disk and renamed, so a reader never meets half a
file and a full disk leaves the old one. An open stream (standard output) gets finished bytes.
"""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from regift.loaders.errors import RegiftError

IN_MEMORY = 64 * 1024 * 1024
"""Bytes for a stream that are kept in memory before a temporary file takes over."""


def target_of(text: str) -> Path | BinaryIO:
    """What `-o` means: `-` is standard output, anything else a path.

    >>> target_of("suspects.csv").name
    'suspects.csv'
    """
    return sys.stdout.buffer if text == "-" else Path(text)


@contextmanager
def published(target: Path | BinaryIO) -> Iterator[BinaryIO]:
    """A seekable file to write to; what it holds when the block ends without error is published.

    Raises RegiftError, naming the path, when the place cannot be written or the disk is full.
    """
    if not isinstance(target, Path):
        with _spooled(target) as file:
            yield file
        return
    place = target.resolve()  # a link is followed: what it points at is replaced
    try:
        if place.exists() and not place.is_file():
            if place.is_dir():
                raise RegiftError(f"cannot write {target}: it is a folder; name a file in it")
            with place.open("wb") as device, _spooled(device) as file:
                yield file
        else:
            with _renamed(place) as file:
                yield file
    except FileNotFoundError:
        raise RegiftError(f"cannot write {target}: make the folder {place.parent} first") from None
    except OSError as error:
        raise RegiftError(f"cannot write {target}: {error.strerror or error}") from error


@contextmanager
def _spooled(stream: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as held:
        file = cast(BinaryIO, held)
        yield file
        file.seek(0)
        shutil.copyfileobj(file, stream)
        stream.flush()


@contextmanager
def _renamed(place: Path) -> Iterator[BinaryIO]:
    part = place.with_name(f".{place.name[:60]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name itself must survive a power cut
        finally:
            os.close(folder)
    finally:
        part.unlink(missing_ok=True)

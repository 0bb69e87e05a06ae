"""How much one load may unpack: packed input is small, and what it becomes need not be.

Everything that a load writes aside before it reads it (unpacked files, standard input, text in
another encoding) counts, over all its files together. A file is also refused when it grows out of
proportion; the first 64 MiB are free of that, since small files of equal rows pack very well.
"""

import re
from dataclasses import dataclass

from regift.loaders.errors import BadFile, UsageError

GROWTH_FROM = 64 << 20
"""Bytes from which on the proportion of unpacked to packed is looked at."""

_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """unpacked: bytes written aside in one load; ratio: unpacked bytes to one packed byte of a
    file; files: files of one folder or archive."""

    unpacked: int = 20 << 30
    ratio: int = 200
    files: int = 10_000


class Room:
    """What is left of `Limits.unpacked` while a load goes on."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._used = 0

    def take(self, name: str, size: int) -> None:
        """Count `size` more bytes written for `name`; BadFile when that is too much."""
        self._used += size
        if self._used > self.limits.unpacked:
            raise BadFile(
                f"{name}: the files of this load take more than {size_text(self.limits.unpacked)} "
                "when they are unpacked or copied: load fewer at a time, or raise --max-unpacked "
                "or [limits] unpacked"
            )

    def check_growth(self, name: str, packed: int, unpacked: int) -> None:
        """BadFile when `packed` bytes became out of proportion many."""
        if unpacked > GROWTH_FROM and unpacked > self.limits.ratio * max(packed, 1):
            raise BadFile(
                f"{name}: {packed:,} bytes unpack to more than {self.limits.ratio} times as many, "
                "as a decompression bomb does: if the file is sound, raise --max-ratio or "
                "[limits] ratio"
            )

    def check_files(self, name: str, files: int) -> None:
        """BadFile when a folder or archive holds too many files."""
        if files > self.limits.files:
            raise BadFile(
                f"{name}: holds more than {self.limits.files:,} files: load its parts one by one, "
                "or raise --max-files or [limits] files"
            )


def size_bytes(text: str) -> int:
    """Bytes of a size that a person wrote; UsageError when it cannot be read.

    >>> size_bytes("20GiB"), size_bytes("512 MiB"), size_bytes("1000")
    (21474836480, 536870912, 1000)
    """
    match = re.fullmatch(r"([1-9][0-9]{0,11}) ?(|KiB|MiB|GiB|TiB)", text)
    if match is None:
        raise UsageError(f"{text!r} is not a size such as 512MiB or 20GiB")
    return int(match[1]) * _UNITS[match[2]]


def size_text(size: int) -> str:
    """A size as `size_bytes` reads it.

    >>> size_text(20 << 30), size_text(1000)
    ('20GiB', '1000')
    """
    unit = max((u for u, many in _UNITS.items() if size % many == 0), key=lambda u: _UNITS[u])
    return f"{size // _UNITS[unit]}{unit}"

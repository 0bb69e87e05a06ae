"""One pass over a JSON lines file: where lines lie, and a copy in which numbers stand in quotes.

JSON parsers turn numbers into doubles; a quoted number stays the text it was, with all its digits.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from regift.loaders.csv_scan import MAX_RECORD, put_view

TOO_LONG = 1

_LF, _CR, _QUOTE, _BACKSLASH, _MINUS = 10, 13, 34, 92, 45


@njit(nogil=True, cache=True)
def _blank(byte: int) -> bool:
    """White space of JSON."""
    return byte in (32, 9, _CR, _LF)


@njit(nogil=True, cache=True)
def _number_part(byte: int) -> bool:
    """A byte that can be in a JSON number: digits + - . e E."""
    return 48 <= byte <= 57 or byte in (43, 45, 46, 69, 101)


@njit(nogil=True, cache=True)
def quote_numbers(
    data: npt.NDArray[np.uint8], start: int, end: int, out: npt.NDArray[np.uint8], at: int
) -> int:
    """Copy a line to out[at:] with its numbers in quotes, at most twice as long; the copy's end."""
    p = start
    before = 0
    while p < end:
        byte = data[p]
        if byte == _QUOTE:
            out[at] = byte
            at += 1
            p += 1
            while p < end:
                out[at] = data[p]
                at += 1
                p += 1
                if data[p - 1] == _BACKSLASH and p < end:
                    out[at] = data[p]
                    at += 1
                    p += 1
                elif data[p - 1] == _QUOTE:
                    break
            before = _QUOTE
            continue
        # A number can only stand behind : , or [.
        if (48 <= byte <= 57 or byte == _MINUS) and (before == 58 or before == 44 or before == 91):
            out[at] = _QUOTE
            at += 1
            while p < end and _number_part(data[p]):
                out[at] = data[p]
                at += 1
                p += 1
            out[at] = _QUOTE
            at += 1
            before = byte
            continue
        out[at] = byte
        at += 1
        p += 1
        if not _blank(byte):
            before = byte
    return at


@njit(nogil=True, cache=True)
def scan_lines(
    data: npt.NDArray[np.uint8],
    position: int,
    line: int,
    enough: int,
    views: npt.NDArray[np.uint64],
    spare: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    lines: npt.NDArray[np.int64],
    flags: npt.NDArray[np.uint8],
) -> tuple[int, int, int, int]:
    """Lines from `position` until `enough` bytes, len(starts) lines or the end.

    views: (lines, 2), the copies with quoted numbers, which lie in `spare`. Blank lines are no
    records. Returns (records, position, line, blank lines).
    """
    size = len(data)
    base = position
    record = 0
    blank = 0
    used = 0
    while position < size and record < len(starts) and position - base < enough:
        start = position
        empty = True
        p = start
        while empty and p < size and data[p] != _LF:
            empty = _blank(data[p])
            p += 1
        while p < size and data[p] != _LF:
            p += 1
        end = p
        if end > start and data[end - 1] == _CR:
            end -= 1
        position = min(p + 1, size)
        line += 1
        if empty:
            blank += 1
            continue
        views[record, 0] = 0
        views[record, 1] = 0
        flags[record] = 0
        if end - start > MAX_RECORD:
            flags[record] = TOO_LONG
        else:
            after = quote_numbers(data, start, end, spare, used)
            put_view(views[record], spare, used, after, 0, used)
            used = after
        starts[record] = start
        ends[record] = end
        lines[record] = line - 1
        record += 1
    return record, position, line, blank

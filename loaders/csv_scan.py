"""One pass over the bytes of a CSV file: where records and fields lie, and what is wrong with them.

The kernel reads each byte once and writes, for the fields that are asked for, Arrow string views
(16 bytes: length, then the text itself up to 12 bytes, else prefix, buffer number and offset), so
DuckDB reads the fields where they lie. Only fields with doubled quotes are copied.

Rules (RFC 4180, plus): a quote opens a field only as its first byte; other quotes are text; `""`
inside quotes is one quote; LF and CRLF end a record, a lone CR outside quotes is a fault; a line
with nothing on it is no record. A record with a fault is kept with its flags and without views.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

MAX_RECORD = 1 << 20
"""Longest record in bytes: a quote that is never closed must not swallow a file in silence."""

LONG_FIELD = 1024
"""Fields longer than this make a record worth a second look (ids may not be longer)."""

NUL, STRAY_CR, AFTER_QUOTE, UNCLOSED, TOO_LONG, FEW, MANY = 1, 2, 4, 8, 16, 32, 64
LOOK = 128
"""Not a fault: a control character, `E+` or a long field is in the record."""

FAULTS = NUL | STRAY_CR | AFTER_QUOTE | UNCLOSED | TOO_LONG | FEW | MANY

_LF, _CR, _SPACE, _TAB, _PLUS, _DEL = 10, 13, 32, 9, 43, 127


@njit(nogil=True, cache=True)
def classes(delimiter: int, quote: int, blanks: bool) -> npt.NDArray[np.uint8]:
    """Class of each byte: 0 text, 1 delimiter, 2 LF, 3 CR, 4 quote, 5 control, 6 NUL, 7 plus."""
    out = np.zeros(256, np.uint8)
    for byte in range(32):
        out[byte] = 5
    out[_DEL] = 5
    out[0] = 6
    out[_PLUS] = 7
    if quote >= 0:
        out[quote] = 4
    if blanks:
        out[_SPACE] = 1
        out[_TAB] = 1
    else:
        out[delimiter] = 1
    out[_LF] = 2
    out[_CR] = 3
    return out


@njit(nogil=True, cache=True)
def put_view(
    view: npt.NDArray[np.uint64],
    data: npt.NDArray[np.uint8],
    start: int,
    end: int,
    buffer: int,
    offset: int,
) -> None:
    """Write one Arrow string view of data[start:end], which lies at `offset` of `buffer`."""
    length = end - start
    low = np.uint64(length)
    high = np.uint64(0)
    if length <= 12:
        for k in range(min(length, 4)):
            low |= np.uint64(data[start + k]) << np.uint64(32 + 8 * k)
        for k in range(4, length):
            high |= np.uint64(data[start + k]) << np.uint64(8 * (k - 4))
    else:
        for k in range(4):
            low |= np.uint64(data[start + k]) << np.uint64(32 + 8 * k)
        high = np.uint64(buffer) | (np.uint64(offset) << np.uint64(32))
    view[0] = low
    view[1] = high


@njit(nogil=True, cache=True)
def unescape(
    data: npt.NDArray[np.uint8],
    start: int,
    end: int,
    quote: int,
    out: npt.NDArray[np.uint8],
    at: int,
) -> int:
    """Copy data[start:end] to out[at:] with doubled quotes made single; the end of the copy."""
    k = start
    while k < end:
        out[at] = data[k]
        at += 1
        if data[k] == quote:
            k += 1
        k += 1
    return at


@njit(nogil=True, cache=True)
def scan(
    data: npt.NDArray[np.uint8],
    position: int,
    line: int,
    enough: int,
    kinds: npt.NDArray[np.uint8],
    quote: int,
    blanks: bool,
    slots: npt.NDArray[np.int64],
    fields: int,
    views: npt.NDArray[np.uint64],
    spare: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    lines: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    flags: npt.NDArray[np.uint8],
) -> tuple[int, int, int, int, int]:
    """Scan records from `position` until `enough` bytes, len(starts) records or the end.

    slots[f] is the row of `views` for field f, or -1; views has the shape (slots, records, 2), its
    offsets count from `position` (buffer 0) or lie in `spare` (buffer 1). starts, ends: the record
    without its line end. lines: its first physical line, from 1. counts: its number of fields.
    Returns (records, position, line, blank lines, bytes of spare used). Linear, one pass.
    """
    size = len(data)
    base = position
    record = 0
    blank = 0
    spare_end = 0
    while position < size and record < len(starts) and position - base < enough:
        start = position
        start_line = line
        spare_start = spare_end
        flag = 0
        count = 0
        p = position
        if blanks:
            while p < size and kinds[data[p]] == 1:
                p += 1
        done = False
        while not done:
            # One field: [first, last) is its text.
            doubled = False
            quoted = p < size and data[p] == quote
            if quoted:
                p += 1
                first = p
                last = -1
                while p < size:
                    byte = data[p]
                    if byte == quote:
                        if p + 1 < size and data[p + 1] == quote:
                            doubled = True
                            p += 2
                            continue
                        last = p
                        p += 1
                        break
                    kind = kinds[byte]
                    if kind != 0:
                        if kind == 2:
                            line += 1
                        if kind == 6:
                            flag |= NUL
                        if kind == 5 or kind == 2 or kind == 3:
                            flag |= LOOK
                        if kind == 7 and (data[p - 1] | 32) == 101:
                            flag |= LOOK
                    p += 1
                if last < 0:
                    flag |= UNCLOSED
                    last = p
            else:
                first = p
            # Up to the delimiter or the end of the record.
            while True:
                while p < size and kinds[data[p]] == 0:
                    p += 1
                if p >= size:
                    done = True
                    break
                kind = kinds[data[p]]
                if kind == 1:
                    break
                if kind == 2:
                    done = True
                    break
                if kind == 3:
                    if p + 1 < size and data[p + 1] == _LF:
                        done = True
                        break
                    flag |= STRAY_CR
                elif kind == 6:
                    flag |= NUL
                elif kind == 5 or (kind == 7 and p > first and (data[p - 1] | 32) == 101):
                    flag |= LOOK
                p += 1
            if quoted:
                if last >= 0 and p != last + 1 and (flag & UNCLOSED) == 0:
                    flag |= AFTER_QUOTE
            else:
                last = p
            length = last - first
            if length > LONG_FIELD:
                flag |= LOOK
            slot = slots[count] if count < len(slots) else -1
            if slot >= 0:
                if (flag & FAULTS) != 0 or last - start > MAX_RECORD:
                    views[slot, record, 0] = 0
                    views[slot, record, 1] = 0
                elif doubled:
                    after = unescape(data, first, last, quote, spare, spare_end)
                    put_view(views[slot, record], spare, spare_end, after, 1, spare_end)
                    spare_end = after
                else:
                    put_view(views[slot, record], data, first, last, 0, first - base)
            count += 1
            if not done:
                p += 1
                if blanks:
                    while p < size and kinds[data[p]] == 1:
                        p += 1
                    if p >= size or kinds[data[p]] == 2 or kinds[data[p]] == 3:
                        done = True
        end = p
        if p < size and data[p] == _CR:
            p += 1
        if p < size:
            p += 1
        if (flag & UNCLOSED) != 0:
            # No quote closes it up to the end: this line is at fault, the next ones are read.
            end = start
            while end < size and data[end] != _LF:
                end += 1
            p = min(end + 1, size)
            if end > start and data[end - 1] == _CR:
                end -= 1
            line = start_line
        line += 1
        position = p
        if end == start or (blanks and count == 1 and first == last):
            blank += 1
            spare_end = spare_start
            continue
        if end - start > MAX_RECORD:
            flag |= TOO_LONG
        if (flag & (UNCLOSED | AFTER_QUOTE)) == 0:
            if count < fields:
                flag |= FEW
            elif count > fields:
                flag |= MANY
        if (flag & FAULTS) != 0:
            spare_end = spare_start
            for slot in range(views.shape[0]):
                views[slot, record, 0] = 0
                views[slot, record, 1] = 0
        starts[record] = start
        ends[record] = end
        lines[record] = start_line
        counts[record] = count
        flags[record] = flag
        record += 1
    return record, position, line, blank, spare_end


@njit(nogil=True, cache=True)
def record_views(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    base: int,
) -> npt.NDArray[np.uint64]:
    """Views of whole records, cut at MAX_RECORD bytes between two characters."""
    out = np.empty((len(starts), 2), np.uint64)
    for i in range(len(starts)):
        end = ends[i]
        if end - starts[i] > MAX_RECORD:
            end = starts[i] + MAX_RECORD
            while (data[end] & 0xC0) == 0x80:
                end -= 1
        put_view(out[i], data, starts[i], end, 0, starts[i] - base)
    return out

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
def _in_quotes(
    data: npt.NDArray[np.uint8], p: int, kinds: npt.NDArray[np.uint8], quote: int
) -> tuple[int, int, bool, int, int]:
    """Read on from behind an opening quote: (behind the field, its end, doubled, flags, lines)."""
    size = len(data)
    doubled = False
    flag = 0
    lines = 0
    while p < size:
        byte = data[p]
        if byte == quote:
            if p + 1 < size and data[p + 1] == quote:
                doubled = True
                p += 2
                continue
            return p + 1, p, doubled, flag, lines
        kind = kinds[byte]
        if kind != 0:
            if kind == 6:
                flag |= NUL
            elif kind in (2, 3, 5):
                flag |= LOOK
                lines += kind == 2
            elif kind == 7 and (data[p - 1] | 32) == 101:
                flag |= LOOK
        p += 1
    return p, p, doubled, flag | UNCLOSED, lines


@njit(nogil=True, cache=True)
def _to_end(
    data: npt.NDArray[np.uint8], p: int, first: int, kinds: npt.NDArray[np.uint8]
) -> tuple[int, bool, int]:
    """Read on to the delimiter or the end of the record: (place, whether it ends, flags)."""
    size = len(data)
    flag = 0
    while True:
        while p < size and kinds[data[p]] == 0:
            p += 1
        if p >= size:
            return p, True, flag
        kind = kinds[data[p]]
        if kind == 1:
            return p, False, flag
        if kind == 2 or (kind == 3 and p + 1 < size and data[p + 1] == _LF):
            return p, True, flag
        if kind == 3:
            flag |= STRAY_CR
        elif kind == 6:
            flag |= NUL
        elif kind == 5 or (kind == 7 and p > first and (data[p - 1] | 32) == 101):
            flag |= LOOK
        p += 1


@njit(nogil=True, cache=True)
def _skip_blanks(data: npt.NDArray[np.uint8], p: int, kinds: npt.NDArray[np.uint8]) -> int:
    """The first place that is no delimiter."""
    while p < len(data) and kinds[data[p]] == 1:
        p += 1
    return p


@njit(nogil=True, cache=True)
def _fields(
    data: npt.NDArray[np.uint8],
    start: int,
    base: int,
    kinds: npt.NDArray[np.uint8],
    quote: int,
    blanks: bool,
    slots: npt.NDArray[np.int64],
    views: npt.NDArray[np.uint64],
    record: int,
    spare: npt.NDArray[np.uint8],
    used: int,
) -> tuple[int, int, int, int, int]:
    """The fields of one record: (its end, fields, flags, line ends inside it, spare used)."""
    flag = 0
    count = 0
    lines = 0
    p = _skip_blanks(data, start, kinds) if blanks else start
    while True:
        first = p
        doubled = False
        quoted = p < len(data) and data[p] == quote
        if quoted:
            first = p + 1
            p, last, doubled, more, inside = _in_quotes(data, first, kinds, quote)
            flag |= more
            lines += inside
        behind = p
        p, done, more = _to_end(data, p, first, kinds)
        flag |= more
        if not quoted:
            last = p
        elif p != behind:
            flag |= AFTER_QUOTE
        if last - first > LONG_FIELD:
            flag |= LOOK
        slot = slots[count] if count < len(slots) else -1
        # A record at fault gets no views; one that grows too long must not overrun the spare room.
        if slot >= 0 and (flag & FAULTS) == 0 and last - start <= MAX_RECORD:
            if doubled:
                after = unescape(data, first, last, quote, spare, used)
                put_view(views[slot, record], spare, used, after, 1, used)
                used = after
            else:
                put_view(views[slot, record], data, first, last, 0, first - base)
        count += 1
        if not done and blanks:
            p = _skip_blanks(data, p, kinds)
            done = p >= len(data) or kinds[data[p]] in (2, 3)
        elif not done:
            p += 1
        if done:
            if blanks and count == 1 and first == last:
                count = 0
            return p, count, flag, lines, used


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
    views: npt.NDArray[np.uint64],
    spare: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    lines: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    flags: npt.NDArray[np.uint8],
) -> tuple[int, int, int, int]:
    """Scan records from `position` until `enough` bytes, len(starts) records or the end.

    slots[f] is the row of `views` for field f, or -1; views has the shape (slots, records, 2), its
    offsets count from `position` (buffer 0) or lie in `spare` (buffer 1). starts, ends: the record
    without its line end. lines: its first physical line, from 1. counts: its number of fields.
    Returns (records, position, line, blank lines). Linear, one pass.
    """
    size = len(data)
    base = position
    record = 0
    blank = 0
    used = 0
    while position < size and record < len(starts) and position - base < enough:
        start = position
        end, count, flag, inside, after = _fields(
            data, start, base, kinds, quote, blanks, slots, views, record, spare, used
        )
        starts[record] = start
        lines[record] = line
        if (flag & UNCLOSED) != 0:
            # No quote closes it up to the end: this line is at fault, the next ones are read.
            inside = 0
            end = start
            while end < size and data[end] != _LF:
                end += 1
            if end > start and end < size and data[end - 1] == _CR:
                end -= 1
        line += inside + 1
        position = end
        if position < size and data[position] == _CR:
            position += 1
        if position < size:
            position += 1
        if end == start or count == 0:
            blank += 1
            continue
        if end - start > MAX_RECORD:
            flag |= TOO_LONG
        if (flag & (UNCLOSED | AFTER_QUOTE)) == 0 and count != len(slots):
            flag |= FEW if count < len(slots) else MANY
        if (flag & FAULTS) == 0:
            used = after
        else:
            views[:, record] = 0
        ends[record] = end
        counts[record] = count
        flags[record] = flag
        record += 1
    return record, position, line, blank


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

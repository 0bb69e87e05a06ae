"""One pass over a worksheet: its rows as texts, the first row with anything in it as their names.

    text       as it is                      number   digits as typed, up to the 15 a cell keeps
    date       2026-01-31T08:00:00           beyond   1.23E+17, which no id may look like
    boolean    TRUE, FALSE                   0001     with the zeros its number format shows

Dates are those of the workbook's calendar (1900 or 1904), to the millisecond, without an offset.
A formula is its stored value. A formula that has none, and a cell that shows an error, are faults
of the row; so is a cell under no name. Merged cells are refused: whose value it is, none can say.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from regift.loaders.errors import BadFile
from regift.loaders.limits import Room
from regift.loaders.workbook import CellText, Workbook, parse

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
"""The format's own limits."""
EXACT = 10**15
DAY_MS = 86_400_000
LAST_DAY = 2_958_466
"""The day after the last of the year 9999."""

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


@dataclass
class Row:
    """One row below the header: its number in the sheet, texts by column, and its first fault."""

    line: int
    cells: dict[int, str] = field(default_factory=dict)
    rule: str | None = None
    about: str | None = None


def read_cells(
    book: Workbook, room: Room, header: Callable[[int, dict[int, str]], None],
    row: Callable[[Row], None], matters: Callable[[int], bool],
) -> int:  # fmt: skip
    """Call `header` with (line, texts by column), then `row` for each row that holds anything.

    matters: whether a fault in that column is one of the row. Returns the number of empty rows.
    BadFile for what is no sheet, and for merged cells. About 9 us a cell; memory: one row.
    """
    reader = _Reader(book, room, header, row, matters)
    parse(book.archive, book.member, book.name, room, reader.start, reader.end, reader.text)
    if reader.merged:
        listed = ", ".join(reader.merged[:3]) + (", ..." if len(reader.merged) > 3 else "")
        raise BadFile(
            f"{book.name}: sheet {book.sheet!r}: cells are merged ({listed}): split them, so that "
            "each row has its own values"
        )
    return reader.empty


class _Reader:
    """Handlers of the sheet's XML."""

    def __init__(
        self, book: Workbook, room: Room, header: Callable[[int, dict[int, str]], None],
        row: Callable[[Row], None], matters: Callable[[int], bool],
    ) -> None:  # fmt: skip
        self._book = book
        self._room = room
        self._header = header
        self._row = row
        self._matters = matters
        self._named = False
        self._line = 0
        self._now: Row | None = None
        self._column = 0
        self._kind = "n"
        self._style = 0
        self._in_cell = self._in_value = self._formula = False
        self._value: list[str] = []
        self._size = 0
        self._inline = CellText(book.name)
        self.merged: list[str] = []
        self.empty = 0

    def start(self, tag: str, given: dict[str, str]) -> None:
        """A tag opens."""
        if self._in_cell:
            self._in_value = tag == "v"
            self._formula = self._formula or tag == "f"
            self._inline.start(tag)
        elif tag == "c":
            self._open_cell(given)
        elif tag == "row":
            self._open_row(given)
        elif tag == "mergeCell":
            self.merged.append(given.get("ref", "?")[:20])
            self._room.check_files(self._book.name, len(self.merged))

    def end(self, tag: str) -> None:
        """A tag closes."""
        if self._in_cell:
            self._in_value = False
            self._inline.end(tag)
            if tag == "c":
                self._in_cell = False
                self._close_cell()
        elif tag == "row":
            self._close_row()

    def text(self, text: str) -> None:
        """Text between tags."""
        if self._in_value:
            self._size += len(text)
            if self._size > 8 * 32_767:
                raise self._damaged("a value is longer than a cell may be")
            self._value.append(text)
        elif self._in_cell:
            self._inline.add(text)

    def _damaged(self, what: str) -> BadFile:
        return BadFile(f"{self._book.name}: sheet {self._book.sheet!r}: row {self._line}: {what}")

    def _open_row(self, given: dict[str, str]) -> None:
        line = given.get("r", str(self._line + 1))
        number = int(line) if line.isascii() and line.isdigit() and len(line) < 8 else 0
        if not self._line < number <= MOST_ROWS or self._now is not None:
            raise self._damaged(f"the row behind it says it is {line[:20]!r}")
        self.empty += number - self._line - 1 if self._named else 0
        self._line = number
        self._now = Row(number)
        self._column = -1

    def _open_cell(self, given: dict[str, str]) -> None:
        if self._now is None:
            raise self._damaged("a cell stands in no row")
        column = self._column + 1
        if "r" in given:
            match = _REFERENCE.fullmatch(given["r"])
            if match is None or int(match[2]) != self._line:
                raise self._damaged(f"a cell says it is {given['r'][:20]!r}")
            column = number_of(match[1])
        if not self._column < column < MOST_COLUMNS:
            raise self._damaged("its cells are not in order, or beyond the last column")
        self._column = column
        self._kind = given.get("t", "n")
        style = given.get("s", "0")
        self._style = int(style) if style.isascii() and style.isdigit() and len(style) < 8 else 0
        self._in_cell = True
        self._formula = False
        self._value.clear()
        self._size = 0

    def _close_cell(self) -> None:
        assert self._now is not None
        value = "".join(self._value)
        inline = self._inline.taken()
        if self._kind == "e":
            self._fault("cell_error", f"shows the error {value[:20]}")
            return
        if self._formula and not value and self._kind != "str":
            self._fault("formula_without_value", "holds a formula whose value is not stored")
            return
        if text := inline if self._kind == "inlineStr" else self._text_of(value):
            self._room.take(self._book.name, len(text))
            self._now.cells[self._column] = text

    def _fault(self, rule: str, what: str) -> None:
        """Keep the first fault of the row; of a column that is not read, none."""
        assert self._now is not None
        if self._now.rule is None and (not self._named or self._matters(self._column)):
            self._now.rule = rule
            self._now.about = f"cell {letters(self._column)}{self._line} {what}"

    def _text_of(self, value: str) -> str:
        match self._kind:
            case "s":
                return self._shared(value)
            case "str":
                self._inline.start("t")
                self._inline.add(value)
                return self._inline.taken()
            case "b":
                return {"1": "TRUE", "0": "FALSE"}.get(value, value)
            case "d":
                return value
            case _:
                return self._number_text(value)

    def _shared(self, value: str) -> str:
        if not value:
            return ""
        try:
            return self._book.texts[int(value)]
        except (ValueError, IndexError):
            raise self._damaged(
                f"a cell names the text {value[:20]!r}, which is not there"
            ) from None

    def _number_text(self, value: str) -> str:
        if not value:
            return ""
        if _NUMBER.fullmatch(value) is None or not math.isfinite(number := float(value)):
            raise self._damaged(f"a cell holds {value[:20]!r}, which is no number")
        styles = self._book.styles
        known = self._style < len(styles.dates)
        if known and styles.dates[self._style]:
            return date_text(number, self._book.since_1904) or number_text(number)
        digits = styles.digits[self._style] if known else 0
        return number_text(number).zfill(digits) if number >= 0 else number_text(number)

    def _close_row(self) -> None:
        now, self._now = self._now, None
        assert now is not None
        if not self._named:
            if now.cells or now.rule:
                if now.rule:
                    raise self._damaged(f"the header is damaged: {now.about}")
                self._header(now.line, now.cells)
                self._named = True
        elif now.cells or now.rule:
            self._row(now)
        else:
            self.empty += 1


def number_text(number: float) -> str:
    """As typed, of up to 15 digits; larger ones as a spreadsheet shows them.

    >>> number_text(7.0), number_text(12.5), number_text(0.1 + 0.2), number_text(2.0**60)
    ('7', '12.5', '0.3', '1.15292150460685E+18')
    """
    if number == int(number) and abs(number) < EXACT:
        return str(int(number))
    return f"{number:.15g}".replace("e", "E")


def date_text(serial: float, since_1904: bool) -> str | None:
    """ISO 8601 of a day and its part; None for what is no date: a time alone, 1900-02-29, others.

    >>> date_text(46023.5, False), date_text(1.0, False), date_text(60.0, False)
    ('2026-01-01T12:00:00', '1900-01-01T00:00:00', None)
    >>> date_text(44561.0, True)
    '2026-01-01T00:00:00'
    """
    last_ms = (LAST_DAY - 1462 * since_1904) * DAY_MS
    if not 1 <= serial < LAST_DAY or (not since_1904 and 60 <= serial < 61):
        return None
    since_ms = round(serial * DAY_MS)
    if since_ms >= last_ms:
        return None
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 31 if serial < 60 else 30)
    moment = start + timedelta(milliseconds=since_ms)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def number_of(name: str) -> int:
    """The place of a column by its letters, from 0.

    >>> number_of("A"), number_of("xfd")
    (0, 16383)
    """
    place = 0
    for letter in name.upper():
        place = place * 26 + ord(letter) - 64
    return place - 1


def letters(column: int) -> str:
    """The letters of a column.

    >>> letters(0), letters(16_383)
    ('A', 'XFD')
    """
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name

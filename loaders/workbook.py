"""The parts of a workbook (.xlsx) beside its sheets: names of sheets, texts, styles of dates.

Read by hand and in a stream, with every part bounded: a workbook is a ZIP archive of XML, and so a
bomb in two ways. A document type (with its entities) is refused, and so are deep nesting, names and
attributes beyond 1 MiB, and more text than memory is stated for. Format: ISO/IEC 29500-1, 18.
"""

import re
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.parsers import expat
from zipfile import ZipFile

from regift.loaders.archives import opened, read_member
from regift.loaders.errors import BadFile
from regift.loaders.limits import Room, size_text

MOST_TEXTS = 512 << 20
"""Bytes of the texts that cells share: they stay in memory while a sheet is read."""
MOST_CHARACTERS = 32_767
"""Characters of a cell: the format's own limit. What is longer was not made by a spreadsheet."""

_STEP = 1 << 16
_DEEP = 64
_TOKEN = 1 << 20
_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Built-in number formats that show a date or a time (18.8.30)."""
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Texts:
    """The shared texts, in one block of memory."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def add(self, text: str) -> None:
        """One more."""
        self._bytes += text.encode()
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        """Bytes that they take."""
        return len(self._bytes) + 8 * len(self._ends)

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self):
            raise IndexError(place)
        text = self._bytes[self._ends[place] : self._ends[place + 1]]
        return text.decode()


@dataclass(frozen=True)
class Styles:
    """By number of a cell's style: whether it shows a date, and the digits it pads to (0: none)."""

    dates: tuple[bool, ...] = ()
    digits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Workbook:
    """An open workbook; `member` is the part that holds the sheet that is read."""

    archive: ZipFile
    name: str
    sheet: str
    member: str
    texts: Texts
    styles: Styles
    since_1904: bool


@contextmanager
def open_workbook(path: Path, name: str, sheet: str | None, room: Room) -> Iterator[Workbook]:
    """The workbook, with the sheet of that name, or its only one.

    BadFile if it is damaged, encrypted or over a limit, and when the sheet is not there or has to
    be named.
    """
    with path.open("rb") as file:
        if file.read(4) == _ENCRYPTED:
            raise BadFile(
                f"{name}: has a password, or is an .xls of old: save it as .xlsx without one"
            )
    with opened(path, name, room) as archive:
        for member in archive.infolist():
            room.check_growth(f"{name}/{member.filename}", member.compress_size, member.file_size)
            if member.flag_bits & 1:
                raise BadFile(f"{name}: has a password: save it without one")
        sheets, since_1904, texts, styles = _parts(archive, name, room)
        chosen = _chosen(list(sheets), sheet, name)
        yield Workbook(
            archive=archive,
            name=name,
            sheet=chosen,
            member=sheets[chosen],
            texts=_texts(archive, texts, name, room),
            styles=_styles(archive, styles, name, room),
            since_1904=since_1904,
        )


def local(tag: str) -> str:
    """A tag or attribute without the prefix of its namespace."""
    return tag.rpartition(":")[2]


def parse(
    archive: ZipFile,
    member: str,
    name: str,
    room: Room,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Feed one part to three handlers. BadFile where it is no sound XML, or more than is allowed.

    Memory: 64 KiB, the nesting, and one tag. What handlers keep is theirs to bound.
    """
    shown = f"{name}/{member}"
    depth = 0

    def opening(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEP:
            raise BadFile(f"{shown}: the XML is nested deeper than {_DEEP} levels")
        start(local(tag), attributes)

    def closing(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(local(tag))

    def typed(*_: object) -> None:
        raise BadFile(f"{shown}: the XML declares a document type, which no workbook has")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = opening
    parser.EndElementHandler = closing
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = typed
    stream = read_member(archive, archive.getinfo(member), shown)
    fed = 0
    try:
        while block := stream.read(_STEP):
            fed += len(block)
            room.take(name, len(block))
            parser.Parse(block, False)
            if fed - parser.CurrentByteIndex > _TOKEN:
                raise BadFile(f"{shown}: a tag of the XML is longer than {size_text(_TOKEN)}")
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise BadFile(f"{shown}: is no sound XML: {problem}") from None
    finally:
        stream.close()


def _chosen(sheets: list[str], sheet: str | None, name: str) -> str:
    """The sheet that is meant."""
    listed = ", ".join(repr(each) for each in sheets[:20]) + (", ..." if len(sheets) > 20 else "")
    if sheet is not None:
        if sheet not in sheets:
            raise BadFile(f"{name}: has no sheet {sheet!r}; it has {listed}")
        return sheet
    if len(sheets) != 1:
        raise BadFile(f"{name}: has {len(sheets)} sheets: choose one with --sheet: {listed}")
    return sheets[0]


def _parts(
    archive: ZipFile, name: str, room: Room
) -> tuple[dict[str, str], bool, str | None, str | None]:
    """Parts of the worksheets by their names, in order; whether days count from 1904; the parts of
    the shared texts and of the styles, where there are such."""
    book = _there(archive, "xl/workbook.xml", name)
    targets: dict[str, tuple[str, str]] = {}
    named: list[tuple[str, str]] = []
    epoch = False

    def related(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship" and given.get("TargetMode") != "External":
            kind = given.get("Type", "").rpartition("/")[2]
            targets[given.get("Id", "")] = (kind, _resolved(book, given.get("Target", "")))
            room.check_files(name, len(targets))

    def listed(tag: str, given: dict[str, str]) -> None:
        nonlocal epoch
        if tag == "sheet":
            identity = next((v for k, v in given.items() if local(k) == "id"), "")
            named.append((given.get("name", ""), identity))
            room.check_files(name, len(named))
        elif tag == "workbookPr":
            epoch = given.get("date1904", "0") in ("1", "true")

    relations = _there(archive, "xl/_rels/workbook.xml.rels", name)
    parse(archive, relations, name, room, related, _nothing, _nothing)
    parse(archive, book, name, room, listed, _nothing, _nothing)
    none = ("", "")
    sheets = {
        sheet: _there(archive, targets[identity][1], name)
        for sheet, identity in named
        if targets.get(identity, none)[0] == "worksheet"
    }
    if not sheets:
        raise BadFile(f"{name}: the workbook holds no worksheet")
    by_kind = {kind: part for kind, part in targets.values() if part in archive.NameToInfo}
    return sheets, epoch, by_kind.get("sharedStrings"), by_kind.get("styles")


def _resolved(book: str, target: str) -> str:
    """A part as the archive names it. It is looked up there, and never becomes a path."""
    if target.startswith("/"):
        return target.lstrip("/")
    parts: list[str] = []
    for part in (PurePosixPath(book).parent / target).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def _there(archive: ZipFile, member: str, name: str) -> str:
    if member not in archive.NameToInfo:
        raise BadFile(f"{name}: is no workbook: it has no part {member!r}")
    return member


def _nothing(*_: object) -> None:
    """What a part says and nobody needs."""


def _texts(archive: ZipFile, part: str | None, name: str, room: Room) -> Texts:
    """The shared texts: each is its runs, without the reading aids of Chinese and Japanese."""
    texts = Texts()
    if part is None:
        return texts
    text = CellText(name)

    def start(tag: str, _: dict[str, str]) -> None:
        text.start(tag)

    def end(tag: str) -> None:
        text.end(tag)
        if tag == "si":
            texts.add(text.taken())
            if texts.size > MOST_TEXTS:
                raise BadFile(
                    f"{name}: its cells hold more than {size_text(MOST_TEXTS)} of text: save it "
                    "as CSV"
                )

    parse(archive, part, name, room, start, end, text.add)
    return texts


class CellText:
    """Gathers the text of one cell from the runs between tags."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pieces: list[str] = []
        self._length = 0
        self._inside = False
        self._aid = False

    def start(self, tag: str) -> None:
        """A tag opens."""
        if tag == "rPh":
            self._aid = True
        self._inside = tag == "t" and not self._aid

    def end(self, tag: str) -> None:
        """A tag closes."""
        self._inside = False
        if tag == "rPh":
            self._aid = False

    def add(self, text: str) -> None:
        """Text, if it is of the cell."""
        if not self._inside:
            return
        self._length += len(text)
        if self._length > 8 * MOST_CHARACTERS:  # each may be an escape of seven characters
            self._too_long()
        self._pieces.append(text)

    def taken(self) -> str:
        """The text so far, with its escapes resolved; the next one begins."""
        whole = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), "".join(self._pieces))
        if not whole.isascii():  # escapes may be halves of one character, or of none
            whole = whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self._pieces.clear()
        self._length = 0
        if len(whole) > MOST_CHARACTERS:
            self._too_long()
        return whole

    def _too_long(self) -> None:
        raise BadFile(f"{self._name}: a cell has more than {MOST_CHARACTERS:,} characters")


def _styles(archive: ZipFile, part: str | None, name: str, room: Room) -> Styles:
    """Which cell formats show a date, and which show leading zeros."""
    if part is None:
        return Styles()
    formats: dict[int, str] = {}
    used: list[int] = []
    inside = False

    def start(tag: str, given: dict[str, str]) -> None:
        nonlocal inside
        if tag == "numFmt":
            formats[_number(given.get("numFmtId", ""))] = given.get("formatCode", "")
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            used.append(_number(given.get("numFmtId", "0")))

    def end(tag: str) -> None:
        nonlocal inside
        inside = inside and tag != "cellXfs"

    parse(archive, part, name, room, start, end, _nothing)
    return Styles(
        dates=tuple(
            shows_date(formats[each]) if each in formats else each in _DATE_FORMATS for each in used
        ),
        digits=tuple(
            len(formats.get(each, "")) if re.fullmatch("0+", formats.get(each, "")) else 0
            for each in used
        ),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def shows_date(code: str) -> bool:
    r"""Whether a number format shows a date or a time.

    >>> shows_date("yyyy\\-mm\\-dd"), shows_date('0" d"'), shows_date("[Red]0"), shows_date("[h]")
    (True, False, False, True)
    """
    bare = re.sub(r'"[^"]*"?|\\.|_.|\*.', "", code)
    bare = re.sub(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]?", "", bare, flags=re.IGNORECASE)
    return re.search("[dmhysDMHYS]", bare.replace("General", "")) is not None

"""Printing: JSON lines for programs, a table for people; messages go to stderr."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
import pyarrow as pa
import pyarrow.compute as pc

CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
"""What a terminal would obey, or not show at all: ids come from outside, and two that differ in
nothing else must not look alike. Joiners stay: they make one emoji of several."""

CONTROL_RE2 = (
    r"[\x00-\x1f\x7f-\x{9f}\x{ad}\x{61c}\x{200b}\x{200e}\x{200f}\x{2028}-\x{202e}"
    r"\x{2060}-\x{2069}\x{feff}]"
)
"""CONTROL as Arrow and DuckDB write it."""


def say(message: str, quiet: bool = False) -> None:
    """A message, to stderr."""
    if not quiet:
        click.echo(message, err=True)


def say_cut(truncated: Mapping[str, Any], quiet: bool = False, what: str = "") -> None:
    """What bounds cut from one search, a line for each cause."""
    from regift.queries.cuts import lines  # brings all searches, which most commands do not need

    for line in lines(truncated):
        say(plain(f"{what}cut short: {line}"), quiet)


def print_rows(
    rows: Sequence[Mapping[str, Any]], as_json: bool, columns: Sequence[str] | None = None
) -> None:
    """Rows as JSON lines, or as a table of the given columns."""
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows, columns or list(rows[0]))


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One object a line."""
    for row in rows:
        click.echo(json_text(row))


def json_text(value: object) -> str:
    """JSON with what a terminal would obey written as an escape: the same value.

    >>> json_text({"a": "\\u202e礼"})
    '{"a": "\\\\u202e礼"}'
    """
    return _escaped(json.dumps(value, ensure_ascii=False, default=str))


def print_json_lines(lines: pa.Array) -> None:
    """Lines of JSON made elsewhere, each as `json_text` would write it."""
    if pc.any(pc.match_substring_regex(lines, CONTROL_RE2)).as_py():
        lines = pa.array([_escaped(line) for line in lines.to_pylist()], pa.large_string())
    print_lines(lines)


def _escaped(text: str) -> str:
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """A table with a heading; lists are joined, absent values left empty."""
    cells = [list(columns), *([cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(width(line[i]) for line in cells) for i in range(len(columns))]
    numeric = [
        all(isinstance(row.get(column), (int, float, type(None))) for row in rows)
        for column in columns
    ]
    for line in cells:
        padded = [
            " " * (widths[i] - width(text)) + text
            if numeric[i]
            else text + " " * (widths[i] - width(text))
            for i, text in enumerate(line)
        ]
        click.echo("  ".join(padded).rstrip())


def print_columns(columns: Mapping[str, pa.Array]) -> None:
    """The table of `print_table` from columns of texts and whole numbers: for long ones."""
    if not any(len(values) for values in columns.values()):
        return
    text = pa.large_string()
    padded: list[pa.Array | pa.Scalar] = []
    for name, values in columns.items():
        numeric = not pa.types.is_string(values.type) and not pa.types.is_large_string(values.type)
        cells = _with_commas(values) if numeric else _plain_texts(values)
        cells = pa.concat_arrays([pa.array([name], text), cells])
        widths = _widths(cells)
        blank = pc.binary_repeat(pa.scalar(" ", text), pc.subtract(pc.max(widths), widths))
        padded += [blank, cells] if numeric else [cells, blank]
        padded.append(pa.scalar("  ", text))
    lines = pc.binary_join_element_wise(*padded[:-1], pa.scalar("", text))
    print_lines(pc.utf8_rtrim_whitespace(lines))


def print_lines(lines: pa.Array) -> None:
    """Texts, one a line, in one piece: a hundred thousand of them are no loop."""
    if len(lines):
        whole = pa.LargeListArray.from_arrays(pa.array([0, len(lines)], pa.int64()), lines)
        text = pc.binary_join(whole, pa.scalar("\n", pa.large_string()))
        click.echo(text[0].as_buffer().to_pybytes())


def _with_commas(numbers: pa.Array) -> pa.Array:
    """Whole numbers as `cell` has them; few are different, so each is made once."""
    codes = numbers.dictionary_encode()
    texts = pa.array([cell(number) for number in codes.dictionary.to_pylist()], pa.large_string())
    return texts.take(codes.indices).fill_null("")


def _plain_texts(texts: pa.Array) -> pa.Array:
    """`plain` of each, nothing of null."""
    filled = texts.cast(pa.large_string()).fill_null("")
    if pc.any(pc.match_substring_regex(filled, CONTROL_RE2)).as_py():
        return pc.replace_substring_regex(filled, CONTROL_RE2, "\ufffd")
    return filled


def _widths(texts: pa.Array) -> pa.Array:
    """`width` of each: the length of what is ASCII, of the rest one by one."""
    bytes_ = pc.binary_length(texts)
    wide = pc.not_equal(bytes_, pc.utf8_length(texts))
    if not pc.any(wide).as_py():
        return bytes_
    measured = [width(text) for text in texts.filter(wide).to_pylist()]
    return pc.replace_with_mask(bytes_, wide, pa.array(measured, bytes_.type))


def cell(value: object) -> str:
    """One value as a person reads it.

    >>> cell(["a", "b"]), cell(None), cell(1234567)
    ('a > b', '', '1,234,567')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        shown = [cell(part) for part in value[:6]]
        return " > ".join(shown) + (f" ... {len(value)} in all" if len(value) > 6 else "")
    if isinstance(value, dict):
        return ", ".join(f"{key} {cell(part)}" for key, part in value.items())
    return plain(str(value))


def plain(text: str) -> str:
    """Text without anything that a terminal would obey.

    >>> plain("a\\x1b[31mb")
    'a\\ufffd[31mb'
    """
    return CONTROL.sub("\ufffd", text)


def masked(identifier: str) -> str:
    """An identifier that two people can compare without either reading it.

    >>> masked("13912345678"), masked("abc")
    ('13*******78', '***')
    """
    if len(identifier) < 8:
        return "*" * len(identifier)
    return identifier[:2] + "*" * (len(identifier) - 4) + identifier[-2:]


def width(text: str) -> int:
    """Columns that a text takes on a terminal; wide characters take two.

    >>> width("礼物")
    4
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )

"""Printing: JSON lines for programs, a table for people; messages go to stderr."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal would obey instead of show: ids come from outside."""


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
        click.echo(json.dumps(row, ensure_ascii=False, default=str))


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

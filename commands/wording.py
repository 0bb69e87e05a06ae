"""Options of commands that explain: the language of sentences, and the line of scores."""

import functools
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import click

from regift.loaders.errors import UsageError
from regift.ranking.constants import EXAMPLE_LINE
from regift.ranking.texts import LANGUAGES, say, word

F = TypeVar("F", bound=Callable[..., Any])


def lang_option(function: F) -> F:
    """`--lang`: of sentences and headings; keys of --json are English in every language."""
    return click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        default="en",
        show_default=True,
        envvar="REGIFT_LANG",
        help="Language of sentences [env REGIFT_LANG].",
    )(function)


def line_option(function: F) -> F:
    """`--line`, handed over as a Decimal."""

    @functools.wraps(function)
    def read(**given: Any) -> Any:
        return function(**{**given, "line": line_of(given["line"])})

    made: Any = click.option(
        "--line",
        default=EXAMPLE_LINE,
        show_default=True,
        metavar="S",
        help="Score from which a row is above the line (example).",
    )(read)
    wrapped: F = made
    return wrapped


def line_of(text: str) -> Decimal:
    """A line as a user writes it: 0 to 100, at most one decimal.

    >>> line_of("60")
    Decimal('60')
    """
    try:
        line = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"--line {text!r} is not a number") from None
    if not (line.is_finite() and 0 <= line <= 100 and line * 10 == int(line * 10)):
        raise UsageError(f"--line {text}: write 0 to 100 with at most one decimal, as scores have")
    return line


def some(names: list[str], lang: str) -> str:
    """A few names; how many there are if not all are said."""
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else say(lang, "more", shown=shown, n=len(names))


def headed(
    rows: list[dict[str, Any]], lang: str, codes: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Rows under headings of the language; of `codes` the values are words too.

    >>> headed([{"account": "a", "role": "relay"}], "zh", ("role",))
    [{'账号': 'a', '角色': '中转'}]
    """
    return [
        {
            word(lang, key): _said(lang, value) if key in codes else value
            for key, value in row.items()
        }
        for row in rows
    ]


def _said(lang: str, value: Any) -> Any:
    if isinstance(value, list):
        return [word(lang, each) for each in value]
    return word(lang, value) if isinstance(value, str) else value

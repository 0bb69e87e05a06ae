"""Texts that a spreadsheet would run as formulas when it opens a CSV file, made safe and read back.

A text whose first character (after blanks) is = + - @ or its full-width form, or whose first
character is TAB, CR, LF or an apostrophe, gets one more apostrophe in front. Reading back drops one
leading apostrophe if there is one.
"""

import re

RISKY = "^(?:\\s*[=+\\-@＝＋－＠]|[\\t\\r\\n'])"
"""Cells a spreadsheet could run, and cells that would be read back wrongly without the mark."""

_RISKY = re.compile(RISKY)


def marked(text: str) -> str:
    """A cell that no spreadsheet runs.

    >>> marked("=1+1"), marked("a=1"), marked("'a")
    ("'=1+1", 'a=1', "''a")
    """
    return f"'{text}" if _RISKY.match(text) else text


def unmarked(text: str) -> str:
    """What `marked` was given.

    >>> unmarked("'=1+1"), unmarked("a=1"), unmarked("''a")
    ('=1+1', 'a=1', "'a")
    """
    return text.removeprefix("'")

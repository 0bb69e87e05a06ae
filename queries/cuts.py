"""What resource bounds cut, by cause and place (definition D-13): as data, and in words.

    {"expansions": {"roots": 3, "accounts": ["a"], "complete_to_length": 4},
     "hub_degree": {"roots": 1, "accounts": ["shop"]},
     "counting": {"rings": 1, "instances": "at least"},
     "instances": {"listed": 5000000, "left_out": 17},
     "memory": {"slices": [{"from": "2026-01-05T00:00:00Z", "until": None}], "cut": 1, "of": 9},
     "time": {"slices": [{"from": "2026-01-05T00:00:00Z", "until": None}], "cut": 2, "of": 9}}

What `expansions` and `hub_degree` cut is the same on every machine and for every way of slicing, so
a refresh may carry it over with the findings; what time cut never is. `memory` cuts where one
search has found more than it keeps.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOT_BEGUN: dict[str, object] = {
    "time": {"slices": [{"from": None, "until": None}], "cut": 1, "of": 1}
}
"""Of a search that never began."""

SPANNED = ("memory", "time")
"""Causes that cut spans of time, not single roots."""

NAMED = 5
"""Accounts that a line names; the data names all."""


@dataclass(frozen=True)
class Cut:
    """What one bound cut in one part: roots, and the names of the accounts where.

    complete_to: length up to which all of these roots are complete; None: that is not how it cuts.
    """

    roots: int
    accounts: tuple[str, ...]
    complete_to: int | None = None


def joined(cuts: Sequence[Mapping[str, Cut]]) -> dict[str, Cut]:
    """What several parts cut as if they were one."""
    found = {}
    for cause in sorted({cause for by in cuts for cause in by}):
        here = [by[cause] for by in cuts if cause in by]
        lengths = [cut.complete_to for cut in here if cut.complete_to is not None]
        names = tuple(sorted({name for cut in here for name in cut.accounts}))
        roots = sum(cut.roots for cut in here)
        found[cause] = Cut(roots, names, min(lengths) if lengths else None)
    return found


def told(cuts: Sequence[Mapping[str, Cut]]) -> dict[str, object]:
    """All parts' cuts by cause, as a manifest keeps them.

    >>> told([{"expansions": Cut(2, ("b",), 4)}, {"expansions": Cut(1, ("a",), 3)}])
    {'expansions': {'roots': 3, 'accounts': ['a', 'b'], 'complete_to_length': 3}}
    """
    return {
        cause: {"roots": cut.roots, "accounts": list(cut.accounts)}
        | ({} if cut.complete_to is None else {"complete_to_length": cut.complete_to})
        for cause, cut in joined(cuts).items()
    }


def by_time(truncated: Mapping[str, object]) -> bool:
    """Whether time cut anything, so that the search has to run again."""
    return "time" in truncated


def lines(truncated: Mapping[str, Any]) -> Iterator[str]:
    """What was cut from one search, a line for each cause.

    >>> list(lines({"instances": {"listed": 5, "left_out": 2}}))
    ['instances: 5 listed, 2 left out']
    >>> list(lines(NOT_BEGUN))
    ['time: 1 of 1 parts not searched: all']
    >>> list(lines({"expansions": {"roots": 2, "accounts": ["a"], "complete_to_length": 3}}))
    ['expansions: 2 roots cut, complete to length 3; at a']
    """
    for cause, cut in truncated.items():
        if cause in SPANNED:
            spans = ", ".join(_span(each) for each in cut["slices"])
            yield f"{cause}: {cut['cut']:,} of {cut['of']:,} parts not searched: {spans}"
        elif cause == "instances":
            yield f"instances: {cut['listed']:,} listed, {cut['left_out']:,} left out"
        elif cause == "counting":
            yield f"counting: the instances of {cut['rings']:,} rings are a lower bound"
        else:
            names = cut["accounts"]
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            length = cut.get("complete_to_length")
            to = f", complete to length {length}" if length is not None else ""
            at = ", ".join(names[:NAMED])
            yield f"{cause}: {cut['roots']:,} roots cut{to}; at {at}{more}"


def _span(span: Mapping[str, str | None]) -> str:
    since, until = span["from"], span["until"]
    if since is None and until is None:
        return "all"
    if since is None:
        return f"before {until}"
    return f"from {since}" + (f" to {until}" if until else "")

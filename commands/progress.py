"""A bar on the terminal while a search goes on; nothing where nobody looks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from regift.graph.bounds import Bounds

STEPS = 1000


@contextmanager
def shown(bounds: Bounds, label: str, quiet: bool) -> Iterator[Bounds]:
    """The bounds, telling their progress to a bar on stderr if that is a terminal.

    The bar begins with the search and ends its line with it, so that messages stay whole.
    """
    if quiet or not sys.stderr.isatty():
        yield bounds
        return
    bar = click.progressbar(length=STEPS, label=label, file=sys.stderr)
    yield replace(bounds, on_progress=_teller(bar))
    if 0 < bar.pos < STEPS:
        bar.render_finish()


def _teller(bar: "click._termui_impl.ProgressBar[int]") -> Callable[[int, int], None]:
    def tell(done: int, of: int) -> None:
        if bar.pos < STEPS:
            bar.update(STEPS * done // of - bar.pos)
            if bar.pos >= STEPS:
                bar.render_finish()

    return tell

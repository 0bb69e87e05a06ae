"""How kernels are compiled: once, without the interpreter lock, cached where the user may write.

Numba caches beside the source when it may, else in the user's cache folder. Where neither can be
written (a read-only installation run by a service account without a home) it refuses to compile;
`choose_cache` then names a folder that can be written. It must run before the first kernel module
is imported, so `regift.graph` calls it.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def _writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or the folder itself in its nearest parent."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def choose_cache(package: Path | None = None) -> str | None:
    """Set NUMBA_CACHE_DIR if the package folder cannot be written; what it is, None if unset.

    A value that the user set stays. Then $XDG_CACHE_HOME/regift/numba (~/.cache), then a folder of
    this user's own in the folder for temporary files.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return given
    package = package or Path(__file__).parent
    if _writable(package / "__pycache__"):
        return None
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    chosen = home / "regift" / "numba"
    if not _writable(chosen):
        chosen = Path(tempfile.gettempdir()) / f"regift-numba-{os.getuid()}"
    os.environ["NUMBA_CACHE_DIR"] = str(chosen)
    return str(chosen)


def kernel(function: F) -> F:
    """Compile a function over arrays: `@njit(nogil=True, cache=True)`, with its type kept."""
    from numba import njit

    return cast(F, njit(nogil=True, cache=True)(function))

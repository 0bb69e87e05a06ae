"""How kernels are compiled: once, without the interpreter lock, cached where the user may write.

Numba caches beside the source when it may, else in the user's cache folder. Where neither can be
written (a read-only installation run by a service account without a home) it refuses to compile;
`choose_cache` then names a folder that can be written. It must run before the first kernel module
is imported, so `regift.graph` calls it.
"""

import functools
import os
import tempfile
import threading
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


class Kernel:
    """A function that Numba compiles, or reads from its cache, when it is called first.

    Most commands call no kernel, and importing Numba takes as long as they do. `function`: as it
    is written; `compiled`: Numba's dispatcher, made with those of the kernels that it calls, which
    take their places in the modules that name them: Numba looks them up there.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._compiled: Any = None

    @property
    def compiled(self) -> Any:
        """Numba's dispatcher."""
        if self._compiled is None:
            from numba import njit

            with _LOCK:
                if self._compiled is None:
                    self._call_compiled()
                    self._compiled = _one_type(njit(nogil=True, cache=True)(self.function))
                    self.function.__globals__[self.function.__name__] = self._compiled
        return self._compiled

    def _call_compiled(self) -> None:
        """Put dispatchers into the places of the kernels that this one calls by name."""
        module = self.function.__globals__
        for name in self.function.__code__.co_names:
            called = module.get(name)
            if isinstance(called, Kernel):
                module[name] = called.compiled

    def __call__(self, *given: Any) -> Any:
        """Call what was compiled."""
        return (self._compiled or self.compiled)(*given)


_LOCK = threading.RLock()


def _one_type(dispatcher: Any) -> Any:
    """Let kernels call this one with int64 only: Numba would compile it again for int32, and for
    each constant that it is called with. That took a third of all compiling.
    """
    from numba import types

    for_types = dispatcher.get_call_template

    unliteral: Callable[[Any], Any] = types.unliteral

    def whole(kind: Any) -> Any:
        plain = unliteral(kind)
        return types.int64 if plain in types.signed_domain else plain

    def get_call_template(args: Any, named: Any) -> Any:
        return for_types(tuple(map(whole, args)), {k: whole(kind) for k, kind in named.items()})

    dispatcher.get_call_template = get_call_template
    return dispatcher


def kernel(function: F) -> F:
    """Compile a function over arrays: `@njit(nogil=True, cache=True)`, with its type kept."""
    return cast(F, Kernel(function))

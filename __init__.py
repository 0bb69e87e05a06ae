"""regift: finds circulation beyond first-level gifts in gift and transfer records."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regift.exports.frames import Generation

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(path: "str | os.PathLike[str]", generation: int | None = None) -> "Generation":
    """A workspace's generation for reading, by default the current one.

    Imported when called, so that `import regift` costs nothing.
    """
    from pathlib import Path

    from regift.exports.frames import Generation

    return Generation(Path(path), generation)

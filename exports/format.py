"""What a format is: a name, a file ending, and the module whose `write` makes the file."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO


@dataclass(frozen=True)
class Format:
    """One format; its module is imported when it writes, so that listing formats stays light.

    shape: `table` (its module writes a pyarrow.Table) or `graph` (a networkx graph).
    about: what it is good for, for help texts.
    """

    name: str
    suffix: str
    shape: str
    module: str
    about: str

    def write(self, content: Any, target: Path | BinaryIO, about: Mapping[str, str]) -> None:
        """Write `content` to a path or an open binary file.

        about: what `exports.about.about` returns. Raises RegiftError when the target cannot be
        written or the format cannot hold the content.
        """
        importlib.import_module(self.module).write(content, target, about)

"""Simulated worlds as tests read them: the written files, never the simulator's own arrays."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from regift.loaders.tables import TABLES


@dataclass
class Written:
    """The files of one world; every cell is text, an empty one is missing."""

    directory: Path

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        return {name: pd.read_csv(self.directory / f"{name}.csv", dtype="str") for name in TABLES}

    @cached_property
    def truth(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads((self.directory / "truth.json").read_text("utf-8"))
        return value

    @cached_property
    def planted_records(self) -> set[str]:
        """All that planting put into the files: records of patterns, and what leaks from them."""
        planted = self.truth["planted"]
        return {r for group in planted for r in (*group["records"], *group["leaks"])}

    @cached_property
    def planted_accounts(self) -> set[str]:
        return {a["account"] for group in self.truth["planted"] for a in group["accounts"]}

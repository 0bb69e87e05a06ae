"""The Python API: one generation as pandas DataFrames and networkx graphs.

>>> import regift                                        # doctest: +SKIP
>>> with regift.open("regift-workspace") as generation:  # doctest: +SKIP
...     generation.findings("multi_level_gift")
"""

from pathlib import Path
from typing import Any

import pandas as pd

from regift.exports.ask import ask
from regift.graph.store import manifest_of, open_snapshot
from regift.graph.workspace import Workspace
from regift.queries import ALL
from regift.queries.search import clauses, search
from regift.queries.shown import finding_rows, item_rows
from regift.refresh.run import truncated_of
from regift.refresh.settings import params_of, read_settings


class Generation:
    """One generation of a workspace, open for reading; it never changes while it is open."""

    def __init__(self, path: Path, number: int | None = None) -> None:
        self._workspace = Workspace.open(path)
        self._settings = read_settings(self._workspace)
        self._manifest = manifest_of(self._workspace, number)
        self._graph = open_snapshot(self._workspace, self._settings, self._manifest)

    def __enter__(self) -> "Generation":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back memory and files."""
        self._graph.close()

    @property
    def number(self) -> int:
        """Which generation this is."""
        return self._manifest.number

    @property
    def truncated(self) -> dict[str, Any]:
        """What the run cut, by typology; empty means complete."""
        return truncated_of(self._manifest)

    def findings(self, typology: str, **params: str) -> pd.DataFrame:
        """Findings of one typology, one a row, columns as the keys of `regift find --json`.

        params: as a user would type them, e.g. `window="3d"`; without any the run's findings.
        UsageError for an unknown typology or parameter.
        """
        chosen = params_of(self._settings, typology, params)
        prefix, _ = search(self._graph, ALL[typology], chosen, dict(self._manifest.run))
        rows, _ = finding_rows(self._graph.con, clauses(ALL), prefix=prefix, typology=typology)
        return pd.DataFrame(rows)

    def item(self, item: str) -> pd.DataFrame:
        """Every hop of an item in its order, with level, gaps and what was undone."""
        return pd.DataFrame(item_rows(self._graph.con, item))

    def sql(self, query: str) -> pd.DataFrame:
        """Rows of one SELECT over the views of the generation.

        After the first call this object reads nothing but the generation's own files.
        """
        frame = ask(self._graph, self._workspace, self._manifest, query).to_pandas()
        assert isinstance(frame, pd.DataFrame)
        return frame

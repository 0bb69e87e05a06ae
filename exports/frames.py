"""The Python API: one generation as pandas DataFrames and networkx graphs.

>>> import regift                                        # doctest: +SKIP
>>> with regift.open("regift-workspace") as generation:  # doctest: +SKIP
...     generation.findings("multi_level_gift")
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regift.exports.ask import ask
from regift.exports.graphs import findings_graph, window_graph
from regift.graph.networks import to_networkx
from regift.graph.snapshot import Snapshot
from regift.graph.store import manifest_of, open_snapshot
from regift.graph.temporal import temporal_graph
from regift.graph.workspace import Workspace
from regift.queries import ALL
from regift.queries.search import clauses, search
from regift.queries.shown import choose, finding_rows, item_rows
from regift.ranking.cases import resolve
from regift.ranking.explain import Asked
from regift.ranking.explain_finding import explain
from regift.ranking.rank import rank
from regift.refresh.input_limits import read_limits
from regift.refresh.run import truncated_of
from regift.refresh.settings import params_of, read_bounds, read_settings

if TYPE_CHECKING:
    import networkx as nx


class Generation:
    """One generation of a workspace, open for reading; it never changes while it is open."""

    def __init__(self, path: Path, number: int | None = None) -> None:
        self._workspace = Workspace.open(path)
        self._settings = read_settings(self._workspace)
        self._manifest = manifest_of(self._workspace, number)
        self._graph = open_snapshot(self._workspace, self._settings, self._manifest)
        self._graph.bounds = read_bounds(self._workspace)
        self._questions: Snapshot | None = None

    def __enter__(self) -> "Generation":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back memory and files."""
        self._graph.close()
        if self._questions is not None:
            self._questions.close()

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
        What bounds cut is in `attrs["truncated"]`; empty means complete. UsageError for an unknown
        typology or parameter.
        """
        chosen = params_of(self._settings, typology, params)
        prefix, cut = search(self._graph, ALL[typology], chosen, dict(self._manifest.run))
        choose(self._graph.con, prefix=prefix, typology=typology)
        frame = pd.DataFrame(finding_rows(self._graph.con, clauses(ALL), prefix))
        frame.attrs["truncated"] = cut
        return frame

    def item(self, item: str) -> pd.DataFrame:
        """Every hop of an item in its order, with level, gaps and what was undone."""
        return pd.DataFrame(item_rows(self._graph.con, item))

    def sql(self, query: str) -> pd.DataFrame:
        """Rows of one SELECT over the views of the generation.

        As `regift query --sql`: within `[limits] query_time` and `query_memory`, and it reads
        nothing but the generation's own files. RegiftError where a limit ends it.
        """
        if self._questions is None:
            # Apart: questions lock the settings of their connection, with little memory.
            self._questions = open_snapshot(self._workspace, self._settings, self._manifest)
        limits = read_limits(self._workspace)[1]
        answer = ask(self._questions, self._workspace, self._manifest, query, limits)
        frame = answer.to_pandas()
        assert isinstance(frame, pd.DataFrame)
        return frame

    def rank(self, unit: str = "account", top: int | None = None) -> pd.DataFrame:
        """The ranked list of `case`, `account`, `entity` or `operator`, as `regift rank --json`."""
        return pd.DataFrame(rank(self._graph.con, unit, top=top))

    def explain(self, name: str) -> dict[str, Any]:
        """Why a case, an account or a finding is listed: terms that add up, with their records."""
        return explain(self._graph.con, name, Asked(run=self._manifest.run))

    def window(self, since_us: int | None = None, until_us: int | None = None) -> "nx.MultiDiGraph":
        """Records in [since_us, until_us) as a graph: accounts are nodes, records edges."""
        return window_graph(self._graph.con, since_us, until_us)

    def case(self, case: str) -> "nx.MultiDiGraph":
        """The records and accounts of one case (its id or a prefix of it) as a graph."""
        members = self._graph.con.execute(
            "SELECT finding FROM case_members WHERE case_id = ? ORDER BY finding",
            [resolve(self._graph.con, case)],
        ).fetchall()
        return findings_graph(self._graph.con, [finding for (finding,) in members])

    def network(
        self,
        since_us: int | None = None,
        until_us: int | None = None,
        accounts: Iterable[str] | None = None,
    ) -> "nx.MultiDiGraph":
        """Effective money moves in [since_us, until_us) summed by pair and currency.

        accounts: only moves between two of these. Smaller than `window`, for graph algorithms.
        """
        return to_networkx(
            temporal_graph(self._graph), since_us=since_us, until_us=until_us, accounts=accounts
        )

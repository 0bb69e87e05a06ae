"""One search on request: stored findings when the parameters are the run's, else anew."""

from typing import Any

from regift.graph.snapshot import Snapshot
from regift.queries.params import show
from regift.queries.typology import Typology

PREFIX = "searched_"


def search(
    graph: Snapshot, typology: Typology, params: Any, run: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Gives the prefix of the tables that hold the findings, and what was cut from them.

    run: the manifest's record of the run; its cuts come with its findings.
    """
    for ran in run["typologies"]:
        if ran["typology"] == typology.name and run["params"][typology.name] == show(params):
            return "", ran["truncated"]
    found = typology.find(graph, params)
    for table, rows in (
        ("findings", found.findings),
        ("subjects", found.subjects),
        ("evidence", found.evidence),
    ):
        graph.con.register("_found", rows)
        graph.con.execute(f"CREATE OR REPLACE TEMP TABLE {PREFIX}{table} AS SELECT * FROM _found")
        graph.con.unregister("_found")
    return PREFIX, dict(found.truncated)


def clauses(typologies: dict[str, Typology]) -> dict[str, str]:
    """The clause that is shown with each typology: the first that it is evidence for."""
    return {name: typology.clauses[0] for name, typology in typologies.items() if typology.clauses}

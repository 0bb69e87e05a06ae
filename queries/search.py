"""One search on request: stored findings when the parameters are the run's, else anew."""

from typing import Any

from regift.graph.snapshot import Snapshot
from regift.queries.cuts import by_time
from regift.queries.params import show
from regift.queries.typology import Typology

PREFIX = "searched_"


def search(
    graph: Snapshot,
    typology: Typology,
    params: Any,
    run: dict[str, Any],
    *,
    prefix: str = PREFIX,
    more_time: bool = False,
) -> tuple[str, dict[str, Any]]:
    """Gives the prefix of the tables that hold the findings, and what was cut from them.

    run: the manifest's record of the run; its cuts come with its findings, where the bounds that
    decide what is found are the same. more_time: search anew what the run's budget cut.
    """
    same = not typology.bounded or run.get("bounds") == graph.bounds.decisive
    for ran in run["typologies"]:
        if ran["typology"] != typology.name or run["params"][typology.name] != show(params):
            continue
        if same and not (more_time and by_time(ran["truncated"])):
            return "", ran["truncated"]
    found = typology.find(graph, params)
    for table, rows in (
        ("findings", found.findings),
        ("subjects", found.subjects),
        ("evidence", found.evidence),
    ):
        graph.con.register("_found", rows)
        graph.con.execute(f"CREATE OR REPLACE TEMP TABLE {prefix}{table} AS SELECT * FROM _found")
        graph.con.unregister("_found")
    return prefix, dict(found.truncated)


def clauses(typologies: dict[str, Typology]) -> dict[str, str]:
    """The clause that is shown with each typology: the first that it is evidence for."""
    return {name: typology.clauses[0] for name, typology in typologies.items() if typology.clauses}

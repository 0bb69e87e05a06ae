"""networkx graphs of a window or of some accounts, for notebooks and exports."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regift.graph.temporal import TemporalGraph

if TYPE_CHECKING:
    import networkx as nx


def to_networkx(
    graph: TemporalGraph,
    *,
    since_us: int | None = None,
    until_us: int | None = None,
    accounts: Iterable[str] | None = None,
    records: bool = False,
) -> "nx.MultiDiGraph":
    """Money moves in [since_us, until_us) as one edge for each (source, target, currency).

    accounts: only moves between two of these (a case). Nodes are account ids; an edge has the key
    currency and the attributes `count`, `amount_minor` (sum), `currency`, `first_us`, `last_us`
    and, if asked for, `records` (ids in total order). Cost: one pass over the moves; a Python
    object for each edge of the result.

    >>> from regift.graph.snapshot import snapshot_from_rows
    >>> from regift.graph.temporal import temporal_graph
    >>> move = {"at_us": 1, "source": "a", "target": "b", "amount_minor": 100, "currency": "CNY",
    ...         "kind": "payment"}
    >>> rows = [move | {"record_id": "t1"}, move | {"record_id": "t2"}]
    >>> with snapshot_from_rows({"transfers": rows}) as snapshot:
    ...     network = to_networkx(temporal_graph(snapshot), records=True)
    >>> network.edges["a", "b", "CNY"]["amount_minor"], network.edges["a", "b", "CNY"]["records"]
    (200, ['t1', 't2'])
    """
    import networkx as nx

    chosen = np.ones(len(graph), np.bool_)
    if since_us is not None:
        chosen &= graph.at_us >= since_us
    if until_us is not None:
        chosen &= graph.at_us < until_us
    if accounts is not None:
        wanted = pa.array(list(accounts), pa.large_string())
        inside = np.asarray(pc.is_in(graph.accounts, value_set=wanted))
        chosen &= inside[graph.source] & inside[graph.target]
    edges = np.flatnonzero(chosen)
    columns = {
        "source": graph.accounts.take(pa.array(graph.source[edges])),
        "target": graph.accounts.take(pa.array(graph.target[edges])),
        "currency": pa.array(graph.currencies, pa.large_string()).take(
            pa.array(graph.currency[edges])
        ),
        "at_us": graph.at_us[edges],
        "amount_minor": graph.amount_minor[edges],
    }
    asked = [("amount_minor", "count"), ("amount_minor", "sum"), ("at_us", "min"), ("at_us", "max")]
    if records:
        columns["record"] = graph.records_of(edges)
        asked.append(("record", "list"))
    keys = ["source", "target", "currency"]
    summed = pa.table(columns).group_by(keys, use_threads=False).aggregate(asked)
    network = nx.MultiDiGraph()
    for row in summed.sort_by([(key, "ascending") for key in keys]).to_pylist():
        attributes = {
            "count": row["amount_minor_count"],
            "amount_minor": row["amount_minor_sum"],
            "currency": row["currency"],
            "first_us": row["at_us_min"],
            "last_us": row["at_us_max"],
        }
        if records:
            attributes["records"] = row["record_list"]
        network.add_edge(row["source"], row["target"], key=row["currency"], **attributes)
    return network

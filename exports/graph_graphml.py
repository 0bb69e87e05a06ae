"""GraphML for Gephi, yEd, igraph and networkx: a case or a window as a graph.

Nodes, edges, keys and attributes are those of the graph (exports/graphs.py makes them), with types.
What the graph is about stands in the graph's own attributes `regift_*`.

    absent values  have no `data` element
    lists, maps    JSON text
    large numbers  text, when they do not fit 64 bits
    characters     XML cannot hold some (NUL, most controls, a bare CR): they become \\xNN or
                   \\uNNNN; a backslash is doubled, so two accounts never become one
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import networkx as nx

from regift.exports.target import published

UNHOLDABLE = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]|\\\\")
INT64 = 2**63


def write(
    graph: "nx.MultiDiGraph | nx.DiGraph", target: Path | BinaryIO, about: Mapping[str, str]
) -> None:
    """Write the graph; nodes, edges and their attributes in the graph's own order.

    Cost: linear; the whole document is in memory, about 1 KB an edge: meant for cases and windows.
    """
    out = graph.__class__()
    out.graph.update({f"regift_{key}": holdable(value) for key, value in about.items()})
    out.add_nodes_from((holdable(node), _data(data)) for node, data in graph.nodes(data=True))
    if graph.is_multigraph():
        out.add_edges_from(
            (holdable(source), holdable(end), holdable(str(key)), _data(data))
            for source, end, key, data in graph.edges(keys=True, data=True)
        )
    else:
        out.add_edges_from(
            (holdable(source), holdable(end), _data(data))
            for source, end, data in graph.edges(data=True)
        )
    with published(target) as file:
        nx.write_graphml_xml(out, file, infer_numeric_types=False)


def holdable(text: str) -> str:
    r"""The text with what XML cannot hold written out.

    >>> holdable("a\x00b\\c")
    'a\\x00b\\\\c'
    """
    return UNHOLDABLE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\\":
        return "\\\\"
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as GraphML holds them; a key's type is the same wherever it has a value."""
    return {key: _value(value) for key, value in data.items() if value is not None}


def _value(value: Any) -> str | int | float | bool:
    if isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if -INT64 <= value < INT64 else str(value)
    if isinstance(value, str):
        return holdable(value)
    return holdable(json.dumps(value, ensure_ascii=False, default=str))

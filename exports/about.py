"""What an export is about: its filter, what was cut, and what it was made from.

A list leaves the house without the command that made it, so it says in itself what it leaves out.
Four things stand on every row, because rows are copied, sorted and filed apart from their file:

    filter      what was asked for, as typed; `everything` when nothing was left out
    truncated   what a resource bound cut, as JSON; `nothing` when the search was complete
    generation  the state of the workspace it was read from
    audit_head  head of the audit log as to decisions and runs when this list of this generation
                was first made: `regift audit verify --against FILE` finds it there, or the log was
                cut or written anew

All of it stands in the metadata of Parquet and GraphML and on the sheet `about` of a workbook.
A row's own `complete` says whether a bound touched that row.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from regift import __version__

if TYPE_CHECKING:
    import pyarrow as pa

ON_ROWS = ("filter", "truncated", "generation", "audit_head")


def about(
    list_name: str,
    *,
    filter_text: str = "",
    truncated: Mapping[str, object] | None = None,
    generation: str,
    as_of: str,
    audit_head: str = "",
    made_from: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What every format writes beside the data, in a fixed order.

    made_from: digests of records, judgements, policy, parameters and code, by name.

    >>> about("suspects", generation="7", as_of="2026-01-01T00:00:00Z")["truncated"]
    'nothing'
    """
    return {
        "list": list_name,
        "filter": filter_text or "everything",
        "truncated": (
            json.dumps(truncated, ensure_ascii=False, sort_keys=True) if truncated else "nothing"
        ),
        "generation": generation,
        "audit_head": audit_head,
        "as_of": as_of,
        "made_from": json.dumps(made_from or {}, ensure_ascii=False, sort_keys=True),
        "made_by": f"regift {__version__}",
    }


def on_every_row(table: "pa.Table", about: Mapping[str, str]) -> "pa.Table":
    """The table with the columns `ON_ROWS` at its end; a column of that name is a KeyError."""
    import pyarrow as pa

    for name in ON_ROWS:
        if name in table.column_names:
            raise KeyError(f"the table has a column {name} of its own")
        table = table.append_column(name, pa.repeat(pa.scalar(about[name]), table.num_rows))
    return table

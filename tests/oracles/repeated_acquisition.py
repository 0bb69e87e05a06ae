"""repeated_acquisition, root by root (D-18)."""

from typing import Any

from oracles.moves import Records, Root, Shape, episodes
from oracles.patterns import within
from oracles.records import Row


def repeated_acquisition(records: Records, params: Any) -> set[Shape]:
    acquired: dict[tuple[str, str], list[Row]] = {}
    for hop in records.moves:
        acquired.setdefault((hop.row["item"], records.of(hop.row["target"])), []).append(hop.row)
    found = set()
    for (item, _), rows in acquired.items():
        roots = []
        for e in rows:
            seen = [row for row in rows if within(row, e, params.window_us)]
            if len(seen) >= max(2, params.min_times):
                accounts = [(row["target"], "receiver") for row in seen]
                accounts += [(row["source"], "giver") for row in seen]
                shown = [("gifts", row, "acquisition") for row in seen]
                roots.append(Root(e, len(seen), accounts, shown))
        found |= episodes((item,), roots, params.window_us, 1)
    return found

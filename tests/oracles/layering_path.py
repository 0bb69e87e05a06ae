"""layering_path by listing chains (D-8)."""

from typing import Any

from oracles.patterns import Pattern, Root, currencies, described, later
from oracles.records import Row, Rows, place
from regift.graph.snapshot import Settings

Chain = list[Row]


def follows(f: Row, e: Row, params: Any) -> bool:
    amounts = f["amount_minor"], e["amount_minor"]
    return (
        f["source"] == e["target"]
        and f["target"] != e["source"]
        and later(f, e, params)
        and f["at_us"] - e["at_us"] <= params.gap_us
        and 10_000 * min(amounts) >= params.keep_bp * max(amounts)
    )


def chains_from(e: Row, rows: list[Row], params: Any) -> list[Chain]:
    """Every chain that starts with e and cannot go on."""
    on = [f for f in rows if follows(f, e, params)]
    return [[e, *chain] for f in on for chain in chains_from(f, rows, params)] or [[e]]


def all_chains(rows: list[Row], params: Any) -> list[Chain]:
    """Every chain of a set, whole or not, each once."""
    found: dict[tuple[str, ...], Chain] = {}
    for e in rows:
        for whole in chains_from(e, rows, params):
            for size in range(1, len(whole) + 1):
                found[tuple(row["record_id"] for row in whole[:size])] = whole[:size]
    return list(found.values())


def names(chain: Chain) -> list[str]:
    return [chain[0]["source"], *(row["target"] for row in chain)]


def simple(chain: Chain) -> bool:
    return len(set(names(chain))) == len(chain) + 1


def earliest(chains: list[Chain]) -> Chain | None:
    return min(chains, key=lambda chain: [place(row) for row in chain], default=None)


def witness(rows: list[Row], params: Any) -> Chain | None:
    """The chain that is shown of a connected set, if there is one."""
    chains = all_chains(rows, params)
    most = max(len(chain) for chain in chains)
    longest = earliest([chain for chain in chains if len(chain) == most])
    assert longest is not None
    runs = [longest[a:b] for a in range(most) for b in range(a + 1, most + 1)]
    runs = [run for run in runs if simple(run)]
    size = max(len(run) for run in runs)
    if size >= params.min_hops:
        return earliest([run for run in runs if len(run) == size])
    exact = [c for c in chains if len(c) == params.min_hops and simple(c)]
    return earliest(exact)


def connected(rows: list[Row], params: Any) -> list[list[Row]]:
    """Sets of records, joined where one follows another."""
    sets = {row["record_id"]: [row] for row in rows}
    for e in rows:
        for f in rows:
            one, other = sets[e["record_id"]], sets[f["record_id"]]
            if follows(f, e, params) and one is not other:
                one.extend(other)
                for row in other:
                    sets[row["record_id"]] = one
    return [sorted(each, key=place) for each in {id(each): each for each in sets.values()}.values()]


def layering_path(rows: Rows, settings: Settings, params: Any) -> set[Pattern]:
    found = set()
    for _, moves in currencies(rows, settings, params):
        chains = all_chains(moves, params)
        ending = {row["record_id"]: 0 for row in moves}
        starting = dict(ending)
        for chain in chains:
            first, last = chain[0]["record_id"], chain[-1]["record_id"]
            ending[last] = max(ending[last], len(chain))
            starting[first] = max(starting[first], len(chain))
        taking = [
            row
            for row in moves
            if ending[row["record_id"]] + starting[row["record_id"]] - 1 >= params.min_hops
        ]
        for group in connected(taking, params):
            shown = witness(group, params)
            if shown is None:
                continue
            amount = min(row["amount_minor"] for row in shown)
            middle = [(name, "relay") for name in names(shown)[1:-1]]
            ends = (names(shown)[0], "source"), (names(shown)[-1], "sink")
            root = Root(group[0], amount, [ends[0], *middle, ends[1]], [(r, "hop") for r in shown])
            anchor = (group[0]["record_id"],)
            found.add(
                described(anchor, root, amount=amount, length=len(shown), instances=len(group))
            )
    return found

"""back_and_forth, pair of sides by pair of sides (D-18)."""

from itertools import pairwise
from typing import Any

from oracles.moves import Records, Shape, described, ends, split
from oracles.records import Row


def sides(records: Records, linked: bool) -> dict[str, frozenset[str]]:
    """account -> the accounts of its side, of those that are named at all."""
    of = records.who.of
    entity = {a: frozenset(b for b in of if of[b] == of[a]) for a in of}
    if not linked:
        return entity
    joined = {account: frozenset((account,)) for account in of}
    for a, b in records.who.grade:
        union = joined[a] | joined[b]
        joined.update(dict.fromkeys(union, union))
    most = records.settings.entity_max
    return {a: joined[a] if len(joined[a]) <= most else entity[a] for a in of}


def turns(rows: list[Row], side: dict[str, frozenset[str]]) -> int:
    """How often the direction is not that of the row before."""
    return sum(side[a["source"]] != side[b["source"]] for a, b in pairwise(rows))


def back_and_forth(records: Records, params: Any) -> set[Shape]:
    side = sides(records, params.linked)
    pairs: dict[frozenset[frozenset[str]], list[Row]] = {}
    for hop in records.moves:
        pair = frozenset((side[hop.row["source"]], side[hop.row["target"]]))
        if len(pair) == 2:
            pairs.setdefault(pair, []).append(hop.row)
    found = set()
    for rows in pairs.values():
        for episode in split(rows, params.window_us):
            items = {row["item"] for row in episode}
            by_item = any(
                turns([row for row in episode if row["item"] == item], side) for item in items
            )
            first = side[episode[0]["source"]]
            there = sum(side[row["source"]] == first for row in episode)
            fewer, more = sorted((there, len(episode) - there))
            alternations = turns(episode, side)
            by_pair = (
                alternations >= max(1, params.min_alternations)
                and 10_000 * fewer >= params.balance_bp * more
            )
            if not (by_item or by_pair):
                continue
            start = episode[0]
            shown = [
                ("gifts", row, "there" if side[row["source"]] == first else "back")
                for row in episode
            ]
            anchor = (*sorted((start["source"], start["target"])), start["record_id"])
            said = "item" if by_item else "pair"
            found.add(described(anchor, ends(episode, "member"), shown, 2, alternations, said))
    return found

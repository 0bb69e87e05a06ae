"""shared_controller: entities several accounts of which take part (D-18)."""

from collections import defaultdict
from itertools import combinations
from typing import Any

from oracles.common_ends import moved
from oracles.moves import Records, Shape
from oracles.records import Row


def counting(records: Records, pair: tuple[str, str]) -> set[str]:
    """Identifier kinds that count in the link of a pair."""
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in records.rows.get("identifiers", []):
        users[row["kind"], row["value"]].add(row["account"])
    return {
        kind
        for (kind, _), accounts in users.items()
        if accounts.issuperset(pair)
        and (
            kind == "legal_subject"
            or len(accounts) <= records.settings.identifier_caps.get(kind, 0)
        )
    }


def shared_controller(records: Records, params: Any) -> set[Shape]:
    rows: list[Row] = [*records.rows.get("gifts", []), *moved(records, "topup", "payout")]
    whole = defaultdict(list)
    for account, entity in records.who.of.items():
        whole[entity].append(account)
    found = set()
    for entity, members in whole.items():
        acts = [row for row in rows if row["source"] in members or row["target"] in members]
        acting = {row[end] for row in acts for end in ("source", "target")} & set(members)
        if len(members) < 2 or not acts or len(acting) < params.min_accounts:
            continue
        shared, judged = set(), set()
        for pair in combinations(sorted(members), 2):
            if records.who.grade.get(pair) != "controller":
                continue
            kinds = counting(records, pair)
            shared |= {f"{account} {kind}" for account in pair for kind in kinds}
            one = records.settings.legal_subject == "controller" and "legal_subject" in kinds
            if len(kinds - {"legal_subject"}) < 2 and not one:
                judged |= {f"{account} same" for account in pair}
        found.add(
            Shape(
                (entity,),
                tuple((account, "member") for account in sorted(members)),
                (
                    *(("identifiers", text, "shared") for text in sorted(shared)),
                    *(("judgements", text, "judged") for text in sorted(judged)),
                ),
                len(members),
                1,
                min(row["at_us"] for row in acts),
                max(row["at_us"] for row in acts),
                (),
            )
        )
    return found

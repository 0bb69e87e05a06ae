"""D-3: links between accounts, and the entities that controller links make."""

from dataclasses import dataclass
from itertools import combinations

from oracles.records import Judgements, Rows, account_kinds
from regift.graph.snapshot import Settings


@dataclass(frozen=True)
class Entities:
    """grade: pair (a < b) -> controller | associated; of: account -> smallest of its entity."""

    grade: dict[tuple[str, str], str]
    of: dict[str, str]

    def same(self, a: str, b: str) -> bool:
        return self.of[a] == self.of[b]

    def associated(self, a: str, b: str) -> bool:
        """Linked by a link that does not make them one entity."""
        return not self.same(a, b) and (min(a, b), max(a, b)) in self.grade


def entities(rows: Rows, judgements: Judgements, settings: Settings) -> Entities:
    accounts = sorted(account_kinds(rows, judgements))
    verdict = {(min(a, b), max(a, b)): said for a, b, said in judgements if a != b}
    users: dict[tuple[str, str], set[str]] = {}
    for row in rows.get("identifiers", []):
        users.setdefault((row["kind"], row["value"]), set()).add(row["account"])

    one_subject = settings.legal_subject == "controller"
    grade: dict[tuple[str, str], str] = {}
    strength: dict[tuple[str, str], tuple[int, int, int, int, tuple[str, str]]] = {}
    for pair in combinations(accounts, 2):
        if verdict.get(pair) == "different":
            continue
        shared = [key for key, by in users.items() if by.issuperset(pair)]
        legal = any(kind == "legal_subject" for kind, _ in shared)
        below = [
            (kind, value)
            for kind, value in shared
            if len(users[kind, value]) <= settings.identifier_caps.get(kind, 0)
        ]
        kinds = {kind for kind, _ in below}
        if verdict.get(pair) == "same" or (legal and one_subject) or len(kinds) >= 2:
            grade[pair] = "controller"
        elif kinds or legal:
            grade[pair] = "associated"
        counted = [key for key in shared if key in below or key[0] == "legal_subject"]
        rarest: dict[str, int] = {}
        for kind, value in counted:
            rarest[kind] = min(rarest.get(kind, len(accounts)), len(users[kind, value]))
        sharers = max(rarest.values(), default=0)
        same = verdict.get(pair) == "same"
        strength[pair] = (-same, -legal, -len(kinds), sharers, pair)

    group = {account: {account} for account in accounts}
    for pair in sorted(grade, key=lambda pair: strength[pair]):
        a, b = pair
        if grade[pair] != "controller" or group[a] is group[b]:
            continue
        union = group[a] | group[b]
        apart = any(verdict.get(two) == "different" for two in combinations(sorted(union), 2))
        if not apart and len(union) <= settings.entity_max:
            group.update(dict.fromkeys(union, union))
    return Entities(grade, {account: min(group[account]) for account in accounts})

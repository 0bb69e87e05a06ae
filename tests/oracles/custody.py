"""D-2: the custody ledger of every item, hop by hop; ties by trying every order."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, permutations

from oracles.entities import Entities, entities
from oracles.records import Judgements, Row, Rows, account_kinds, place
from regift.graph.snapshot import Settings


@dataclass
class Hop:
    """One row of the ledger."""

    row: Row
    issuer: str | None
    issuer_how: str | None
    channel: str
    rule: str = ""
    level: int = 0
    lower_bound: bool = False
    gap: str | None = None
    undone: str | None = None
    partner: str | None = None
    linked: bool = False
    reissued: bool = False
    cycle_from: int | None = None
    ord: int = 0
    before: tuple[str | None, int, bool, bool] = (None, 0, False, False)


Ledger = dict[str, list[Hop]]


def custody(rows: Rows, judgements: Judgements, settings: Settings) -> Ledger:
    """item -> its hops in order."""
    who = entities(rows, judgements, settings)
    kinds = account_kinds(rows, judgements)
    issuers = {row["item"]: row.get("issuer") for row in rows.get("items", [])}
    gifts = sorted(rows.get("gifts", []), key=lambda row: row["item"])
    return {
        item: Walk(list(of_item), issuers.get(item), who, kinds, settings).hops
        for item, of_item in groupby(gifts, key=lambda row: row["item"])
    }


def hops(ledger: Ledger) -> Iterator[Hop]:
    for of_item in ledger.values():
        yield from of_item


class Walk:
    """The walk along one item: holder, level, lower-bound flag and the stack of live hops."""

    def __init__(
        self,
        gifts: list[Row],
        issuer: str | None,
        who: Entities,
        kinds: dict[str, str | None],
        settings: Settings,
    ) -> None:
        self.who, self.settings = who, settings
        self.holder: str | None = None
        self.level, self.flag = 0, False
        self.burnt = self.issued = False
        self.stack: list[Hop] = []
        self.hops: list[Hop] = []
        gifts = sorted(gifts, key=place)
        self.groups = [list(g) for _, g in groupby(gifts, key=lambda row: place(row)[:2])]
        self.kinds = kinds
        if issuer is not None:
            self.walk(issuer, "item")
        else:
            self.walk(None, None)
            self.walk(*self.guess_issuer())
        self.close_cycles()

    def walk(self, issuer: str | None, issuer_how: str | None) -> None:
        """All hops from the start, with an issuer or without."""
        self.holder, self.level, self.flag = None, 0, False
        self.burnt = self.issued = False
        self.stack, self.hops = [], []
        for group in self.groups:
            for row in self.unbroken(group):
                channel = row.get("channel") or self.kinds[row["source"]]
                channel = "unknown" if channel in (None, "platform") else channel
                hop = Hop(row, issuer, issuer_how, channel, ord=len(self.hops))
                hop.linked = self.who.associated(row["source"], row["target"])
                self.step(hop)
                self.hops.append(hop)

    def guess_issuer(self) -> tuple[str | None, str | None]:
        """From the order of a walk that knows no issuer."""
        for hop in self.hops:
            if hop.row["kind"] == "issue":
                return hop.row["source"], "issue"
        first = self.hops[0].row
        presumable = ("official_account", "merchant", None)
        if first["kind"] == "sale" and self.kinds[first["source"]] in presumable:
            return first["source"], "presumed"
        return None, None

    def unbroken(self, group: list[Row]) -> list[Row]:
        """The smallest order by record_id in which every source holds, else by record_id."""
        of = self.who.of
        for order in permutations(group):
            holder = None if self.holder is None else of[self.holder]
            for row in order:
                if holder is not None and of[row["source"]] != holder:
                    break
                holder = of[row["target"]]
            else:
                return list(order)
        return group

    def step(self, hop: Hop) -> None:
        """One hop: the first rule that fits."""
        kind = hop.row["kind"]
        hop.before = (self.holder, self.level, self.flag, self.burnt)
        if kind == "issue":
            self.issue(hop)
        elif kind == "burn":
            self.gap(hop)
            hop.rule, self.holder = "burn", None
            self.burnt, self.issued, self.stack = True, False, []
        elif self.by_issuer(hop):
            hop.rule, self.level, self.flag = "issuer", 0, False
            hop.reissued = self.came_back(hop)
            self.push(hop)
        elif self.stack and self.returns(hop, self.stack[-1]):
            top = self.stack.pop()
            hop.rule, hop.undone, hop.partner = "return", kind, top.row["record_id"]
            top.undone, top.partner = kind, hop.row["record_id"]
            self.holder, self.level, self.flag, self.burnt = top.before
            if hop.before[0] and not self.who.same(hop.before[0], hop.row["source"]):
                hop.gap, self.flag = "not_holder", True
        else:
            self.gap(hop)
            self.burnt = False
            internal = self.who.same(hop.row["source"], hop.row["target"])
            hop.rule = "internal" if internal else "hop"
            self.level += not internal
            self.push(hop)
        hop.level = self.level
        hop.lower_bound = self.flag or (hop.issuer is None)

    def issue(self, hop: Hop) -> None:
        """Rule 1."""
        hop.rule, hop.gap = "issue", "double_issue" if self.issued else None
        self.level, self.flag, self.stack = 0, self.issued, []
        self.issued, self.burnt = True, False
        self.push(hop)

    def gap(self, hop: Hop) -> None:
        """Rules 3 to 5: s is not the holder."""
        if self.burnt:
            hop.gap = "after_burn"
        elif self.holder is not None and not self.who.same(self.holder, hop.row["source"]):
            hop.gap = "not_holder"
        self.flag = self.flag or hop.gap is not None

    def by_issuer(self, hop: Hop) -> bool:
        """Rule 2."""
        if hop.issuer is None or self.burnt or not self.who.same(hop.row["source"], hop.issuer):
            return False
        return self.holder is None or self.who.same(self.holder, hop.issuer)

    def came_back(self, hop: Hop) -> bool:
        """Whether the issuer holds because somebody else gave the item to it."""
        top = self.stack[-1] if self.stack else None
        return top is not None and top.rule == "hop"

    def push(self, hop: Hop) -> None:
        self.stack.append(hop)
        self.holder = hop.row["target"]

    def returns(self, hop: Hop, top: Hop) -> bool:
        """D-2 rule 3."""
        row, last = hop.row, top.row
        reverses = (row["source"], row["target"]) == (last["target"], last["source"])
        if row["kind"] == "return":
            return reverses or row.get("refers_to") == last["record_id"]
        window = self.settings.return_window_us
        return (
            row["kind"] == "gift"
            and reverses
            and window > 0
            and row["at_us"] - last["at_us"] <= window
        )

    def close_cycles(self) -> None:
        """The last place where the target's entity held, with another entity in between.

        Sources and targets held, but for the target of a burn: nobody holds after it.
        """
        of = self.who.of
        live = [hop for hop in self.hops if hop.undone != "return"]
        for j, hop in enumerate(live):
            target = of[hop.row["target"]]
            if of[hop.row["source"]] == target or hop.rule == "burn":
                continue
            for i in range(j - 1, -1, -1):
                if of[live[i].row["target"]] == target and live[i].rule != "burn":
                    hop.cycle_from = live[i + 1].ord
                    break
                if of[live[i].row["source"]] == target:
                    hop.cycle_from = live[i].ord
                    break

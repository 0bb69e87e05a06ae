"""Hypothesis strategies: small worlds that hold a pattern of D-18, or nearly one, and noise.

Whole hours, so that ties are frequent. Some accounts are one entity or linked, some are merchants,
some hops are returned, some payments refunded; names sort unlike their order of use.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from build import EPOCH_US
from flows import HOUR_US
from hypothesis import strategies as st
from pattern_worlds import names
from strategies import World

from regift.graph.snapshot import Settings

LEFT_OUT = ("merchant", "platform")
KINDS = ("gift",) * 10 + ("sale",) * 3
LAST_HOUR = 40


@dataclass
class Story:
    """Records in the making, drawn as they come."""

    draw: st.DrawFn
    accounts: list[str]
    gifts: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    linked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    """Pairs that share one identifier of each of these kinds, and no more."""

    def any(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def moment(self, hour: int) -> dict[str, Any]:
        at_us = EPOCH_US + max(0, min(hour, LAST_HOUR)) * HOUR_US
        return {"at_us": at_us, "seq": self.any(None, None, None, None, 0, 1)}

    def gives(self, source: str, target: str, item: str, hour: int, **more: Any) -> None:
        """A hop, now and then followed by a return or preceded by an issue to its source."""
        row = {"source": source, "target": target, "item": item, "kind": self.any(*KINDS)}
        self.gifts.append(row | self.moment(hour) | more)
        if self.any(*[False] * 15, True):
            back = {"source": target, "target": source, "kind": self.any("return", "gift")}
            self.gifts.append(row | back | self.moment(hour + self.any(0, 0, 1)))

    def pays(self, source: str, target: str, amount: int, hour: int, **more: Any) -> None:
        """A payment, now and then refunded."""
        row = {"source": source, "target": target, "amount_minor": amount, "currency": "CNY"}
        row["kind"] = self.any(*["payment"] * 6, "red_packet")
        self.transfers.append(row | self.moment(hour) | more)
        if self.any(*[False] * 19, True):
            back = {"source": target, "target": source, "kind": "refund"}
            self.transfers.append(row | back | self.moment(hour + 1))

    def noise(self, items: list[str], most: int) -> None:
        """Any hops of any kind."""
        for _ in range(self.draw(st.integers(0, most))):
            source, target = (self.any(*self.accounts) for _ in range(2))
            kind = self.any("gift", "gift", "sale", "return", "burn", "issue")
            hour = self.draw(st.integers(0, 12))
            self.gives(source, target, self.any(*items), hour, kind=kind)

    def world(self, items: list[dict[str, Any]], entity_max: int = 30) -> World:
        """The records under ids in any order."""
        for letter, rows in (("g", self.gifts), ("t", self.transfers)):
            numbers = self.draw(st.permutations(range(len(rows))))
            for row, number in zip(rows, numbers, strict=True):
                row["record_id"] = f"{letter}{number:02}"
        kinds = [{"account": a, "kind": self.any(*[None] * 7, *LEFT_OUT)} for a in self.accounts]
        shared: set[tuple[str, str, str]] = set()
        for _ in range(self.any(0, 0, 1, 1, 2)):
            pair = [self.any(*self.accounts) for _ in range(2)]
            value = self.any("1", "2")
            for kind in self.any(("phone",), ("phone", "device"), ("legal_subject",), ("device",)):
                shared |= {(account, kind, value) for account in pair}
        for number, (a, b, kinds_shared) in enumerate(self.linked):
            shared |= {(x, kind, f"of {number}") for x in (a, b) for kind in kinds_shared}
        rows = {
            "gifts": self.gifts,
            "transfers": self.transfers,
            "accounts": [row for row in kinds if row["kind"]],
            "items": items,
            "identifiers": [
                dict(zip(("account", "kind", "value"), one, strict=True)) for one in sorted(shared)
            ],
        }
        judged: list[tuple[str, str, str]] = []
        if self.any(*[False] * 9, True):
            a, b = self.draw(st.permutations(self.accounts))[:2]
            judged.append((a, b, self.any("same", "different")))
        settings = Settings(
            return_window_us=self.any(24, 24, 0, 2) * HOUR_US,
            refund_window_us=3 * HOUR_US,
            entity_max=self.any(entity_max, entity_max, entity_max, 2, 3),
        )
        return World(rows, tuple(judged), settings)


def described(story: Story, items: list[str]) -> list[dict[str, Any]]:
    """Rows of `items`: some have an issuer, some a collection."""
    rows = []
    for item in items:
        collection = story.any(None, "c", "c")
        issuer = story.any(None, None, story.accounts[0], story.accounts[-1])
        rows.append({"item": item, "issuer": issuer, "collection": collection})
    return rows


@st.composite
def shuttles(draw: st.DrawFn) -> World:
    """Few items that pass to and fro between two, each of them one account or several.

    Exchanged: those that go one way are not those that go the other.
    """
    story = Story(draw, names(draw, 2, 6))
    items = ["x", "y", "z"][: story.any(1, 1, 2, 3)]
    ways = story.accounts[::2], story.accounts[1::2]
    exchanged = story.any(False, False, True)
    hour, here = 0, False
    for _ in range(draw(st.integers(2, 9))):
        ends = story.any(*ways[here]), story.any(*ways[not here])
        if story.any(*[False] * 8, True):
            ends = story.any(*story.accounts), story.any(*story.accounts)
        price = story.any({}, {}, {"price_minor": 1000, "currency": "CNY"})
        item = f"{'v' if here else 'w'}{story.any(1, 2)}" if exchanged else story.any(*items)
        story.gives(*ends, item, hour, **price)
        here ^= story.any(True, True, False)
        hour += story.any(0, 0, 1, 1, 2, 5)
    story.noise(items, 2)
    if story.any(True, False):
        for side in ways:
            story.linked += [(a, b, ("device",)) for a, b in pairwise(side)]
    return story.world(described(story, items), story.any(30, 2))


PRICES = (1000, 1000, 1000, 1000, 1099, 900, 1300, 1200, 0, None)


@st.composite
def rounds(draw: st.DrawFn) -> World:
    """Items of few classes that go round, at about one price; some leave and do not come back."""
    story = Story(draw, names(draw, 3, 5))
    items = ["x", "y", "z"][: draw(st.integers(1, 3))]
    for item in items:
        ways = story.accounts[: story.any(2, 2, 3)]
        if story.any(True, False):
            ways = draw(st.permutations(ways))
        if story.any(*[False] * 9, True):
            ways = [*ways, story.any(*story.accounts)]
        hour = draw(st.integers(0, 2))
        price = story.any(*PRICES)
        for place in range(len(ways) * story.any(1, 1, 2) - story.any(*[0] * 7, 1)):
            price = story.any(*[price] * 40, *PRICES)
            more = {"price_minor": price, "currency": None if price is None else "CNY"}
            if price and story.any(*[False] * 29, True):
                more["currency"] = "USD"
            ends = ways[place % len(ways)], ways[(place + 1) % len(ways)]
            story.gives(*ends, item, hour, **more)
            hour += story.any(0, 0, 0, 1, 1)
    for item in ["o1", "o2"][: story.any(0, 0, 1, 2)]:
        story.gives(story.any(*story.accounts), "out", item, draw(st.integers(0, 3)))
        items.append(item)
    rows = described(story, items)
    for row in rows:
        row["collection"] = story.any(None, "c", "c", "c", "d")
    return story.world(rows)


@st.composite
def relayed(draw: st.DrawFn) -> World:
    """Items that are passed on quickly, from one account to the next; some are kept."""
    story = Story(draw, names(draw, 4, 7))
    items = ["x", "y", "z"][: draw(st.integers(1, 3))]
    for item in items:
        ways = draw(st.permutations(story.accounts))
        if story.any(True, False):
            ways = story.accounts
        hour = draw(st.integers(0, 6))
        for place in range(draw(st.integers(2, 7))):
            ends = [ways[place % len(ways)], ways[(place + 1) % len(ways)]]
            if story.any(*[False] * 19, True):
                ends[1] = story.any(*story.accounts)
            story.gives(*ends, item, hour, kind=story.any(*["gift"] * 14, "sale"))
            hour += story.any(0, 0, 1, 1, 1, 2, 3)
    for number in range(draw(st.integers(0, 2))):
        giver, relay, buyer = (story.any(*story.accounts) for _ in range(3))
        hour = draw(st.integers(0, 8))
        story.gives(giver, relay, f"s{number}", hour, kind="gift")
        if story.any(True, False):
            story.gives(relay, buyer, f"s{number}", hour + story.any(0, 1, 1, 2), kind="sale")
    story.noise([*items, "kept"], 1)
    rows = described(story, items)
    for row in rows:
        row["issuer"] = story.any(None, None, None, row["issuer"])
    return story.world(rows)


@st.composite
def brokered(draw: st.DrawFn) -> World:
    """Many give to one or two, who give on, and all is paid for."""
    story = Story(draw, names(draw, 6, 8))
    brokers = story.accounts[: story.any(1, 1, 2)]
    others = story.accounts[len(brokers) :]
    if story.any(True, False):
        pairs = [*pairwise(brokers), others[:2], others[-2:]]
        story.linked += [(a, b, ("phone", "device")) for a, b in pairs]
    items = [f"x{i}" for i in range(draw(st.integers(2, 5)))]
    for item in items:
        giver, receiver = story.any(*others[:3]), story.any(*others[-3:])
        m, hour = story.any(*brokers), draw(st.integers(0, 8))
        late = story.any(1, 1, 1, 0, 2, 4)
        by = story.any(m, m, m, *brokers)
        for source, target, at in ((giver, m, hour), (by, receiver, hour + late)):
            story.gives(source, target, item, at, kind=story.any(*["gift"] * 24, "sale"))
            if story.any(*[True] * 24, False):
                story.pays(target, source, story.any(1000, 2000, 1500), at + story.any(0, 1))
    story.noise(items, 1)
    rows = described(story, items)
    for row in rows:
        row["issuer"] = story.any(None, None, None, row["issuer"])
    return story.world(rows)


@st.composite
def prepaid(draw: st.DrawFn) -> World:
    """Many pay one and are paid, or given something, once others have paid."""
    story = Story(draw, names(draw, 4, 8))
    x, *payers = story.accounts
    for payer in payers:
        hour = draw(st.integers(0, 4))
        currency = story.any(*["CNY"] * 14, "USD")
        for _ in range(story.any(1, 1, 1, 2)):
            story.pays(payer, x, story.any(100, 200), hour, currency=currency)
            hour += story.any(0, 1, 2)
        how = story.any("pay", "pay", "give", "both", "nothing")
        late = hour + story.any(0, 1, 1, 2, 3)
        if how in ("pay", "both"):
            story.pays(x, payer, 300, late, currency=currency)
        if how in ("give", "both"):
            kind = story.any("gift", "issue", "issue", "sale", "burn", "return")
            item = story.any("x", "y", f"of {payer}")
            story.gives(x, payer, item, late + story.any(0, 0, 1), kind=kind)
    for _ in range(draw(st.integers(0, 2))):
        story.pays(story.any(*story.accounts), story.any(*story.accounts), 100, story.any(1, 3, 5))
    return story.world([])


@st.composite
def evasive(draw: st.DrawFn) -> World:
    """Items given on, brought back to their issuer or burnt, and issued again."""
    story = Story(draw, names(draw, 3, 6))
    issuer, *others = story.accounts
    items = ["x", "y"][: draw(st.integers(1, 2))]
    for item in items:
        hour, holder = 0, others[0]
        story.gives(issuer, holder, item, hour, kind=story.any("issue", "issue", "sale", "gift"))
        for _ in range(draw(st.integers(1, 3))):
            for _ in range(story.any(1, 1, 0, 2)):
                hour += story.any(0, 1, 1)
                target = story.any(*others)
                story.gives(holder, target, item, hour)
                holder = target
            hour += story.any(0, 1, 1, 30)
            kind = story.any("gift", "gift", "sale", "burn", "return")
            story.gives(holder, holder if kind == "burn" else issuer, item, hour, kind=kind)
            hour += story.any(0, 1, 1, 2, 4)
            if story.any(False, False, False, True):
                other = story.any(*others)
                story.gives(issuer, other, item, hour)
                story.gives(other, issuer, item, hour)
            holder = story.any(holder, holder, holder, *others)
            story.gives(issuer, holder, item, hour, kind=story.any("issue", "gift", "gift", "sale"))
    story.noise(items, 2)
    rows = [
        {"item": item, "issuer": story.any(issuer, issuer, None), "collection": None}
        for item in items
    ]
    return story.world(rows)


@st.composite
def elsewhere(draw: st.DrawFn) -> World:
    """Sales by one to the other, now where it is closed and now where it is not."""
    story = Story(draw, names(draw, 2, 4))
    seller, buyer = story.accounts[:2]
    hour = draw(st.integers(0, 3))
    for channel in ("mini_program", "personal") * story.any(1, 1, 2):
        for _ in range(story.any(1, 1, 1, 0, 2)):
            ends = [seller, buyer]
            if story.any(*[False] * 9, True):
                ends = [story.any(*story.accounts), story.any(*story.accounts)]
            where = story.any(channel, channel, channel, channel, "merchant", "mini_program", None)
            more = {"channel": where, "price_minor": story.any(None, 500), "currency": "CNY"}
            kind = story.any("sale", "sale", "sale", "sale", "gift")
            story.gives(*ends, story.any("s1", "s2", "s3", "s4"), hour, kind=kind, **more)
            hour += story.any(0, 1, 1, 1, 2, 3)
    return story.world(described(story, ["s1", "s2"]))


@st.composite
def succeeding(draw: st.DrawFn) -> World:
    """Accounts linked to measured ones, some of them new, that hand on what they should not."""
    story = Story(draw, names(draw, 4, 7))
    seller, *others = story.accounts
    since = draw(st.integers(1, 3))
    measured = [(seller, EPOCH_US + since * HOUR_US, "R4", "restrict")]
    for _ in range(story.any(0, 0, 1, 2)):
        at_us = EPOCH_US + draw(st.integers(0, 8)) * HOUR_US
        measured.append((story.any(*story.accounts), at_us, "R4", story.any("notice", "ban")))
    items = [f"x{n}" for n in range(draw(st.integers(1, 4)))]
    for item in items:
        hour = since + story.any(1, 1, 1, 1, 0, -1)
        ways = draw(st.permutations(others))
        for source, target in pairwise(ways[: story.any(2, 3, 4)]):
            more = {"channel": story.any(None, None, None, "mini_program"), "currency": "CNY"}
            more["price_minor"] = story.any(None, None, 500)
            kind = story.any("gift", "gift", "sale", "issue")
            story.gives(source, target, item, hour, kind=kind, **more)
            hour += story.any(0, 0, 1, 1)
    for _ in range(story.any(0, 0, 1)):
        story.pays(story.any(*others), story.any(*others), 100, story.any(0, since, since + 1))
    for other in others[:3]:
        kinds = story.any(("phone",), ("phone", "device"), ("legal_subject",))
        story.linked.append((story.any(*[seller] * 9, *others), other, kinds))
    world = story.world(described(story, items))
    rows = {row["account"]: row for row in world.rows["accounts"]}
    for name in story.accounts:
        kind = story.any(None, None, None, "official_account")
        opened = story.any(None, None, None, EPOCH_US + (since + 1) * HOUR_US)
        if kind or opened:
            rows[name] = {"account": name, "kind": kind, "opened_at_us": opened}
    certificates = []
    if story.any(False, True):
        span = (EPOCH_US + since * HOUR_US, EPOCH_US + (since + 2) * HOUR_US)
        certificates.append(
            {"account": story.any(*others), "filing_number": "F", "partner_company": "chain co",
             "valid_from_us": span[0], "valid_to_us": story.any(span[1], None)}
        )  # fmt: skip
    made = world.rows | {"accounts": list(rows.values()), "certificates": certificates}
    return World(made, world.judgements, world.settings, tuple(measured))

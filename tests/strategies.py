"""Hypothesis strategies: small sets of records, valid under loaders/tables.py, rich in ties.

2 to 5 accounts, 1 to 3 items, times on a grid of six hours. Names sort unlike their order of use.
"""

import random
from dataclasses import dataclass, replace
from typing import Any

from build import EPOCH_US, Judgements, Measured, Rows
from hypothesis import strategies as st

from regift.graph.snapshot import Settings, Snapshot, snapshot_from_rows
from regift.loaders.tables import ACCOUNT_KINDS, CHANNELS

TICK_US = 6 * 3_600_000_000
SIDE_BY_SIDE = 4
ACCOUNT_COLUMNS = ("source", "target", "account", "issuer")
SHARED = (
    ("device",),
    ("phone", "device"),
    ("phone",),
    ("legal_subject",),
    ("device", "payee", "phone"),
    ("payment_card", "ip"),
    ("ip", "wallet"),
)


@dataclass(frozen=True)
class World:
    """Records with what people said of them and how they are read."""

    rows: Rows
    judgements: Judgements
    settings: Settings
    measured: Measured = ()

    def snapshot(self) -> Snapshot:
        return snapshot_from_rows(self.rows, self.settings, self.judgements, self.measured)

    def shuffled(self, seed: int) -> "World":
        """The same rows in another order."""
        chance = random.Random(seed)
        rows = {name: chance.sample(each, len(each)) for name, each in self.rows.items()}
        return replace(self, rows=rows)

    def names(self) -> list[str]:
        named = {
            row[c]
            for each in self.rows.values()
            for row in each
            for c in ACCOUNT_COLUMNS
            if row.get(c)
        }
        named |= {name for name, *_ in self.measured}
        return sorted(named | {name for a, b, _ in self.judgements for name in (a, b)})

    def renamed(self, names: dict[str, str]) -> "World":
        """The same world, its accounts under other names."""
        rows = {
            table: [row | {c: names[row[c]] for c in ACCOUNT_COLUMNS if row.get(c)} for row in each]
            for table, each in self.rows.items()
        }
        judged = tuple((names[a], names[b], verdict) for a, b, verdict in self.judgements)
        measured = tuple((names[name], *rest) for name, *rest in self.measured)
        return World(rows, judged, self.settings, measured)


def odd_names(names: list[str], seed: int) -> dict[str, str]:
    """Other names in the same order, with quotes, Chinese and emoji in them."""
    chance = random.Random(seed)
    marks = ("x", "赠", "🎁", chr(39), chr(34))
    return {name: f"{i:02}{chance.choice(marks)}" for i, name in enumerate(names)}


@st.composite
def _gifts(
    draw: st.DrawFn, accounts: list[str], items: list[str], kinds: tuple[str, ...]
) -> list[dict[str, Any]]:
    count = draw(st.integers(3, 7))
    ids = draw(st.permutations([f"g{i}" for i in range(count)]))
    last: dict[str, tuple[str, str, int]] = {}
    rows: list[dict[str, Any]] = []
    for i in range(count):
        item = draw(st.sampled_from(items))
        giver, holder, at = last.get(item, (accounts[0], accounts[0], draw(st.integers(0, 3))))
        how = draw(st.sampled_from(("on", "on", "on", "on", "back", "any")))
        source = draw(st.sampled_from(accounts)) if how == "any" else holder
        target = draw(st.sampled_from(accounts))
        target = {"back": giver, "self": source}.get(how, target)
        kind = draw(st.sampled_from(("issue", "gift", "sale") if item not in last else kinds))
        at = draw(st.sampled_from((at, at, at + 1, at + 2, at + 4, max(0, at - 2)))) % 13
        row = {
            "record_id": ids[i],
            "at_us": EPOCH_US + at * TICK_US,
            "source": source,
            "target": target,
            "item": item,
            "kind": kind,
            "channel": draw(st.sampled_from((None, None, "mini_program", *CHANNELS))),
            "seq": draw(st.sampled_from((None, None, None, 0, 1, -1))),
        }
        if draw(st.sampled_from((True, False, False))):
            row |= {"price_minor": draw(st.sampled_from((1000, 400, 2000, 0)))}
            row |= {"currency": draw(st.sampled_from(("CNY", "CNY", "CNY", "CNY", "USD")))}
        if kind == "return" and rows and draw(st.booleans()):
            row["refers_to"] = draw(st.sampled_from([r["record_id"] for r in rows] + ["none"]))
        rows.append(row)
        last[item] = (source, target, at)
    return rows


@st.composite
def _transfers(
    draw: st.DrawFn, accounts: list[str], gifts: list[dict[str, Any]], bursts: int
) -> list[dict[str, Any]]:
    """Bursts of transfers: for a gift, for it in parts, by way of another account, or any."""
    account = st.sampled_from(accounts)
    amounts = st.sampled_from((100, 400, 500, 600, 900, 1000, 1000, 2000, 5000))
    moves: list[tuple[int, str, str, int]] = []
    for _ in range(draw(st.integers(bursts // 2, bursts))):
        gift = draw(st.sampled_from(gifts))
        at = (gift["at_us"] - EPOCH_US) // TICK_US
        giver, receiver, amount = gift["source"], gift["target"], draw(amounts)
        how = draw(st.sampled_from(("paid", "paid", "parts", "parts", "via", "via", "any")))
        if how == "any":
            moves.append((draw(st.integers(0, 12)), draw(account), draw(account), amount))
        for _ in range({"paid": 1, "parts": draw(st.integers(2, 4))}.get(how, 0)):
            late = draw(st.integers(-1, 2))
            part = amount if how == "paid" else draw(st.sampled_from((100, 400, 400, 900)))
            moves.append((max(0, at + late), receiver, giver, part))
        if how == "via":
            others = [name for name in accounts if name not in (giver, receiver)] or accounts
            between, late = draw(st.sampled_from(others)), draw(st.integers(0, 2))
            kept = draw(st.sampled_from((10_000, 8_000, 7_999, 10_001)))
            moves.append((at, receiver, between, amount))
            moves.append((at + late, between, giver, amount * kept // 10_000))
    rows: list[dict[str, Any]] = []
    ids = draw(st.permutations([f"t{i:02}" for i in range(2 * len(moves))]))
    kinds = (*["payment"] * 8, "red_packet", "red_packet", "refund", "fee", "topup")
    currencies = (*["CNY"] * 10, "USD", "JPY")
    for at, source, target, amount in moves:
        row = {
            "record_id": ids[len(rows)],
            "at_us": EPOCH_US + at * TICK_US,
            "source": source,
            "target": target,
            "amount_minor": amount,
            "currency": draw(st.sampled_from(currencies)),
            "kind": draw(st.sampled_from(kinds)),
            "seq": draw(st.sampled_from((None, None, 0, 1))),
        }
        rows.append(row)
        if draw(st.sampled_from((*[False] * 6, True))):
            later = row["at_us"] + draw(st.sampled_from((0, 1, 4, 5, 28, 29))) * TICK_US
            back = {"source": target, "target": source, "kind": "refund", "at_us": later}
            named = draw(
                st.sampled_from((None, None, None, "none", *(r["record_id"] for r in rows)))
            )
            rows.append(row | back | {"record_id": ids[len(rows)], "refers_to": named})
    return rows


def _accounts(accounts: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    kinds = st.lists(
        st.sampled_from((None, "absent", *["official_account"] * 4, *ACCOUNT_KINDS)),
        min_size=len(accounts),
        max_size=len(accounts),
    )
    return kinds.map(
        lambda chosen: [
            {"account": account, "kind": kind}
            for account, kind in zip(accounts, chosen, strict=True)
            if kind != "absent"
        ]
    )


def _items(accounts: list[str], items: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    def row(item: str) -> st.SearchStrategy[dict[str, Any] | None]:
        return st.one_of(
            st.none(),
            st.builds(
                lambda issuer, collection, price: {
                    "item": item,
                    "issuer": issuer,
                    "collection": collection,
                    "price_minor": price,
                    "currency": None if price is None else "CNY",
                },
                st.sampled_from((None, accounts[0], accounts[-1])),
                st.sampled_from((None, "c", "d")),
                st.sampled_from((None, None, 1000)),
            ),
        )

    rows = st.tuples(*(row(item) for item in items))
    return rows.map(lambda chosen: [row for row in chosen if row is not None])


def _identifiers(accounts: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few pairs that share one identifier or several; more pairs may share the same."""
    account = st.sampled_from(accounts)
    shared = st.tuples(account, account, st.sampled_from(SHARED), st.sampled_from(("1", "1", "2")))
    return st.lists(shared, max_size=3).map(
        lambda chosen: [
            {"account": account, "kind": kind, "value": value}
            for account, kind, value in sorted(
                {
                    (account, kind, value)
                    for a, b, kinds, value in chosen
                    for account in (a, b)
                    for kind in kinds
                }
            )
        ]
    )


@st.composite
def _certificates(draw: st.DrawFn, accounts: list[str]) -> list[dict[str, Any]]:
    rows = []
    for i in range(draw(st.integers(0, 3))):
        start, length = draw(st.integers(0, 12)), draw(st.sampled_from((None, 0, 1, 2, 4)))
        rows.append(
            {
                "account": draw(st.sampled_from(accounts[:1] * 3 + accounts[1:2])),
                "partner_company": "chain co",
                "filing_number": f"F{i}",
                "valid_from_us": EPOCH_US + start * TICK_US,
                "valid_to_us": None if length is None else EPOCH_US + (start + length) * TICK_US,
            }
        )
    return rows


def _settings() -> st.SearchStrategy[Settings]:
    caps = {"phone": 3, "payment_card": 5, "device": 10, "payee": 20}
    return st.builds(
        Settings,
        refund_window_us=st.sampled_from((TICK_US, 4 * TICK_US, 28 * TICK_US)),
        return_window_us=st.sampled_from((4 * TICK_US, 4 * TICK_US, TICK_US, 0)),
        entity_max=st.sampled_from((30, 30, 2, 3)),
        legal_subject=st.sampled_from(("controller", "controller", "separate")),
        identifier_caps=st.sampled_from((caps, caps, caps | {"phone": 2, "device": 2})),
    )


KINDS = ("gift", "gift", "gift", "sale", "issue", "return", "burn")
PAID_KINDS = ("gift", "gift", "gift", "gift", "sale", "return")


@st.composite
def _small(draw: st.DrawFn, paid: bool) -> World:
    count = draw(st.sampled_from((4, 3, 5, 2)))
    accounts = draw(st.permutations(["a", "b", "c", "d", "e"][:count]))
    items = ["x", "y", "z"][: draw(st.integers(1, 3))]
    gifts = draw(_gifts(accounts, items, PAID_KINDS if paid else KINDS))
    pair = st.tuples(st.sampled_from(accounts), st.sampled_from(accounts))
    said = st.tuples(pair, st.sampled_from(("same", "different", "different")))
    judgements = draw(st.lists(said.filter(lambda j: j[0][0] != j[0][1]), max_size=2))
    rows = {
        "gifts": gifts,
        "transfers": draw(_transfers(accounts, gifts, 4 if paid else 2)),
        "accounts": draw(_accounts(accounts)),
        "items": draw(_items(accounts, items)),
        "identifiers": draw(_identifiers(accounts)),
        "certificates": draw(_certificates(accounts)),
    }
    return World(rows, tuple((a, b, verdict) for (a, b), verdict in judgements), Settings())


def together(worlds: list[World], settings: Settings) -> World:
    """Worlds side by side: every name and identifier gets the number of its world in front."""
    named = ("record_id", "refers_to", "item", "collection", "value", *ACCOUNT_COLUMNS)
    rows: Rows = {name: [] for name in worlds[0].rows}
    judgements: list[tuple[str, str, str]] = []
    for i, world in enumerate(worlds):
        for name, each in world.rows.items():
            rows[name] += [row | {c: f"{i}{row[c]}" for c in named if row.get(c)} for row in each]
        judgements += [(f"{i}{a}", f"{i}{b}", verdict) for a, b, verdict in world.judgements]
    return World(rows, tuple(judgements), settings)


def record_sets(*, paid: bool = False) -> st.SearchStrategy[World]:
    """Some small worlds side by side, for a snapshot costs more than a world.

    paid: most records are gifts and the payments that may belong to them.
    """
    worlds = st.lists(_small(paid), min_size=SIDE_BY_SIDE, max_size=SIDE_BY_SIDE)
    return st.builds(together, worlds, _settings())

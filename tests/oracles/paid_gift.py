"""D-9: gifts matched with payments in four passes, each greedy, each record used once."""

from dataclasses import dataclass, field
from decimal import Decimal

from oracles.custody import Ledger, hops
from oracles.effective import Effective
from oracles.entities import Entities
from oracles.records import Row, Rows, place

DAY_US = 86_400_000_000
EXPONENTS = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3}


@dataclass(frozen=True)
class Params:
    window_us: int
    floor: Decimal
    linked: bool
    split: bool


@dataclass
class Matcher:
    rows: Rows
    ledger: Ledger
    who: Entities
    effective: Effective
    kinds: dict[str, str | None]
    params: Params
    used: set[str] = field(default_factory=set)
    found: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def gifts_left(self) -> list[Row]:
        gifts = [
            hop.row
            for hop in hops(self.ledger)
            if hop.row["kind"] == "gift"
            and not self.who.same(hop.row["source"], hop.row["target"])
            and hop.undone != "return"
            and hop.row["record_id"] not in self.found
        ]
        return sorted(gifts, key=place)

    def stands_for(self, other: str, account: str) -> bool:
        """Whether a payment of the other account counts as the account's."""
        if other == account:
            return True
        joined = self.who.same(other, account) or self.who.associated(other, account)
        return self.params.linked and joined

    def lag(self, gift: Row, payment: Row) -> int:
        return abs(payment["at_us"] - gift["at_us"])

    def candidates(self, gift: Row) -> list[Row]:
        """Unused payments from the receiver to the giver inside the window, nearest first."""
        near = [
            p
            for p in self.effective.payments
            if p["record_id"] not in self.used
            and self.lag(gift, p) <= self.params.window_us
            and self.stands_for(p["source"], gift["target"])
            and self.stands_for(p["target"], gift["source"])
            and not self.who.same(p["source"], gift["source"])
            and not self.who.same(p["target"], gift["target"])
            and not self.who.same(p["source"], p["target"])
        ]
        return sorted(near, key=lambda p: (self.lag(gift, p), place(p)))

    def price(self, gift: Row) -> tuple[int, str] | None:
        """R(g) and its currency."""
        if gift.get("price_minor"):
            return gift["price_minor"], gift["currency"]
        items = {row["item"]: row for row in self.rows.get("items", [])}
        item = items.get(gift["item"], {})
        if item.get("price_minor"):
            return item["price_minor"], item["currency"]
        if item.get("collection") is None:
            return None
        sales = [
            (row["price_minor"], row["currency"])
            for row in self.rows.get("gifts", [])
            if row["kind"] == "sale"
            and row.get("price_minor")
            and items.get(row["item"], {}).get("collection") == item["collection"]
            and 0 < gift["at_us"] - row["at_us"] <= 30 * DAY_US
        ]
        one_currency = len({currency for _, currency in sales}) == 1
        return sorted(sales)[(len(sales) - 1) // 2] if one_currency else None

    def floor(self, currency: str) -> Decimal:
        return self.params.floor * 10 ** EXPONENTS[currency]

    def take(self, gift: Row, tier: str, payments: list[Row]) -> None:
        # Evidence stands in total order, whatever order it was taken in.
        shown = tuple(p["record_id"] for p in sorted(payments, key=place))
        self.found[gift["record_id"]] = (tier, shown)
        self.used |= {p["record_id"] for p in payments}

    def price_pass(self) -> None:
        pairs = []
        for g in self.gifts_left():
            known = self.price(g)
            for p in self.candidates(g) if known else []:
                r, currency = known or (0, "")
                if p["currency"] == currency and r <= 2 * p["amount_minor"] <= 4 * r:
                    pairs.append((self.lag(g, p), place(g), place(p), g, p))
        self.greedy("price", pairs)

    def greedy(self, tier: str, pairs: list[tuple[int, object, object, Row, Row]]) -> None:
        for _, _, _, g, p in sorted(pairs, key=lambda pair: pair[:3]):
            if g["record_id"] not in self.found and p["record_id"] not in self.used:
                self.take(g, tier, [p])

    def sum_pass(self) -> None:
        for g in self.gifts_left():
            known = self.price(g)
            if known is None:
                continue
            r, currency = known
            taken: list[Row] = []
            for p in self.candidates(g):
                total = sum(t["amount_minor"] for t in taken)
                small = p["currency"] == currency and 2 * p["amount_minor"] < r
                if small and total < r and len(taken) < 10:
                    taken.append(p)
            total = sum(t["amount_minor"] for t in taken)
            if len(taken) >= 2 and r <= 2 * total <= 4 * r:
                self.take(g, "sum", taken)

    def plain_pass(self) -> None:
        pairs = []
        for g in self.gifts_left():
            for p in self.candidates(g) if self.price(g) is None else []:
                if p["amount_minor"] >= self.floor(p["currency"]):
                    pairs.append((self.lag(g, p), place(g), place(p), g, p))
        self.greedy("plain", pairs)
        for g in self.gifts_left():
            if self.price(g) is not None:
                continue
            small: dict[str, list[Row]] = {}
            for p in sorted(self.candidates(g), key=place):
                floor, so_far = self.floor(p["currency"]), small.setdefault(p["currency"], [])
                if p["amount_minor"] >= floor:
                    continue
                so_far.append(p)
                if sum(t["amount_minor"] for t in so_far) >= floor:
                    self.take(g, "plain", so_far)
                    break

    def route_pass(self) -> None:
        routes = []
        for g in self.gifts_left():
            a, b = g["source"], g["target"]
            for p1 in self.effective.payments:
                for p2 in self.effective.payments:
                    middle = p1["target"]
                    if (
                        p1["source"] == b
                        and p2["source"] == middle
                        and p2["target"] == a
                        and middle not in (a, b)
                        and self.kinds[middle] not in ("merchant", "platform")
                        and p1["currency"] == p2["currency"]
                        and p1["at_us"] < p2["at_us"]
                        and max(self.lag(g, p1), self.lag(g, p2)) <= self.params.window_us
                        and p2["amount_minor"] <= p1["amount_minor"]
                        and 10_000 * p2["amount_minor"] >= 8_000 * p1["amount_minor"]
                    ):
                        order = (p2["at_us"] - p1["at_us"], place(p1), place(p2), place(g))
                        routes.append((order, g, p1, p2))
        for _, g, p1, p2 in sorted(routes, key=lambda route: route[0]):
            free = not {p1["record_id"], p2["record_id"]} & self.used
            if free and g["record_id"] not in self.found:
                self.take(g, "route", [p1, p2])


def paid_gift(
    rows: Rows,
    ledger: Ledger,
    who: Entities,
    effective: Effective,
    kinds: dict[str, str | None],
    params: Params,
) -> set[tuple[str, str, tuple[str, ...]]]:
    """(gift, tier, payments)"""
    matcher = Matcher(rows, ledger, who, effective, kinds, params)
    matcher.price_pass()
    if params.split:
        matcher.sum_pass()
    matcher.plain_pass()
    matcher.route_pass()
    return {(gift, tier, payments) for gift, (tier, payments) in matcher.found.items()}

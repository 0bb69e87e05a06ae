"""The history of one collection, items only: issues, gifts, sales and returns by the day.

What public histories of collectibles look like: no payments, no time of day, some holders under two
names. Levels are exact by construction and stand in truth.json as `levels`: record -> level after
the hop (of a return: the level that holds again), by definition D-2.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from regift.loaders.errors import UsageError
from regift.loaders.simulator.draws import DAY_S, Floats, Ints, Mask, lognormal, weighted
from regift.loaders.simulator.ledger import (
    GIFT,
    GIFT_KINDS,
    ISSUE,
    NONE,
    RETURN,
    SALE,
    Gifts,
)
from regift.loaders.simulator.names import (
    Names,
    by_time,
    currency_text,
    money_text,
    time_text,
    words,
)

ITEMS: Final = 1_000
HOLDERS: Final = 600
# The last of them are second names of the first.
ALIASES: Final = 40
HOPS: Final = 9
# Shares of what happens next to an item: nothing any more, a gift, a sale, a move to the
# holder's other name; and how often a gift is sent back.
SHARE_RESTS: Final = 0.20
SHARE_GIFT: Final = 0.42
SHARE_TO_ALIAS: Final = 0.5
SHARE_RETURN: Final = 0.10
# The collection came out this long before the other worlds begin.
BEGINS_DAYS: Final = 1_100
# Days between two hops of an item; none in one of ten: the day alone does not order them.
GAP_DAYS: Final = 60.0
SHARE_SAME_DAY: Final = 0.10


@dataclass
class _Items:
    """Where every item is; arrays are indexed by item."""

    holder: Ints
    level: Ints
    day: Floats
    moving: Mask
    last_hop: Ints
    last_kind: Ints
    giver: Ints
    level_before: Ints


def simulate_collection(directory: Path, *, seed: int) -> dict[str, int]:
    """Write gifts.csv, items.csv, accounts.csv, identifiers.csv and truth.json; rows per table.

    Account 0 issues every item. Two names of one holder share a `legal_subject` (D-3: controller).
    UsageError for a negative seed.
    """
    if seed < 0:
        raise UsageError(f"the seed must not be negative: {seed}")
    rng = np.random.default_rng([seed, 1_000])
    gifts = Gifts()
    levels: list[Ints] = []
    items = _issue(rng, gifts, levels)
    popularity = lognormal(rng, 1.0, 1.0, HOLDERS)
    for _ in range(HOPS):
        items.moving &= rng.uniform(size=ITEMS) >= SHARE_RESTS
        back = items.moving & (items.last_kind == GIFT)
        back &= rng.uniform(size=ITEMS) < SHARE_RETURN
        _send_back(rng, gifts, levels, items, np.flatnonzero(back))
        _move_on(rng, gifts, levels, items, np.flatnonzero(items.moving & ~back), popularity)
    return _write(directory, seed, gifts, np.concatenate(levels))


def _issue(rng: np.random.Generator, gifts: Gifts, levels: list[Ints]) -> _Items:
    holder = rng.integers(1, HOLDERS, ITEMS)
    day = np.floor(rng.uniform(0, 30, ITEMS)) - BEGINS_DAYS
    rows = gifts.move(day * DAY_S, 0, holder, np.arange(ITEMS), ISSUE, NONE, NONE)
    zero = np.zeros(ITEMS, dtype=np.int64)
    levels.append(zero)
    moving = np.ones(ITEMS, dtype=np.bool_)
    return _Items(holder, zero.copy(), day, moving, rows, zero.copy(), zero.copy(), zero.copy())


def _later(rng: np.random.Generator, items: _Items, chosen: Ints) -> Floats:
    """The day of the next hop of these items."""
    gap = np.ceil(rng.exponential(GAP_DAYS, chosen.size))
    gap[rng.uniform(size=chosen.size) < SHARE_SAME_DAY] = 0.0
    items.day[chosen] += gap
    return np.asarray(items.day[chosen])


def _send_back(
    rng: np.random.Generator, gifts: Gifts, levels: list[Ints], items: _Items, chosen: Ints
) -> None:
    """Returns that name the gift they undo."""
    day = _later(rng, items, chosen)
    source, target = items.holder[chosen], items.giver[chosen]
    gifts.move(
        day * DAY_S, source, target, chosen, RETURN, NONE, NONE, refers=items.last_hop[chosen]
    )
    items.holder[chosen] = target
    items.level[chosen] = items.level_before[chosen]
    items.last_kind[chosen] = RETURN
    levels.append(items.level[chosen].copy())


def _move_on(
    rng: np.random.Generator, gifts: Gifts, levels: list[Ints], items: _Items, chosen: Ints,
    popularity: Floats,
) -> None:  # fmt: skip
    """Gifts and sales to others, and moves to the holder's own other name."""
    day = _later(rng, items, chosen)
    source = items.holder[chosen]
    target = weighted(rng, popularity[1:], chosen.size) + 1
    target = np.where(target == source, target % (HOLDERS - 1) + 1, target)
    own = other_name(source)
    inside = (own != NONE) & (rng.uniform(size=chosen.size) < SHARE_TO_ALIAS)
    target = np.where(inside, own, target)
    inside |= target == own
    gift = inside | (rng.uniform(size=chosen.size) < SHARE_GIFT)
    kind = np.where(gift, GIFT, SALE)
    price = np.where(gift, NONE, np.rint(lognormal(rng, 90_000, 1.5, chosen.size) / 100) * 100)
    rows = gifts.move(
        day * DAY_S, source, target, chosen, kind, np.where(price == 0, 100, price), NONE
    )
    items.giver[chosen] = source
    items.level_before[chosen] = items.level[chosen]
    items.level[chosen] += ~inside
    items.holder[chosen] = target
    items.last_hop[chosen] = rows
    items.last_kind[chosen] = kind
    levels.append(items.level[chosen].copy())


def other_name(holder: Ints) -> Ints:
    """The other name of a holder, NONE of those with one: k and HOLDERS - k are one.

    >>> other_name(np.array([1, 599, 300])).tolist()
    [599, 1, -1]
    """
    two = (holder >= 1) & ((holder <= ALIASES) | (holder >= HOLDERS - ALIASES))
    return np.asarray(np.where(two, HOLDERS - holder, NONE), dtype=np.int64)


def _write(directory: Path, seed: int, gifts: Gifts, levels: Ints) -> dict[str, int]:
    names = Names(seed)
    everyone = np.arange(HOLDERS)
    two = everyone[other_name(everyone) != NONE]
    price = gifts.column("price")
    record = names.of("gift", np.arange(gifts.rows))
    moved = pa.table(
        {
            "record_id": record,
            "at": time_text(gifts.column("at")),
            "source": names.of("account", gifts.column("source")),
            "target": names.of("account", gifts.column("target")),
            "item": names.of("item", gifts.column("item")),
            "kind": words(GIFT_KINDS, gifts.column("kind")),
            "price": money_text(price),
            "currency": currency_text(price),
            "refers_to": names.of("gift", gifts.column("refers")),
        }
    )
    all_items = np.arange(ITEMS)
    tables = {
        "gifts": by_time(moved, pa.array(gifts.column("at"))),
        "items": pa.table(
            {
                "item": names.of("item", all_items),
                "collection": names.of("collection", np.zeros_like(all_items)),
                "issuer": names.of("account", np.zeros_like(all_items)),
            }
        ).sort_by("item"),
        "accounts": pa.table({"account": names.of("account", everyone)}).sort_by("account"),
        "identifiers": pa.table(
            {
                "account": names.of("account", two),
                "kind": pa.array(["legal_subject"] * two.size),
                "value": names.of("legal_subject", np.minimum(two, other_name(two))),
            }
        ).sort_by("account"),
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        pa_csv.write_csv(
            table, directory / f"{name}.csv", pa_csv.WriteOptions(quoting_style="needed")
        )
    truth = {
        "seed": seed, "scale": "collection", "clock": "1d", "planted": [], "innocent": [],
        "levels": dict(sorted(zip(record.to_pylist(), levels.tolist(), strict=True))),
    }  # fmt: skip
    text = json.dumps(truth, separators=(",", ":")) + "\n"
    (directory / "truth.json").write_text(text, encoding="utf-8")
    return {name: int(table.num_rows) for name, table in tables.items()}

"""Writes a world: seven CSV files and truth.json, the same bytes for the same seed and scale.

Rows of gifts and transfers are in time order over all of them, those of the other tables
in the order of their names.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from regift.loaders.simulator.ledger import (
    CHANNELS,
    GIFT_KINDS,
    IDENTIFIER_KINDS,
    TRANSFER_KINDS,
    Ledger,
)
from regift.loaders.simulator.names import (
    Names,
    by_time,
    currency_text,
    money_text,
    time_text,
    words,
)
from regift.loaders.simulator.truth import write_truth
from regift.loaders.simulator.world import ACCOUNT_KINDS, World

PLACES: Final = ("江南", "云山", "东海", "北辰", "西湖", "锦城", "鹭岛", "长安", "岭南", "星河")
TRADES: Final = ("文创", "数藏", "书店", "茶馆", "工坊", "画廊", "便利店", "音乐", "影像", "小馆")
FAMILY_NAMES: Final = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
GIVEN_NAMES: Final = tuple("伟芳娜敏静丽强磊洋艳勇军杰娟涛明超秀霞平刚桂晨雨欣子涵宇轩梓萱")
PARTNERS: Final = tuple(f"{place}链科技" for place in (*PLACES, "天启", "长河"))
COMPLAINTS: Final = ("paid_transfer", "spam", "price_talk")
ORIGINS: Final = ("user_report", "content_review")


def write_world(directory: Path, world: World, ledger: Ledger) -> dict[str, int]:
    """Write all files; returns rows per table. The folder is made if it is not there."""
    directory.mkdir(parents=True, exist_ok=True)
    names = Names(world.seed)
    tables = {
        "gifts": _filed(_gifts(ledger, names), ledger, "gifts"),
        "transfers": _filed(_transfers(ledger, names), ledger, "transfers"),
        "accounts": _by_name(_accounts(world, names), "account"),
        "items": _by_name(_items(ledger, names), "item"),
        "identifiers": _by_name(_identifiers(ledger, names), "account", "kind", "value"),
        "certificates": _by_name(_certificates(ledger, names), "account", "filing_number"),
        "labels": _by_name(_labels(ledger, names), "account", "at", "code", "origin"),
    }
    options = pa_csv.WriteOptions(quoting_style="needed")
    for name, table in tables.items():
        pa_csv.write_csv(table, directory / f"{name}.csv", options)
    write_truth(directory / "truth.json", world, ledger, names)
    return {name: int(table.num_rows) for name, table in tables.items()}


def _filed(table: pa.Table, ledger: Ledger, name: str) -> pa.Table:
    """Rows in time order, without those that no file has."""
    kept = np.setdiff1d(np.arange(table.num_rows), ledger.missing[name])
    at = pa.array(dict(ledger.records())[name].column("at")[kept])
    return by_time(table.take(pa.array(kept)), at)


def _by_name(table: pa.Table, *keys: str) -> pa.Table:
    return table.take(pc.sort_indices(table, [(key, "ascending") for key in keys]))


def _gifts(ledger: Ledger, names: Names) -> pa.Table:
    rows = ledger.gifts
    price = rows.column("price")
    return pa.table(
        {
            "record_id": names.of("gift", np.arange(rows.rows)),
            "at": time_text(rows.column("at")),
            "source": names.of("account", rows.column("source")),
            "target": names.of("account", rows.column("target")),
            "item": names.of("item", rows.column("item")),
            "kind": words(GIFT_KINDS, rows.column("kind")),
            "price": money_text(price),
            "currency": currency_text(price),
            "channel": words(CHANNELS, rows.column("channel")),
            "refers_to": names.of("gift", rows.column("refers")),
        }
    )


def _transfers(ledger: Ledger, names: Names) -> pa.Table:
    rows = ledger.transfers
    amount = rows.column("amount")
    return pa.table(
        {
            "record_id": names.of("transfer", np.arange(rows.rows)),
            "at": time_text(rows.column("at")),
            "source": names.of("account", rows.column("source")),
            "target": names.of("account", rows.column("target")),
            "amount": money_text(amount),
            "currency": currency_text(amount),
            "kind": words(TRANSFER_KINDS, rows.column("kind")),
            "channel": words(CHANNELS, rows.column("channel")),
            "refers_to": names.of("transfer", rows.column("refers")),
        }
    )


def _accounts(world: World, names: Names) -> pa.Table:
    rng = np.random.default_rng([world.seed, 98])
    size = world.size
    person = world.kind == 0
    first = np.where(
        person, rng.integers(0, len(FAMILY_NAMES), size), rng.integers(0, len(PLACES), size)
    )
    second = rng.integers(0, len(GIVEN_NAMES), size)
    people = pc.binary_join_element_wise(words(FAMILY_NAMES, first), words(GIVEN_NAMES, second), "")
    firms = pc.binary_join_element_wise(
        words(PLACES, first % len(PLACES)), words(TRADES, second % len(TRADES)), ""
    )
    return pa.table(
        {
            "account": names.of("account", np.arange(size)),
            "kind": words(ACCOUNT_KINDS, world.kind),
            "operator": names.of("operator", world.operator),
            "name": pc.if_else(pa.array(person), people, firms),
            "opened_at": time_text(world.opened_at),
        }
    )


def _items(ledger: Ledger, names: Names) -> pa.Table:
    rows = ledger.items
    price = rows.column("price")
    return pa.table(
        {
            "item": names.of("item", np.arange(rows.rows)),
            "collection": names.of("collection", rows.column("collection")),
            "issuer": names.of("account", rows.column("issuer")),
            "issued_at": time_text(rows.column("issued_at")),
            "price": money_text(price),
            "currency": currency_text(price),
        }
    )


def _identifiers(ledger: Ledger, names: Names) -> pa.Table:
    rows = ledger.identifiers
    kind, value = rows.column("kind"), rows.column("value")
    parts = [names.of(word, value[kind == code]) for code, word in enumerate(IDENTIFIER_KINDS)]
    place = np.argsort(np.argsort(kind, kind="stable"), kind="stable")
    return pa.table(
        {
            "account": names.of("account", rows.column("account")),
            "kind": words(IDENTIFIER_KINDS, kind),
            "value": pc.take(pa.concat_arrays(parts), pa.array(place)),
            "first_seen": time_text(rows.column("first_seen")),
            "last_seen": time_text(rows.column("last_seen")),
        }
    )


def _certificates(ledger: Ledger, names: Names) -> pa.Table:
    rows = ledger.certificates
    return pa.table(
        {
            "account": names.of("account", rows.column("account")),
            "partner_company": words(PARTNERS, rows.column("partner")),
            "filing_number": names.of("certificate", rows.column("number")),
            "valid_from": time_text(rows.column("valid_from")),
            "valid_to": time_text(rows.column("valid_to")),
        }
    )


def _labels(ledger: Ledger, names: Names) -> pa.Table:
    rows = ledger.labels
    return pa.table(
        {
            "account": names.of("account", rows.column("account")),
            "at": time_text(rows.column("at")),
            "code": words(COMPLAINTS, rows.column("code")),
            "origin": words(ORIGINS, rows.column("origin")),
            "score": money_text(rows.column("score")),
        }
    )

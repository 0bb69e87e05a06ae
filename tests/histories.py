"""Histories of a workspace: what its records should be after each load, and worlds to load.

`Records` restates definition D-16 row by row. `PLANTS` are the worlds of `tests/worlds` in which
something is found, as rows to load.
"""

import csv
import random
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from build import EXPONENTS, WORLDS, judgements_of, measured_of, reviewed_of, rows_of, worlds

from regift.graph.staging import LoadReport, LoadRequest, stage
from regift.graph.workspace import Workspace, utc_text
from regift.loaders.read import ReadOptions
from regift.loaders.tables import TABLES

Row = dict[str, Any]
"""A row by the names of stored columns, absent values left out."""

EVER_US = 2**63 - 1
ACCOUNT_COLUMNS = ("source", "target", "account", "issuer")


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    return tuple(row[column] for column in TABLES[table].stored_key)


def bare(row: Row) -> Row:
    """Without what is absent, so that equal rows are equal."""
    return {name: value for name, value in row.items() if value is not None}


@dataclass
class Records:
    """The accepted rows of every table by key, and the keys that were withdrawn."""

    rows: dict[str, dict[tuple[Any, ...], Row]] = field(
        default_factory=lambda: {table: {} for table in TABLES}
    )
    gone: dict[str, set[tuple[Any, ...]]] = field(
        default_factory=lambda: {table: set() for table in TABLES}
    )

    def take(self, table: str, rows: Iterable[Row], action: str) -> int:
        """One load; gives how many of its rows are accepted.

        Certificates and tables with `updated_at` have one row of a key in a load.
        """
        accepted = 0
        there, gone, met = self.rows[table], self.gone[table], set()
        for row in map(bare, rows):
            key = key_of(table, row)
            if key in met or not self._wanted(table, key, row, action):
                met.add(key)
                continue
            met.add(key)
            accepted += 1
            if action == "withdraw":
                del there[key]
                gone.add(key)
            else:
                there[key] = row
                gone.discard(key)
        return accepted

    def _wanted(self, table: str, key: tuple[Any, ...], row: Row, action: str) -> bool:
        before = self.rows[table].get(key)
        if action == "withdraw":
            return before is not None
        if table == "certificates" and not self._can_be(key, row):
            return False
        if before is None:
            return action == "replace" or key not in self.gone[table]
        if before == row:
            return False
        new, old = row.get("updated_at_us"), before.get("updated_at_us")
        if new is not None and old is not None and new != old:
            return bool(new > old)
        return action == "replace"

    def _can_be(self, key: tuple[Any, ...], row: Row) -> bool:
        """Whether a certificate has a period, and no other of its filing number lies in it."""
        begin, end = row["valid_from_us"], row.get("valid_to_us", EVER_US)
        return begin < end and not any(
            begin < other.get("valid_to_us", EVER_US) and other["valid_from_us"] < end
            for name, other in self.rows["certificates"].items()
            if name[:2] == key[:2] and name != key
        )


def put(workspace: Workspace, path: Path, table: str, rows: list[Row], action: str) -> LoadReport:
    """Stage rows by way of a CSV file."""
    columns = TABLES[table].columns
    if action == "withdraw":
        columns = tuple(c for c in columns if c.name in TABLES[table].key)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([c.name for c in columns])
        for row in rows:
            writer.writerow(
                [_text(c.type, row.get(c.stored), row.get("currency")) for c in columns]
            )
    request = LoadRequest(
        sources=(str(path),),
        table=table,
        options=ReadOptions(),
        action=action,
        reason=None if action == "load" else "test",
        max_bad="100%",
    )
    return stage(workspace, request)


def _text(kind: str, value: Any, currency: str | None) -> str:
    if value is None:
        return ""
    if kind == "time":
        return utc_text(value)
    if kind == "money":
        return str(Decimal(value).scaleb(-EXPONENTS[str(currency)]))
    return str(value)


@dataclass(frozen=True)
class Plant:
    """One world in which something is found: rows by table, and what else it takes."""

    typology: str
    name: str
    rows: dict[str, list[Row]]
    judgements: tuple[tuple[str, str, str], ...]
    measured: tuple[tuple[str, int, str, str], ...]
    reviewed: tuple[tuple[str, str, str], ...]
    params: dict[str, str]

    def placed(self, number: int, apart: bool, shift_us: int) -> "Plant":
        """The same under the names of a workspace: records have a number in front.

        apart: so have accounts and items, which other worlds then do not know.
        """
        front = f"{number}" if apart else ""
        names = dict.fromkeys(("record_id", "refers_to"), f"{number}-")
        names |= dict.fromkeys(("item", "collection", *ACCOUNT_COLUMNS), front)
        rows = {table: [] for table in self.rows}
        for table, each in self.rows.items():
            for row in each:
                moved = {c: f"{names.get(c, '')}{v}" if c in names else v for c, v in row.items()}
                times = {c: v + shift_us for c, v in row.items() if c.endswith("_us")}
                rows[table].append(
                    bare({c: None if row[c] is None else moved[c] for c in row} | times)
                )
        return Plant(
            self.typology,
            self.name,
            rows,
            tuple((front + a, front + b, verdict) for a, b, verdict in self.judgements),
            tuple((front + who, at + shift_us, *rest) for who, at, *rest in self.measured),
            tuple((front + who, filing, verdict) for who, filing, verdict in self.reviewed),
            self.params,
        )


def _plants() -> list[Plant]:
    found = []
    for path in sorted(WORLDS.glob("*.toml")):
        for table in worlds(path.stem):
            if not table.get("finding") or table.get("settings"):
                continue
            rows = {n: [bare(r) for r in each] for n, each in rows_of(table).items() if each}
            plant = Plant(
                path.stem, table["name"], rows, judgements_of(table), measured_of(table),
                reviewed_of(table), dict(table.get("params", {})),
            )  # fmt: skip
            found.append(plant)
    return found


PLANTS = _plants()


def mutated(table: str, row: Row, chance: random.Random) -> Row:
    """The row with another content under the same key."""
    hour = 3_600_000_000
    row = dict(row)
    if table in ("gifts", "transfers"):
        what = chance.choice(("time", "time", "ends", "kind", "amount"))
        if what == "time":
            row["at_us"] += chance.choice((-1, 1, -hour, hour, -24 * hour, 40 * 24 * hour))
        elif what == "ends":
            row["source"], row["target"] = row["target"], row["source"]
        elif what == "amount" and table == "transfers":
            row["amount_minor"] += chance.choice((1, 100, 10_000))
        elif table == "transfers":
            row["kind"] = chance.choice(("payment", "red_packet", "refund", "topup", "payout"))
        else:
            row["kind"] = chance.choice(("issue", "sale", "gift", "return", "burn"))
    elif table == "accounts":
        row["kind"] = chance.choice(("personal", "official_account", "mini_program", "merchant"))
        row["operator"] = chance.choice((None, "op1", "op2"))
    elif table == "items":
        row["issuer"] = chance.choice((None, "a", "brand"))
    elif table == "identifiers":
        row["last_seen_us"] = chance.choice((None, 1_767_225_600_000_000))
    elif table == "certificates":
        row["valid_to_us"] = chance.choice((None, row["valid_from_us"] + 36 * hour))
    else:
        row["note"] = chance.choice((None, "again"))
    if "updated_at" in {c.name for c in TABLES[table].columns}:
        row["updated_at_us"] = chance.choice((None, 1_767_225_600_000_000, 1_767_312_000_000_000))
    return bare(row)


def copy_casebook(source: Path, target: Path) -> None:
    """A copy of an open SQLite file."""
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()

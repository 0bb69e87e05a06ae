"""One consistent set of records with what is derived from them, as views of a DuckDB connection.

A snapshot is what every search reads: the seven record tables of `loaders/tables.py` and

    account_kinds(account, kind, operator)     every account that a record names; kind may be null
    judgements(a, b, verdict, seq)             what people said of pairs: same | different
    measured(account, since_us, clause, step)  measures in force (decisions.py)
    allowed(account, until_us, reason)         accounts that no measure is proposed against
    reviewed(account, filing_number, verdict)  certificates: accepted | refused by a person
    cancelled(record_id, refund_id)            transfers undone by a refund, and the refund
    payments(record_id, at_us, seq, ord, source, target, amount_minor, currency, kind)
                                               effective payment and red_packet transfers; ord is
                                               the place in the total order
    payments_begin(at_us)                      time of the first of them
    links(a, b, grade, kinds, sharers, why)    a < b; grade controller | associated
    entity_of(account, entity)                 every account; entity = smallest account id
    refused_links(a, b, why)                   links that a bound or a judgement kept apart
    ignored_identifiers(kind, value, accounts) identifiers over their cap
    fuzzy_links(a, b, weight_cb, fields, grade)    pairs that look like one person's (fuzzy.py);
                                               grade associated | possible
    fuzzy_ignored(field, value, accounts, why) what led to no such pair, and why
    custody(...)                               one row per gift record, columns in custody.py

Each derived table has one module that makes it, `derive(con, settings, ...)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

from regift.graph.bounds import Bounds
from regift.graph.decisions import define_decisions
from regift.loaders.tables import TABLES

DAY_US = 86_400_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is told besides the records; part of every digest."""

    clock_unit_us: int = 1_000_000
    time_zone: str = "Asia/Shanghai"
    refund_window_us: int = 7 * DAY_US
    return_window_us: int = DAY_US
    entity_max: int = 30
    identifier_caps: Mapping[str, int] = field(
        default_factory=lambda: {"phone": 3, "payment_card": 5, "device": 10, "payee": 20}
    )
    legal_subject: str = "controller"
    fuzzy: str = "associated"
    fuzzy_associated_cb: int = 1000
    fuzzy_possible_cb: int = 0
    fuzzy_sharers_max: int = 50
    fuzzy_model: Mapping[str, Any] | None = None
    typology: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Snapshot:
    """Records and derived tables behind one connection; nothing in it changes while it is open.

    con: the DuckDB connection; searches may make temporary tables of their own in it.
    settings: what the derived tables were made with.
    hold: a file that has to stay open as long as the snapshot, if any.
    bounds: how far a search may go.
    kept: what searches made of it and share, by name (`graph/temporal.py`).
    before: of a refresh that shows touched units only, name of the attached generation before.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        settings: Settings,
        hold: BinaryIO | None = None,
        bounds: Bounds | None = None,
        before: str | None = None,
    ) -> None:
        self.con = con
        self.before = before
        self.settings = settings
        self.bounds = bounds or Bounds()
        self.kept: dict[str, Any] = {}
        self._hold = hold

    def close(self) -> None:
        """Give back memory and files."""
        self.con.close()
        if self._hold is not None:
            self._hold.close()

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


_NAMED = """
    SELECT source AS account FROM {0}gifts UNION SELECT target FROM {0}gifts
    UNION SELECT source FROM {0}transfers UNION SELECT target FROM {0}transfers
    UNION SELECT account FROM {0}accounts UNION SELECT account FROM {0}identifiers
    UNION SELECT account FROM {0}certificates UNION SELECT account FROM {0}labels
    UNION SELECT issuer FROM {0}items WHERE issuer IS NOT NULL
    UNION SELECT a FROM judgements UNION SELECT b FROM judgements
"""


def define_account_kinds(con: duckdb.DuckDBPyConnection, old: str | None = None) -> None:
    """Make `account_kinds`: every account that a record names, once.

    The kind of an account without a row in `accounts` is null: unknown.
    old: attached generation that named all accounts but those of the tables `added_`; no row was
    removed and no judgement taken back since.
    """
    named = _NAMED.format("added_" if old else "")
    known = f"UNION SELECT account FROM {old}.account_kinds" if old else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE account_kinds AS
        SELECT account, kind, operator FROM ({named} {known}) LEFT JOIN accounts USING (account)
        """
    )


def snapshot_from_rows(
    rows: Mapping[str, list[dict[str, Any]]],
    settings: Settings | None = None,
    judgements: tuple[tuple[str, str, str], ...] = (),
    measured: tuple[tuple[str, int, str, str], ...] = (),
    allowed: tuple[tuple[str, int, str], ...] = (),
    reviewed: tuple[tuple[str, str, str], ...] = (),
) -> Snapshot:
    """A snapshot of a few records given as stored columns: for examples, notebooks and tests.

    rows: table name -> rows, keys as `Column.stored`; missing columns are null.
    judgements: (account, account, "same" | "different"); measured, allowed, reviewed: rows of
        the tables.

    >>> row = {"record_id": "g1", "at_us": 0, "source": "brand", "target": "ann", "item": "x",
    ...        "kind": "issue"}
    >>> with snapshot_from_rows({"gifts": [row]}) as graph:
    ...     graph.con.sql("SELECT level FROM custody").fetchall()
    [(0,)]
    """
    from regift.graph.derive import derive_all

    settings = settings or Settings()
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET threads = 1")
    for table in TABLES.values():
        con.execute(f"CREATE TABLE {table.name} ({table.ddl})")
        given = rows.get(table.name, [])
        if given:
            columns = [c.stored for c in table.columns]
            unknown = set().union(*given) - set(columns)
            if unknown:
                raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
            given_table = pa.Table.from_pydict({c: [r.get(c) for r in given] for c in columns})
            con.register("_given", given_table)
            con.execute(f"INSERT INTO {table.name} SELECT * FROM _given")
            con.unregister("_given")
    judged = [(*sorted((a, b)), verdict, seq) for seq, (a, b, verdict) in enumerate(judgements)]
    decided = {"judgements": judged, "measured": measured, "allowed": allowed, "reviewed": reviewed}
    define_decisions(con, decided)
    derive_all(con, settings)
    return Snapshot(con, settings)

"""The seven record tables, defined once: DDL, validation, documentation and help derive from here.

Column types, as read from files and as stored:

    id        text that names something         VARCHAR
    text      any other text                    VARCHAR
    enum      one word of a closed list         VARCHAR
    currency  ISO 4217 code                     VARCHAR
    integer   whole number                      BIGINT
    number    decimal number, shown only        DECIMAL(18,6)
    time      ISO 8601                          BIGINT, microseconds since 1970 UTC, name + "_us"
    money     decimal number in major units     BIGINT, minor units of its currency, name + "_minor"

Definitions D-1 (order) and D-16 (keys).
"""

from dataclasses import dataclass

STORED_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "enum": "VARCHAR",
    "currency": "VARCHAR",
    "integer": "BIGINT",
    "number": "DECIMAL(18,6)",
    "time": "BIGINT",
    "money": "BIGINT",
}

CHANNELS = ("official_account", "mini_program", "personal", "merchant")
GIFT_KINDS = ("issue", "sale", "gift", "return", "burn")
TRANSFER_KINDS = ("payment", "red_packet", "refund", "fee", "topup", "payout")
ACCOUNT_KINDS = ("personal", "official_account", "mini_program", "merchant", "platform")

MAX_MINOR = 900_000_000_000_000
"""Largest amount of one record: sums of ten thousand of them and products with 10^4 stay exact."""


@dataclass(frozen=True)
class Column:
    """One column: its name in files, its type, whether a row needs it, and what it means."""

    name: str
    type: str
    about: str
    required: bool = False
    values: tuple[str, ...] = ()

    @property
    def stored(self) -> str:
        """Name in the store: the unit is part of it.

        >>> Column("at", "time", "when").stored
        'at_us'
        """
        return self.name + {"time": "_us", "money": "_minor"}.get(self.type, "")

    @property
    def stored_type(self) -> str:
        """DuckDB type of the stored column."""
        return STORED_TYPES[self.type]


@dataclass(frozen=True)
class Table:
    """One table: its columns and the columns that name a row."""

    name: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def stored_key(self) -> tuple[str, ...]:
        """The key's columns as they are called in the store."""
        return tuple(self.column(name).stored for name in self.key)

    @property
    def ddl(self) -> str:
        """Column list of the stored table, in order.

        >>> TABLES["labels"].ddl[:42]
        'account VARCHAR NOT NULL, at_us BIGINT NOT'
        """
        return ", ".join(
            f"{c.stored} {c.stored_type}{' NOT NULL' if c.required else ''}" for c in self.columns
        )


_SEQ = Column("seq", "integer", "order of records with equal times inside one source")
_REFERS = Column("refers_to", "id", "record_id of the record that this one reverses")
_CHANNEL = Column(
    "channel", "enum", "where it happened; absent: the kind of the source account", values=CHANNELS
)
_UPDATED = Column("updated_at", "time", "when this row was true; the newest row of a key wins")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "gifts",
            "an item moves from one account to another",
            ("record_id",),
            (
                Column("record_id", "id", "names the record", required=True),
                Column("at", "time", "when the item moved", required=True),
                Column("source", "id", "account that gives", required=True),
                Column("target", "id", "account that receives", required=True),
                Column("item", "id", "the collectible", required=True),
                Column("kind", "enum", "what kind of move", required=True, values=GIFT_KINDS),
                Column("price", "money", "price paid for the item, if the record has one"),
                Column("currency", "currency", "currency of the price"),
                _CHANNEL,
                _SEQ,
                _REFERS,
            ),
        ),
        Table(
            "transfers",
            "money moves from one account to another",
            ("record_id",),
            (
                Column("record_id", "id", "names the record", required=True),
                Column("at", "time", "when the money moved", required=True),
                Column("source", "id", "account that pays", required=True),
                Column("target", "id", "account that is paid", required=True),
                Column("amount", "money", "how much, above zero", required=True),
                Column("currency", "currency", "currency of the amount", required=True),
                Column("kind", "enum", "what kind of move", required=True, values=TRANSFER_KINDS),
                _CHANNEL,
                _SEQ,
                _REFERS,
            ),
        ),
        Table(
            "accounts",
            "an account",
            ("account",),
            (
                Column("account", "id", "names the account", required=True),
                Column("kind", "enum", "what kind of account", values=ACCOUNT_KINDS),
                Column("operator", "id", "who runs the account"),
                Column("name", "text", "name shown to people"),
                Column("opened_at", "time", "when it was opened"),
                _UPDATED,
            ),
        ),
        Table(
            "items",
            "a collectible",
            ("item",),
            (
                Column("item", "id", "names the item", required=True),
                Column("collection", "id", "series the item belongs to"),
                Column("issuer", "id", "account that issued it"),
                Column("issued_at", "time", "when it was issued"),
                Column("price", "money", "reference price"),
                Column("currency", "currency", "currency of the price"),
                _UPDATED,
            ),
        ),
        Table(
            "identifiers",
            "an account used an identifier",
            ("account", "kind", "value"),
            (
                Column("account", "id", "the account", required=True),
                Column(
                    "kind",
                    "text",
                    "device, phone, payment_card, payee, ip, legal_subject, or another word",
                    required=True,
                ),
                Column("value", "id", "the identifier", required=True),
                Column("first_seen", "time", "first use"),
                Column("last_seen", "time", "last use"),
            ),
        ),
        Table(
            "certificates",
            "a cooperation certificate with a filed blockchain company",
            ("account", "filing_number", "valid_from"),
            (
                Column("account", "id", "the certified account", required=True),
                Column("partner_company", "text", "the filed company", required=True),
                Column("filing_number", "id", "number of the filing", required=True),
                Column("valid_from", "time", "first moment it is valid", required=True),
                Column("valid_to", "time", "first moment it is not valid any more"),
                Column("scope", "text", "what it covers"),
                _UPDATED,
            ),
        ),
        Table(
            "labels",
            "somebody else's signal on an account",
            ("account", "at", "code", "origin"),
            (
                Column("account", "id", "the account", required=True),
                Column("at", "time", "when the signal was raised", required=True),
                Column("code", "id", "what it says", required=True),
                Column("origin", "id", "who says it", required=True),
                Column("score", "number", "how sure the origin is"),
                Column("note", "text", "a sentence"),
            ),
        ),
    )
}

"""All derived tables of a snapshot, in the order in which each needs the ones before it."""

import duckdb

from regift.graph import custody, effective, entities
from regift.graph.snapshot import Settings, define_account_kinds


def derive_all(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make every derived table from the record tables and `judgements` of the connection."""
    define_account_kinds(con)
    effective.derive(con, settings)
    entities.derive(con, settings)
    custody.derive(con, settings)

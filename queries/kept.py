"""Tables that a typology makes by account and a generation keeps, so that a refresh makes them anew
for touched accounts only.

`keep` makes one of a query. In a whole search it holds all rows; in a search of touched accounts
(`graph.before` names the generation before, and what is seen is narrowed to them) the rows of
touched accounts are those of the query, the others those of before. A generation has the table
under the same name with `kept_` before it.
"""

from collections.abc import Sequence

import duckdb

from regift.graph.connect import count
from regift.graph.snapshot import Snapshot


def keep(graph: Snapshot, name: str, sql: str) -> None:
    """Make the table `_kept_<name>` of a query whose rows have an `account`.

    Cost: that of the query, and one copy of the rows that stay.
    """
    if graph.before:
        sql = (
            f"FROM ({sql}) WHERE account IN (FROM touched_accounts) UNION ALL "
            f"FROM {graph.before}.kept_{name} WHERE account NOT IN (FROM touched_accounts)"
        )
    graph.con.execute(f"CREATE OR REPLACE TEMP TABLE _kept_{name} AS {sql}")


def carry(con: duckdb.DuckDBPyConnection, names: Sequence[str], old: str) -> None:
    """Take the tables over from the generation before: no account of them was touched.

    A search that time left out kept none; it runs whole the next time.
    """
    for name in names:
        if count(
            con,
            f"(FROM duckdb_tables() WHERE table_name = 'kept_{name}' AND database_name = '{old}')",
        ):
            con.execute(f"CREATE OR REPLACE TEMP TABLE _kept_{name} AS FROM {old}.kept_{name}")

"""What two versions of one table say differently: how many rows, and the first of them in full."""

from dataclasses import dataclass
from typing import Any

import duckdb

from regift.graph.connect import count, row
from regift.loaders.errors import RegiftError


@dataclass(frozen=True)
class Difference:
    """Rows of one table that stored and made anew are not the same, and the first by its id.

    rows: ids that only one side has or of which the sides say different things; id: columns that
    tell one row from the others; column: the first one that differs, None where the row is on one
    side only; stored, made: its values, or whether the row is there.
    """

    table: str
    rows: int
    id: dict[str, Any]
    column: str | None
    stored: Any
    made: Any

    @property
    def text(self) -> str:
        """As a person reads it.

        >>> Difference("cases", 1, {"case_id": "C-1"}, "score", 3, 4).text
        'cases case_id C-1: score is 3 as stored and 4 made anew'
        >>> Difference("cases", 1, {"case_id": "C-1"}, None, True, False).text
        'cases case_id C-1: is stored and is not there made anew'
        """
        name = " ".join([self.table, *(f"{key} {value}" for key, value in self.id.items())])
        if self.column:
            return f"{name}: {self.column} is {self.stored} as stored and {self.made} made anew"
        there = "is stored and is not there made anew"
        return f"{name}: {there if self.stored else 'is not stored and is there made anew'}"


def difference(
    con: duckdb.DuckDBPyConnection, table: str, stored: str, made: str
) -> Difference | None:
    """Compare two relations with the rows of one table; None: they hold the same rows.

    RegiftError when they have other columns. Cost: two sorts of the table, more if they differ.

    >>> with duckdb.connect() as con:
    ...     difference(con, "t", "(SELECT 1 AS id, 2 AS n)", "(SELECT 1 AS id, 3 AS n)")
    Difference(table='t', rows=1, id={'id': 1}, column='n', stored=2, made=3)
    """
    columns = _columns(con, stored)
    if _columns(con, made) != columns:
        raise RegiftError(
            f"the generation's {table} has other columns than this version of regift gives it: "
            "`regift refresh` makes the generation anew"
        )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _differing AS
        SELECT true AS _stored, * FROM (FROM {stored} EXCEPT ALL FROM {made})
        UNION ALL SELECT false, * FROM (FROM {made} EXCEPT ALL FROM {stored})
        """
    )
    if not count(con, "_differing"):
        return None
    key = _key(con, columns, stored, made)
    names = ", ".join(map(_quoted, key))
    found = con.execute(f"FROM _differing ORDER BY {names}, _stored DESC LIMIT 2").fetchall()
    rows = count(con, f"(SELECT DISTINCT {names} FROM _differing)")
    first = dict(zip(columns, found[0][1:], strict=True))
    id = {name: first[name] for name in key}
    if len(found) == 2 and found[0][0] and not found[1][0]:
        other = dict(zip(columns, found[1][1:], strict=True))
        unlike = [name for name in columns if first[name] != other[name]]
        if unlike and not set(unlike) & set(key):
            return Difference(table, rows, id, unlike[0], first[unlike[0]], other[unlike[0]])
    return Difference(table, rows, id, None, found[0][0], not found[0][0])


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [each[0] for each in con.execute(f"DESCRIBE FROM {relation}").fetchall()]


def _key(con: duckdb.DuckDBPyConnection, columns: list[str], *relations: str) -> list[str]:
    """The first columns, as few as tell every row of the relations from the others."""
    for length in range(1, len(columns)):
        names = ", ".join(map(_quoted, columns[:length]))
        if all(
            row(con, f"SELECT count(*) = count(DISTINCT ({names},)) FROM {relation}")[0]
            for relation in relations
        ):
            return columns[:length]
    return columns


def _quoted(name: str) -> str:
    return f'"{name}"'

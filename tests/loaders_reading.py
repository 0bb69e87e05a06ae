"""Short ways to write a file and read it: what tests of the loaders share."""

from pathlib import Path
from typing import Any

import duckdb

from regift.loaders.read import Reading, ReadOptions, read
from regift.loaders.tables import TABLES

HEAD = "record_id,at,source,target,item,kind"
ROW = "g1,2026-01-01T00:00:00Z,a,b,x,gift"
PAID = "record_id,at,source,target,amount,currency,kind"


class Read:
    """The result of one `read` into a fresh connection."""

    def __init__(self, sources: list[str], table: str, scratch: Path, **options: Any) -> None:
        self.con = duckdb.connect()
        self.reading: Reading = read(
            self.con, sources, TABLES[table], ReadOptions(**options), scratch=scratch
        )

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        return self.con.sql(f"SELECT {columns} FROM accepted ORDER BY _file, _row").fetchall()

    def column(self, name: str) -> list[Any]:
        return [value for (value,) in self.rows(name)]

    def rejects(self, columns: str = "line, rule") -> list[tuple[Any, ...]]:
        return self.con.sql(f"SELECT {columns} FROM rejects ORDER BY file, line").fetchall()


def read_bytes(
    folder: Path, content: bytes | str, table: str = "gifts", name: str = "f.csv", **options: Any
) -> Read:
    """Write a file and read it."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Read([str(path)], table, scratch, **options)

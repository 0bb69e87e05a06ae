"""Findings as columns, and the one way they are made: a query whose rows have a fixed shape.

A typology describes each finding by one row of `ROW`; `collect` gives it its id (D-4), its content
hash, and splits it into three tables:

    findings(finding, typology, anchor, content, first_us, last_us, amount_minor, currency, length,
             instances, level, complete, unit, items, detail)
    subjects(finding, ord, account, role)        accounts in the order of the pattern
    evidence(finding, ord, tbl, record, role)    records of the witness in order
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regift.graph.connect import large_texts
from regift.loaders.errors import RegiftError
from regift.queries.habit import WithPairRate, add_habit

ROW = """
    anchor        VARCHAR[]   what tells this finding from every other of its typology (D-4)
    unit          VARCHAR     the item, account or slice that owns it
    first_us      BIGINT      earliest record
    last_us       BIGINT      latest record
    amount_minor  BIGINT      or null
    currency      VARCHAR     or null
    length        BIGINT      hops
    instances     HUGEINT     ways the pattern occurs
    level         BIGINT      custody level, or null
    complete      BOOLEAN     no resource bound touched what it rests on (D-13)
    items         VARCHAR[]   items it is about
    detail        VARCHAR     JSON object of whatever else the typology says, or null
    accounts      VARCHAR[]   in the order of the pattern
    roles         VARCHAR[]   one per account
    evidence      STRUCT(tbl VARCHAR, record VARCHAR, role VARCHAR)[]   the witness, in order
"""
ROW_COLUMNS = tuple(line.split()[0] for line in ROW.strip().splitlines())

FINDINGS_DDL = (
    "finding VARCHAR, typology VARCHAR, anchor VARCHAR[], content VARCHAR, first_us BIGINT, "
    "last_us BIGINT, amount_minor BIGINT, currency VARCHAR, length BIGINT, instances HUGEINT, "
    "level BIGINT, complete BOOLEAN, unit VARCHAR, items VARCHAR[], detail VARCHAR"
)
SUBJECTS_DDL = "finding VARCHAR, ord BIGINT, account VARCHAR, role VARCHAR"
FINDINGS_COLUMNS = [column.split()[0] for column in FINDINGS_DDL.split(", ")]
EVIDENCE_DDL = "finding VARCHAR, ord BIGINT, tbl VARCHAR, record VARCHAR, role VARCHAR"

# Every column, absent ones as nothing: lists with their length, so that no two rows read alike.
_CONTENT = """concat_ws(chr(31), finding, typology, array_to_string(anchor, chr(30)),
    coalesce(unit, ''), first_us, last_us, coalesce(amount_minor::VARCHAR, ''),
    coalesce(currency, ''), length, coalesce(instances::VARCHAR, ''), coalesce(level::VARCHAR, ''),
    complete, len(items), array_to_string(items, chr(30)), coalesce(detail, ''),
    len(accounts), array_to_string(accounts, chr(30)), array_to_string(roles, chr(30)),
    len(evidence), array_to_string(
        [concat_ws(chr(30), e.tbl, e.record, e.role) FOR e IN evidence], chr(29)))"""


@dataclass(frozen=True)
class Findings:
    """The three tables of one search, and what a resource bound cut from it.

    `truncated` maps a cause to how much was cut there; empty means complete.
    """

    findings: pa.Table
    subjects: pa.Table
    evidence: pa.Table
    truncated: dict[str, object]

    def __len__(self) -> int:
        return int(self.findings.num_rows)


def collect(
    con: duckdb.DuckDBPyConnection,
    typology: str,
    prefix: str,
    rows_sql: str | WithPairRate,
    truncated: dict[str, object] | None = None,
) -> Findings:
    """Make findings of a query whose rows have the columns of `ROW`.

    Raises RegiftError when two different anchors hash to one id, which must never pass silently.
    Cost: one pass over the rows, two hashes a row, two sorts of them.
    """
    rates = rows_sql if isinstance(rows_sql, WithPairRate) else None
    sql = rates.rows_sql if rates else str(rows_sql)
    with large_texts(con):
        rows = con.sql(
            f"""
            SELECT '{prefix}-' || substr(sha256(concat_ws(chr(31), '{typology}',
                       array_to_string(anchor, chr(31)))), 1, 16) AS finding,
                   '{typology}' AS typology,
                   {", ".join(_cast(line) for line in ROW.strip().splitlines())}
            FROM ({sql})
            """
        ).to_arrow_table()
        if rates:
            rows = add_habit(con, rows, rates)
        rows = rows.combine_chunks()
        con.register("_rows", rows)
        content = con.sql(f"SELECT sha256({_CONTENT}) AS content FROM _rows").to_arrow_table()
        con.unregister("_rows")
    rows = rows.append_column("content", content["content"].combine_chunks())
    order = pc.sort_indices(rows["finding"])
    _check_ids(typology, rows.select(["finding", "anchor"]).take(order))
    by_time = rows.select(FINDINGS_COLUMNS).sort_by(
        [("first_us", "ascending"), ("finding", "ascending")]
    )
    of, place, at = _elements(rows["accounts"], order)
    subjects = {"finding": rows["finding"].take(of), "ord": place}
    for name, column in (("account", "accounts"), ("role", "roles")):
        subjects[name] = rows[column].combine_chunks().flatten().take(at)
    of, place, at = _elements(rows["evidence"], order)
    evidence = {"finding": rows["finding"].take(of), "ord": place}
    witness = rows["evidence"].combine_chunks().flatten()
    for name in ("tbl", "record", "role"):
        evidence[name] = witness.field(name).take(at)
    return Findings(by_time, pa.table(subjects), pa.table(evidence), truncated or {})


def _check_ids(typology: str, rows: pa.Table) -> None:
    """RegiftError when two rows, ordered by id, share it."""
    ids = rows["finding"]
    same = pc.equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0)))
    if pc.any(same).as_py():
        place = pc.index(same, True).as_py()
        anchors = [rows["anchor"][place + n].as_py() for n in (0, 1)]
        raise RegiftError(
            f"{typology}: two findings share the id {ids[place].as_py()}: anchors {anchors}"
        )


def _elements(lists: pa.ChunkedArray, order: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Elements of lists, rows in the order given: row, place in its list, place among all."""
    sizes = pc.list_value_length(lists).fill_null(0).to_numpy()
    rows = order.to_numpy()
    taken = sizes[rows]
    row = np.repeat(rows, taken)
    place = np.arange(len(row)) - np.repeat(np.cumsum(taken) - taken, taken)
    start = np.cumsum(sizes) - sizes
    return pa.array(row), pa.array(place, pa.int64()), pa.array(start[row] + place)


def _cast(line: str) -> str:
    name, rest = line.split(maxsplit=1)
    kind = rest.split("   ")[0].strip()
    return f"CAST({name} AS {kind}) AS {name}"

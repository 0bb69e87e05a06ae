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
import pyarrow as pa

from regift.loaders.errors import RegiftError

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
EVIDENCE_DDL = "finding VARCHAR, ord BIGINT, tbl VARCHAR, record VARCHAR, role VARCHAR"


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
    rows_sql: str,
    truncated: dict[str, object] | None = None,
) -> Findings:
    """Make findings of a query whose rows have the columns of `ROW`.

    Raises RegiftError when two different anchors hash to one id, which must never pass silently.
    Cost: one pass over the rows and one hash a row.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _rows AS
        SELECT '{prefix}-' || substr(sha256(concat_ws(chr(31), '{typology}',
                   array_to_string(anchor, chr(31)))), 1, 16) AS finding,
               '{typology}' AS typology,
               {", ".join(_cast(line) for line in ROW.strip().splitlines())}
        FROM ({rows_sql})
        """
    )
    clash = con.execute(
        "SELECT finding, list(DISTINCT anchor)::VARCHAR FROM _rows GROUP BY finding "
        "HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    for finding, anchors in clash:
        raise RegiftError(f"{typology}: two findings share the id {finding}: anchors {anchors}")
    findings = con.sql(
        """
        SELECT finding, typology, anchor,
               sha256(to_json(_rows)::VARCHAR) AS content,
               first_us, last_us, amount_minor, currency, length, instances, level, complete,
               unit, items, detail
        FROM _rows ORDER BY first_us, finding
        """
    ).to_arrow_table()
    subjects = con.sql(
        """
        SELECT finding, unnest(range(len(accounts))) AS ord, unnest(accounts) AS account,
               unnest(roles) AS role
        FROM _rows ORDER BY finding, ord
        """
    ).to_arrow_table()
    evidence = con.sql(
        """
        SELECT finding, ord, e.tbl, e.record, e.role FROM (
            SELECT finding, unnest(range(len(evidence))) AS ord, unnest(evidence) AS e FROM _rows)
        ORDER BY finding, ord
        """
    ).to_arrow_table()
    con.execute("DROP TABLE _rows")
    return Findings(findings, subjects, evidence, truncated or {})


def _cast(line: str) -> str:
    name, rest = line.split(maxsplit=1)
    kind = rest.split("   ")[0].strip()
    return f"CAST({name} AS {kind}) AS {name}"

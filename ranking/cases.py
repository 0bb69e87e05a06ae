"""Findings folded into cases (definition D-10).

    case_members(case_id, finding)
    related_cases(case_id, other, why)        pairs of cases whose union would have been too large

What joins them is in ranking/joins.py. A finding that opens no case (D-9) takes part in no join and
is in no case. The id of a case is that of its earliest finding with `C` for the prefix.
"""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regift.graph.snapshot import Settings
from regift.loaders.errors import RegiftError, UsageError
from regift.ranking import join_kernel
from regift.ranking.constants import (
    CASE_GAP_US,
    CASE_HUB,
    CASE_MAX,
    ID_DIGITS,
    OTHER_ROLE_PERCENT,
    ROLE_PERCENT,
    SHORTEST_ID,
)
from regift.ranking.joins import passes
from regift.ranking.switches import COUNTS_SQL

Con = duckdb.DuckDBPyConnection
Ints = NDArray[Any]


def case_gap_us(settings: Settings) -> int:
    """Longest time between joined findings; ten times that on a clock too coarse for it.

    >>> case_gap_us(Settings()) // 86_400_000_000
    30
    """
    return CASE_GAP_US if 5 * settings.clock_unit_us <= CASE_GAP_US else 10 * CASE_GAP_US


def derive(con: Con, settings: Settings) -> None:
    """Make the two tables from `weighed`, `evidence_records`, `subjects` and `entity_of`.

    Raises RegiftError when two cases get one id. Cost: a sort of evidence and subjects, then
    points + refusals heap steps of at most 2 * case_max accounts each (ranking/join_kernel.py).
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE joining AS
        SELECT finding, fact, first_us, last_us, items,
               row_number() OVER (ORDER BY finding) - 1 AS f
        FROM weighed w WHERE opens AND {COUNTS_SQL}
        """
    )
    cells = _arrays(
        con,
        """
        SELECT f, dense_rank() OVER (ORDER BY account) - 1 AS account FROM (
            SELECT DISTINCT f, account FROM subjects JOIN joining USING (finding)) ORDER BY f, 2
        """,
    )
    findings = int(_arrays(con, "SELECT count(*) AS n FROM joining")["n"][0])
    state, after = join_kernel.start(findings, cells["f"])
    stamp = np.zeros(int(cells["account"].max(initial=-1)) + 2, np.int64)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE refused (tried BIGINT, label VARCHAR, f BIGINT, g BIGINT)"
    )
    for sql, gap in passes(case_gap_us(settings), CASE_HUB):
        _keep_components(con, state, findings)
        con.execute(f"CREATE OR REPLACE TEMP TABLE points AS {sql}")
        points = _points(con)
        pairs = join_kernel.join_class(
            state, after, cells["account"], stamp,
            points["grp"], points["moment"], points["f"], gap, CASE_MAX,
        )  # fmt: skip
        _keep_refused(con, points, pairs)
    _keep_components(con, state, findings)
    _members(con)
    _related(con)
    for table in ("joining", "component", "points", "group_labels", "refused"):
        con.execute(f"DROP TABLE {table}")


def _arrays(con: Con, sql: str) -> dict[str, Ints]:
    """Columns of a query as int64 arrays; copies, as read-only ones would compile kernels anew."""
    table = con.sql(sql).to_arrow_table()
    return {name: table.column(name).to_numpy().astype(np.int64) for name in table.column_names}


def _keep_components(con: Con, state: Ints, findings: int) -> None:
    """Make `component(f, root)`: what is joined so far."""
    roots = join_kernel.roots(state)
    con.register("_given", pa.table({"f": np.arange(findings), "root": roots}))
    con.execute("CREATE OR REPLACE TEMP TABLE component AS SELECT * FROM _given")
    con.unregister("_given")


def _points(con: Con) -> dict[str, Ints]:
    """Numbers for the groups of `points` that two findings share; their names in `group_labels`."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE group_labels AS
        SELECT key, min(label) AS label, row_number() OVER (ORDER BY key) - 1 AS grp FROM points
        GROUP BY key HAVING count(DISTINCT f) > 1
        """
    )
    return _arrays(
        con,
        """
        SELECT DISTINCT grp, moment, f FROM points JOIN group_labels USING (key)
        ORDER BY grp, moment, f
        """,
    )


def _keep_refused(con: Con, points: dict[str, Ints], pairs: Ints) -> None:
    """Add refused joins to `refused`, numbered in the order in which they were tried."""
    first, second = pairs[:, 0], pairs[:, 1]
    given = pa.table(
        {
            "n": np.arange(len(pairs)),
            "grp": points["grp"][first],
            "f": points["f"][first],
            "g": points["f"][second],
        }
    )
    con.register("_given", given)
    con.execute(
        """
        INSERT INTO refused
        SELECT (SELECT count(*) FROM refused) + n, label, f, g
        FROM _given JOIN group_labels USING (grp)
        """
    )
    con.unregister("_given")


def _members(con: Con) -> None:
    """Make `case_members`: every component under the id of its earliest finding."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE case_members AS
        SELECT 'C-' || right(first_value(finding) OVER (
                   PARTITION BY root ORDER BY first_us, finding), {ID_DIGITS}) AS case_id,
               finding, root
        FROM component JOIN joining USING (f)
        """
    )
    clash = con.execute(
        "SELECT case_id, min(finding) FROM case_members GROUP BY case_id "
        "HAVING count(DISTINCT root) > 1 ORDER BY 1 LIMIT 1"
    ).fetchall()
    if clash:
        raise RegiftError(f"two cases share the id {clash[0][0]}: see finding {clash[0][1]}")
    con.execute("ALTER TABLE case_members DROP COLUMN root")


def role_percent_sql(column: str) -> str:
    """SQL of the share that a role carries, in percent (ranking/constants.py).

    >>> role_percent_sql("role")[:44]
    "CASE role WHEN 'organiser' THEN 100 WHEN 'br"
    """
    whens = " ".join(f"WHEN '{role}' THEN {share}" for role, share in ROLE_PERCENT.items())
    return f"CASE {column} {whens} ELSE {OTHER_ROLE_PERCENT} END"


def _related(con: Con) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE related_cases AS
        WITH tried AS (
            SELECT tried, label, a.finding AS one, b.finding AS two,
                   a.case_id AS case_one, b.case_id AS case_two
            FROM refused
            JOIN (SELECT f, finding, case_id FROM joining JOIN case_members USING (finding)) a
                USING (f)
            JOIN (SELECT f AS g, finding, case_id FROM joining JOIN case_members USING (finding)) b
                USING (g)),
        pairs AS (
            SELECT case_one AS case_id, case_two AS other, * FROM tried
            UNION ALL SELECT case_two, case_one, * FROM tried)
        SELECT case_id, other, concat('they share ', label, ' (', least(one, two), ', ',
               greatest(one, two), '); one case would have more than {CASE_MAX} accounts') AS why
        FROM pairs QUALIFY row_number() OVER (PARTITION BY case_id, other ORDER BY tried) = 1
        """
    )


def short_ids(con: Con) -> dict[str, str]:
    """Each case's id -> the shortest prefix, of at least six digits, that no other case has."""
    widths = range(len("C-") + SHORTEST_ID, len("C-") + ID_DIGITS)
    whens = " ".join(
        f"WHEN count(*) OVER (PARTITION BY left(case_id, {width})) = 1 THEN left(case_id, {width})"
        for width in widths
    )
    return dict(
        con.execute(
            f"SELECT case_id, CASE {whens} ELSE case_id END "
            "FROM (SELECT DISTINCT case_id FROM case_members) ORDER BY case_id"
        ).fetchall()
    )


def resolve(con: Con, text: str) -> str:
    """The case that a prefix of its id names; UsageError if none or several do."""
    found = con.execute(
        "SELECT DISTINCT case_id FROM case_members WHERE starts_with(case_id, ?) ORDER BY 1",
        [text],
    ).fetchall()
    if not found:
        raise UsageError(f"there is no case {text}: `regift rank` lists them")
    if len(text) < len("C-") + SHORTEST_ID:
        raise UsageError(f"{text} is too short for a case: write at least {SHORTEST_ID} digits")
    if len(found) > 1:
        raise UsageError(f"{text} may be {found[0][0]} or {found[1][0]}: write more of it")
    return str(found[0][0])

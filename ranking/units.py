"""Evidence placed at the units that are ranked: account, entity, operator and case.

    unit_evidence(unit, id, family, typology, finding, rec, nano)

For a unit, e of a record is the largest of any account in it: several accounts of one unit on one
record are one piece of evidence, so splitting an account among linked ones lowers nothing. A label
is evidence of the family `external` on a record of its own, one an account however many labels; it
belongs to the account and its entity and operator, and to no case. A finding named by a label is
`label:<origin>:<code>:<at>`.
"""

import duckdb

from regift.ranking.constants import LABEL_FAMILY, LABEL_KAPPA_PERCENT
from regift.ranking.weights import weight_nano

Con = duckdb.DuckDBPyConnection

UNITS = ("case", "account", "entity", "operator")

_UNIT_EVIDENCE = f"""
    WITH signals AS (
        SELECT concat('label:', origin, ':', code, ':',
                   replace(make_timestamp(at_us)::VARCHAR, ' ', 'T'), 'Z') AS finding,
               '{LABEL_FAMILY}' AS typology, '{LABEL_FAMILY}' AS family, account,
               concat('label:', account) AS rec,
               {weight_nano(100, LABEL_KAPPA_PERCENT, 0)}::BIGINT AS nano
        FROM labels),
    told AS (SELECT * FROM pieces UNION ALL SELECT * FROM signals),
    placed AS (
        SELECT 'account' AS unit, account AS id, * EXCLUDE (account) FROM told
        UNION ALL SELECT 'entity', coalesce(entity, account), told.* EXCLUDE (account)
        FROM told LEFT JOIN entity_of USING (account)
        UNION ALL SELECT 'operator', operator, told.* EXCLUDE (account)
        FROM told JOIN account_kinds USING (account) WHERE operator IS NOT NULL
        UNION ALL SELECT 'case', case_id, pieces.* EXCLUDE (account)
        FROM pieces JOIN case_members USING (finding))
    SELECT unit, id, family, typology, finding, rec, max(nano) AS nano
    FROM placed GROUP BY ALL"""


def derive(con: Con) -> None:
    """Make `unit_evidence` of all units; at most four rows a piece and three a label."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE unit_evidence AS {_UNIT_EVIDENCE}")


def derive_one(con: Con, unit: str, id: str) -> None:
    """Make `own_evidence(family, typology, finding, rec, nano)`: the same of one unit.

    Needs `pieces`, `case_members`, `entity_of`, `account_kinds` and `labels`.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE own_evidence AS
        SELECT * EXCLUDE (unit, id) FROM ({_UNIT_EVIDENCE}) WHERE unit = ? AND id = ?
        """,
        [unit, id],
    )

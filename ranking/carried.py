"""Which units a change can move in the ranking; the others keep their scores and reasons.

A unit's score, reasons and row follow from its evidence, from the cases of the findings that this
is of, and from how strong these cases are. So moved are

    findings    that came, left or changed, or whose weight, records or items did
    cases       of these, before or now, and cases with other findings than before
    accounts    that any finding of these cases, or one of these findings, says something of; those
                with other labels, kinds, operators or entities
    entities, operators    of these accounts, before or now

and `choose` leaves in `unit_evidence` what there is of moved units; `add` takes over the rest.
"""

import duckdb

Con = duckdb.DuckDBPyConnection

_FINDINGS = """
    CREATE OR REPLACE TEMP TABLE moved_findings AS
    WITH now AS (SELECT w.*, content FROM weighed w JOIN findings USING (finding)),
    before AS (SELECT w.*, content FROM {old}.weighed w JOIN {old}.findings USING (finding)),
    records AS (
        SELECT 'gifts' AS tbl, record_id AS record FROM added_gifts
        UNION SELECT 'gifts', record_id FROM removed_gifts
        UNION SELECT 'transfers', record_id FROM added_transfers
        UNION SELECT 'transfers', record_id FROM removed_transfers
        UNION SELECT tbl, record FROM evidence_records SEMI JOIN (
            SELECT item FROM added_items UNION SELECT item FROM removed_items) USING (item))
    SELECT finding FROM (FROM now EXCEPT FROM before)
    UNION SELECT finding FROM (FROM before EXCEPT FROM now)
    UNION SELECT finding FROM evidence SEMI JOIN records USING (tbl, record)
"""

_CASES = """
    CREATE OR REPLACE TEMP TABLE moved_cases AS
    WITH members AS (FROM case_members UNION FROM {old}.case_members)
    SELECT case_id FROM members SEMI JOIN moved_findings USING (finding)
    UNION SELECT case_id FROM (FROM case_members EXCEPT FROM {old}.case_members)
    UNION SELECT case_id FROM (FROM {old}.case_members EXCEPT FROM case_members)
"""

_UNITS = """
    CREATE OR REPLACE TEMP TABLE moved_units AS
    WITH told AS (
        FROM moved_findings
        UNION SELECT finding FROM case_members SEMI JOIN moved_cases USING (case_id)
        UNION SELECT finding FROM {old}.case_members SEMI JOIN moved_cases USING (case_id)),
    accounts AS (
        SELECT account FROM pieces SEMI JOIN told USING (finding)
        UNION SELECT account FROM {old}.pieces SEMI JOIN told USING (finding)
        UNION SELECT account FROM added_labels UNION SELECT account FROM removed_labels
        UNION SELECT account FROM changed_account_kinds
        UNION SELECT account FROM changed_entity_of)
    SELECT 'case' AS unit, case_id AS id FROM moved_cases
    UNION SELECT 'account', account FROM accounts
    UNION SELECT 'entity', account FROM accounts
    UNION SELECT 'entity', entity FROM entity_of SEMI JOIN accounts USING (account)
    UNION SELECT 'entity', entity FROM {old}.entity_of SEMI JOIN accounts USING (account)
    UNION SELECT 'operator', operator FROM account_kinds SEMI JOIN accounts USING (account)
          WHERE operator IS NOT NULL
    UNION SELECT 'operator', operator FROM {old}.account_kinds SEMI JOIN accounts USING (account)
          WHERE operator IS NOT NULL
"""


def choose(con: Con, old: str | None) -> bool:
    """Whether something can be taken over of the generation before, attached as `old`.

    Then `moved_units` are those that a change can move, and `unit_evidence` has no others.
    Reads what a refresh leaves of changes (refresh/touched.py). Cost: linear in the findings.
    """
    if old is None:
        return False
    off = "SELECT family FROM {}switched_off"
    now, before = (con.execute(off.format(at)).fetchall() for at in ("", f"{old}."))
    if set(now) != set(before):
        return False
    for sql in (_FINDINGS, _CASES, _UNITS):
        con.execute(sql.format(old=old))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE unit_evidence AS "
        "FROM unit_evidence SEMI JOIN moved_units USING (unit, id)"
    )
    return True


def cases_before(old: str) -> str:
    """SQL of the rows of `cases` that nothing moved."""
    moved = "SELECT id FROM moved_units WHERE unit = 'case'"
    return f"FROM {old}.cases WHERE case_id NOT IN ({moved})"


def add(con: Con, old: str) -> None:
    """Take over scores and reasons of units that nothing moved."""
    account = "SELECT id FROM moved_units WHERE unit = 'account'"
    con.execute(
        f"INSERT INTO account_scores FROM {old}.account_scores WHERE account NOT IN ({account})"
    )
    for table in ("group_scores", "reasons"):
        con.execute(
            f"INSERT INTO {table} FROM {old}.{table} ANTI JOIN moved_units USING (unit, id)"
        )
    for table in ("moved_findings", "moved_cases", "moved_units"):
        con.execute(f"DROP TABLE {table}")

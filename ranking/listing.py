"""The rows that listings show: each unit with its score, tie-breaks, main case and completeness.

    cases(case_id, first_us, last_us, findings, accounts, score, s, materiality_minor, currency,
          families, complete, uncalibrated)
    account_scores(account, case_id, entity, score, s, materiality_minor, currency, families,
                   complete, uncalibrated)
    group_scores(unit, id, case_id, score, s, materiality_minor, currency, families, complete,
                 uncalibrated)                                unit: entity | operator

materiality: each transfer of the evidence once, and each item once at its reference price, else at
the highest price of its hops there. Amounts of two currencies cannot be added: the currency with
the largest sum of minor units stands for the row.
case_id of an account, entity or operator: the case in which it has most evidence (then the case's
S, then its id); null when its evidence opens no case.
"""

import duckdb

from regift.ranking import carried

Con = duckdb.DuckDBPyConnection

_SHOWN = "score, s, materiality_minor, currency, families, complete, uncalibrated"


def derive(con: Con, old: str | None = None) -> None:
    """Make the three tables from `unit_evidence`, `unit_scores` and the tables of cases.

    old: attached generation whose cases stand for those that are not among `moved_units`.
    """
    _materiality(con)
    stayed = carried.cases_before(old) if old else None
    _main_case(con, stayed)
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE shown AS
        WITH done AS (
            SELECT unit, id, bool_and(complete) AS complete
            FROM unit_evidence JOIN (SELECT finding, complete FROM weighed) USING (finding)
            GROUP BY ALL)
        SELECT unit, id, case_id, score, s, coalesce(materiality_minor, 0) AS materiality_minor,
               currency, families, coalesce(complete, true) AS complete, uncalibrated
        FROM unit_scores LEFT JOIN materiality USING (unit, id) LEFT JOIN main_case USING (unit, id)
        LEFT JOIN done USING (unit, id)
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE account_scores AS
        SELECT id AS account, case_id, coalesce(entity, id) AS entity, {_SHOWN}
        FROM shown LEFT JOIN entity_of ON account = id WHERE unit = 'account'
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE group_scores AS
        SELECT unit, id, case_id, {_SHOWN} FROM shown WHERE unit IN ('entity', 'operator')
        """
    )
    _cases(con, stayed)
    con.execute("DROP TABLE shown; DROP TABLE materiality; DROP TABLE main_case")


def _cases(con: Con, stayed: str | None) -> None:
    """A case whose findings carry nothing for anybody keeps its row, with score 0."""
    columns = _SHOWN.replace(", complete", "")
    others = f"UNION ALL SELECT case_id, {columns} FROM ({stayed})" if stayed else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE cases AS
        WITH size AS (
            SELECT case_id, min(first_us) AS first_us, max(last_us) AS last_us,
                   count(*) AS findings, bool_and(complete) AS complete
            FROM case_members JOIN weighed USING (finding) GROUP BY ALL),
        people AS (SELECT case_id, count(*) AS accounts FROM case_accounts GROUP BY ALL)
        SELECT size.case_id, size.first_us, size.last_us, size.findings,
               coalesce(accounts, 0) AS accounts, coalesce(score, 0)::DECIMAL(5,1) AS score,
               coalesce(s, 0) AS s, coalesce(materiality_minor, 0) AS materiality_minor, currency,
               coalesce(families, 0) AS families, size.complete,
               coalesce(uncalibrated, false) AS uncalibrated
        FROM size LEFT JOIN people USING (case_id)
        LEFT JOIN (SELECT id, {columns} FROM shown WHERE unit = 'case' {others}) c
            ON c.id = size.case_id
        """
    )


def _materiality(con: Con) -> None:
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE materiality AS
        WITH named AS (SELECT DISTINCT unit, id, rec FROM unit_evidence),
        moved AS (
            SELECT unit, id, tbl, record, item, value_minor, currency
            FROM named JOIN evidence_records r ON rec = concat(r.tbl, ':', r.record)),
        things AS (
            SELECT unit, id, item,
                   max({'minor': value_minor, 'currency': currency})
                       FILTER (value_minor IS NOT NULL) AS paid
            FROM moved WHERE tbl = 'gifts' GROUP BY ALL),
        priced AS (
            SELECT unit, id, coalesce(price_minor, paid.minor) AS minor,
                   if(price_minor IS NULL, paid.currency, items.currency) AS currency
            FROM things LEFT JOIN items USING (item)
            UNION ALL
            SELECT unit, id, value_minor, currency FROM moved WHERE tbl = 'transfers'),
        sums AS (
            SELECT unit, id, currency, sum(minor) AS minor FROM priced
            WHERE minor IS NOT NULL GROUP BY ALL)
        SELECT unit, id, minor AS materiality_minor, currency FROM sums
        QUALIFY row_number() OVER (PARTITION BY unit, id ORDER BY minor DESC, currency) = 1
        """
    )


def _main_case(con: Con, stayed: str | None) -> None:
    others = f"UNION ALL SELECT case_id, s FROM ({stayed})" if stayed else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE main_case AS
        WITH inside AS (
            SELECT unit, id, case_id, rec, family, max(nano) AS nano
            FROM unit_evidence JOIN case_members USING (finding) WHERE unit <> 'case'
            GROUP BY ALL),
        sums AS (SELECT unit, id, case_id, sum(nano) AS says FROM inside GROUP BY ALL)
        SELECT sums.unit, sums.id, case_id
        FROM sums LEFT JOIN (
            SELECT id AS case_id, s FROM unit_scores WHERE unit = 'case' {others}) c
            USING (case_id)
        QUALIFY row_number() OVER (
            PARTITION BY sums.unit, sums.id ORDER BY says DESC, s DESC, case_id) = 1
        """
    )

"""Accounts of one legal subject: an official account and a mini program of one firm are one unit.

    legal_subjects(account, subject, how)

Two accounts are of one legal subject if they have the same operator or share an identifier of kind
`legal_subject`, also through others. subject: the smallest of their account ids. how: the operator
or the identifier, null for an account that shares neither with anybody.
"""

import duckdb


def derive(con: duckdb.DuckDBPyConnection) -> None:
    """Make `legal_subjects` of account_kinds and identifiers.

    Cost: a join of accounts with the values that they share, for each step between the two ends of
    the longest chain of accounts; chains are short, as firms have few accounts.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE shared_subjects AS
        WITH told AS (
            SELECT account, concat('operator ', operator) AS value FROM account_kinds
            WHERE operator IS NOT NULL
            UNION SELECT account, concat('legal subject ', value) FROM identifiers
            WHERE kind = 'legal_subject')
        SELECT account, value FROM told
        QUALIFY count(*) OVER (PARTITION BY value) > 1;
        CREATE OR REPLACE TEMP TABLE legal_subjects AS
        SELECT account, account AS subject FROM account_kinds
        """
    )
    while _joined(con):
        pass
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE legal_subjects AS
        SELECT account, subject, min(value) AS how
        FROM legal_subjects LEFT JOIN shared_subjects USING (account) GROUP BY ALL;
        DROP TABLE shared_subjects
        """
    )


def _joined(con: duckdb.DuckDBPyConnection) -> int:
    """Give every account the smallest subject among those that it shares a value with; how many."""
    ((moved,),) = con.execute(
        """
        UPDATE legal_subjects SET subject = least_subject
        FROM (SELECT account, min(least_of_value) AS least_subject
              FROM shared_subjects JOIN (
                  SELECT value, min(subject) AS least_of_value
                  FROM shared_subjects JOIN legal_subjects USING (account) GROUP BY value)
                  USING (value) GROUP BY account) s
        WHERE s.account = legal_subjects.account AND least_subject < subject
        """
    ).fetchall()
    return int(moved)

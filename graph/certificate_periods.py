"""Certificates whose period cannot be: that end as they begin, or overlap one of the same filing.

Of two overlapping periods of one filing number of one account the stored one stays, else the one
that stands first in the files, be it a reject itself; the other is a reject. Of a stored row that
the load corrects the corrected one counts, unless that is a reject. Two filings may overlap.
"""

import duckdb

from regift.graph.connect import count
from regift.loaders.tables import CHANNELS

MESSAGES = {
    "period_empty": "the certificate {key} ends before or when it begins: valid_to is the first "
    "moment at which it is valid no more",
    "period_overlap": "the certificate {key} overlaps another period of its filing number: end "
    "that one with `load --replace --reason`, or `withdraw` it, then load this one again",
    "scope_channel_unknown": "the scope of the certificate {key} names a channel that there is "
    f"not: channel: takes {', '.join(CHANNELS)}",
}
"""Rule -> message of a reject; `{key}` is the key of its row."""

_END = "coalesce({0}.valid_to_us, 9223372036854775807)"
_OVERLAP = (
    "c.account = o.account AND c.filing_number = o.filing_number "
    f"AND c.valid_from_us < {_END.format('o')} AND o.valid_from_us < {_END.format('c')}"
)
_CORRECTED = "SELECT account, filing_number, valid_from_us FROM periods WHERE _op = 'replace'"
_SAME_KEY = "(o.account, o.filing_number, o.valid_from_us)"
_WORDS = ", ".join(f"'{channel}'" for channel in CHANNELS)
_CHANNEL = r"regexp_extract(t, '(?is)^\s*channel\s*:\s*(\S.*?)\s*$', 1)"


def check(con: duckdb.DuckDBPyConnection, known: str) -> str:
    """Gives the name of a table like `judged` in which the rules of MESSAGES stand as `_op`.

    known: SQL of the certificates that are stored or staged, by load: the key, valid_to_us, _load,
    _op. Cost: linear, but quadratic in the periods of one filing number.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE judged_periods AS
        SELECT * REPLACE (CASE
            WHEN _op NOT IN ('insert', 'replace') THEN _op
            WHEN valid_to_us <= valid_from_us THEN 'period_empty'
            WHEN len(list_filter(list_transform(string_split(coalesce(scope, ''), ';'),
                     lambda t: {_CHANNEL}), lambda t: t NOT IN ('', {_WORDS}))) > 0
                THEN 'scope_channel_unknown'
            ELSE _op END AS _op) FROM judged
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE periods AS SELECT *, row_number() OVER (ORDER BY _file, _row)"
        " AS _place FROM judged_periods WHERE _op IN ('insert', 'replace')"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE stored_periods AS
        SELECT * FROM (
            SELECT account, filing_number, valid_from_us, valid_to_us, _op FROM ({known})
            SEMI JOIN (FROM periods) p USING (account, filing_number)
            QUALIFY row_number() OVER (
                PARTITION BY account, filing_number, valid_from_us ORDER BY _load DESC) = 1)
        WHERE _op <> 'withdraw'
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE overlapping AS
        SELECT DISTINCT c.* FROM periods c JOIN periods o ON {_OVERLAP} WHERE o._place < c._place
        UNION
        SELECT c.* FROM periods c JOIN stored_periods o ON {_OVERLAP}
        WHERE o.valid_from_us <> c.valid_from_us AND {_SAME_KEY} NOT IN ({_CORRECTED})
        """
    )
    before = -1
    while before != (before := count(con, "overlapping")):
        con.execute(
            f"""
            INSERT INTO overlapping SELECT DISTINCT c.* FROM periods c
            JOIN stored_periods o ON {_OVERLAP}
            WHERE o.valid_from_us <> c.valid_from_us
              AND {_SAME_KEY} IN (SELECT account, filing_number, valid_from_us FROM overlapping
                                  WHERE _op = 'replace')
              AND c._place NOT IN (SELECT _place FROM overlapping)
            """
        )
    con.execute(
        "UPDATE judged_periods SET _op = 'period_overlap' "
        "WHERE (_file, _row) IN (SELECT (_file, _row) FROM overlapping)"
    )
    return "judged_periods"

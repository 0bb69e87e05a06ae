"""A family that is ordinary here tells nobody apart: it switches itself off and says so."""

import duckdb
import pytest

from regift.ranking import switches


def tables(statistical: int, facts: int, of: int) -> duckdb.DuckDBPyConnection:
    """A family whose findings rest on so many of `of` transfers, one record each."""
    con = duckdb.connect()
    con.execute("CREATE TABLE gifts (record_id VARCHAR)")
    con.execute("CREATE TABLE transfers AS SELECT 't' || i AS record_id FROM range($1) r(i)", [of])
    con.execute(
        """
        CREATE TABLE weighed AS
        SELECT 'f' || i AS finding, 'relay' AS family, i >= $1 AS fact, 5000 AS lfdr_bp
        FROM range($1 + $2) r(i)
        """,
        [statistical, facts],
    )
    con.execute(
        "CREATE TABLE demoted (typology VARCHAR, findings BIGINT, by_chance VARCHAR, kept BIGINT, "
        "refuted BIGINT)"
    )
    con.execute(
        "CREATE TABLE evidence AS SELECT finding, 'transfers' AS tbl, 't' || substr(finding, 2) "
        "AS record FROM weighed UNION ALL SELECT 'f0', 'transfers', 't0'"
    )
    switches.derive(con)
    return con


@pytest.mark.parametrize(
    ("statistical", "facts", "of", "off"),
    [
        (51, 0, 1000, True),  # 5.1 %
        (50, 0, 1000, False),  # 5 % is not more than 5 %
        (50, 900, 1000, False),  # facts do not count against a family
        (500, 0, 999, False),  # too few records for a share to say anything
    ],
)
def test_more_than_five_percent(statistical: int, facts: int, of: int, off: bool) -> None:
    with tables(statistical, facts, of) as con:
        assert len(switches.told(con)) == off


def test_it_says_why() -> None:
    with tables(100, 0, 1000) as con:
        assert switches.told(con) == [
            "relay is switched off: it rests on 100 of 1,000 transfers, more than 5 %, "
            "and so tells nobody apart; facts keep their weight"
        ]


def test_what_chance_makes_half_of_counts_for_nothing() -> None:
    with tables(100, 0, 1000) as con:
        con.execute("UPDATE weighed SET lfdr_bp = 5001")
        switches.derive(con)
        con.execute(
            "INSERT INTO demoted VALUES ('fan_in', 1200, '700.5', 0, 0), ('x', 3, '2.0', 1, 0)"
        )
        assert switches.told(con) == [
            "fan_in is demoted: chance makes 700.5 where 1,200 are found, more than half, so they "
            "have no weight and open no case",
            "x is demoted: chance makes 2.0 where 3 are found, more than half, so they have no "
            "weight and open no case; 1 in other strata keep theirs",
        ]
